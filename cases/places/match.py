"""From a wording to the place it means: grid, dwelling, canonical spelling, how far down, how sure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Row, bindparam, select
from sqlalchemy.orm import Session

from cases.model import Address
from cases.places.details import spell
from cases.places.library import Library, Site
from cases.places.reading import Option, Reading
from cases.places.understand import read

_DOWN = ("area", "place", "road", "village", "estate", "building", "stairwell", "dwelling")
MOST = 10  # grids that are listed when the wording leaves them open


@dataclass(frozen=True)
class AddressMatch:
    """A place as the library knows it.

    ``grid`` is None when the wording leaves it open; then ``alternatives`` has a match for each grid it can be, the
    likeliest first (none when there are more than ten). ``area`` is the smallest area that holds them all: the grid,
    or a community or street. ``address`` is the id of the dwelling, or of the house in a village or along a road, when
    it came down to one. ``level`` is one of dwelling, stairwell, building, estate, village, road, place (a school, a
    market ...), area. ``sure`` is the probability that all this is so; ``how`` names the steps it was computed from.
    Where only the stairwell is missing, ``alternatives`` has the doors of that number.
    """

    grid: str | None
    address: int | None
    text: str
    level: str
    sure: float
    area: str | None
    how: tuple[str, ...]
    alternatives: tuple[AddressMatch, ...] = ()


def match_address(session: Session, text: str, hint: str | None = None) -> AddressMatch | None:
    """The place a wording means, down to the dwelling when the library has it.

    Args:
        session: of the database.
        text: what the resident calls it, alone or in a sentence.
        hint: the grid the resident is known to be in (a scanned QR code); it decides between equals.

    Returns:
        None when nothing in it is known. A match below :data:`cases.places.ENOUGH` is a guess to be asked about.
    """
    library = Library.of(session)
    reading = read(library, text, hint)
    if reading is None:
        return None
    if not reading.options:
        return _without_site(library, reading)
    found = [_down(session, library, option, reading) for option in reading.options]
    return found[0] if len(found) == 1 and "unlisted" not in reading.how else _open(library, reading, found)


def _open(library: Library, reading: Reading, found: list[AddressMatch]) -> AddressMatch:
    """A match of what several options have in common."""
    least = min(range(len(found)), key=lambda i: _DOWN.index(found[i].level))
    spelt = found[least].text.removeprefix(_name(library, reading.options[least].site))
    alternatives = tuple(replace(m, sure=round(m.sure / len(found), 3)) for m in found) if len(found) <= MOST else ()
    area = library.common(option.grid for option in reading.options)
    text = reading.title + spelt
    return AddressMatch(None, None, text, found[least].level, reading.sure, area, reading.how, alternatives)


def _without_site(library: Library, reading: Reading) -> AddressMatch:
    """A match of an area or a crossing."""
    sure, how, grids = reading.sure, reading.how, reading.grids
    if len(grids) == 1:
        return AddressMatch(grids[0], None, reading.title, reading.level, sure, grids[0], how)
    few = grids if len(grids) <= MOST else ()
    share = round(sure / max(1, len(few)), 3)
    alternatives = tuple(AddressMatch(g, None, library.titles[g], "area", share, g, how) for g in few)
    return AddressMatch(None, None, reading.title, reading.level, sure, reading.area, how, alternatives)


def _name(library: Library, site: Site) -> str:
    """The site's name, with its street before it when another street has one of that name."""
    return library.titles.get(site.street, "") + site.name if site.namesake else site.name


def _down(session: Session, library: Library, option: Option, reading: Reading) -> AddressMatch:
    """As far down as the library's dwellings go."""
    site, said = option.site, option.details
    name, house = _name(library, site), site.house
    found = AddressMatch(option.grid, None, name, site.level, reading.sure, option.grid, reading.how)
    if said.building is None:
        return found
    found = replace(found, level="building", text=spell(name, said.building, house=house))
    rows = _rows(session, option)
    if said.stairwell:
        rows = [row for row in rows if row.stairwell == said.stairwell]
        if rows:
            found = replace(found, level="stairwell", text=spell(name, said.building, said.stairwell))
    elif len(rows) == 1 and not rows[0].door:
        return replace(found, address=rows[0].id)  # a house is one dwelling
    if said.door is None:
        return found
    doors = [
        replace(found, address=row.id, level="dwelling", text=spell(name, said.building, row.stairwell, row.door))
        for row in rows
        if row.door == said.door
    ]
    if len(doors) < 2:
        return doors[0] if doors else found
    return replace(found, alternatives=tuple(replace(d, sure=round(d.sure / len(doors), 3)) for d in doors))


_IN_ESTATE = (
    select(Address.id, Address.stairwell, Address.door)
    .where(
        Address.estate.in_(bindparam("names", expanding=True)),
        Address.building == bindparam("building"),
        Address.grid == bindparam("grid"),
    )
    .order_by(Address.id)
)
_ON_ROAD = (
    select(Address.id, Address.stairwell, Address.door)
    .where(
        Address.road.in_(bindparam("names", expanding=True)),
        Address.estate == "",
        Address.building == bindparam("building"),
        Address.grid == bindparam("grid"),
    )
    .order_by(Address.id)
)


def _rows(session: Session, option: Option) -> Sequence[Row[int, str, str]]:
    """The dwellings of a building: id, stairwell, door."""
    site = option.site
    if not site.spellings:
        return []
    asked = {"names": sorted(site.spellings), "building": option.details.building, "grid": option.grid}
    return session.execute(_ON_ROAD if site.level == "road" else _IN_ESTATE, asked).all()
