"""Load a city from CSV files: areas, places, units, grid workers. All or nothing, every mistake listed with its line."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import delete
from sqlalchemy.orm import Session

from cases.model import Area, Place, Unit, Worker
from cases.places import buildings
from nlu.taxonomy import taxonomy

SAMPLE = Path(__file__).parent / "sample_city"
LEVELS = ("city", "street", "community", "grid")
Row = dict[str, str]


class CityError(ValueError):
    """The city's files have mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the city was not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass
class _Loader:
    folder: Path
    problems: list[str] = field(default_factory=list)
    areas: dict[str, Area] = field(default_factory=dict)
    rows: list[object] = field(default_factory=list)

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
        missing = [c for c in columns if c not in (reader.fieldnames or [])]
        if missing:
            self.problems.append(f"{name}:1: column(s) missing: {', '.join(missing)}")
            return
        for row in reader:
            where = f"{name}:{reader.line_num}"
            if None in row or None in row.values():
                self.problems.append(f"{where}: {len(columns)} columns expected")
                continue
            take({k: v.strip() for k, v in row.items()}, where)

    def area(self, row: Row, where: str) -> None:
        code, parent, level = row["code"], row["parent"] or None, row["level"]
        if not code or code in self.areas:
            self.problems.append(f"{where}: code {code!r} is empty or used twice")
            return
        if level not in LEVELS:
            self.problems.append(f"{where}: level {level!r} is none of {', '.join(LEVELS)}")
            return
        if level == "city" and parent:
            self.problems.append(f"{where}: the city has no parent")
        elif level != "city":
            above = self.areas.get(parent or "")
            if above is None or LEVELS.index(above.level) != LEVELS.index(level) - 1:
                self.problems.append(
                    f"{where}: the parent of a {level} must be a {LEVELS[LEVELS.index(level) - 1]} above it"
                )
                return
        self.areas[code] = Area(code=code, parent=parent, level=level, name=row["name"], aliases=_list(row["aliases"]))

    def grid(self, code: str, where: str) -> bool:
        area = self.areas.get(code)
        if area is None or area.level != "grid":
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
        if not (-90 <= lat <= 90 and -180 <= lng <= 180):
            self.problems.append(f"{where}: {lat}, {lng} is no place on earth")
            return
        self.rows.append(
            Place(
                name=row["name"],
                kind=row["kind"],
                grid=row["grid"],
                buildings=row["buildings"],
                aliases=_list(row["aliases"]),
                road=row["road"],
                lat=lat,
                lng=lng,
            )
        )

    def unit(self, row: Row, where: str) -> None:
        handles = _list(row["categories"])
        known = {c.code for c in taxonomy().categories} | {t.code for t in taxonomy()}
        for code in handles:
            if code not in known:
                self.problems.append(f"{where}: {code!r} is no category or matter type")
        if row["area"] and row["area"] not in self.areas:
            self.problems.append(f"{where}: area {row['area']!r} is not in areas.csv")
        self.rows.append(Unit(code=row["code"], name=row["name"], area=row["area"] or None, handles=handles))

    def worker(self, row: Row, where: str) -> None:
        if self.grid(row["grid"], where):
            self.rows.append(Worker(code=row["code"], name=row["name"], grid=row["grid"], phone=row["phone"]))


def _list(text: str) -> list[str]:
    return [piece.strip() for piece in text.split("|") if piece.strip()]


def _read(folder: Path) -> _Loader:
    loader = _Loader(folder)
    loader.read("areas.csv", ("code", "parent", "level", "name", "aliases"), loader.area)
    loader.read("places.csv", ("name", "kind", "grid", "buildings", "aliases", "road", "lat", "lng"), loader.place)
    loader.read("units.csv", ("code", "name", "area", "categories"), loader.unit)
    loader.read("workers.csv", ("code", "name", "grid", "phone"), loader.worker)
    if loader.problems:
        raise CityError(loader.problems)
    return loader


def load(session: Session, folder: Path = SAMPLE) -> dict[str, int]:
    """Replace places and grid workers by those of ``folder``; areas and units are added or renamed, since tickets name them.

    Returns:
        How many rows of each there are now.

    Raises:
        CityError: listing every mistake; nothing was changed.
    """
    loader = _read(folder)
    for area in loader.areas.values():
        session.merge(area)
        session.flush()
    session.execute(delete(Place))
    session.execute(delete(Worker))
    for row in loader.rows:
        session.merge(row) if isinstance(row, (Unit, Worker)) else session.add(row)
    session.flush()
    kinds = [type(r).__name__.lower() for r in loader.rows]
    return {"areas": len(loader.areas), **{f"{k}s": kinds.count(k) for k in ("place", "unit", "worker")}}


def place_names(folder: Path = SAMPLE) -> list[str]:
    """Names and aliases of a city's places and areas, for the entity rules."""
    loader = _read(folder)
    out: set[str] = set()
    for area in loader.areas.values():
        out.update((area.name, *area.aliases))
    for row in loader.rows:
        if isinstance(row, Place):
            out.update((row.name, *row.aliases))
    return sorted(n for n in out if len(n) > 1)
