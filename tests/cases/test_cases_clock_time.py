"""Working time: real dates, and the laws that hold for all moments."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import chinese_calendar
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cases.clock import time as working
from cases.clock.calendar import LIBRARY
from cases.clock.holiday_files import HolidayFileError
from cases.clock.time import WorkingHours, WorkingTime
from common.settings import settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")
USUAL = WorkingTime(LIBRARY, WorkingHours(), SHANGHAI)
DAY = 9 * 3600
# 2027 is not known to the library, so the laws are tried on the fall-back as well.
moments = st.datetimes(datetime(2024, 12, 1), datetime(2027, 3, 1), timezones=st.just(SHANGHAI))
seconds = st.integers(0, 400 * DAY * 10**6).map(lambda us: us / 10**6)


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    working.use(USUAL)
    yield
    working.use(None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("start", "days", "end"),
    [
        ("2026-09-29 10:00", 1, "2026-09-30 17:30"),
        ("2026-09-29 10:00", 2, "2026-10-08 17:30"),  # over National Day
        ("2026-09-29 10:00", 4, "2026-10-10 17:30"),  # a worked Saturday
        ("2026-09-29 10:00", 12, "2026-10-21 17:30"),
        ("2026-10-08 00:00", 1, "2026-10-09 17:30"),  # the day itself never counts, from its first moment
        ("2026-10-08 23:59", 1, "2026-10-09 17:30"),  # to its last
        ("2026-10-03 10:00", 1, "2026-10-08 17:30"),  # filed on a rest day
        ("2026-10-07 23:59", 1, "2026-10-08 17:30"),
        ("2026-12-31 09:00", 1, "2027-01-01 17:30"),  # nobody knows 2027: a Friday
        ("2025-12-31 09:00", 1, "2026-01-04 17:30"),  # over the turn of the year, to a worked Sunday
        ("2026-02-13 09:00", 1, "2026-02-14 17:30"),
        ("2026-02-14 09:00", 1, "2026-02-24 17:30"),  # over the Spring Festival
    ],
)
def test_a_period_of_days_ends_when_work_ends_on_its_last_day(start: str, days: int, end: str) -> None:
    assert working.add_working_days(at(start), days) == at(end)


@pytest.mark.parametrize(
    ("a", "b", "hours"),
    [
        ("2026-10-08 09:00", "2026-10-08 09:30", 0.5),
        ("2026-10-08 07:00", "2026-10-08 08:30", 0),
        ("2026-10-08 17:30", "2026-10-09 08:30", 0),
        ("2026-10-08 17:00", "2026-10-09 09:00", 1),
        ("2026-10-01 00:00", "2026-10-07 23:59", 0),
        ("2026-09-30 17:00", "2026-10-08 09:00", 1),
        ("2026-10-09 15:00", "2026-10-12 09:00", 12),  # the Saturday is worked
        ("2026-10-09 15:00", "2026-10-09 14:00", 0),
        ("2026-12-31 17:00", "2027-01-01 09:00", 1),
        ("2026-01-01 00:00", "2027-01-01 00:00", 9 * 248),
    ],
)
def test_only_working_hours_are_counted(a: str, b: str, hours: float) -> None:
    assert working.working_seconds_between(at(a), at(b)) == hours * 3600


@pytest.mark.parametrize(
    ("start", "hours", "end"),
    [
        ("2026-10-08 09:00", 0.5, "2026-10-08 09:30"),
        ("2026-10-08 09:00", 8.5, "2026-10-08 17:30"),  # not the next morning
        ("2026-10-08 17:30", 9, "2026-10-09 17:30"),
        ("2026-10-08 20:00", 1, "2026-10-09 09:30"),
        ("2026-10-03 12:00", 1, "2026-10-08 09:30"),
        ("2026-10-03 12:00", 0, "2026-10-03 12:00"),
        ("2026-12-31 17:00", 1, "2027-01-01 09:00"),
    ],
)
def test_working_time_runs_in_working_hours_only(start: str, hours: float, end: str) -> None:
    assert working.add_working_seconds(at(start), hours * 3600) == at(end)


def test_the_year_2026_has_248_working_days() -> None:
    """The literal above, by another way."""
    assert len(chinese_calendar.get_workdays(date(2026, 1, 1), date(2026, 12, 31))) == 248


def works(day: date) -> bool:
    known = day.year <= max(LIBRARY.years)
    return bool(chinese_calendar.is_workday(day)) if known else day.weekday() < 5


@given(moments, st.integers(1, 80))
def test_days_are_counted_as_on_ones_fingers(start: datetime, n: int) -> None:
    day, left = start.date(), n
    while left:
        day += timedelta(days=1)
        left -= works(day)
    assert working.add_working_days(start, n) == datetime.combine(day, time(17, 30), SHANGHAI)


@given(moments, moments)
def test_time_is_counted_as_day_by_day(a: datetime, b: datetime) -> None:
    total, day = 0.0, a.date()
    while day <= b.date():
        opens = max(a, datetime.combine(day, time(8, 30), SHANGHAI))
        closes = min(b, datetime.combine(day, time(17, 30), SHANGHAI))
        if works(day) and closes > opens:
            total += (closes - opens).total_seconds()
        day += timedelta(days=1)
    assert working.working_seconds_between(a, b) == pytest.approx(total, abs=1e-5)


@given(moments, seconds)
@example(at("2026-12-31 17:30"), 0.000001)
@example(at("2026-09-30 17:30"), float(DAY))
def test_what_is_added_lies_between(start: datetime, much: float) -> None:
    end = working.add_working_seconds(start, much)
    assert end >= start
    assert end.tzinfo is UTC
    assert working.working_seconds_between(start, end) == much
    if much:
        assert working.working_seconds_between(start, end - timedelta(microseconds=1)) < much  # it is the first moment


@given(moments, moments)
def test_adding_what_lies_between_comes_no_later(a: datetime, b: datetime) -> None:
    a, b = min(a, b), max(a, b)
    end = working.add_working_seconds(a, working.working_seconds_between(a, b))
    assert end <= b
    assert working.working_seconds_between(end, b) == 0


@given(moments, seconds, seconds)
def test_adding_twice_is_adding_the_sum(start: datetime, one: float, two: float) -> None:
    much = USUAL.add(USUAL.add(start, timedelta(seconds=one)), timedelta(seconds=two))
    assert much == USUAL.add(start, timedelta(seconds=one) + timedelta(seconds=two))


@given(moments, moments, moments)
def test_time_between_adds_up_and_is_never_negative(a: datetime, b: datetime, c: datetime) -> None:
    a, b, c = sorted((a, b, c))
    assert USUAL.between(a, b) + USUAL.between(b, c) == USUAL.between(a, c)
    assert USUAL.between(c, a) == timedelta()
    assert timedelta() <= USUAL.between(a, c) <= c - a


@given(moments, moments, seconds, st.integers(1, 80), st.integers(0, 5))
def test_later_or_more_never_ends_earlier(a: datetime, b: datetime, much: float, n: int, further: int) -> None:
    a, b = min(a, b), max(a, b)
    assert working.add_working_seconds(a, much) <= working.add_working_seconds(b, much)
    assert working.add_working_seconds(a, much) <= working.add_working_seconds(a, much + further)
    assert a < working.add_working_days(a, n) <= working.add_working_days(b, n)
    assert working.add_working_days(a, n) <= working.add_working_days(a, n + further)


@given(moments, st.integers(1, 30))
def test_the_zone_a_moment_is_told_in_does_not_matter(start: datetime, n: int) -> None:
    told = start.astimezone(NEW_YORK)
    assert working.add_working_days(told, n) == working.add_working_days(start, n)
    assert working.add_working_seconds(told, 3600) == working.add_working_seconds(start, 3600)
    end = start + timedelta(days=3)
    between = working.working_seconds_between(start, end)
    assert working.working_seconds_between(told, end) == between
    assert working.working_seconds_between(start, end.astimezone(NEW_YORK)) == between


def test_what_makes_no_sense_is_refused() -> None:
    aware, naive = at("2026-10-08 09:00"), datetime(2026, 10, 8, 9)
    with pytest.raises(ValueError, match="at least one working day"):
        working.add_working_days(aware, 0)
    with pytest.raises(ValueError, match="cannot be taken back"):
        working.add_working_seconds(aware, -1)
    for call in (
        lambda: working.add_working_days(naive, 1),
        lambda: working.add_working_seconds(naive, 0),
        lambda: working.add_working_seconds(naive, 1),
        lambda: working.working_seconds_between(naive, aware),
        lambda: working.working_seconds_between(aware, naive),
    ):
        with pytest.raises(ValueError, match="no time zone"):
            call()
    with pytest.raises(ValueError, match="end after they begin"):
        WorkingHours(time(17), time(9))


def test_other_hours_can_be_used() -> None:
    working.use(WorkingTime(LIBRARY, WorkingHours(time(9), time(12)), SHANGHAI))
    assert working.add_working_days(at("2026-10-08 10:00"), 1) == at("2026-10-09 12:00")
    assert working.working_seconds_between(at("2026-10-08 10:00"), at("2026-10-09 10:00")) == 3 * 3600


def test_a_day_with_a_changed_clock_has_its_hours_all_the_same() -> None:
    berlin = WorkingTime(LIBRARY, WorkingHours(), ZoneInfo("Europe/Berlin"))
    before, after = datetime(2026, 3, 27, 6, tzinfo=UTC), datetime(2026, 3, 30, 22, tzinfo=UTC)
    assert berlin.between(before, after) == timedelta(hours=18)
    assert berlin.add_working_days(before, 1) == datetime(2026, 3, 30, 15, 30, tzinfo=UTC)


def test_an_hour_that_comes_twice_is_counted_twice() -> None:
    night = WorkingTime(LIBRARY, WorkingHours(time(0, 30), time(3)), NEW_YORK)
    first = datetime(2026, 10, 31, 23, tzinfo=NEW_YORK)
    assert night.between(first, datetime(2026, 11, 2, 1, tzinfo=NEW_YORK)) == timedelta(minutes=30)  # a Sunday
    sunday = WorkingTime(
        LIBRARY.overlaid({date(2026, 11, 1): LIBRARY.day(date(2026, 10, 10))}, ()), night.hours, NEW_YORK
    )
    early, late = (datetime(2026, 11, 1, 1, 10, fold=fold, tzinfo=NEW_YORK) for fold in (0, 1))
    assert sunday.between(early, late) == timedelta(hours=1)
    assert sunday.between(late, early) == timedelta()


def test_counting_in_a_year_nobody_knows_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    fresh = WorkingTime(LIBRARY, WorkingHours(), SHANGHAI)
    with caplog.at_level(logging.WARNING, "cases.clock"):
        fresh.add_working_days(at("2026-12-01 10:00"), 12)
        assert caplog.messages == []
        for _ in range(2):
            fresh.add_working_days(at("2026-12-30 10:00"), 12)
    assert caplog.messages == ["the working days of 2027 are not known, Monday to Friday is counted; see docs/clock.md"]


@pytest.fixture
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setenv("XIAOGE_VAR", str(tmp_path))
    settings.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    settings.cache_clear()


def test_the_process_counts_by_the_files_in_its_data_folder(data_folder: Path) -> None:
    file = data_folder / "holidays/2026.yml"
    file.parent.mkdir()
    file.write_text("year: 2026\nholidays:\n  - {name: 市庆日, from: 2026-08-11, to: 2026-08-11}\n", encoding="utf-8")
    working.use(None)
    assert working.add_working_days(at("2026-08-10 09:00"), 1) == at("2026-08-12 17:30")
    assert working.unknown_years(date(2026, 11, 1)) == [2027]
    file.write_text("year: 2025\n", encoding="utf-8")
    working.use(None)
    with pytest.raises(HolidayFileError, match=r"2026\.yml:1"):
        working.add_working_days(at("2026-08-10 09:00"), 1)
