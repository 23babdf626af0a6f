"""Where the figures of all groups are collected while they are counted."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Row, SQLColumnExpression, case, func, select
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import FromClause

from cases.figures.ask import Ask, Key
from cases.model import Ticket

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Hours:
    """How long stays in a step took, in seconds: by the clock, and of these in working time."""

    clock: Numbers
    worked: Numbers


@dataclass
class Tally:
    """Counts by group and figure, and times by group and step. ``shown`` are groups that are told of though empty."""

    shown: set[Key] = field(default_factory=set)
    counts: defaultdict[Key, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    hours: defaultdict[Key, defaultdict[str, list[Hours]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )

    def groups(self) -> set[Key]:
        """All groups that are told of."""
        return self.shown | {key for key, counts in self.counts.items() if any(counts.values())} | set(self.hours)

    def take(self, rows: Iterable[Row[Any]], keys: int, sign: int = 1) -> None:
        """Add rows whose first ``keys`` columns name the group and whose other columns are counts."""
        for row in rows:
            counts = self.counts[tuple(row[:keys])]
            for name, value in zip(row._fields[keys:], row[keys:], strict=True):
                counts[name] += sign * value


def count(
    session: Session,
    ask: Ask,
    tally: Tally,
    tests: Mapping[str, ColumnElement[bool]],
    *conditions: ColumnElement[bool],
    unit: SQLColumnExpression[Any],
    moment: SQLColumnExpression[Any],
    source: FromClause | None = None,
    sign: int = 1,
) -> None:
    """Count, by group, the rows that pass each test.

    Args:
        session: of the database.
        ask: the question.
        tally: takes the counts.
        tests: by the figure they count.
        conditions: which rows are looked at.
        unit: the unit a row is counted with.
        moment: when, for days and weeks.
        source: tables joined; tickets by default.
        sign: -1 takes the counts off.
    """
    keys = ask.keys(unit, moment)
    sums = [func.coalesce(func.sum(case((test, 1), else_=0)), 0).label(name) for name, test in tests.items()]
    query = select(*keys, *sums).select_from(Ticket if source is None else source)
    query = query.where(*conditions, *ask.narrowed(unit)).group_by(*(key.name for key in keys))
    tally.take(session.execute(query), len(keys), sign)
