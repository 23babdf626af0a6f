"""The routing catalogue: for every matter type who handles it, who helps, to what standard and within which time.

A YAML file of the city, one entry a matter type, with exceptions for single areas under ``at``:

    - type: environment.noise
      unit: CG01
      helpers: [GA01]
      standard: 一个工作日内到现场测声、找到声源；夜里施工查许可，当场叫停；把结果告诉来电人。
      limits: {verify: 1, feedback: 2, close: 5, urgent_hours: 12}
      at:
        S04: {unit: ZF01}

Every mistake is listed with its line; a catalogue with mistakes is refused whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from cases import audit
from cases.model import Area, CatalogueRow, Unit
from nlu.corpus import Lines
from nlu.taxonomy import taxonomy

LIMITS = {"verify": (1, 10), "feedback": (1, 20), "close": (1, 90), "urgent_hours": (1, 72)}
STANDARD = (10, 200)  # characters
_FIELDS = {"type", "unit", "helpers", "standard", "limits", "at"}
_AT = {"unit", "helpers", "standard", "limits"}
_LINE = "__line__"


class CatalogueError(ValueError):
    """The catalogue has mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the catalogue was not loaded:\n  " + "\n  ".join(problems))
        self.problems = problems


def _entries(file: Path) -> Iterator[tuple[int, Any]]:
    try:
        rows = yaml.load(file.read_text(encoding="utf-8-sig"), Lines)
    except OSError as error:
        raise CatalogueError([f"{file.name}: {error.strerror}"]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        raise CatalogueError([f"{file.name}:{line}: not valid YAML in UTF-8: {error}"]) from error
    if not isinstance(rows, list):
        raise CatalogueError([f"{file.name}:1: expected a list of entries"])
    for place, row in enumerate(rows, 1):
        yield (row.pop(_LINE, 1), row) if isinstance(row, dict) else (1, f"entry {place} is no mapping")


class _Checker:
    def __init__(self, file: Path, units: set[str], areas: set[str]) -> None:
        self.file, self.units, self.areas = file, units, areas
        self.problems: list[str] = []
        self.rows: list[CatalogueRow] = []

    def bad(self, line: int, what: str) -> None:
        self.problems.append(f"{self.file.name}:{line}: {what}")

    def unit(self, line: int, code: Any, what: str) -> None:
        if not isinstance(code, str) or code not in self.units:
            self.bad(line, f"{what} {code!r} is not in units.csv")

    def fields(self, line: int, entry: dict[str, Any], allowed: set[str]) -> None:
        for key in sorted(set(map(str, entry)) - allowed - {_LINE}):
            self.bad(line, f"unknown field {key!r}; there are: {', '.join(sorted(allowed))}")

    def values(self, line: int, entry: dict[str, Any]) -> None:
        self.unit(line, entry.get("unit"), "unit")
        helpers = entry.get("helpers") or []
        if not isinstance(helpers, list):
            self.bad(line, "helpers must be a list of units")
        else:
            for code in helpers:
                self.unit(line, code, "helper")
            if len({str(code) for code in helpers}) < len(helpers):
                self.bad(line, "a helper is named twice")
            if entry.get("unit") in helpers:
                self.bad(line, f"{entry['unit']} is its own helper")
        standard = entry.get("standard")
        if not isinstance(standard, str) or not STANDARD[0] <= len(standard) <= STANDARD[1]:
            self.bad(line, f"standard must be a text of {STANDARD[0]} to {STANDARD[1]} characters")
        self.limits(line, entry.get("limits"))

    def limits(self, line: int, limits: Any) -> None:
        if not isinstance(limits, dict):
            self.bad(line, f"limits must be a mapping with {', '.join(LIMITS)}")
            return
        self.fields(line, limits, set(LIMITS))
        for name, (low, high) in LIMITS.items():
            value = limits.get(name)
            if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
                self.bad(line, f"limit {name!r} must be a whole number from {low} to {high}, not {value!r}")
        if any(type(limits.get(name)) is not int for name in LIMITS):
            return
        if not limits["verify"] <= limits["feedback"] <= limits["close"]:
            self.bad(line, "limits must grow: verify, feedback, close")

    def row(self, type_: str, area: str, entry: dict[str, Any]) -> None:
        limits = entry["limits"]
        self.rows.append(
            CatalogueRow(
                type=type_,
                area=area,
                unit=entry["unit"],
                helpers=list(entry.get("helpers") or []),
                standard=entry["standard"],
                verify_days=limits["verify"],
                feedback_days=limits["feedback"],
                close_days=limits["close"],
                urgent_hours=limits["urgent_hours"],
            )
        )

    def entry(self, line: int, entry: dict[str, Any], seen: set[str]) -> None:
        before = len(self.problems)
        self.fields(line, entry, _FIELDS)
        type_ = entry.get("type")
        if not isinstance(type_, str) or not taxonomy().has_type(type_):
            self.bad(line, f"unknown matter type {type_!r}")
            return
        if type_ in seen:
            self.bad(line, f"{type_} has a row already")
        seen.add(type_)
        self.values(line, entry)
        exceptions = entry.get("at") or {}
        if not isinstance(exceptions, dict):
            self.bad(line, "'at' must be a mapping of areas to what differs there")
            return
        exceptions.pop(_LINE, None)
        if len(self.problems) == before:
            self.row(type_, "", entry)
        for area, change in exceptions.items():
            if area not in self.areas:
                self.bad(line, f"area {area!r} is not in areas.csv")
            if not isinstance(change, dict):
                self.bad(line, f"what differs in {area} must be a mapping")
                continue
            where = change.pop(_LINE, line)
            self.fields(where, change, _AT)
            errors = len(self.problems)
            self.values(where, {**entry, **change})
            if len(self.problems) == errors:
                self.row(type_, str(area), {**entry, **change})


def read(file: Path, units: set[str], areas: set[str]) -> list[CatalogueRow]:
    """The rows of a catalogue file.

    Args:
        file: the YAML file.
        units: codes of the units there are.
        areas: codes of the areas there are.

    Raises:
        CatalogueError: listing every mistake; also each matter type that has no row.
    """
    checker, seen = _Checker(file, units, areas), set[str]()
    for line, entry in _entries(file):
        if isinstance(entry, dict):
            checker.entry(line, entry, seen)
        else:
            checker.bad(line, str(entry))
    checker.problems += [f"{file.name}: no row for {t.code} ({t.name})" for t in taxonomy() if t.code not in seen]
    if checker.problems:
        raise CatalogueError(checker.problems)
    return checker.rows


def load(session: Session, file: Path, by: str = "system") -> int:
    """Replace the catalogue by a file's. Tickets that are on their way keep unit and times. Returns the rows there are now.

    Raises:
        CatalogueError: listing every mistake; nothing was changed.
    """
    units = set(session.scalars(select(Unit.code)))
    areas = set(session.scalars(select(Area.code)))
    rows = read(file, units, areas)
    session.execute(delete(CatalogueRow))
    session.add_all(rows)
    session.flush()
    audit.log(session, by, "catalogue.load", file.name, f"{len(rows)} rows")
    return len(rows)
