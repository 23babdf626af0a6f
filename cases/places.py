"""From what a resident calls a place to its grid.

An index over the place names and aliases of the address library, kept per database and rebuilt when the library
is loaded anew. Matching is by the longest known name in the text, then by the building's number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.model import Area, Place
from nlu.entities.place import parts
from nlu.text.normalise import for_model

MAX_NEAREST_METRES = 1500


@dataclass(frozen=True)
class Match:
    """A grid, what it was recognised by, and how sure that is (0–1)."""

    grid: str
    name: str
    sure: float


@dataclass(frozen=True)
class _Entry:
    grid: str
    name: str
    buildings: frozenset[int]
    lat: float
    lng: float


def buildings(ranges: str) -> frozenset[int]:
    """``1-8|12`` as a set of numbers."""
    out: set[int] = set()
    for piece in filter(None, ranges.split("|")):
        first, _, last = piece.partition("-")
        out.update(range(int(first), int(last or first) + 1))
    return frozenset(out)


@dataclass
class PlaceIndex:
    """Names of places and areas, longest first."""

    version: tuple[int, int]
    names: dict[str, list[_Entry]] = field(default_factory=dict)
    areas: dict[str, list[str]] = field(default_factory=dict)
    by_length: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, session: Session) -> PlaceIndex:
        """The index of the session's database, rebuilt when places were added or removed."""
        version = session.execute(select(func.count(Place.id), func.coalesce(func.max(Place.id), 0))).one()
        key = str(session.get_bind().engine.url)
        known = _INDEXES.get(key)
        if known and known.version == tuple(version):
            return known
        index = cls((version[0], version[1]))
        grids: dict[str, list[str]] = {}
        areas = {a.code: a for a in session.scalars(select(Area))}
        for area in areas.values():
            if area.level == "grid" and area.parent:
                grids.setdefault(area.parent, []).append(area.code)
        for place in session.scalars(select(Place)):
            entry = _Entry(place.grid, place.name, buildings(place.buildings), place.lat, place.lng)
            for name in {place.name, *place.aliases}:
                index.names.setdefault(for_model(name), []).append(entry)
        for area in areas.values():
            if area.level in ("community", "grid"):
                under = [area.code] if area.level == "grid" else grids.get(area.code, [])
                for name in {area.name, *area.aliases}:
                    index.areas.setdefault(for_model(name), []).extend(under)
        index.by_length = sorted({*index.names, *index.areas}, key=lambda n: (-len(n), n))
        _INDEXES[key] = index
        return index

    def known_names(self) -> Iterator[str]:
        """Every name and alias."""
        yield from self.by_length

    def match(self, text: str, hint: str | None = None) -> Match | None:
        """The grid of the place ``text`` names.

        Args:
            text: what the resident calls it.
            hint: the grid the resident is known to be in (a scanned QR code); it decides between equals.
        """
        plain = re.sub(r"\s", "", for_model(text))
        if not plain:
            return None
        number = self._building(plain)
        for name in self.by_length:
            if name not in plain:
                continue
            found = self._entry(self.names.get(name, []), number, hint)
            if found:
                return Match(found[0].grid, name, found[1])
            under = self.areas.get(name, [])
            if hint in under:
                return Match(str(hint), name, 0.6)
            if len(under) == 1:
                return Match(under[0], name, 0.5)
        return None

    @staticmethod
    def _building(text: str) -> int | None:
        said = parts(text).building
        match = re.search(r"\d+", said) if said else None
        return int(match[0]) if match else None

    @staticmethod
    def _entry(entries: list[_Entry], number: int | None, hint: str | None) -> tuple[_Entry, float] | None:
        if not entries:
            return None
        if number is not None:
            for entry in entries:
                if number in entry.buildings:
                    return entry, 0.95
            if all(entry.buildings for entry in entries):
                return None  # the estate has no such building: a person must look
        if len(entries) == 1:
            return entries[0], 0.9
        for entry in entries:
            if entry.grid == hint:
                return entry, 0.7
        return None

    def nearest(self, lat: float, lng: float) -> Match | None:
        """The grid of the known place nearest to a pin, if one is near enough."""
        best: tuple[float, _Entry] | None = None
        for entries in self.names.values():
            for entry in entries:
                away = _metres(lat, lng, entry.lat, entry.lng)
                if best is None or away < best[0]:
                    best = (away, entry)
        if best is None or best[0] > MAX_NEAREST_METRES:
            return None
        return Match(best[1].grid, best[1].name, max(0.3, 0.8 - best[0] / 3000))


_INDEXES: dict[str, PlaceIndex] = {}


def _metres(lat1: float, lng1: float, lat2: float, lng2: float) -> float:
    """Distance on the ground, good enough within a city."""
    x = math.radians(lng2 - lng1) * math.cos(math.radians((lat1 + lat2) / 2))
    y = math.radians(lat2 - lat1)
    return 6_371_000 * math.hypot(x, y)
