"""Load a city from a folder of files: areas, places, units, grid workers; dwellings, outlines and the routing catalogue
when they are there. All or nothing, every mistake listed with its line."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from shapely.geometry.base import BaseGeometry
from sqlalchemy import delete
from sqlalchemy.orm import Session

from cases import audit, catalogue
from cases.model import Area, CatalogueRow, Place, Unit, Worker
from cases.places import addresses, buildings, shapes, tree

SAMPLE = Path(__file__).parent / "sample_city"
ADDRESSES = ("addresses.csv", "addresses.xlsx")
OUTLINES = "grids.geojson"
CATALOGUE = "catalogue.yml"
Row = dict[str, str]


class CityError(ValueError):
    """The city's files have mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the city was not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass
class _Loader:
    """What the folder's files have, and what is wrong with it."""

    folder: Path
    problems: list[str] = field(default_factory=list)
    areas: list[tree.AreaRow] = field(default_factory=list)
    places: list[Place] = field(default_factory=list)
    units: dict[str, Unit] = field(default_factory=dict)
    workers: dict[str, Worker] = field(default_factory=dict)
    dwellings: list[addresses.Dwelling] = field(default_factory=list)
    outlines: dict[str, BaseGeometry] = field(default_factory=dict)
    routes: list[CatalogueRow] = field(default_factory=list)

    def read(self, name: str, columns: tuple[str, ...], take: Callable[[Row, str], None]) -> None:
        file = self.folder / name
        if not file.exists():
            self.problems.append(f"{name}: missing")
            return
        raw = file.read_bytes()
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            self.problems.append(f"{name}:{line}: not UTF-8 (Excel: save as 'CSV UTF-8')")
            return
        reader = csv.DictReader(io.StringIO(text, newline=""))
        given = reader.fieldnames or []
        missing = [c for c in columns if c not in given]
        if missing:
            self.problems.append(f"{name}:1: column(s) missing: {', '.join(missing)}")
            return
        for row in reader:
            where = f"{name}:{reader.line_num}"
            if None in row or None in row.values():
                self.problems.append(f"{where}: {len(given)} columns expected")
                continue
            take({k: v.strip() for k, v in row.items()}, where)

    def area(self, row: Row, where: str) -> None:
        aliases = tuple(_list(row["aliases"]))
        self.areas.append(tree.AreaRow(row["code"], row["parent"], row["level"], row["name"], aliases, where))

    def checked_areas(self) -> None:
        """The tree, looked at as a whole."""
        self.problems += tree.flaws(self.areas)

    @property
    def levels(self) -> dict[str, str]:
        """The level of every area."""
        return {a.code: a.level for a in self.areas}

    def grid(self, code: str, where: str) -> bool:
        if self.levels.get(code) != "grid":
            self.problems.append(f"{where}: {code!r} is not a grid of areas.csv")
            return False
        return True

    def place(self, row: Row, where: str) -> None:
        if not self.grid(row["grid"], where):
            return
        try:
            lat, lng = float(row["lat"]), float(row["lng"])
            buildings(row["buildings"])
        except ValueError as error:
            self.problems.append(f"{where}: lat and lng must be numbers, buildings like 1-8|12 ({error})")
            return
        if not (-90 <= lat <= 90 and -180 <= lng <= 180) or math.isnan(lat + lng):
            self.problems.append(f"{where}: {lat}, {lng} is no place on earth")
            return
        known = ("name", "kind", "grid", "buildings", "road")
        values = {column: row[column] for column in known}
        self.places.append(Place(**values, aliases=_list(row["aliases"]), lat=lat, lng=lng))

    def once(self, code: str, known: dict[str, Unit] | dict[str, Worker], where: str) -> bool:
        if not code or code in known:
            self.problems.append(f"{where}: code {code!r} is {'used already' if code else 'empty'}")
            return False
        return True

    def unit(self, row: Row, where: str) -> None:
        if row["area"] and row["area"] not in self.levels:
            self.problems.append(f"{where}: area {row['area']!r} is not in areas.csv")
        if self.once(row["code"], self.units, where):
            self.units[row["code"]] = Unit(code=row["code"], name=row["name"], area=row["area"] or None)

    def worker(self, row: Row, where: str) -> None:
        if self.grid(row["grid"], where) and self.once(row["code"], self.workers, where):
            columns = ("code", "name", "grid", "phone")
            self.workers[row["code"]] = Worker(**{column: row[column] for column in columns})

    def optional(self) -> None:
        """Dwellings, outlines and catalogue."""
        names = {a.code: a.name for a in self.areas}
        self.addresses()
        if (file := self.folder / OUTLINES).exists():
            self.outlines, problems = shapes.read(file, names, self.levels)
            grids = {c: o for c, o in self.outlines.items() if self.levels[c] == "grid"}
            self.problems += problems + [f"{OUTLINES}: {what}" for what in shapes.overlaps(grids, names)]
        if (file := self.folder / CATALOGUE).exists():
            try:
                self.routes = catalogue.read(file, set(self.units), set(names))
            except catalogue.CatalogueError as error:
                self.problems += error.problems

    def addresses(self) -> None:
        streets = addresses.streets_of(_tables(self.areas))
        for name in ADDRESSES:
            if not (file := self.folder / name).exists():
                continue
            try:
                for row in addresses.read(file, streets):
                    if isinstance(row, addresses.BadRow):
                        self.problems += [f"{name}:{row.row}: {what}" for what in row.problems]
                    else:
                        self.dwellings.append(row)
            except addresses.AddressError as error:
                self.problems.append(str(error))


def _list(text: str) -> list[str]:
    return [piece.strip() for piece in text.split("|") if piece.strip()]


def _tables(rows: list[tree.AreaRow]) -> list[Area]:
    return [
        Area(code=r.code, parent=r.parent or None, level=r.level, name=r.name, aliases=list(r.aliases)) for r in rows
    ]


def _read(folder: Path) -> _Loader:
    loader = _Loader(folder)
    loader.read("areas.csv", ("code", "parent", "level", "name", "aliases"), loader.area)
    loader.checked_areas()
    loader.read("places.csv", ("name", "kind", "grid", "buildings", "aliases", "road", "lat", "lng"), loader.place)
    loader.read("units.csv", ("code", "name", "area"), loader.unit)
    loader.read("workers.csv", ("code", "name", "grid", "phone"), loader.worker)
    loader.optional()
    if loader.problems:
        raise CityError(loader.problems)
    return loader


def load(session: Session, folder: Path = SAMPLE, *, by: str = "system") -> dict[str, int]:
    """Replace places, grid workers and the catalogue by those of ``folder``; areas, units and dwellings are added or
    brought up to date, since tickets name them. What a folder has no file for stays as it is.

    Args:
        session: of the database; the caller commits.
        folder: with the city's files (docs/places.md).
        by: who loads, for the audit.

    Returns:
        How many of each the folder has.

    Raises:
        CityError: listing every mistake; nothing was changed.
    """
    loader = _read(folder)
    for area in _tables(tree.top_down(loader.areas)):
        session.merge(area)
        session.flush()
    session.execute(delete(Place))
    session.execute(delete(Worker))
    for unit in loader.units.values():
        session.merge(unit)
    session.add_all([*loader.places, *loader.workers.values()])
    session.flush()
    addresses.store(session, loader.dwellings, addresses.ImportReport())
    for code, outline in loader.outlines.items():
        session.get_one(Area, code).shape = shapes.stored(outline)
    if loader.routes:
        session.execute(delete(CatalogueRow))
        session.add_all(loader.routes)
    session.flush()
    counts = {
        "areas": len(loader.areas),
        "places": len(loader.places),
        "units": len(loader.units),
        "workers": len(loader.workers),
        "addresses": len(loader.dwellings),
        "outlines": len(loader.outlines),
        "routes": len(loader.routes),
    }
    audit.log(session, by, "city.load", folder.name[:100], ", ".join(f"{n} {what}" for what, n in counts.items()))
    return counts


def place_names(folder: Path = SAMPLE) -> list[str]:
    """Names and aliases of a city's places and areas, for the entity rules."""
    loader = _read(folder)
    out: set[str] = set()
    for area in loader.areas:
        out.update((area.name, *area.aliases))
    for place in loader.places:
        out.update((place.name, *place.aliases))
    return sorted(n for n in out if len(n) > 1)
