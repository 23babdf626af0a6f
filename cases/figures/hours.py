"""Many times at once: in working hours, and what most of them come to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import numpy as np

from cases.clock.time import WorkingTime
from cases.figures.tally import Hours, Numbers

HOUR = 3600


class Working:
    """The working seconds before any moment, for many moments at once.

    It counts as :class:`cases.clock.time.WorkingTime` does, which takes moments one by one.

    Args:
        working: whose calendar, hours and zone hold.
        first: no moment is earlier, seconds since 1970.
        last: none is later.
    """

    def __init__(self, working: WorkingTime, first: int, last: int) -> None:
        begin, end = (datetime.fromtimestamp(moment, working.zone).date() for moment in (first, last))
        days = (begin + timedelta(n) for n in range((end - begin).days + 1))
        worked = [day for day in days if working.calendar.day(day).works]
        self._opens = self._at(worked, working, opening=True)
        self._closes = self._at(worked, working, opening=False)
        self._before = np.concatenate(([0], np.cumsum(self._closes - self._opens)))

    @staticmethod
    def _at(days: Sequence[date], working: WorkingTime, *, opening: bool) -> Numbers:
        hour = working.hours.opens if opening else working.hours.closes
        moments = [datetime.combine(day, hour, working.zone).astimezone(UTC).timestamp() for day in days]
        return np.array(moments, dtype=np.int64)

    def until(self, moments: Numbers) -> Numbers:
        """The working seconds from the beginning of the first day to each moment."""
        if not len(self._opens):
            return np.zeros_like(moments)
        day = np.searchsorted(self._opens, moments, side="right") - 1
        today = np.minimum(moments, self._closes[day]) - self._opens[day]
        return np.where(day < 0, 0, self._before[day] + today)

    def hours(self, begins: Numbers, ends: Numbers) -> Hours:
        """How long it was from each begin to its end; no time where a history has the end first."""
        ends = np.maximum(begins, ends)
        return Hours(ends - begins, self.until(ends) - self.until(begins))


def gathered(some: Sequence[Hours]) -> Hours:
    """All times in one."""
    if not some:
        return Hours(np.empty(0, np.int64), np.empty(0, np.int64))
    return Hours(np.concatenate([h.clock for h in some]), np.concatenate([h.worked for h in some]))


def _quantile(ordered: Numbers, part: float) -> float:
    """Where a part of values in order lies below, between two of them where need be. numpy's takes far longer for few."""
    place = (len(ordered) - 1) * part
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return float(ordered[below] + (ordered[above] - ordered[below]) * (place - below))


def summary(some: Sequence[Hours]) -> dict[str, int | float | None]:
    """How many there are, and the median and the 90th percentile in hours, by the clock and worked.

    Percentiles lie between two values where need be, as PERCENTILE.INC of a spreadsheet has it; none of nothing.
    """
    hours = gathered(some)
    found: dict[str, int | float | None] = {"count": len(hours.clock)}
    for suffix, values in (("", hours.clock), ("_worked", hours.worked)):
        ordered = np.sort(values)
        for name, part in (("median", 0.5), ("p90", 0.9)):
            found[f"{name}{suffix}"] = _quantile(ordered, part) / HOUR if len(ordered) else None
    return found
