"""What residents mean by their times, said on Sunday, 22 November 2026, at ten in the morning."""

from __future__ import annotations

from datetime import datetime

import pytest

from nlu.entities.when import in_words, resolve

NOW = datetime(2026, 11, 22, 10, 0)


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("昨晚十一点多", "2026-11-21T23:00"),
        ("昨夜十一点半", "2026-11-21T23:30"),
        ("昨天夜里十二点", "2026-11-22T00:00"),
        ("上礼拜五", "2026-11-13"),
        ("大前天", "2026-11-19"),
        ("3月15号", "2026-03-15"),
        ("2021年5月", "2021-05"),
        ("2019年", "2019"),
        ("上个月底", "2026-10-25/2026-10-31"),
        ("早上七点到晚上九点", "2026-11-22T07:00/2026-11-22T21:00"),
        ("明天上午", "2026-11-23T07:00/2026-11-23T11:59"),
    ],
)
def test_days_and_clock_times(said: str, meant: str) -> None:
    assert resolve(said, NOW) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("三天", "P3D"),
        ("连着三天", "P3D"),
        ("两三天", "P2D"),
        ("半个多月", "P15D"),
        ("半拉月", "P15D"),
        ("半年", "P6M"),
        ("三年", "P3Y"),
        ("两个钟头", "PT2H"),
    ],
)
def test_how_long_it_has_lasted(said: str, meant: str) -> None:
    assert resolve(said, NOW) == meant


@pytest.mark.parametrize(
    ("said", "meant"),
    [("夜来", "2026-11-21"), ("昨儿晚上", "2026-11-21T18:00/2026-11-21T23:59"), ("前儿", "2026-11-20")],
)
def test_dialect_days(said: str, meant: str) -> None:
    assert resolve(said, NOW) == meant


def test_a_date_without_a_year_lies_in_the_past() -> None:
    assert resolve("12月3号", NOW) == "2025-12-03"
    assert resolve("腊月二十三", NOW) == "2026-01-30"
    assert resolve("下周二", NOW) == "2026-11-24"


@pytest.mark.parametrize("said", ["", "多", "入冬以来", "一直", "好久好久"])
def test_what_says_no_time_stays_words(said: str) -> None:
    assert resolve(said, NOW) is None


def test_only_days_and_clock_times_are_put_into_words() -> None:
    assert in_words("2026-11-21T23:00", 2026) == "11月21日 23:00"
    assert in_words("2026-11-13", 2026) == "11月13日"
    assert in_words("2025-12-03", 2026) == "2025年12月3日"
    assert in_words("P3D", 2026) == in_words("2021-05", 2026) == in_words("2026-10-25/2026-10-31", 2026) == ""
