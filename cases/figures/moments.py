"""Moments in SQL, the same on both databases: seconds since 1970, and the local days, weeks and months they fall on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import BigInteger, ColumnElement, SQLColumnExpression, case, literal_column
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

EPOCH = date(1970, 1, 1).toordinal()
THURSDAY = 3  # 1 January 1970 was one; weeks begin on Mondays
DAY = literal_column("86400", BigInteger())
WEEK = literal_column("7", BigInteger())


class seconds(FunctionElement[int]):
    """The whole seconds of a stored moment since 1970."""

    type = BigInteger()
    inherit_cache = True
    name = "seconds"


@compiles(seconds)
def _in_postgresql(element: seconds, compiler: Any, **kw: Any) -> str:
    return f"CAST(floor(date_part('epoch', {compiler.process(element.clauses, **kw)})) AS BIGINT)"


@compiles(seconds, "sqlite")
def _in_sqlite(element: seconds, compiler: Any, **kw: Any) -> str:
    # Cut off what follows the seconds, which strftime would round to milliseconds.
    return f"CAST(strftime('%s', substr({compiler.process(element.clauses, **kw)}, 1, 19)) AS INTEGER)"


class month(FunctionElement[int]):
    """The month of a day, both counted from 1970."""

    type = BigInteger()
    inherit_cache = True
    name = "month"


@compiles(month)
def _month_in_postgresql(element: month, compiler: Any, **kw: Any) -> str:
    day = f"(DATE '1970-01-01' + CAST({compiler.process(element.clauses, **kw)} AS INTEGER))"
    return f"CAST((date_part('year', {day}) - 1970) * 12 + date_part('month', {day}) - 1 AS BIGINT)"


@compiles(month, "sqlite")
def _month_in_sqlite(element: month, compiler: Any, **kw: Any) -> str:
    moment = f"86400 * ({compiler.process(element.clauses, **kw)}), 'unixepoch'"
    return f"((strftime('%Y', {moment}) - 1970) * 12 + strftime('%m', {moment}) - 1)"


def offsets(zone: ZoneInfo, since: datetime, until: datetime) -> list[tuple[datetime, int]]:
    """The zone's distances from UTC in a period: from when, and how many seconds. China has one, others change."""

    def offset(moment: datetime) -> int:
        distance = moment.astimezone(zone).utcoffset()
        return int(distance.total_seconds()) if distance else 0

    found, moment = [(since, offset(since))], since
    while moment < until:
        later = min(moment + timedelta(days=1), until)
        if offset(later) != found[-1][1]:
            before, after = moment, later  # it changed somewhere between: find the second
            while after - before > timedelta(seconds=1):
                middle = before + (after - before) / 2
                before, after = (before, middle) if offset(middle) != found[-1][1] else (middle, after)
            found.append((after.replace(microsecond=0), offset(after)))
        moment = later
    return found


def local_day(moment: SQLColumnExpression[Any], distances: Sequence[tuple[datetime, int]]) -> ColumnElement[int]:
    """The local day of a moment, counted from 1 January 1970.

    Numbers stand in the statement itself: as parameters they would differ between SELECT and GROUP BY.
    """
    shifts = [literal_column(str(shift), BigInteger()) for _, shift in distances]
    if len(shifts) == 1:
        return (seconds(moment) + shifts[0]) // DAY
    changes = [(moment < begin, shift) for (begin, _), shift in zip(distances[1:], shifts[:-1], strict=True)]
    return (seconds(moment) + case(*changes, else_=shifts[-1])) // DAY


def local_week(day: ColumnElement[int]) -> ColumnElement[int]:
    """The week, beginning on a Monday, of a day; both counted from 1970."""
    return (day + literal_column(str(THURSDAY), BigInteger())) // WEEK


def local_month(day: ColumnElement[int]) -> ColumnElement[int]:
    """The month of a day; both counted from 1970."""
    return month(day)


Day = TypeVar("Day", int, NDArray[np.int64])


def week_of(day: Day) -> Day:
    """The same of a number, or of many."""
    return (day + THURSDAY) // 7


def month_of(day: int) -> int:
    """The month of a day; both counted from 1970."""
    date_ = date.fromordinal(EPOCH + day)
    return (date_.year - 1970) * 12 + date_.month - 1


def months_of(days: NDArray[np.int64]) -> NDArray[np.int64]:
    """The same of many."""
    return days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def day_name(number: int) -> str:
    """2026-10-09."""
    return date.fromordinal(EPOCH + number).isoformat()


def week_name(number: int) -> str:
    """2026-W41, by ISO 8601."""
    year, week, _ = date.fromordinal(EPOCH + number * 7 - THURSDAY).isocalendar()
    return f"{year}-W{week:02}"


def month_name(number: int) -> str:
    """2026-10."""
    return f"{1970 + number // 12}-{number % 12 + 1:02}"


def times_of(day: int) -> dict[str, int]:
    """The month, the week and the day itself of a day, each by its number."""
    return {"month": month_of(day), "week": week_of(day), "day": day}


def days_of(since: datetime, until: datetime, zone: ZoneInfo) -> range:
    """The local days of a period, counted from 1970."""
    last = (until - timedelta(microseconds=1)).astimezone(zone).date().toordinal()
    return range(since.astimezone(zone).date().toordinal() - EPOCH, last + 1 - EPOCH)


def begin_of(day: date, zone: ZoneInfo) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, datetime.min.time(), zone).astimezone(UTC)
