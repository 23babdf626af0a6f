"""Time counted in working hours on the Chinese working calendar.

The rules are those of the Civil Code (民法典) for periods. Days: the day a period begins on is not counted (第二百零一条);
its last day is a working day, and it ends when business hours end on that day (第二百零三条). Hours count from the moment
itself (第二百零一条第二款). Moments go in with any time zone and come out in UTC.
"""

from __future__ import annotations

import logging
from bisect import bisect_left, bisect_right
from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cases.clock import holiday_files
from cases.clock.calendar import Calendar
from common.settings import settings

ZERO = timedelta()
_log = logging.getLogger(__name__)  # not the structured one, which writes to the terminal's output in commands


def to_utc(moment: datetime) -> datetime:
    """A moment as it is stored and reckoned with.

    Raises:
        ValueError: it has no zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone, so it is no moment")
    return moment.astimezone(UTC)


@dataclass(frozen=True)
class WorkingHours:
    """When work begins and ends on a working day, local time. There is no break at noon: residents are served then too.

    Raises:
        ValueError: work ends before it begins.
    """

    opens: time = time(8, 30)
    closes: time = time(17, 30)

    def __post_init__(self) -> None:
        if not self.opens < self.closes:
            raise ValueError(f"working hours must end after they begin, not {self.opens} to {self.closes}")

    @property
    def length(self) -> timedelta:
        """What one working day has."""
        return datetime.combine(date.min, self.closes) - datetime.combine(date.min, self.opens)


@dataclass(frozen=True, slots=True)
class _Year:
    """A year's working days in order, when they open and close, and the working time of the year before each opens."""

    days: list[date]
    opens: list[datetime]
    closes: list[datetime]
    before: list[timedelta]
    total: timedelta


class WorkingTime:
    """Arithmetic in one calendar, time zone and working hours. A year's table is made when it is first needed.

    Args:
        calendar: which days are worked.
        hours: when work begins and ends on them.
        zone: where that is.
    """

    def __init__(self, calendar: Calendar, hours: WorkingHours, zone: ZoneInfo) -> None:
        self.calendar, self.hours, self.zone = calendar, hours, zone
        self._years: dict[int, _Year] = {}

    def _year(self, year: int) -> _Year:
        return self._years.get(year) or self._make(year)

    def _make(self, year: int) -> _Year:
        if year not in self.calendar.years:
            _log.warning("the working days of %d are not known, Monday to Friday is counted; see docs/clock.md", year)
        dates = (date(year, 1, 1) + timedelta(n) for n in range(366 if isleap(year) else 365))
        days = [day for day in dates if self.calendar.day(day).works]
        opens = [datetime.combine(day, self.hours.opens, self.zone).astimezone(UTC) for day in days]
        closes = [datetime.combine(day, self.hours.closes, self.zone).astimezone(UTC) for day in days]
        before, total = [], ZERO
        for opened, closed in zip(opens, closes, strict=True):
            before.append(total)
            total += closed - opened
        made = self._years[year] = _Year(days, opens, closes, before, total)
        return made

    def _worked(self, moment: datetime) -> tuple[int, timedelta]:
        """The local year of a moment in UTC, and the working time of that year before it."""
        year = moment.astimezone(self.zone).year
        table = self._year(year)
        last = bisect_right(table.opens, moment) - 1
        if last < 0:
            return year, ZERO
        return year, table.before[last] + min(moment, table.closes[last]) - table.opens[last]

    def add_working_days(self, start: datetime, n: int) -> datetime:
        """The end of working hours on the ``n``-th working day after the day of ``start``.

        The day of ``start`` never counts, whether it is worked or not and at whatever hour ``start`` is: what is filed
        on a rest day or after hours is filed on that day.

        Args:
            start: an aware moment.
            n: working days, at least 1.

        Raises:
            ValueError: fewer days, or a moment without zone.
        """
        if n < 1:
            raise ValueError(f"a period has at least one working day, not {n}")
        day = to_utc(start).astimezone(self.zone).date()
        year, table = day.year, self._year(day.year)
        place = bisect_right(table.days, day) + n - 1
        while place >= len(table.days):
            place -= len(table.days)
            year += 1
            table = self._year(year)
        return table.closes[place]

    def between(self, a: datetime, b: datetime) -> timedelta:
        """The working time from ``a`` to ``b``; none if ``b`` is not later.

        Raises:
            ValueError: a moment without zone.
        """
        a, b = to_utc(a), to_utc(b)  # two moments told in one zone would be compared by what its clocks show
        if b <= a:
            return ZERO
        first, worked_a = self._worked(a)
        last, worked_b = self._worked(b)
        return sum((self._year(year).total for year in range(first, last)), worked_b - worked_a)

    def add(self, start: datetime, much: timedelta) -> datetime:
        """The first moment by which ``much`` working time has passed since ``start``.

        Nothing added to ``start`` is ``start`` itself. What ends with a working day ends at its close, not when the
        next one opens.

        Raises:
            ValueError: a negative time, or a moment without zone.
        """
        if much < ZERO:
            raise ValueError(f"working time cannot be taken back: {much}")
        if not much:
            return to_utc(start)
        year, worked = self._worked(to_utc(start))
        table, left = self._year(year), worked + much
        while left > table.total:
            left -= table.total
            year += 1
            table = self._year(year)
        place = bisect_left(table.before, left) - 1
        return table.opens[place] + (left - table.before[place])


_in_use: WorkingTime | None = None


@lru_cache(maxsize=1)
def _by_default() -> WorkingTime:
    folder = settings().var / "holidays"
    calendar = holiday_files.load(folder if folder.is_dir() else None)
    return WorkingTime(calendar, WorkingHours(), ZoneInfo(settings().timezone))


def working_time() -> WorkingTime:
    """The process's: what :func:`use` named, or else the usual hours and the files in ``holidays`` of the var folder.

    Raises:
        HolidayFileError: that folder has mistakes. Call this at start-up, so that it is heard of then.
    """
    return _in_use or _by_default()


def use(working: WorkingTime | None) -> None:
    """Have the process count in other hours or another calendar; None goes back to the usual."""
    global _in_use
    _in_use = working
    _by_default.cache_clear()


def add_working_days(start: datetime, n: int) -> datetime:
    """:meth:`WorkingTime.add_working_days` in the process's calendar."""
    return working_time().add_working_days(start, n)


def working_seconds_between(a: datetime, b: datetime) -> float:
    """:meth:`WorkingTime.between` in the process's calendar, in seconds, exact to the microsecond."""
    return working_time().between(a, b).total_seconds()


def add_working_seconds(start: datetime, seconds: float) -> datetime:
    """:meth:`WorkingTime.add` in the process's calendar, in seconds, rounded to the microsecond."""
    return working_time().add(start, timedelta(seconds=seconds))


def unknown_years(today: date) -> list[int]:
    """:meth:`Calendar.unknown_years` of the process's calendar, for the warning at start-up."""
    return working_time().calendar.unknown_years(today)
