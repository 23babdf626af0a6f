"""The city's names in memory: estates, villages, roads, named places and areas, with what lies in which grid.

Built from the tables ``place``, ``area`` and ``address``, kept per database, and built anew when they changed. Single
dwellings stay in the database.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases import audit
from cases.model import Address, Area, AuditLine, Place
from cases.places.spelling import blurred, fold, sound
from common.db import address_of

LOADING = ("city.load", "addresses.import", "shapes.load")  # audited actions that change places or areas
KEPT = 4  # databases

# Endings of the names of estates, of which people leave out or exchange one; the longest first.
ENDINGS = (
    "家属院 家属楼 宿舍楼 生活区 家属区 宿舍 小区 大院 花园 家园 公寓 新村 新城 雅居 嘉园 嘉苑 花苑 名苑 公馆 华府 华庭 平房 苑 里 院 楼 庭 府"
).split()
GENERIC = "家属院 家属楼 宿舍楼 生活区 家属区 宿舍 小区 大院 院 楼".split()  # said of any estate
_ENDING = re.compile(f"(?:{'|'.join(ENDINGS)})$")
_BUILT = re.compile(r"[园苑里区院楼城府庭寓舍居馆座厦]$")  # no village's name ends so
_PHASE = re.compile(r"(?:\d+期|[A-Z东西南北中]区)$")
LEAST_CORE = 2  # characters of a name without its ending
TYPO_FROM = 4  # characters a name must have for one of them to be wrong
_KINDS = ("estate", "village", "road")


def buildings(ranges: str) -> frozenset[int]:
    """``1-8|12`` as a set of numbers."""
    out: set[int] = set()
    for piece in filter(None, ranges.split("|")):
        first, _, last = piece.partition("-")
        out.update(range(int(first), int(last or first) + 1))
    return frozenset(out)


@dataclass
class Part:
    """What of a site lies in one grid. ``buildings``: the numbers known there."""

    grid: str
    lat: float | None
    lng: float | None
    buildings: set[str]


@dataclass(eq=False)
class Site:
    """An estate, village, road or named place; parts of one name within one street are one site.

    ``level`` is estate, village, road or place. ``spellings``: its name as the address table's rows have it.
    """

    name: str
    level: str
    street: str
    parts: list[Part] = field(default_factory=list)
    spellings: set[str] = field(default_factory=set)
    listed: dict[str, set[str]] = field(default_factory=dict)  # building → grids, from the address table
    phases: set[str] = field(default_factory=set)  # the parts its aliases name: 1期, 南区
    namesake: bool = False  # another street has one of the same name

    @property
    def house(self) -> bool:
        """Whether its numbers are those of houses."""
        return self.level in ("road", "village")


@dataclass(frozen=True, eq=False)
class Name:
    """A name that means a site, or (an alias such as 锦绣花园二期) some parts of it."""

    site: Site
    parts: tuple[Part, ...]
    how: str  # name, alias

    def grids(self, building: str | None) -> list[str]:
        """The grids it lies in; with a building only those in which that building is known to stand."""
        if building is None:
            return list(dict.fromkeys(p.grid for p in self.parts))
        own = {p.grid for p in self.parts}
        if exact := self.site.listed.get(building):
            return sorted(exact & own)
        return list(dict.fromkeys(p.grid for p in self.parts if building in p.buildings))

    @property
    def numbered(self) -> bool:
        """Whether any building is known, so that an unknown one is a contradiction."""
        return any(p.buildings for p in self.parts)


@dataclass(frozen=True)
class AreaName:
    """A name that means an area."""

    code: str
    level: str
    name: str
    grids: tuple[str, ...]


@dataclass
class Library:
    """The names of a city, each under its folded spelling."""

    loaded: str  # audit line of the last loading it was built after
    seen: str = ""  # version of the city's data when it was last looked at
    names: dict[str, list[Name]] = field(default_factory=dict)
    areas: dict[str, list[AreaName]] = field(default_factory=dict)
    cores: dict[str, list[Name]] = field(default_factory=dict)
    sounds: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    blurs: dict[tuple[str, ...], set[str]] = field(default_factory=dict)
    typos: dict[str, set[str]] = field(default_factory=dict)
    above: dict[str, tuple[str, ...]] = field(default_factory=dict)  # area → itself and all above it
    titles: dict[str, str] = field(default_factory=dict)  # area → name
    sites: list[Site] = field(default_factory=list)
    in_grid: dict[str, list[Name]] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)  # first character → longest name or core that begins so
    longest: int = 0
    beginnings: frozenset[str] = frozenset()  # of area names, 2 to 4 characters

    @classmethod
    def of(cls, session: Session) -> Library:
        """The library of the session's database, built anew when the city's data changed."""
        key, seen = address_of(session), audit.version(session)
        known = _LIBRARIES.get(key)
        if known is not None and known.seen == seen:
            return known
        loaded = _last_loading(session)
        if known is None or known.loaded != loaded:
            known = _build(session, loaded)
        known.seen = seen
        _LIBRARIES.pop(key, None)
        _LIBRARIES[key] = known
        for old in list(_LIBRARIES)[:-KEPT]:
            _LIBRARIES.pop(old, None)
        return known

    def street_of(self, grid: str) -> str:
        """Code of the street or town a grid lies in."""
        chain = self.above.get(grid, (grid,))
        return chain[2] if len(chain) > 2 else chain[-1]

    def common(self, codes: Iterable[str]) -> str | None:
        """The smallest area that holds all of these areas."""
        chains = [self.above.get(code, (code,)) for code in codes]
        return next((code for code in chains[0] if all(code in c for c in chains)), None) if chains else None


_LIBRARIES: dict[str, Library] = {}


def _last_loading(session: Session) -> str:
    """Number and hash of the audit's last loading; the hash tells it from one that was rolled back."""
    line = select(AuditLine.id, AuditLine.hash).where(AuditLine.action.in_(LOADING)).order_by(AuditLine.id.desc())
    found = session.execute(line.limit(1)).first()
    return f"{found.id} {found.hash}" if found else ""


def core(name: str) -> str | None:
    """An estate's folded name without its ending (锦绣花园 → 锦绣); None when too little is left."""
    short = _ENDING.sub("", name)
    return short if short != name and len(short) >= LEAST_CORE else None


def one_off(text: str) -> set[str]:
    """Keys under which texts meet that differ in one character: one left out, or any other in its place."""
    return {text[:i] + mark + text[i + 1 :] for i in range(len(text)) for mark in ("", "*")}


class _Builder:
    def __init__(self, library: Library) -> None:
        self.library = library
        self.by_name: dict[tuple[str, str], Site] = {}  # street and folded name

    def areas(self, rows: list[Area]) -> None:
        library, below = self.library, defaultdict(list)
        parents = {a.code: a.parent for a in rows}
        for area in rows:
            chain, code = [area.code], area.parent
            while code and code not in chain:
                chain.append(code)
                code = parents.get(code)
            library.above[area.code] = tuple(chain)
            library.titles[area.code] = area.name
            if area.level == "grid":
                for above in chain:
                    below[above].append(area.code)
        for area in rows:
            name = AreaName(area.code, area.level, area.name, tuple(sorted(below[area.code])))
            short = [area.name[:-1]] if area.level in ("city", "county") and len(area.name) > 2 else []
            for said in {fold(n) for n in (area.name, *short, *area.aliases)} - {""}:
                library.areas.setdefault(said, []).append(name)

    def site(self, name: str, level: str, grid: str) -> Site:
        street = self.library.street_of(grid)
        key = (street, fold(name))
        found = self.by_name.get(key)
        if found is None:
            found = self.by_name[key] = Site(name, level, street)
            self.library.sites.append(found)
        return found

    def place(self, row: Place) -> None:
        site = self.site(row.name, row.kind if row.kind in _KINDS else "place", row.grid)
        part = Part(row.grid, row.lat, row.lng, {str(n) for n in buildings(row.buildings)})
        site.parts.append(part)
        for alias in {fold(a) for a in row.aliases} - {fold(row.name), ""}:
            self.alias(alias, site, part)

    def alias(self, said: str, site: Site, part: Part) -> None:
        if phase := _PHASE.search(said):
            site.phases.add(phase[0])
        names = self.library.names.setdefault(said, [])
        for i, name in enumerate(names):
            if name.site is site:
                names[i] = Name(site, (*name.parts, part), "alias")
                return
        names.append(Name(site, (part,), "alias"))

    def address(self, estate: str, road: str, building: str, grid: str, stairs: bool) -> None:
        """A building of the address table."""
        name = estate or road
        site = self.by_name.get((self.library.street_of(grid), fold(name))) or self.aliased(name, grid)
        if site is None:
            built = stairs or _BUILT.search(name)
            site = self.site(name, "road" if not estate else "estate" if built else "village", grid)
        site.spellings.add(name)
        part = next((p for p in site.parts if p.grid == grid), None)
        if part is None:
            part = Part(grid, None, None, set())
            site.parts.append(part)
        part.buildings.add(building)
        site.listed.setdefault(building, set()).add(grid)

    def aliased(self, name: str, grid: str) -> Site | None:
        street = self.library.street_of(grid)
        return next((n.site for n in self.library.names.get(fold(name), []) if n.site.street == street), None)

    def finish(self) -> None:
        library = self.library
        official: dict[str, list[Name]] = {}
        for (_, said), site in sorted(self.by_name.items()):
            if said:
                official.setdefault(said, []).append(Name(site, tuple(site.parts), "name"))
        for said, names in official.items():
            library.names[said] = [*names, *library.names.get(said, [])]
            for name in names:
                name.site.namesake = len(names) > 1
        for said, names in library.names.items():
            for name in names:
                self.variants(said, name)
        for said in (*library.names, *library.areas, *library.cores):
            library.starts[said[0]] = max(len(said), library.starts.get(said[0], 0))
        library.longest = max(library.starts.values(), default=0)
        library.beginnings = frozenset(name[:n] for name in library.areas for n in (2, 3, 4))
        for site in library.sites:
            whole = Name(site, tuple(site.parts), "name")
            for grid in {p.grid for p in site.parts}:
                library.in_grid.setdefault(grid, []).append(whole)

    def variants(self, said: str, name: Name) -> None:
        library = self.library
        if name.site.level == "estate":
            shorts = {core(said), core(said.removeprefix("老")) if said.startswith("老") else None} - {None}
            for short in shorts:
                known = library.cores.setdefault(str(short), [])
                if all(n.site is not name.site or n.parts != name.parts for n in known):
                    known.append(name)
        library.sounds.setdefault(tuple(map(sound, said)), set()).add(said)
        library.blurs.setdefault(tuple(map(blurred, said)), set()).add(said)
        if len(said) >= TYPO_FROM:
            for key in one_off(said):
                library.typos.setdefault(key, set()).add(said)


def _build(session: Session, loaded: str) -> Library:
    builder = _Builder(Library(loaded))
    builder.areas(list(session.scalars(select(Area))))
    for place in session.scalars(select(Place).order_by(Place.id)):
        builder.place(place)
    columns = (Address.estate, Address.road, Address.building, Address.grid)
    rows = select(*columns, func.max(Address.door)).group_by(*columns).order_by(*columns)
    for estate, road, building, grid, door in session.execute(rows):
        builder.address(estate, road, building, grid, bool(door))
    builder.finish()
    return builder.library
