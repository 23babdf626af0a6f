"""Warnings and misses find their way into the tickets' histories, each once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select, text

from cases import history, workflow
from cases.actor import SYSTEM, Actor
from cases.clock import limits as clock
from cases.clock import time as working
from cases.clock.calendar import LIBRARY
from cases.clock.limits import DEFAULT, Limits, sweep
from cases.clock.time import WorkingHours, WorkingTime
from cases.model import Ticket
from common import db
from common.db import Base, reading, transaction

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)
UNIT = Actor("department")


@pytest.fixture(autouse=True)
def tables(empty_database: str) -> Iterator[str]:
    Base.metadata.create_all(db.engine())
    working.use(WorkingTime(LIBRARY, WorkingHours(), SHANGHAI))
    yield empty_database
    working.use(None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


FILED = at("09-29 10:00")
VERIFY, FEEDBACK, CLOSE = at("09-30 17:30"), at("10-08 17:30"), at("10-21 17:30")


def file(number: str = "600000017", limits: Limits = DEFAULT, urgent: bool = False, moment: datetime = FILED) -> str:
    ticket = Ticket(
        number=number,
        created_at=moment,
        updated_at=moment,
        channel="web",
        anonymous=False,
        category="environment",
        needs_review=False,
        text="路灯坏了",
        answers={},
        urgent=urgent,
        risk="green",
        risk_reasons=[],
        helpers=[],
        level="community",
        supervised=False,
        status="registered",
        extensions=0,
        returns=0,
        reopenings=0,
        events_count=0,
        head="",
    )
    with transaction() as session:
        session.add(ticket)
        history.record(session, ticket, Actor("resident"), "report", None, at=moment)
        clock.start(ticket, limits, moment)
        for action, actor in (("dispatch", SYSTEM), ("accept", UNIT)):
            move(session, ticket, action, actor, moment)
    return number


def move(session: Any, ticket: Ticket, action: str, actor: Actor, moment: datetime) -> None:
    before, note = ticket.status, "原因"
    ticket.status = workflow.next_state(action, before, actor.role, note)
    history.record(session, ticket, actor, action, before, note, at=moment)


def change(number: str, step: str, *args: Any) -> None:
    with transaction() as session:
        getattr(clock, step)(session.scalars(select(Ticket).where(Ticket.number == number)).one(), *args)


def swept(moment: datetime, batch: int = 200) -> tuple[int, int]:
    with transaction() as session:
        return sweep(session, moment, batch)


def read(number: str = "600000017") -> Ticket:
    with reading() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
        _ = ticket.events
        return ticket


def said(number: str = "600000017") -> list[tuple[str, str]]:
    return [(e.action, e.data["due"]) for e in read(number).events if e.action in ("warn", "miss") and e.data]


def test_a_ticket_nobody_touches_is_warned_of_and_missed_once_for_each_due_time() -> None:
    file()
    seen = []
    for day in ("09-29", "09-30", "10-01", "10-07", "10-08", "10-09", "10-20", "10-21", "10-22"):
        for moment in (at(f"{day} {hour:02}:00") for hour in range(7, 20)):
            seen += [(said()[-1], moment)] if any(swept(moment)) else []
    assert seen == [
        (("warn", "verify"), at("09-30 15:00")),
        (("miss", "verify"), at("09-30 18:00")),
        (("warn", "feedback"), at("10-08 13:00")),
        (("miss", "feedback"), at("10-08 18:00")),
        (("warn", "close"), at("10-21 09:00")),
        (("miss", "close"), at("10-21 18:00")),
    ]
    assert said() == [line for line, _ in seen]
    ticket = read()
    assert (ticket.warned, ticket.overdue, ticket.next_due) == ("close", "close", VERIFY)
    with reading() as session:
        assert history.verify(session) == (1, [])


def test_the_line_says_what_is_due_when() -> None:
    file()
    swept(VERIFY + SECOND)
    line = read().events[-1]
    assert (line.role, line.actor, line.action, line.before, line.after) == (
        "system",
        None,
        "miss",
        "handling",
        "handling",
    )
    assert line.note == "核实超过时限：2026-09-30 17:30"
    assert line.data == {"due": "verify", "at": "2026-09-30T09:30:00+00:00"}
    assert line.at == VERIFY + SECOND
    change("600000017", "verified", FILED)
    swept(FEEDBACK)
    assert read().events[-1].note == "反馈时限将至：2026-10-08 17:30"


def test_what_is_done_in_time_is_neither_warned_of_nor_missed() -> None:
    file()
    change("600000017", "fed_back", FILED)
    assert swept(FEEDBACK + SECOND) == (0, 0)
    change("600000017", "finished", at("10-21 08:00"))
    assert swept(CLOSE + timedelta(days=99)) == (0, 0)
    assert said() == []


def test_what_is_first_seen_when_past_is_only_missed_and_the_next_is_looked_at() -> None:
    file()
    assert swept(at("10-21 10:00")) == (1, 2)
    assert said() == [("miss", "verify"), ("miss", "feedback"), ("warn", "close")]
    assert swept(at("10-21 10:00")) == (0, 0)


def test_all_that_is_due_at_once_is_missed_at_once() -> None:
    file(limits=Limits(1, 1, 1, 24))
    assert swept(at("09-30 15:00")) == (3, 0)
    assert swept(VERIFY) == (0, 0)
    assert swept(VERIFY + SECOND) == (0, 3)


def test_an_urgent_ticket_is_warned_of_at_night() -> None:
    file(urgent=True, moment=at("10-01 22:00"))
    assert swept(at("10-01 23:36")) == (0, 0)
    assert swept(at("10-01 23:37")) == (1, 0)
    assert swept(at("10-02 00:01")) == (0, 1)


def test_a_suspended_ticket_is_left_alone_until_it_is_resumed() -> None:
    file()
    change("600000017", "fed_back", FILED)
    swept(at("10-21 09:00"))
    change("600000017", "suspend", at("10-21 16:30"))
    assert swept(at("11-20 09:00")) == (0, 0)
    change("600000017", "resume", at("11-20 09:00"))
    assert swept(at("11-20 10:00")) == (0, 0)  # it has been warned of
    assert swept(at("11-20 10:00") + SECOND) == (0, 1)
    assert said() == [("warn", "close"), ("miss", "close")]


def test_an_extended_time_is_warned_of_and_missed_anew() -> None:
    file()
    change("600000017", "fed_back", FILED)
    assert swept(at("10-21 09:00")) == (1, 0)
    assert swept(CLOSE + SECOND) == (0, 1)
    change("600000017", "extend", 1, at("10-21 18:00"))
    assert swept(at("10-21 18:00")) == (0, 0)
    assert swept(at("10-22 09:00")) == (1, 0)
    assert swept(at("10-22 18:00")) == (0, 1)


def test_an_extension_does_not_bring_an_earlier_miss_up_again() -> None:
    file()
    swept(CLOSE + SECOND)
    change("600000017", "extend", 2, at("10-21 18:00"))
    assert swept(at("10-21 18:00")) == (0, 0)
    assert swept(at("10-23 18:00")) == (0, 1)
    assert said() == [("miss", d) for d in ("verify", "feedback", "close", "close")]


@pytest.mark.parametrize("status", sorted(workflow.ENDED))
def test_an_ended_ticket_whose_clock_was_not_stopped_disturbs_nobody(status: str) -> None:
    file()
    file("600000028")
    with transaction() as session:
        session.scalars(select(Ticket).where(Ticket.number == "600000017")).one().status = status
    assert swept(VERIFY + SECOND, batch=1) == (0, 1)
    assert said() == []
    assert said("600000028") == [("miss", "verify")]


def test_a_batch_is_as_large_as_asked_and_nobody_is_left_out() -> None:
    numbers = [file(f"60000{n:04}") for n in range(7)]
    file("700000001", moment=at("09-30 10:00"))  # due later, and not near: it must not keep others waiting
    assert [swept(VERIFY, 3) for _ in range(4)] == [(3, 0), (3, 0), (1, 0), (0, 0)]
    assert all(said(number) == [("warn", "verify")] for number in numbers)


def test_tickets_due_soon_but_not_near_do_not_hide_those_that_are() -> None:
    """All are due at the same time; the one that had more time is near from the morning on, the others from noon."""
    due = at("10-12 17:30")
    short = [file(f"60000{n:04}", limits=Limits(2, 2, 2, 24), moment=at("10-09 10:00")) for n in range(5)]
    long = file("700000001", limits=Limits(1, 2, 6, 24), moment=at("09-28 10:00"))
    change(long, "fed_back", at("09-28 11:00"))
    assert {read(number).next_due for number in (*short, long)} == {due}
    assert [swept(at("10-12 09:00"), 1) for _ in range(2)] == [(1, 0), (0, 0)]
    assert said(long) == [("warn", "close")]


def test_a_ticket_somebody_is_changing_is_left_for_the_next_time(tables: str) -> None:
    if tables.startswith("sqlite"):
        pytest.skip("SQLite lets only one write at a time, so the sweep simply waits")
    busy, free = file(), file("600000028")
    done: list[tuple[int, int]] = []
    with transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == busy).with_for_update()).one()
        other = threading.Thread(target=lambda: done.append(swept(VERIFY + SECOND)))
        other.start()
        other.join(20)
        assert done == [(0, 1)]
        clock.verified(ticket, VERIFY)
    assert (said(busy), said(free)) == ([], [("miss", "verify")])
    assert swept(VERIFY + SECOND) == (0, 0)


def test_an_error_leaves_neither_lines_nor_marks() -> None:
    file()
    with pytest.raises(RuntimeError), transaction() as session:
        assert sweep(session, VERIFY + SECOND) == (0, 1)
        raise RuntimeError
    assert (said(), read().overdue) == ([], None)
    assert swept(VERIFY + SECOND) == (0, 1)


def test_the_tickets_are_found_by_the_index(tables: str) -> None:
    if not tables.startswith("sqlite"):
        pytest.skip("PostgreSQL reads a table this small as a whole")
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine(), "before_cursor_execute", keep)
    swept(FILED)
    event.remove(db.engine(), "before_cursor_execute", keep)
    statement, parameters = next(a for a in asked if "next_due" in a[0])
    with reading() as session:
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()
        assert session.scalar(text("SELECT count(*) FROM ticket")) == 0
    assert [row[3] for row in plan] == ["SEARCH ticket USING INDEX ix_ticket_due (next_due<?)"]
