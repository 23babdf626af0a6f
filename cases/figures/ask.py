"""What is asked for: a period, groupings, and which tickets; and how that is said in SQL."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, Label, SQLColumnExpression, and_, or_
from sqlalchemy.orm import Session

from cases.areas import AreaTree
from cases.figures.moments import begin_of, local_day, local_month, local_week, offsets
from cases.figures.words import PARTS
from cases.model import LEVELS, Ticket
from common.db import now
from common.settings import settings

AREAS = ("county", "street", "community", "grid")
TIMES = ("month", "week", "day")
DIMENSIONS = (*AREAS, "unit", "category", "type", "channel", "risk", *TIMES)
NARROWING = tuple(d for d in DIMENSIONS if d not in TIMES)

# What a grouping by time takes of a local day.
_OF_DAY: dict[str, Callable[[ColumnElement[int]], ColumnElement[int]]] = {
    "month": local_month,
    "week": local_week,
    "day": lambda day: day,
}

Wanted = str | None | Collection[str | None]
# One value per grouping: a code, the number of a day, week or month, or None.
Key = tuple[str | int | None, ...]


class FigureError(ValueError):
    """The question has mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Question:
    """Which figures are asked for.

    Args:
        since: the first day, local time, or a moment.
        until: the day after the last, or a moment; what happens then is not in the period.
        by: groupings out of ``DIMENSIONS``: one, several or none.
        where: for a dimension that is no time, the code or codes looked at; None stands for having none.
        area: code of an area of any level: only what lies in it, or in any area under it.
        parts: out of ``PARTS``, for those who need but some figures.
        at: the moment to look from; by default now. Due times after it have not fallen yet.
    """

    since: date | datetime
    until: date | datetime
    by: str | Sequence[str] = ()
    where: Mapping[str, Wanted] = field(default_factory=dict)
    area: str | None = None
    parts: Collection[str] = PARTS
    at: datetime | None = None


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

    @cached_property
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
                found.append(_OF_DAY[name](day).label(f"by_{name}"))
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


def _names(question: Question) -> tuple[str, ...]:
    return (question.by,) if isinstance(question.by, str) else tuple(question.by)


def _flaws(question: Question) -> Iterator[str]:
    names = _names(question)
    for name in names:
        if name not in DIMENSIONS:
            yield f"nothing can be grouped by {name!r}; there are: {', '.join(DIMENSIONS)}"
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            yield f"grouped by {name!r} twice"
    for name in question.where:
        if name not in NARROWING:
            yield f"tickets cannot be narrowed by {name!r}; there are: {', '.join(NARROWING)}"
    for part in question.parts:
        if part not in PARTS:
            yield f"there is no part {part!r}; there are: {', '.join(PARTS)}"


def ask(session: Session, question: Question) -> Ask:
    """Check a question.

    Raises:
        FigureError: listing every mistake.
    """
    zone = ZoneInfo(settings().timezone)
    problems: list[str] = []
    begin = _moment(question.since, "since", zone, problems)
    end = _moment(question.until, "until", zone, problems)
    if not problems and begin >= end:
        problems.append(
            f"the period is empty: since {question.since} until {question.until}; until is the day after the last"
        )
    problems += _flaws(question)
    where = {name: _values(wanted) for name, wanted in question.where.items()}
    if question.area is not None:
        node = AreaTree.of(session).nodes.get(question.area)
        if node is None:
            problems.append(f"there is no area {question.area!r}; areas are listed by 'xiaoge places areas'")
        elif node.level != LEVELS[0]:  # in the city lies everything, also what is not located
            where[node.level] = tuple(v for v in where.get(node.level, (node.code,)) if v == node.code)
    seen = _moment(question.at or now(), "at", zone, problems)
    if problems:
        raise FigureError(problems)
    return Ask(begin, end, seen, _names(question), where, zone)
