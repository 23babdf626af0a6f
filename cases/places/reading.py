"""What a wording is found to mean, step by step, and what each step is worth.

The numbers of ``SURE`` are measured on the written wordings of tests/cases/addresses.yml and addresses_held_out.yml by
tests/cases/test_cases_addresses_sure.py; docs/places.md tells how.
"""

from __future__ import annotations

from dataclasses import dataclass

from cases.places.details import Details
from cases.places.library import Site

ENOUGH = 0.6  # a match less sure than this is a guess: ask

# What each step is worth: of the written wordings in which it was the weakest step, the share that came to the right
# place, (right + 1) / (all + 2).
SURE = {
    # how the name was recognised
    "name": 0.98,
    "alias": 0.99,
    "ending": 0.93,
    "short": 0.92,
    "swapped": 0.5,
    "sound": 0.9,
    "blur": 0.8,
    "typo": 0.93,
    "code": 0.88,  # no name at all: the only estate in the scanned grid that has this building
    # how its grid was told from others
    "hint": 0.92,  # by the scanned code's grid
    "nearby": 0.86,  # by the scanned code's community or street
    # what speaks against it
    "loose": 0.7,  # a bare number, or 3楼, taken for a building
    "more": 0.76,  # a word beside the name that nobody knows
    "unlisted": 0.1,  # the library has no such building there
    "elsewhere": 0.2,  # an area was named in which it does not lie
}


@dataclass(frozen=True)
class Option:
    """One place a wording can mean: a site in a grid, with a building when that is known there."""

    site: Site
    grid: str
    details: Details


@dataclass(frozen=True)
class Reading:
    """What a wording means as far as memory tells. ``title`` and ``level`` hold for all options."""

    title: str
    level: str
    how: tuple[str, ...]
    options: tuple[Option, ...] = ()
    grids: tuple[str, ...] = ()
    area: str | None = None

    @property
    def sure(self) -> float:
        """The product of what the steps are worth."""
        out = 1.0
        for step in self.how:
            out *= SURE[step]
        return round(out, 3)
