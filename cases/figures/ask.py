"""What is asked for: a period, groupings, and which tickets; and how that is said in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Label, SQLColumnExpression, and_, or_

from cases.figures.moments import begin_of, local_day, local_week, offsets
from cases.figures.words import PARTS
from cases.model import Ticket
from common.db import now
from common.settings import settings

AREAS = ("county", "street", "community", "grid")
TIMES = ("week", "day")
DIMENSIONS = (*AREAS, "unit", "category", "type", "channel", "risk", *TIMES)
NARROWING = tuple(d for d in DIMENSIONS if d not in TIMES)

Wanted = str | None | Collection[str | None]
# One value per grouping: a code, the number of a day or week, or None.
Key = tuple[str | int | None, ...]


class FigureError(ValueError):
    """The question has mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Ask:
    """A question that makes sense.

    ``since`` and ``until`` bound the period, ``at`` is the moment it is looked at from: what lies after it has not
    happened; all three to the whole second. ``where`` has, for a dimension, the values let through.
    """

    since: datetime
    until: datetime
    at: datetime
    by: tuple[str, ...]
    where: Mapping[str, tuple[str | None, ...]]
    zone: ZoneInfo

    @property
    def end(self) -> datetime:
        """Where the period ends for now."""
        return min(self.until, self.at)

    @property
    def by_unit(self) -> bool:
        """Whether it matters which unit something is counted with."""
        return "unit" in self.by or "unit" in self.where

    @property
    def times(self) -> tuple[str, ...]:
        """The groupings by time."""
        return tuple(d for d in self.by if d in TIMES)

    @cached_property
    def distances(self) -> list[tuple[datetime, int]]:
        """The zone's distances from UTC in the period."""
        return offsets(self.zone, self.since, self.until)

    def keys(self, unit: SQLColumnExpression[Any], moment: SQLColumnExpression[Any]) -> list[Label[Any]]:
        """The groupings as columns ``by_...``, from the unit and the moment something is counted with."""
        day = local_day(moment, self.distances) if self.times else None
        found: list[Label[Any]] = []
        for name in self.by:
            if name in TIMES and day is not None:
                found.append((day if name == "day" else local_week(day)).label(f"by_{name}"))
            else:
                found.append((unit if name == "unit" else getattr(Ticket, name)).label(f"by_{name}"))
        return found

    def narrowed(self, unit: SQLColumnExpression[Any] | None) -> list[ColumnElement[bool]]:
        """The conditions of ``where``; without a unit those on the ticket itself."""
        found = []
        for name, values in self.where.items():
            column = unit if name == "unit" else getattr(Ticket, name)
            if column is not None:
                some = column.in_([value for value in values if value is not None])
                found.append(or_(some, column.is_(None)) if None in values else some)
        return found

    def within(self, moment: SQLColumnExpression[Any]) -> ColumnElement[bool]:
        """Whether a moment lies in the period, and has come."""
        return and_(moment >= self.since, moment < self.end)


def _moment(given: date | datetime, name: str, zone: ZoneInfo, problems: list[str]) -> datetime:
    if not isinstance(given, datetime):
        return begin_of(given, zone)
    if given.tzinfo is None:
        problems.append(f"{name} {given} has no time zone: give a day, or a moment with one")
        return given.replace(tzinfo=UTC)
    return given.astimezone(UTC).replace(microsecond=0)


def _values(wanted: Wanted) -> tuple[str | None, ...]:
    return (wanted,) if wanted is None or isinstance(wanted, str) else tuple(wanted)


def ask(
    since: date | datetime,
    until: date | datetime,
    by: str | Sequence[str],
    where: Mapping[str, Wanted] | None,
    parts: Collection[str],
    at: datetime | None,
) -> Ask:
    """Check a question.

    Raises:
        FigureError: listing every mistake.
    """
    zone = ZoneInfo(settings().timezone)
    problems: list[str] = []
    names = (by,) if isinstance(by, str) else tuple(by)
    begin, end = _moment(since, "since", zone, problems), _moment(until, "until", zone, problems)
    if not problems and begin >= end:
        problems.append(f"the period is empty: since {since} until {until}; until is the day after the last")
    problems += [
        f"nothing can be grouped by {n!r}; there are: {', '.join(DIMENSIONS)}" for n in names if n not in DIMENSIONS
    ]
    problems += [f"grouped by {n!r} twice" for n in dict.fromkeys(names) if names.count(n) > 1]
    filters = where or {}
    problems += [
        f"tickets cannot be narrowed by {n!r}; there are: {', '.join(NARROWING)}" for n in filters if n not in NARROWING
    ]
    problems += [f"there is no part {p!r}; there are: {', '.join(PARTS)}" for p in parts if p not in PARTS]
    seen = _moment(at or now(), "at", zone, problems)
    if problems:
        raise FigureError(problems)
    return Ask(begin, end, seen, names, {n: _values(v) for n, v in filters.items()}, zone)
