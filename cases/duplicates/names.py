"""The city's place names as duplicates compare them: every alias of an estate, road or market under its one name."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases import audit
from cases.areas import AreaTree
from cases.model import Place
from common.db import address_of
from nlu.text.normalise import for_model

LONGEST = 16  # characters of a name that are looked up
SHORTEST = 2
HOMES = ("estate", "village")
# 锦绣二十三号楼, 河畔这边: people leave the ending of an estate's name out before a building's number, and before 这边.
_ENDING = re.compile(
    r"(?:家属院|家属楼|宿舍|小区|大院|花园|家园|公寓|新村|新城|雅居|嘉园|嘉苑|花苑|名苑|公馆|平房|苑|里|院|楼|庭|府)$"
)
_SHORT_NEXT = re.compile(
    r"[0-9一二三四五六七八九十]{1,3}(?:号楼|栋|幢|号院|座|期)|(?:这边|那边|这儿|那儿|这里|那里|这块|附近)$|$"
)
LEAST_TAIL = 3  # characters of a name without its beginning (市政府广场: 政府广场)


@dataclass(frozen=True)
class Named:
    """A known place: its one name, its kind (estate, village, road, school ...), the road it lies on, its grids."""

    name: str
    kind: str
    road: str
    grids: frozenset[str]


@dataclass(eq=False)
class Names:
    """Names and aliases of a city, as written without spaces. Empty for a city without a library of places."""

    version: tuple[str, int]
    known: dict[str, list[Named]] = field(default_factory=dict)
    short: dict[str, list[Named]] = field(default_factory=dict)
    tails: dict[str, list[Named]] = field(default_factory=dict)
    starts: set[str] = field(default_factory=set)  # the first two characters of all names, whole or short

    @classmethod
    def of(cls, session: Session) -> Names:
        """The names of the session's database, read again when the city's data changed."""
        places = session.scalar(select(func.coalesce(func.max(Place.id), 0))) or 0
        version, key = (audit.version(session), places), address_of(session)
        held = _NAMES.get(key)
        if held is not None and held.version == version:
            return held
        tree = AreaTree.of(session)
        rows = session.execute(select(Place.name, Place.kind, Place.road, Place.grid, Place.aliases)).all()
        grids: dict[tuple[str, str], set[str]] = defaultdict(set)
        said: dict[tuple[str, str], set[str]] = defaultdict(set)
        about: dict[tuple[str, str], tuple[str, str]] = {}
        for name, kind, road, grid, aliases in rows:
            above = tree.above(grid)
            one = (name, above["street"].code if "street" in above else "")
            grids[one].add(grid)
            said[one].update((name, *aliases))
            about[one] = (kind, road or (name if kind == "road" else ""))
        made = cls(version)
        for one, wordings in said.items():
            named = Named(one[0], *about[one], frozenset(grids[one]))
            made._add(named, wordings)
        _NAMES[key] = made
        return made

    def _add(self, named: Named, wordings: set[str]) -> None:
        for wording in {for_model(w).replace(" ", "") for w in wordings}:
            if len(wording) >= SHORTEST:
                self.known.setdefault(wording, []).append(named)
                self.starts.add(wording[:SHORTEST])
            for tail in (wording[1:], wording[2:]):
                if len(tail) >= LEAST_TAIL and named.kind != "road":
                    self.tails.setdefault(tail, []).append(named)
            core = _ENDING.sub("", wording)
            if named.kind == "estate" and core != wording and len(core) >= SHORTEST:
                self.short.setdefault(core, []).append(named)
                self.starts.add(core[:SHORTEST])

    def find(self, text: str) -> list[Named]:
        """The known places ``text`` names, in its order; of names within names the longest.

        Args:
            text: normalised text without spaces.
        """
        if not self.known:
            return []
        found: list[Named] = []
        at = 0
        while at < len(text) - 1:
            if at and text[at : at + SHORTEST] not in self.starts:
                at += 1
                continue
            for end in range(min(len(text), at + LONGEST), at + SHORTEST - 1, -1):
                piece = text[at:end]
                if piece in self.known:
                    found += self.known[piece]
                    at = end
                    break
                if at == 0 and len(self.tails.get(piece, ())) == 1:
                    found += self.tails[piece]
                    at = end
                    break
                if piece in self.short and _SHORT_NEXT.match(text, end):
                    found += self.short[piece]
                    at = end
                    break
            else:
                at += 1
        return list(dict.fromkeys(found))


_NAMES: dict[str, Names] = {}
