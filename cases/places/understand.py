"""From a wording to what it means, by the names in memory alone: which of the places named, and in which grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from cases.model import LEVELS
from cases.places.beside import UNSTEADY, Said, sites
from cases.places.crossing import between, junction
from cases.places.details import Details, after
from cases.places.library import Library, Name
from cases.places.mentions import Mention, find
from cases.places.reading import Option, Reading
from cases.places.spelling import fold

_LEAD = re.compile(r"^(?:我们?|俺们?|咱们?|家|住|就|在|是|，)+")  # 我家在3号楼


def read(library: Library, text: str, hint: str | None = None) -> Reading | None:
    """What ``text`` means, without looking at single dwellings."""
    folded = fold(text)
    if len(folded) < 2:
        return None
    mentions = find(library, folded)
    named, turned_away = sites(library, folded, mentions)
    if turned_away and not named:
        mentions = find(library, folded, loosely=True)
        named, _ = sites(library, folded, mentions)
    areas = [m for m in mentions if m.areas and not m.names]
    if not named:
        if not mentions and hint:
            return _by_code(library, folded, hint)
        return None if turned_away or not areas else _area(library, folded, areas, hint)
    if both := junction(library, folded, named) or between(library, folded, named):
        return both
    said = {a.code for m in areas for a in m.areas}
    return next(filter(None, (_resolve(library, site, said, hint) for site in _by_preference(named))), None)


def _by_preference(named: list[Said]) -> list[Said]:
    """The place meant comes last in Chinese (一中旁边的书香苑), unless another one has a building; roads lead to it."""
    order = sorted(enumerate(named), key=lambda p: (p[1].road, p[1].details.building is None, -p[0]))
    return [said for _, said in order]


def _resolve(library: Library, said: Said, areas: set[str], hint: str | None) -> Reading | None:
    """The options a mention leaves, given the areas named beside it and the scanned code."""
    how = [said.mention.how, *said.doubts]
    names, details, steps = _with_building(_within(library, said.mention.names, areas), said.details, said.mention.how)
    if not names:
        return None
    options = [Option(n.site, g, details) for n in names for g in n.grids(details.building)]
    inside = [o for o in options if areas & set(library.above.get(o.grid, ()))]
    if areas and not inside:
        steps.append("elsewhere")
    options = list(dict.fromkeys(inside or options))
    if "unlisted" not in steps:
        options, told = _by_hint(library, options, hint)
        steps += told
    level = "building" if details.building else names[0].site.level
    titles = dict.fromkeys(o.site.name for o in options)
    return Reading("、".join(titles), level, (*how, *steps), tuple(options))


def _within(library: Library, names: Sequence[Name], areas: set[str]) -> list[Name]:
    """Those of the names that lie in an area that is named too; all, if none does."""
    inside = [n for n in names if any(areas & set(library.above.get(p.grid, ())) for p in n.parts)]
    return inside or list(names)


def _of_phase(names: list[Name], phase: str) -> list[Name]:
    """Without those that have phases of this kind, but not this one (锦绣花园三期)."""
    return [n for n in names if not any(p[-1] == phase[-1] for p in n.site.phases)]


def _with_building(names: list[Name], details: Details, how: str) -> tuple[list[Name], Details, list[str]]:
    """Keep the names under which the building is known; say so when it is known under none."""
    if details.phase and not _of_phase(names, details.phase):
        return names, Details(), ["unlisted"]
    if details.building is None:
        return names, Details(), []
    if (number := _number_of_house(details, names)) != details.building:
        details = replace(details, building=number)
    listed = [n for n in names if n.grids(details.building)]
    if listed:
        return listed, details, ["loose"] if details.loose else []
    if details.loose:
        return names, Details(), []  # 幸福里20楼: a floor after all
    if how in UNSTEADY:
        return [], details, []
    if not any(n.numbered for n in names):
        return names, Details(), []
    # Where houses were never numbered one by one, the village is meant all the same.
    return names, Details(), ["more" if all(n.site.level == "village" for n in names) else "unlisted"]


def _number_of_house(details: Details, names: list[Name]) -> str | None:
    """88-1号 is told by 88 when the library does not have it."""
    number = details.building
    if number and "-" in number and not any(n.grids(number) for n in names):
        return number.partition("-")[0]
    return number


def _by_hint(library: Library, options: list[Option], hint: str | None) -> tuple[list[Option], list[str]]:
    """The options in the scanned grid, else the only grid in its community, else in its street; and by which it was."""
    if hint and len({o.grid for o in options}) > 1:
        for step, code in zip(("hint", "nearby", "nearby"), library.above.get(hint, ()), strict=False):
            near = [o for o in options if code in library.above.get(o.grid, ())]
            if len({o.grid for o in near}) == 1:
                return near, [step]
    return options, []


def _by_code(library: Library, text: str, hint: str) -> Reading | None:
    """Only a building is said, and the grid is known: the one estate there that has it."""
    details = after(_LEAD.sub("", text))
    if details.building is None or details.loose:
        return None
    names = [n for n in library.in_grid.get(hint, []) if n.site.level == "estate" and hint in n.grids(details.building)]
    if len(names) != 1:
        return None
    site = names[0].site
    return Reading(site.name, "building", ("code",), (Option(site, hint, details),))


def _area(library: Library, text: str, mentions: list[Mention], hint: str | None) -> Reading | None:
    """Nothing but areas are named. The city's own name before words nobody knows says nothing."""
    named, rest = mentions[-1].areas, text
    for mention in mentions:
        rest = rest.replace(text[mention.start : mention.end], "")
    if named[0].level in LEVELS[:2] and len(rest) > 1:
        return None
    said = {a.code for m in mentions[:-1] for a in m.areas}
    named = tuple(a for a in named if said & set(library.above.get(a.code, ()))) or named
    grids = tuple(dict.fromkeys(g for area in named for g in area.grids))
    how: tuple[str, ...] = ("name",)
    if len(grids) > 1 and hint in grids:
        grids, how = (str(hint),), ("name", "hint")
    return Reading(named[0].name, "area", how, grids=grids, area=library.common(a.code for a in named))
