"""A ticket's grade through its life: at filing, when more is known, when a person decides."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event

from cases import history, risk, service
from cases.actor import Actor
from cases.clock import time as working
from cases.clock.calendar import LIBRARY
from cases.clock.time import WorkingHours, WorkingTime
from cases.model import Ticket
from cases.service import NewTicket
from cases.workflow import IllegalTransitionError
from common import db
from common.db import now, reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")

BOOK = risk.load()
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAY = timedelta(days=1)
FILED = datetime(2026, 3, 2, 10, 0, tzinfo=SHANGHAI)  # a Monday
OPERATOR, RESIDENT = Actor("operator", "话务员1"), Actor("resident", "r1")
QUARREL = NewTicket(
    text="楼上拖椅子声音大，说了不听",
    category="dispute",
    type="dispute.neighbor",
    channel="wechat",
    reporter="r1",
    phone="13912345678",
    place="幸福里8号楼2单元501",
)
ARMED = replace(QUARREL, text="楼上提着菜刀来踹我家门")
LAMP = replace(QUARREL, category="environment", type="environment.facility", text="路灯不亮", place=None)


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


def rules(number: str) -> list[str]:
    return [line.partition(":")[0] for line in read(number).risk_reasons]


def regrades(number: str) -> list[tuple[str, str | None, str | None]]:
    return [(e.role, e.note, e.after) for e in read(number).events if e.action == "regrade"]


def sound(number: str) -> bool:
    with reading() as session:
        return history.verify(session, number) == (1, [])


def decide(number: str, grade: str, note: str = "上门看过", at: datetime = FILED + DAY) -> None:
    with transaction() as session:
        service.regrade(session, number, grade, actor=OPERATOR, note=note, at=at)


def add(number: str, note: str, actor: Actor = RESIDENT) -> None:
    with transaction() as session:
        service.add_information(session, number, actor=actor, note=note)


# ---- at filing


def test_an_ordinary_matter_is_green_and_the_history_says_nothing_of_it() -> None:
    ticket = read(file(QUARREL))
    assert (ticket.risk, ticket.risk_reasons, ticket.visit_due) == ("green", [], None)
    assert [e.action for e in ticket.events] == ["report", "dispatch"]


def test_a_dangerous_matter_is_red_says_why_and_owes_a_visit_within_a_day() -> None:
    number = file(ARMED)
    ticket = read(number)
    assert ticket.risk == "red"
    assert ticket.risk_reasons == ["armed: 有人拿着刀具或家伙伤人、要伤人，随时可能出人命。"]
    assert ticket.visit_due == FILED + DAY
    assert [e.action for e in ticket.events] == ["report", "regrade", "dispatch"]
    line = ticket.events[1]
    assert (line.role, line.note, line.before, line.after) == (
        "system",
        "绿→红：持械威胁、行凶",
        "registered",
        "registered",
    )
    assert line.data == {"from": "green", "to": "red", "rules": ["armed"]}
    assert sound(number)


def test_yellow_is_visited_within_three_working_days() -> None:
    ticket = read(file(replace(QUARREL, text="跟隔壁推搡起来了"), at=datetime(2026, 3, 6, 20, 0, tzinfo=SHANGHAI)))
    assert ticket.risk == "yellow"
    assert ticket.visit_due == datetime(2026, 3, 11, 17, 30, tzinfo=SHANGHAI)


def test_reasons_of_red_come_before_those_of_yellow() -> None:
    number = file(replace(QUARREL, text="跟隔壁推搡起来了，他提着菜刀来踹我家门"))
    assert rules(number)[0] == "armed"
    assert "blows" in rules(number)
    assert [r.name for r in risk.explained(read(number))][:1] == ["持械威胁、行凶"]


# ---- the situation


def test_the_third_ticket_on_one_matter_within_a_month_is_yellow() -> None:
    file(LAMP, FILED)
    file(LAMP, FILED + 10 * DAY)
    assert rules(file(LAMP, FILED + 20 * DAY)) == ["repeat"]


@pytest.mark.parametrize(
    "first",
    [
        replace(LAMP, reporter="r2", phone="13000000000"),
        replace(LAMP, type="environment.noise"),
        replace(LAMP, reporter=None, phone=None),
    ],
)
def test_other_peoples_and_other_matters_tickets_do_not_count(first: NewTicket) -> None:
    file(first)
    file(LAMP)
    assert rules(file(LAMP)) == []


def test_what_is_older_than_a_month_does_not_count() -> None:
    file(LAMP, FILED)
    file(LAMP, FILED + 10 * DAY)
    assert rules(file(LAMP, FILED + 30 * DAY)) == []


def test_the_same_phone_counts_whatever_channel_it_comes_by() -> None:
    file(replace(LAMP, reporter=None, channel="hotline"))
    file(replace(LAMP, reporter="other"))
    assert rules(file(LAMP)) == ["repeat"]


def test_withdrawn_tickets_do_not_count() -> None:
    first = file(LAMP)
    with transaction() as session:
        service.act(session, first, "withdraw", actor=RESIDENT)
    file(LAMP)
    assert rules(file(LAMP)) == []


def test_without_phone_and_reporter_nothing_counts() -> None:
    nobody = replace(LAMP, reporter=None, phone=None)
    assert [rules(file(nobody)) for _ in range(3)] == [[], [], []]


def test_the_fifth_call_on_one_quarrel_is_red_but_not_on_a_lamp() -> None:
    quarrels = [file(replace(QUARREL, place=None)) for _ in range(5)]
    assert [read(n).risk for n in quarrels] == ["green", "green", "yellow", "yellow", "red"]
    assert [read(file(LAMP)).risk for _ in range(5)] == ["green", "green", "yellow", "yellow", "yellow"]


def test_a_third_call_after_a_bad_evaluation_is_red() -> None:
    first = file(replace(QUARREL, place=None))
    with transaction() as session:
        for action, actor in (("accept", OPERATOR), ("finish", OPERATOR), ("verify", OPERATOR)):
            who = Actor("street") if action != "verify" else actor
            service.act(session, first, action, actor=who, note="办了")
        service.evaluate(session, first, "unsatisfied", actor=RESIDENT, channel="wechat", reason="没解决")
    file(replace(QUARREL, place=None))
    assert rules(file(replace(QUARREL, place=None))) == ["repeat-unhappy", "repeat"]


def test_a_second_quarrel_at_one_door_is_yellow_and_the_fourth_red() -> None:
    people = [replace(QUARREL, reporter=f"r{i}", phone=None) for i in range(4)]
    assert [read(file(p)).risk for p in people] == ["green", "yellow", "yellow", "red"]


def test_a_door_is_known_by_other_spellings_and_not_mixed_up_with_the_next() -> None:
    file(replace(QUARREL, reporter="r2", phone=None))
    assert rules(file(replace(QUARREL, reporter="r3", phone=None, place="幸福里小区8栋2单元502"))) == []
    assert rules(file(replace(QUARREL, reporter="r4", phone=None, place="幸福里小区八栋2单元501室"))) == ["same-door"]


def test_who_was_red_before_is_yellow_in_the_next_quarrel() -> None:
    file(ARMED)
    assert rules(file(replace(QUARREL, place=None), FILED + 100 * DAY)) == ["known-danger"]
    assert rules(file(replace(LAMP, place=None), FILED + 101 * DAY)) == []


def queries(new: NewTicket) -> list[str]:
    """The statements that grading adds to filing, on tables of tickets."""
    seen: list[str] = []
    engine = db.engine()

    def note(_c: object, _cursor: object, statement: str, *_rest: object) -> None:
        seen.append(statement)

    with transaction() as session:
        number = service.file_ticket(session, new, at=FILED).number
        ticket = service.get(session, number)
        session.flush()
        event.listen(engine, "before_cursor_execute", note)
        try:
            risk.grade(session, ticket, FILED)
        finally:
            event.remove(engine, "before_cursor_execute", note)
    return [s for s in seen if s.startswith("SELECT")]


def test_grading_asks_at_most_twice_and_not_at_all_when_nobody_and_no_place_is_known() -> None:
    assert len(queries(QUARREL)) == 2
    assert len(queries(replace(QUARREL, place=None))) == 1
    assert queries(replace(QUARREL, reporter=None, phone=None, place=None)) == []


def test_the_questions_use_indexes(city_database: str) -> None:
    sqlite = city_database.startswith("sqlite")
    with transaction() as session:
        connection = session.connection()
        if not sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")  # the table is too small to be worth one
        for statement in (
            "SELECT id FROM ticket WHERE (phone = '1' OR reporter = 'r') AND created_at > '2026-01-01'",
            "SELECT id FROM ticket WHERE type IN ('a', 'b') AND grid = 'g' AND created_at > '2026-01-01'",
        ):
            explain = "EXPLAIN QUERY PLAN" if sqlite else "EXPLAIN"
            plan = str(connection.exec_driver_sql(f"{explain} {statement}").all())
            assert "SCAN ticket" not in plan, plan
            assert "Seq Scan" not in plan, plan


# ---- when more is known


def test_what_the_resident_adds_raises_the_grade() -> None:
    number = file(QUARREL)
    add(number, "他今天提着菜刀来踹门")
    assert (read(number).risk, rules(number)) == ("red", ["armed"])
    assert sound(number)


def test_what_staff_write_for_themselves_does_not() -> None:
    number = file(QUARREL)
    add(number, "现场看过，没有人提着菜刀，是误传", Actor("worker", "w1"))
    assert read(number).risk == "green"


def test_a_grade_does_not_fall_with_time_or_with_words_added() -> None:
    numbers_ = [file(LAMP, now() - 29 * DAY) for _ in range(3)]
    assert read(numbers_[-1]).risk == "yellow"
    with transaction() as session:
        ticket = service.get(session, numbers_[-1])
        risk.grade(session, ticket, now() + 60 * DAY)
    assert (read(numbers_[-1]).risk, rules(numbers_[-1])) == ("yellow", ["repeat"])


def test_a_corrected_matter_is_graded_anew_even_lower() -> None:
    number = file(replace(QUARREL, type="security.violence", category="security", text="楼道里放的打打杀杀声音大"))
    assert rules(number) == ["violence"]
    with transaction() as session:
        service.correct(session, number, "environment.noise", actor=OPERATOR)
    ticket = read(number)
    assert (ticket.risk, ticket.risk_reasons, ticket.visit_due) == ("green", [], None)
    assert regrades(number)[-1][:2] == ("system", "黄→绿：改类后不再符合任何风险规则")
    assert sound(number)


def test_grading_again_changes_nothing() -> None:
    number = file(ARMED)
    before = read(number)
    for _ in range(2):
        with transaction() as session:
            risk.grade(session, service.get(session, number), FILED + 3 * DAY)
    after = read(number)
    assert (after.version, after.events_count, after.visit_due) == (
        before.version,
        before.events_count,
        before.visit_due,
    )


# ---- when a person decides


def test_a_person_lowers_a_grade_with_a_reason_and_the_rules_do_not_raise_it_for_the_same_cause() -> None:
    number = file(ARMED)
    decide(number, "green", "是玩具刀，双方已说开")
    ticket = read(number)
    assert (ticket.risk, ticket.risk_reasons, ticket.visit_due) == ("green", ["person: 是玩具刀，双方已说开"], None)
    add(number, "楼上还是拖椅子")
    assert (read(number).risk, rules(number)) == ("green", ["person"])
    assert regrades(number)[-1][:2] == ("operator", "是玩具刀，双方已说开")
    assert sound(number)


def test_something_new_raises_it_again() -> None:
    number = file(ARMED)
    decide(number, "green")
    add(number, "他说今晚要放火烧了我家房子")
    ticket = read(number)
    assert ticket.risk == "red"
    assert rules(number) == ["arson", "person"]
    assert [r.name for r in risk.explained(ticket)] == ["扬言放火、爆炸", "人工定级"]


def test_rules_never_lower_what_a_person_set_not_even_after_a_correction() -> None:
    number = file(QUARREL)
    decide(number, "red", "老人一个人在家，我看着悬")
    with transaction() as session:
        service.correct(session, number, "environment.noise", actor=OPERATOR)
    assert (read(number).risk, rules(number)) == ("red", ["person"])


def test_what_was_raised_after_a_decision_does_not_fall_back_by_itself() -> None:
    number = file(ARMED)
    decide(number, "yellow")
    add(number, "他说今晚要放火烧了我家房子")
    add(number, "没别的了")
    assert read(number).risk == "red"


def test_a_changed_grade_begins_its_rhythm_and_a_confirmed_one_keeps_its_visit() -> None:
    number = file(ARMED)
    decide(number, "red", "确实危险", FILED + timedelta(hours=3))
    assert read(number).visit_due == FILED + DAY
    decide(number, "yellow", "已分开", FILED + timedelta(hours=5))
    assert read(number).visit_due == datetime(2026, 3, 5, 17, 30, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("grade", "note", "actor", "error"),
    [
        ("orange", "看过", OPERATOR, risk.GradeError),
        ("green", " ", OPERATOR, IllegalTransitionError),
        ("green", "看过", RESIDENT, IllegalTransitionError),
        ("green", "看过", Actor("department", unit="CG01"), IllegalTransitionError),
        ("green", "看过", Actor("worker", "w", area="S0102G1"), IllegalTransitionError),
    ],
)
def test_a_refused_regrading_changes_nothing(grade: str, note: str, actor: Actor, error: type[Exception]) -> None:
    number = file(ARMED)
    with pytest.raises(error), transaction() as session:
        service.regrade(session, number, grade, actor=actor, note=note)
    assert (read(number).risk, rules(number), len(regrades(number))) == ("red", ["armed"], 1)


def test_who_saw_an_older_version_may_not_regrade() -> None:
    number = file(ARMED)
    with pytest.raises(service.StaleTicketError), transaction() as session:
        service.regrade(session, number, "green", actor=OPERATOR, note="看过", version=99)


@given(steps=st.lists(st.sampled_from(["green", "yellow", "red", "刀", "火", "好"]), max_size=6))
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_after_a_decision_the_grade_is_never_below_it(steps: list[str]) -> None:
    said = {"刀": "他提着菜刀来了", "火": "他说要放火烧了我家房子", "好": "今天安静"}
    number, floor = file(replace(QUARREL, reporter=None, phone=None, place=None)), 0
    order = ("green", "yellow", "red")
    for step in steps:
        if step in said:
            add(number, said[step], OPERATOR)
            assert order.index(read(number).risk) >= floor
        else:
            decide(number, step)
            floor = order.index(step)
            assert read(number).risk == step
    assert sound(number)


# ---- catching up with moves that do not grade


def catch_up() -> int:
    with transaction() as session:
        return risk.catch_up(session, now() - timedelta(hours=1), now())


def test_a_ticket_returned_twice_is_yellow_once_the_worker_caught_up() -> None:
    number = file(LAMP, now())
    for _ in range(2):
        with transaction() as session:
            service.act(session, number, "return", actor=Actor("department"), note="不归我们管")
            service.act(session, number, "dispatch", actor=OPERATOR, unit="CG01")
    assert (catch_up(), catch_up()) == (1, 0)
    assert rules(number) == ["returned"]
    assert sound(number)


def test_what_a_resident_says_with_a_bad_evaluation_is_heard() -> None:
    number = file(LAMP, now())
    with transaction() as session:
        service.act(session, number, "accept", actor=Actor("department"))
        service.act(session, number, "finish", actor=Actor("department"), note="办了")
        service.act(session, number, "verify", actor=OPERATOR)
        service.evaluate(session, number, "unsatisfied", actor=RESIDENT, channel="wechat", reason="还不修我就自焚")
    assert catch_up() == 1
    assert read(number).risk == "red"


def test_a_ticket_takes_over_the_grade_of_what_is_merged_into_it() -> None:
    head, armed = file(replace(LAMP, reporter="r9", phone=None), now()), file(ARMED, now())
    with transaction() as session:
        service.merge(session, armed, head, actor=OPERATOR)
    assert catch_up() == 2
    assert (read(head).risk, rules(head)) == ("red", ["merged-red"])
    assert read(armed).visit_due is None
    assert catch_up() == 0


def test_what_has_ended_owes_no_visit_until_it_is_opened_again() -> None:
    number = file(replace(QUARREL, text="跟隔壁推搡起来了"), now())
    with transaction() as session:
        service.act(session, number, "accept", actor=Actor("street"))
        service.act(session, number, "finish", actor=Actor("street"), note="劝开了")
        service.act(session, number, "verify", actor=OPERATOR)
        service.evaluate(session, number, "fair", actor=RESIDENT, channel="wechat")
    assert catch_up() == 1
    assert (read(number).risk, read(number).visit_due) == ("yellow", None)
    with transaction() as session:
        service.act(session, number, "reopen", actor=RESIDENT, note="又吵起来了")
    assert catch_up() == 1
    assert read(number).visit_due is not None


def test_a_ticket_that_has_ended_is_not_graded_any_more() -> None:
    number = file(ARMED, now())
    with transaction() as session:
        service.act(session, number, "withdraw", actor=RESIDENT)
        ticket = service.get(session, number)
        risk.grade(session, ticket, now())
    assert (read(number).risk, read(number).visit_due) == ("red", None)
    assert len(regrades(number)) == 1


def test_grades_survive_rules_that_are_gone() -> None:
    number = file(ARMED)
    book = risk.rulebook()
    risk.use(replace(book, rules=tuple(r for r in book.rules if r.id != "armed")))
    add(number, "还在")
    assert (read(number).risk, rules(number)) == ("red", ["armed"])
    assert [(r.id, r.name, r.do) for r in risk.explained(read(number))] == [("armed", None, None)]
