"""Follow-up visits, and the situation behind a ticket."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases import history, risk, service
from cases.actor import Actor
from cases.clock import time as working
from cases.clock.calendar import LIBRARY
from cases.clock.time import WorkingHours, WorkingTime
from cases.model import Ticket
from cases.risk.facts import nearness
from cases.risk.rhythm import Rhythm, Wait
from cases.service import NewTicket
from cases.workflow import IllegalTransitionError
from common.db import reading, transaction
from nlu.entities.place import parts

BOOK = risk.load()
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
FILED = datetime(2026, 3, 2, 10, 0, tzinfo=SHANGHAI)  # a Monday
COMMUNITY, OPERATOR = Actor("community", "社区1"), Actor("operator", "话务员1")
RED = NewTicket(
    text="楼上提着菜刀来踹我家门",
    category="dispute",
    type="dispute.neighbor",
    channel="wechat",
    reporter="r1",
    phone="13912345678",
    place="幸福里8号楼2单元501",
)
YELLOW = replace(RED, text="跟楼上推搡起来了")
GREEN = replace(RED, text="楼上拖椅子声音大")


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    working.use(WorkingTime(LIBRARY, WorkingHours(), SHANGHAI))
    risk.use(BOOK)
    yield
    working.use(None)
    risk.use(None)


def file(new: NewTicket, at: datetime = FILED) -> str:
    with transaction() as session:
        return service.file_ticket(session, new, at=at).number


def read(number: str) -> Ticket:
    with reading() as session:
        return service.get(session, number)


def visit(number: str, at: datetime, note: str = "上门看过，人在", actor: Actor = COMMUNITY) -> datetime | None:
    with transaction() as session:
        return service.visit(session, number, note, actor=actor, at=at).visit_due


def due(at: datetime, area: str | None = None, limit: int = 100) -> list[str]:
    with reading() as session:
        return [t.number for t in risk.due_visits(session, at, area, limit)]


# ---- the rhythm


def test_red_is_visited_every_seven_days(city_database: str) -> None:
    number = file(RED)
    assert visit(number, FILED + timedelta(hours=5)) == FILED + timedelta(days=7, hours=5)
    assert visit(number, FILED + 7 * DAY) == FILED + 14 * DAY
    assert visit(number, FILED + 20 * DAY) == FILED + 27 * DAY


def test_yellow_is_visited_after_two_weeks_and_then_every_thirty_days(city_database: str) -> None:
    number = file(YELLOW)
    assert visit(number, FILED + DAY) == FILED + 15 * DAY
    assert visit(number, FILED + 15 * DAY) == FILED + 45 * DAY
    assert visit(number, FILED + 45 * DAY) == FILED + 75 * DAY


def test_a_visit_is_a_line_of_the_history_with_what_was_found(city_database: str) -> None:
    number = file(RED)
    visit(number, FILED + DAY, "双方已分开住")
    ticket = read(number)
    line = ticket.events[-1]
    assert (line.action, line.role, line.actor, line.note) == ("visit", "community", "社区1", "双方已分开住")
    assert line.before == line.after == ticket.status
    with reading() as session:
        assert history.verify(session, number) == (1, [])


def test_a_changed_grade_counts_its_visits_from_the_start_and_a_confirmed_one_counts_on(city_database: str) -> None:
    number = file(YELLOW)
    visit(number, FILED + DAY)
    with transaction() as session:
        service.regrade(session, number, "yellow", actor=OPERATOR, note="照旧", at=FILED + 2 * DAY)
    assert visit(number, FILED + 3 * DAY) == FILED + 33 * DAY
    with transaction() as session:
        service.regrade(session, number, "red", actor=OPERATOR, note="又动手了", at=FILED + 4 * DAY)
    assert read(number).visit_due == FILED + 5 * DAY
    with transaction() as session:
        service.regrade(session, number, "yellow", actor=OPERATOR, note="稳住了", at=FILED + 5 * DAY)
    assert visit(number, FILED + 6 * DAY) == FILED + 20 * DAY


def test_a_visit_to_a_green_ticket_asks_for_no_other(city_database: str) -> None:
    assert visit(file(GREEN), FILED + DAY) is None


@pytest.mark.parametrize(
    ("note", "actor"),
    [("", COMMUNITY), ("看过", Actor("resident", "r1")), ("看过", Actor("worker", "w", area="S0102G1"))],
)
def test_a_refused_visit_changes_nothing(city_database: str, note: str, actor: Actor) -> None:
    number = file(RED)
    with pytest.raises(IllegalTransitionError):
        visit(number, FILED + DAY, note, actor)
    assert (read(number).visit_due, read(number).events[-1].action) == (FILED + DAY, "dispatch")


@given(
    then=st.lists(st.integers(1, 60), min_size=1, max_size=4),
    visits=st.integers(0, 12),
    moment=st.datetimes(datetime(2025, 1, 1), datetime(2026, 6, 1)),
)
def test_a_rhythm_goes_through_its_times_and_repeats_the_last(then: list[int], visits: int, moment: datetime) -> None:
    rhythm = Rhythm(("worker",), Wait("hours", 24), tuple(Wait("days", n) for n in then))
    begun = moment.replace(tzinfo=SHANGHAI)
    wait = 1 if visits == 0 else then[visits - 1] if visits <= len(then) else then[-1]
    assert rhythm.after(visits, begun) == begun + wait * DAY


# ---- what is due


def test_due_visits_come_red_first_then_the_longest_owed(city_database: str) -> None:
    yellow = file(replace(YELLOW, place="文昌苑1号楼", reporter="r2", phone=None), FILED - 20 * DAY)
    late, later = (
        file(RED, FILED),
        file(replace(RED, reporter="r3", phone=None, place=None), FILED + timedelta(hours=1)),
    )
    assert due(FILED + 2 * DAY) == [late, later, yellow]
    assert due(FILED + 2 * DAY, limit=2) == [late, later]
    assert due(FILED + DAY) == [late, yellow]
    visit(late, FILED + DAY)
    assert due(FILED + 2 * DAY) == [later, yellow]


def test_due_visits_can_be_narrowed_to_an_area_of_any_level(city_database: str) -> None:
    here = file(RED)
    there = file(replace(RED, place="文昌苑1号楼", reporter="r2", phone=None))
    ticket, late = read(here), FILED + 2 * DAY
    assert ticket.grid is not None
    assert ticket.grid != read(there).grid
    for area in (ticket.grid, ticket.community, ticket.street):
        assert here in due(late, area)
    assert due(late, ticket.grid) == [here]
    with reading() as session, pytest.raises(LookupError, match="nowhere"):
        risk.due_visits(session, late, "nowhere")


def test_what_has_ended_or_is_green_is_not_due(city_database: str) -> None:
    ended, calm = file(RED), file(replace(RED, place=None))
    with transaction() as session:
        service.act(session, ended, "withdraw", actor=Actor("resident", "r1"))
        service.regrade(session, calm, "green", actor=OPERATOR, note="误会")
    assert due(FILED + 90 * DAY) == []


# ---- the situation


def situation(number: str, at: datetime = FILED + 30 * DAY) -> risk.Situation:
    with reading() as session:
        return risk.situation(session, service.get(session, number), at)


def test_the_situation_shows_what_the_person_told_and_what_was_told_of_the_dwelling(city_database: str) -> None:
    elsewhere = file(replace(GREEN, place="文昌苑1号楼"), FILED)
    neighbour = file(replace(YELLOW, reporter="r2", phone=None, place="幸福里小区八栋2单元501室"), FILED + DAY)
    both = file(RED, FILED + 2 * DAY)
    file(replace(GREEN, reporter="r3", phone=None, place="幸福里8号楼2单元502"), FILED + 3 * DAY)
    number = file(GREEN, FILED + 4 * DAY)
    with transaction() as session:
        service.act(session, elsewhere, "refuse", actor=OPERATOR, note="不属于本市")
    found = situation(number)
    assert [(r.ticket.number, r.person, r.dwelling) for r in found.others] == [
        (both, True, True),
        (neighbour, False, True),
        (elsewhere, True, False),
    ]
    assert (found.worst, found.total, found.unsolved) == ("red", 3, 2)


def test_a_ticket_alone_has_an_empty_situation(city_database: str) -> None:
    number = file(GREEN)
    assert situation(number) == risk.Situation((), "green", 0, 0)
    assert situation(file(replace(GREEN, reporter=None, phone=None, place=None))).others == ()


def test_only_the_last_year_is_shown(city_database: str) -> None:
    file(GREEN, FILED - 340 * DAY)
    number = file(GREEN)
    assert situation(number, FILED + 20 * DAY).total == 1
    assert situation(number, FILED + 30 * DAY).total == 0


def test_who_reports_anonymously_is_not_shown_to_be_someone_else(city_database: str) -> None:
    named = file(replace(GREEN, place=None))
    hidden = file(replace(GREEN, place=None, anonymous=True))
    assert situation(hidden).others == ()
    assert [r.ticket.number for r in situation(file(replace(GREEN, place=None))).others] == [named]


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        ("幸福里8号楼2单元501", "幸福里小区八栋2单元501室", "dwelling"),
        ("幸福里8号楼2单元501", "8号楼501", "dwelling"),
        ("幸福里8号楼2单元501", "幸福里8号楼2单元502", "building"),
        ("幸福里8号楼2单元501", "幸福里8号楼1单元501", "building"),
        ("幸福里8号楼", "幸福里8号楼", "building"),
        ("幸福里8号楼2单元501", "幸福里9号楼2单元501", None),
        ("幸福里8号楼2单元501", "文昌苑8号楼2单元501", None),
        ("菜市场门口", "菜市场门口", None),
    ],
)
def test_places_of_one_grid_are_one_dwelling_one_building_or_neither(a: str, b: str, near: str | None) -> None:
    assert nearness(parts(a), parts(b)) == near
    assert nearness(parts(b), parts(a)) == near
