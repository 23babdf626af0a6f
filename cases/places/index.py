"""The index a ticket is placed by: a grid for a wording, or for a pin among places without outlines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from cases.places.earth import metres
from cases.places.library import Library
from cases.places.reading import ENOUGH
from cases.places.understand import read

MAX_NEAREST_METRES = 1500


@dataclass(frozen=True)
class Match:
    """A grid, what it was recognised by, and how sure that is (0–1)."""

    grid: str
    name: str
    sure: float


@dataclass(frozen=True)
class PlaceIndex:
    """Names of places and areas."""

    library: Library

    @classmethod
    def of(cls, session: Session) -> PlaceIndex:
        """The index of the session's database, built anew when the city's data changed."""
        return cls(Library.of(session))

    def known_names(self) -> Iterator[str]:
        """Every name and alias as compared (:func:`cases.places.spelling.fold`), the longest first."""
        yield from sorted({*self.library.names, *self.library.areas}, key=lambda n: (-len(n), n))

    def match(self, text: str, hint: str | None = None) -> Match | None:
        """The grid of the place ``text`` names; None when it leaves the grid open or is a guess.

        Args:
            text: what the resident calls it.
            hint: the grid the resident is known to be in (a scanned QR code); it decides between equals.
        """
        reading = read(self.library, text, hint)
        if reading is None or "unlisted" in reading.how or reading.sure < ENOUGH:
            return None
        grids = {o.grid for o in reading.options} or set(reading.grids)
        return Match(grids.pop(), reading.title, reading.sure) if len(grids) == 1 else None

    def nearest(self, lat: float, lng: float, among: frozenset[str] | None = None) -> Match | None:
        """The grid of the known place nearest to a pin, if one is near enough.

        Args:
            lat: degrees, WGS 84.
            lng: degrees, WGS 84.
            among: the grids looked at; None: all.
        """
        best: tuple[float, str, str] | None = None
        for site in self.library.sites:
            for part in site.parts:
                if part.lat is None or part.lng is None or (among is not None and part.grid not in among):
                    continue
                away = metres(lat, lng, part.lat, part.lng)
                if best is None or away < best[0]:
                    best = (away, part.grid, site.name)
        if best is None or best[0] > MAX_NEAREST_METRES:
            return None
        return Match(best[1], best[2], max(0.3, 0.8 - best[0] / 3000))
