"""Hot spots: where many people report one kind of matter, told before they have to complain again."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cases_duplicates_support import NOON, change, file

from cases import hotspots, service
from cases.actor import Actor
from cases.hotspots import AreaNotFoundError, HotSpot
from common.db import reading, transaction

city = pytest.mark.usefixtures("city_database")
NOISE = ("楼下烧烤摊半夜吵", "environment.noise")


def find(**how: Any) -> list[HotSpot]:
    with reading() as session:
        return hotspots.find(session, how.pop("at", NOON), **how)


def noise(place: str | None = "幸福里3号楼", **more: Any) -> str:
    return file(*NOISE, place, **more)


@city
def test_three_people_at_one_estate_are_a_hot_spot_however_they_call_it() -> None:
    said = ["幸福里3号楼", "老纺织厂宿舍", "幸福里小区8号楼"]
    told = [noise(place, ago=3 - i) for i, place in enumerate(said)]
    [spot] = find()
    assert (spot.type, spot.place, spot.level, spot.community) == ("environment.noise", "幸福里", "estate", "S0101")
    assert (spot.tickets, spot.people, spot.trend, spot.before) == (3, 3, "new", 0)
    assert (spot.since, spot.latest) == (NOON - timedelta(days=3), NOON - timedelta(days=1))
    assert list(spot.numbers) == told[::-1]


@city
def test_one_angry_person_ten_times_is_no_hot_spot() -> None:
    for day in range(5):
        noise(ago=day, reporter="wx-7")
        noise(ago=day, reporter=None, phone="13912345678")
    assert find() == []
    noise(reporter="wx-7", phone="13912345678")  # now both are known to be one person
    noise()
    assert find() == []
    noise()
    assert [(s.tickets, s.people) for s in find()] == [(13, 3)]


@city
def test_nameless_reports_of_one_day_count_as_one_persons() -> None:
    for _ in range(5):
        noise(reporter=None)
    assert find() == []
    noise(reporter=None, ago=1)
    noise(reporter=None, ago=2)
    assert [(s.tickets, s.people) for s in find()] == [(7, 3)]


@city
def test_merged_reports_count_and_withdrawn_ones_do_not() -> None:
    told = [noise() for _ in range(3)]
    operator = Actor("operator", "op1")
    with transaction() as session:
        service.merge(session, told[1], told[0], actor=operator)
    assert [s.people for s in find()] == [3]
    with transaction() as session:
        service.act(session, told[2], "withdraw", actor=operator)
    assert find() == []


@city
def test_other_kinds_places_and_times_are_not_counted_together() -> None:
    noise()
    noise("书香苑2号楼")
    noise(ago=8)
    file("垃圾没人收", "environment.garbage", "幸福里3号楼")
    assert find() == []


@city
def test_the_trend_compares_people_with_the_period_before() -> None:
    for _ in range(3):
        noise(ago=1)
    for _ in range(4):
        noise(ago=9, reporter="wx-7")
    [spot] = find()
    assert (spot.before, spot.trend) == (1, "up")
    assert spot.since == NOON - timedelta(days=9)
    for _ in range(2):
        noise(ago=9)
    assert [s.trend for s in find()] == ["level"]
    noise(ago=9)
    assert [s.trend for s in find()] == ["down"]


@city
def test_what_went_on_before_a_quiet_period_is_another_story() -> None:
    for _ in range(3):
        noise(ago=2)
    noise(ago=20)
    assert find()[0].since == NOON - timedelta(days=2)


@city
def test_a_count_far_over_a_places_own_past_is_unusual_and_listed_first() -> None:
    file("很久以前的事", "environment.garbage", "书香苑", ago=62)
    for week in range(9):
        for _ in range(3):
            noise(ago=7 * week + 1)
    for _ in range(8):
        file("停水了", "service.utility", "书香苑", ago=1)
    water, steady = find()
    assert (water.type, water.unusual, water.expected) == ("service.utility", True, 0)
    assert (steady.type, steady.unusual, steady.expected, steady.trend) == ("environment.noise", False, 3, "level")
    assert steady.since == NOON - timedelta(days=57)


@city
def test_without_a_past_nothing_is_unusual() -> None:
    for _ in range(9):
        noise()
    assert [(s.chance, s.expected, s.unusual) for s in find()] == [(None, None, False)]


@city
def test_a_community_as_a_whole_is_only_listed_when_it_is_more_than_chance() -> None:
    file("很久以前的事", "environment.garbage", "书香苑", ago=65)
    for week in range(9):
        for _ in range(3):
            change(noise(None, ago=7 * week + 1), community="S0101", street="S01")
    assert find() == []
    for _ in range(12):
        change(noise(None), community="S0101", street="S01")
    [spot] = find()
    assert (spot.level, spot.people, spot.expected, spot.unusual) == ("community", 15, 3, True)
    assert spot.since == NOON - timedelta(days=57)


@city
def test_the_list_can_be_asked_for_an_area_a_length_and_a_moment() -> None:
    for _ in range(3):
        noise(ago=2)
    assert len(find(area="S0101")) == len(find(area="S01")) == 1
    assert find(area="S0102") == find(days=1) == find(at=NOON - timedelta(days=5)) == []
    with pytest.raises(AreaNotFoundError, match="no area 'nowhere'"):
        find(area="nowhere")
    with pytest.raises(ValueError, match="at least one day"):
        find(days=0)


@city
def test_the_list_in_words_says_what_where_how_many_since_when_and_names_nobody() -> None:
    told = [noise(ago=1, reporter=f"wx-{i}", phone=f"1391234567{i}") for i in range(4)]
    with reading() as session:
        title, line = hotspots.lines(session, NOON)
        assert hotspots.lines(session, NOON, area="S0102")[1:] == ["没有达到热点标准的事项。"]
    assert "2026-09-16" in title
    for part in ("幸福里", "4件/4人", "自09-15起", "新出现"):
        assert part in line
    assert told[3][:3] in line
    assert not any(secret in line for secret in ("wx-", "139"))


def row(reporter: str | None, phone: str | None, day: int) -> SimpleNamespace:
    return SimpleNamespace(
        reporter=reporter, phone=phone, created_at=datetime.fromisoformat(f"2026-09-{day:02}T04:00+00:00")
    )


somebody = st.builds(
    row, st.sampled_from([None, "a", "b", "c"]), st.sampled_from([None, "1", "2", "3"]), st.integers(1, 4)
)


@given(st.lists(somebody), st.randoms())
def test_people_do_not_depend_on_order_or_repetition(rows: list[Any], chance: Any) -> None:
    mixed = [*rows, *rows]
    chance.shuffle(mixed)
    assert hotspots.people(mixed) == hotspots.people(rows) <= len(rows)


@given(st.lists(somebody), somebody)
def test_a_report_that_is_linked_to_nobody_adds_one_person(rows: list[Any], new: Any) -> None:
    new.reporter, new.phone = "new", None
    assert hotspots.people([*rows, new]) == hotspots.people(rows) + 1


@given(st.integers(1, 60), st.integers(0, 300), st.integers(1, 8))
def test_more_people_are_never_likelier_by_chance(count: int, past: int, periods: int) -> None:
    share = 1 / (1 + periods)
    likely = hotspots.chance(count, past, share)
    assert 0 < likely <= 1
    assert hotspots.chance(count + 1, past, share) <= likely + 1e-9
    assert hotspots.chance(count, past + 1, share) >= likely - 1e-9
