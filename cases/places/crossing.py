"""Two names for one place: a crossing of two roads, something between two estates."""

from __future__ import annotations

import math
import re

from cases.places.beside import Said
from cases.places.earth import metres
from cases.places.library import Library, Part
from cases.places.reading import SURE, Reading

_AND = ("和", "与", "跟", "及", "同", "、")
_CROSSING = re.compile(r"(?:的|那个|那|大|小)*(?:十字|丁字|三岔)?(?:交叉口|路口|交叉路口|交汇处|交汇口|口)")


def junction(library: Library, text: str, named: list[Said]) -> Reading | None:
    """人民路和解放街路口: the grid both roads lie in, else those of the two parts that come nearest to each other."""
    if len(named) != 2 or any(not s.road or s.details.building for s in named):
        return None
    first, second = named
    joined = text[first.mention.end : second.mention.start] in (*_AND, "，", "")
    if not joined or not _CROSSING.match(text, second.mention.end):
        return None
    pairs = [
        (_apart(p, q), p.grid, q.grid, m, n)
        for m in first.mention.names
        for n in second.mention.names
        for p in m.parts
        for q in n.parts
    ]
    shared = {p[1] for p in pairs if p[1] == p[2]}
    _, one, other, m, n = min(pairs, key=lambda p: p[0])
    title = f"{m.site.name}与{n.site.name}路口"
    how = (min(first.mention.how, second.mention.how, key=lambda step: SURE[step]),)
    if len(shared) == 1:
        (grid,) = shared
        return Reading(title, "road", how, grids=(grid,), area=grid)
    return Reading(title, "road", how, grids=tuple(dict.fromkeys((one, other))), area=library.common((one, other)))


def _apart(one: Part, other: Part) -> float:
    """Metres between two parts; endless where a position is not known."""
    if one.lat is None or one.lng is None or other.lat is None or other.lng is None:
        return math.inf
    return metres(one.lat, one.lng, other.lat, other.lng)


def between(library: Library, text: str, named: list[Said]) -> Reading | None:
    """幸福里和红星家园之间: either of both."""
    if len(named) != 2 or any(s.road or s.details.building for s in named):
        return None
    first, second = named
    if text[first.mention.end : second.mention.start] not in (*_AND, "到", "至"):
        return None
    names = [*first.mention.names, *second.mention.names]
    grids = tuple(dict.fromkeys(g for n in names for g in n.grids(None)))
    title = "、".join(dict.fromkeys(n.site.name for n in names))
    how = (min(first.mention.how, second.mention.how, key=lambda step: SURE[step]),)
    return Reading(title, names[-1].site.level, how, grids=grids, area=library.common(grids))
