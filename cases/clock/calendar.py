"""The Chinese working calendar with its moved working days (调休).

The days off and the worked weekends of a year come from the library ``chinesecalendar``, which copies the State
Council's yearly notice, and from the city's own holiday files (``holiday_files``), which win over it day by day. A year
that neither knows is counted Monday to Friday, and every answer about it says that it is not known.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

import chinese_calendar as library  # type: ignore[import-untyped]

NOVEMBER = 11  # the State Council usually names next year's days off in this month
SATURDAY = 5


@dataclass(frozen=True, slots=True)
class Day:
    """A day of the calendar.

    ``name`` is the holiday that a day off belongs to, or that a worked weekend day makes up for; None on ordinary days.
    ``known`` is False when nobody has said which days of the year are worked, and the day was judged by its weekday.
    """

    works: bool
    name: str | None
    known: bool


# By whether the year is known, then by whether it is one of Monday to Friday.
_ORDINARY = {(k, w): Day(works=w, name=None, known=k) for k in (False, True) for w in (False, True)}


class Calendar:
    """Which days are worked. Never changes once made.

    Args:
        special: the days that differ from their weekday, or have a name.
        years: the years whose special days are known.
    """

    def __init__(self, special: Mapping[date, Day], years: Iterable[int]) -> None:
        self._special = dict(special)
        self.years = frozenset(years)

    def day(self, day: date) -> Day:
        """Whether a day is worked, what it is called and whether that is known.

        Raises:
            TypeError: a datetime was given; which day a moment falls on depends on the time zone.
        """
        if isinstance(day, datetime):
            raise TypeError(f"{day!r} is a moment, not a day: take the date of its local time")
        found = self._special.get(day)
        return found if found is not None else _ORDINARY[day.year in self.years, day.weekday() < SATURDAY]

    def unknown_years(self, today: date) -> list[int]:
        """The years to warn of at start-up: this one, and from 1 November on the next one, as far as not known."""
        asked = (today.year, today.year + 1) if today.month >= NOVEMBER else (today.year,)
        return [year for year in asked if year not in self.years]

    def overlaid(self, special: Mapping[date, Day], years: Iterable[int]) -> Calendar:
        """This calendar with other days laid over it, and further years known."""
        return Calendar({**self._special, **special}, self.years.union(years))


def _from_library() -> Calendar:
    chinese = {holiday.value: holiday.chinese for holiday in library.Holiday}
    off = {day: Day(works=False, name=chinese[name], known=True) for day, name in library.holidays.items()}
    worked = {day: Day(works=True, name=chinese[name], known=True) for day, name in library.workdays.items()}
    return Calendar({**off, **worked}, {day.year for day in off})


LIBRARY = _from_library()
