"""The address library: every dwelling with its grid, imported from CSV or XLSX.

One row a dwelling. Columns in any order, under their Chinese or English heading::

    小区/村 estate · 道路 road · 楼栋 building · 单元 stairwell · 室 door · 网格 grid · 纬度 lat · 经度 lng

A dwelling is known by its street (of the grid), its estate or road, and its numbers; the other columns can change.
Changed rows get new ids, so that whoever keeps the library in memory sees the change.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from cases import audit
from cases.model import Address, Area
from cases.places import sheets
from cases.places.details import cell, spell
from cases.places.sheets import ChangedByExcel, SheetError

BATCH = 500  # rows a statement
LONGEST_KEY = 200  # characters
HEADINGS = {
    "estate": ("小区/村", "小区", "村", "小区名称", "村庄", "小区（村）", "小区(村)", "estate", "village"),
    "road": ("道路", "路", "街路巷", "道路名称", "road", "street"),
    "building": ("楼栋", "楼号", "栋", "幢", "楼栋号", "门牌号", "building"),
    "stairwell": ("单元", "单元号", "stairwell", "unit"),
    "door": ("室", "户", "房号", "室号", "门牌", "door", "room"),
    "grid": ("网格", "网格编码", "网格代码", "网格编号", "grid", "grid code"),
    "lat": ("纬度", "lat", "latitude"),
    "lng": ("经度", "lng", "lon", "longitude"),
}
_NAMED = {said: column for column, all_said in HEADINGS.items() for said in all_said}
_PARTS = ("building", "stairwell", "door")
_LIMITS = {"estate": 100, "road": 100, "building": 20, "stairwell": 20, "door": 20}


@dataclass(frozen=True)
class BadRow:
    """A row that was not loaded: its number as the spreadsheet shows it, what is wrong, and its cells."""

    row: int
    problems: tuple[str, ...]
    cells: tuple[str, ...]

    def __str__(self) -> str:
        return f"row {self.row}: {'; '.join(self.problems)} ({','.join(self.cells)})"


@dataclass
class ImportReport:
    """How many rows were new, different, as before; and those that are wrong."""

    added: int = 0
    updated: int = 0
    unchanged: int = 0
    bad: list[BadRow] = field(default_factory=list)


class AddressError(ValueError):
    """A library was refused; ``bad`` lists the wrong rows, if it is for them."""

    def __init__(self, message: str, bad: list[BadRow] | None = None) -> None:
        super().__init__("\n  ".join([message, *map(str, bad or [])]))
        self.bad = bad or []


@dataclass(frozen=True, slots=True)
class Dwelling:
    """A good row. The fields are those of the table; ``key`` is what it is known by."""

    key: str
    grid: str
    estate: str
    road: str
    building: str
    stairwell: str
    door: str
    lat: float | None
    lng: float | None


def read(file: Path, streets: Mapping[str, str]) -> Iterator[Dwelling | BadRow]:
    """The rows of a file, good and bad, in their order.

    Args:
        file: CSV or XLSX.
        streets: the street's name for the code of every grid.

    Raises:
        AddressError: the file is no table, or columns are missing.
    """
    try:
        table = iter(sheets.rows(file))
        number, heading = next(table)
        columns = _columns(file, number, heading)
        reader = _Reader(streets, columns, len(heading))
        for number, cells in table:
            yield reader.row(number, cells)
    except SheetError as error:
        raise AddressError(str(error)) from error


def _columns(file: Path, number: int, heading: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    problems = []
    for i, said in enumerate(heading):
        column = _NAMED.get(said.strip().lower())
        if column and column in found:
            problems.append(f"column {column} stands there twice: {heading[found[column]]} and {said}")
        elif column:
            found[column] = i
    missing = [c for c in ("building", "grid") if c not in found]
    if "estate" not in found and "road" not in found:
        missing.insert(0, "estate")
    problems += [f"column missing: {HEADINGS[c][0]} ({c})" for c in missing]
    if problems:
        raise AddressError(f"{file.name}:{number}: {'; '.join(problems)}")
    return found


class _Reader:
    def __init__(self, streets: Mapping[str, str], columns: dict[str, int], width: int) -> None:
        self.streets, self.columns, self.width = streets, columns, width
        self.seen: dict[str, int] = {}

    def row(self, number: int, cells: list[str]) -> Dwelling | BadRow:
        problems: list[str] = []
        if any(cells[self.width :]):
            problems.append(f"{len(cells)} cells, but {self.width} headings")
        value = {c: cells[i] if i < len(cells) else "" for c, i in self.columns.items()}
        value = {c: value.get(c, "") for c in HEADINGS}
        for column, said in value.items():
            if isinstance(said, ChangedByExcel):
                problems.append(f"{HEADINGS[column][0]}: Excel has made {said} of it; format the column as text")
            elif len(said) > _LIMITS.get(column, 40):
                problems.append(f"{HEADINGS[column][0]}: longer than {_LIMITS.get(column, 40)} characters")
        if problems:
            return BadRow(number, tuple(problems), tuple(map(str, cells)))
        numbers = self.numbers(value, problems)
        lat, lng = _position(value["lat"], value["lng"], problems)
        if value["grid"] not in self.streets:
            problems.append(f"there is no grid {value['grid']!r}" if value["grid"] else "no grid")
        if not value["estate"] and not value["road"]:
            problems.append("neither estate nor road")
        if not problems:
            found = self.dwelling(value, numbers, lat, lng)
            first = self.seen.setdefault(found.key, number)
            if first == number and len(found.key) <= LONGEST_KEY:
                return found
            same = f"the same dwelling as row {first}: {found.key}"
            problems.append(same if first != number else f"longer than {LONGEST_KEY} characters altogether")
        return BadRow(number, tuple(problems), tuple(map(str, cells)))

    @staticmethod
    def numbers(value: dict[str, str], problems: list[str]) -> dict[str, str]:
        out = {}
        for part in _PARTS:
            number = cell(value[part], part)
            if number is None:
                problems.append(f"{HEADINGS[part][0]}: {value[part]!r} is no number like 3, 甲3 or B")
            elif part == "building" and not number:
                problems.append("no building (a house's number belongs there too)")
            out[part] = number or ""
        return out

    def dwelling(
        self, value: dict[str, str], numbers: dict[str, str], lat: float | None, lng: float | None
    ) -> Dwelling:
        estate, road, grid = value["estate"], value["road"], value["grid"]
        house = not numbers["stairwell"] and not numbers["door"]
        key = self.streets[grid] + spell(estate or road, **numbers, house=house)
        return Dwelling(key, grid, estate, road, **numbers, lat=lat, lng=lng)


def _position(lat: str, lng: str, problems: list[str]) -> tuple[float | None, float | None]:
    if not lat and not lng:
        return None, None
    try:
        north, east = float(lat), float(lng)
    except ValueError:
        problems.append(f"纬度 and 经度 must both be numbers, not {lat!r} and {lng!r}")
        return None, None
    if not (-90 <= north <= 90 and -180 <= east <= 180):
        swapped = -90 <= east <= 90 and -180 <= north <= 180
        problems.append(f"{lat}, {lng} is no place on earth{' (纬度 and 经度 exchanged?)' if swapped else ''}")
        return None, None
    return north, east


def streets_of(areas: Iterable[Area]) -> dict[str, str]:
    """The street's name for the code of every grid."""
    known = {a.code: a for a in areas}
    out = {}
    for area in known.values():
        above = known.get(known[area.parent].parent or "") if area.parent in known else None  # over the community
        if area.level == "grid":
            out[area.code] = above.name if above else ""
    return out


def import_addresses(session: Session, file: Path, *, strict: bool = False, by: str = "system") -> ImportReport:
    """Load dwellings from a file; those the library has already are brought up to date, none is removed.

    Args:
        session: of the database; the caller commits.
        file: CSV or XLSX.
        strict: refuse the whole file when a row is bad; otherwise the good rows are loaded.
        by: who imports, for the audit.

    Raises:
        AddressError: the file is no table, columns are missing, or (strict) rows are bad; nothing was changed.
    """
    streets = streets_of(session.scalars(select(Area)))
    if strict and (bad := [row for row in read(file, streets) if isinstance(row, BadRow)]):
        raise AddressError(f"{file.name} was not loaded:", bad)
    report = ImportReport()
    with session.begin_nested():  # a file that breaks off in the middle leaves nothing behind
        store(session, _good(read(file, streets), report), report)
    if report.added or report.updated:
        note = f"{report.added} added, {report.updated} updated, {report.unchanged} unchanged, {len(report.bad)} bad"
        audit.log(session, by, "addresses.import", file.name[:100], note)
    return report


def _good(rows: Iterable[Dwelling | BadRow], report: ImportReport) -> Iterator[Dwelling]:
    for row in rows:
        if isinstance(row, BadRow):
            report.bad.append(row)
        else:
            yield row


def store(session: Session, rows: Iterable[Dwelling], report: ImportReport) -> None:
    """Write good rows, and count in ``report`` what they changed."""
    columns = Dwelling.__slots__
    table = [getattr(Address, c) for c in columns]
    source = iter(rows)
    while batch := list(itertools.islice(source, BATCH)):
        query = select(Address.id, *table).where(Address.key.in_([d.key for d in batch]))
        known = {row.key: row for row in session.execute(query)}
        changed = [
            d for d in batch if d.key not in known or tuple(known[d.key][1:]) != tuple(getattr(d, c) for c in columns)
        ]
        old = [known[d.key].id for d in changed if d.key in known]
        if old:
            session.execute(delete(Address).where(Address.id.in_(old)))
        if changed:
            session.execute(insert(Address), [{c: getattr(d, c) for c in columns} for d in changed])
        report.updated += len(old)
        report.added += len(changed) - len(old)
        report.unchanged += len(batch) - len(changed)
