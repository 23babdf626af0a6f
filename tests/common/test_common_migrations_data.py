"""A database with tickets in it is brought from before the case backend to the newest schema, and back: nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, MetaData, Table, create_engine, select

from cases import city, history, numbers, service, workflow
from cases.model import Ticket
from cases.service import Actor, NewTicket
from common import db
from common.settings import ROOT

BEFORE = "0002"
FILED = datetime(2026, 3, 2, 1, 0, 0, 123456, tzinfo=UTC)
# The lives of tickets as they were before: (role, action, before, after, note).
FILING = (
    ("resident", "report", None, "registered", None),
    ("system", "dispatch", "registered", "dispatched", "城管局"),
)
ACCEPTED = (*FILING, ("department", "accept", "dispatched", "handling", None))
FINISHED = (*ACCEPTED, ("department", "finish", "handling", "verifying", "已清理"))
CHECKED = (*FINISHED, ("worker", "verify", "verifying", "evaluating", None))
LIVES: dict[str, tuple[tuple[str, str, str | None, str, str | None], ...]] = {
    "registered": (*FILING, ("department", "return", "dispatched", "registered", "不是我们的")),
    "dispatched": (*FILING, ("resident", "add", "dispatched", "dispatched", "在东门边上")),
    "handling": (*CHECKED, ("resident", "redo", "evaluating", "handling", "还是脏的")),
    "sent back by the worker": (*CHECKED, ("worker", "redo", "evaluating", "handling", "又脏了")),
    "found wanting": (*FINISHED, ("worker", "redo", "verifying", "handling", "没清干净")),
    "verifying": FINISHED,
    "evaluating": CHECKED,
    "closed": (*CHECKED, ("resident", "evaluate", "evaluating", "closed", "满意")),
    "withdrawn": (*FILING, ("resident", "withdraw", "dispatched", "withdrawn", None)),
    # Before, nothing kept people from adding to what had ended.
    "added to afterwards": (
        *FILING,
        ("resident", "withdraw", "dispatched", "withdrawn", None),
        ("resident", "add", "withdrawn", "withdrawn", "照片补上"),
    ),
    "refused": (*FILING, ("operator", "refuse", "dispatched", "refused", "不属受理范围")),
    "corrected": (
        *FILING,
        ("operator", "correct", "dispatched", "dispatched", "environment.noise → environment.fume"),
        ("system", "dispatch", "dispatched", "dispatched", "城管局"),
    ),
}


def config(url: str) -> Config:
    made = Config()
    made.set_main_option("script_location", str(ROOT / "migrations"))
    made.attributes["url"] = url
    return made


@contextmanager
def opened(url: str) -> Iterator[tuple[Connection, dict[str, Table]]]:
    """The database as it stands, without the project's models."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        found = MetaData()
        found.reflect(connection)
        yield connection, found.tables  # type: ignore[misc]
    engine.dispose()


def rows(url: str, columns: dict[str, list[str]] | None = None) -> dict[str, list[dict[str, Any]]]:
    """Everything in the tables, or in these columns of them."""
    with opened(url) as (connection, tables):
        found = {}
        for name, table in tables.items():
            if name == "alembic_version" or (columns is not None and name not in columns):
                continue
            chosen = [table.c[c] for c in (columns[name] if columns else table.c.keys())]
            found[name] = [dict(r) for r in connection.execute(select(*chosen).order_by(*table.primary_key)).mappings()]
        return found


def stored(moment: datetime) -> datetime:
    return moment.replace(tzinfo=None)


def fill(url: str) -> dict[str, str]:
    """What a city had collected before; the number of the ticket with each life."""
    with opened(url) as (connection, tables):

        def put(table: str, **values: Any) -> None:
            connection.execute(tables[table].insert().values(**values))

        for code, parent, level in (
            ("YX", None, "city"),
            ("YX01", "YX", "county"),
            ("S1", "YX01", "street"),
            ("S1C", "S1", "community"),
            ("S1CG", "S1C", "grid"),
        ):
            put("area", code=code, parent=parent, level=level, name=code, aliases=["别名"])
        put("unit", code="CG01", name="城管局", area=None, handles=["environment", "environment.noise"])
        put("worker", code="W1", name="张三", grid="S1CG", phone="13800000000")
        put(
            "place",
            name="幸福里",
            kind="estate",
            grid="S1CG",
            buildings="1-9",
            aliases=[],
            road="东门路",
            lat=30.0,
            lng=120.0,
        )
        put("ticket_sequence", year=2026, last=len(LIVES))
        put(
            "conversation",
            id="c1",
            channel="web",
            user="u1",
            created_at=stored(FILED),
            last_inbound_at=stored(FILED),
            pushed=0,
            subscribed=True,
            grid="S1CG",
            mode="bot",
        )
        put(
            "inbound",
            conversation_id="c1",
            channel="web",
            key="k1",
            kind="text",
            payload={"text": "楼下太吵"},
            received_at=stored(FILED),
            status="done",
            tries=1,
            next_try_at=stored(FILED),
            told=False,
        )
        put("channel_state", key="progress:last_event", value="3")
        known: dict[str, str] = {}
        for serial, (name, life) in enumerate(LIVES.items(), 1):
            number = known[name] = numbers.compose(2026, serial)
            located = serial % 2 == 1
            put(
                "ticket",
                number=number,
                source_key=f"s{serial}",
                created_at=stored(FILED),
                updated_at=stored(FILED + timedelta(hours=len(life))),
                channel="web",
                reporter="c1",
                anonymous=serial % 3 == 0,
                phone="13900000000" if serial % 4 == 0 else None,
                category="environment",
                type="environment.noise",
                needs_review=False,
                confidence=0.75,
                text="楼下太吵\n第二行",
                place="幸福里3号楼" if located else None,
                grid="S1CG" if located else None,
                lat=30.25 if located else None,
                lng=120.5 if located else None,
                answers={"when": {"question": "什么时候？", "answer": "半夜"}},
                urgent=serial % 5 == 0,
                unit=None if life[-1][3] == "registered" else "CG01",
                status=life[-1][3],
            )
            put("ticket_attachment", ticket_id=serial, reference=f"photo{serial}", added_at=stored(FILED))
        # Written in the order things happened, so that the lines of several tickets lie among each other.
        for hour in range(max(map(len, LIVES.values()))):
            for serial, life in enumerate(LIVES.values(), 1):
                if hour < len(life):
                    role, action, before, after, note = life[hour]
                    put(
                        "ticket_event",
                        ticket_id=serial,
                        at=stored(FILED + timedelta(hours=hour)),
                        role=role,
                        actor=None if role == "system" else f"{role}-1",
                        action=action,
                        before=before,
                        after=after,
                        note=note,
                    )
        put(
            "ticket_correction",
            ticket_id=len(LIVES),
            at=stored(FILED),
            actor="op1",
            category_before="environment",
            type_before=None,
            urgent_before=False,
            category="environment",
            type="environment.fume",
            urgent=True,
        )
    return known


def columns_of(found: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    return {name: list(lines[0]) for name, lines in found.items() if lines}


@pytest.fixture
def numbers_before(empty_database: str) -> dict[str, str]:
    command.upgrade(config(empty_database), BEFORE)
    return fill(empty_database)


@pytest.fixture
def filled(empty_database: str, numbers_before: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """All that was there before."""
    return rows(empty_database)


def expected(filled: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    """What is to be found of it after: all of it, but that a bad evaluation is no longer called like a failed check."""
    kept = {name: [dict(line) for line in lines] for name, lines in filled.items() if lines}
    for line in kept["ticket_event"]:
        if (line["action"], line["before"]) == ("redo", "evaluating"):
            line["action"] = "reopen"
    for unit in kept["unit"]:
        del unit["handles"]  # the catalogue of the city says it now
    return kept


def test_everything_is_still_there_and_the_histories_verify(
    empty_database: str, filled: dict[str, list[dict[str, Any]]]
) -> None:
    db.upgrade(empty_database)
    wanted = expected(filled)
    assert rows(empty_database, columns_of(wanted)) == wanted
    with db.reading() as session:
        assert history.verify(session) == (len(LIVES), [])


def test_what_the_histories_say_is_filled_in(empty_database: str, numbers_before: dict[str, str]) -> None:
    db.upgrade(empty_database)
    with db.reading() as session:
        closed, again, back = (service.get(session, numbers_before[n]) for n in ("closed", "handling", "registered"))
        hour = timedelta(hours=1)
        assert (closed.verified_at, closed.finished_at, closed.closed_at) == (
            FILED + 2 * hour,
            FILED + 3 * hour,
            FILED + 5 * hour,
        )
        located = service.get(session, numbers_before["evaluating"])
        assert (located.grid, located.community, located.street, located.county) == ("S1CG", "S1C", "S1", "YX01")
        assert (again.reopenings, again.finished_at, again.verified_at) == (1, None, FILED + 2 * hour)
        assert (back.returns, back.closed_at, back.risk, back.version) == (1, None, "green", 1)
        for ticket in session.query(Ticket):
            assert (ticket.closed_at is not None) == (ticket.status == "closed")
            assert (ticket.grid is None) == (ticket.county is None)


def test_the_old_tickets_go_on_by_the_new_table(empty_database: str, numbers_before: dict[str, str]) -> None:
    db.upgrade(empty_database)
    department, worker, resident = Actor("department"), Actor("worker"), Actor("resident")
    with db.transaction() as session:
        city.load(session)
    with db.transaction() as session:
        for name in ("registered", "dispatched", "corrected"):
            number = numbers_before[name]
            service.act(session, number, "dispatch", actor=Actor("operator"), unit="CG01")
            service.act(session, number, "accept", actor=department)
        for name in ("registered", "dispatched", "corrected", "handling", "found wanting", "sent back by the worker"):
            service.ask_extension(session, numbers_before[name], 3, "等设备", actor=department)
            service.decide_extension(session, numbers_before[name], True, actor=Actor("supervisor"))
            service.act(session, numbers_before[name], "suspend", actor=department, note="等设备")
            service.act(session, numbers_before[name], "resume", actor=department)
            service.act(session, numbers_before[name], "finish", actor=department, note="好了")
        ended = {"closed", "withdrawn", "refused", "added to afterwards"}
        for name in LIVES.keys() - ended - {"evaluating"}:
            service.act(session, numbers_before[name], "verify", actor=worker)
        for name in LIVES.keys() - ended:
            service.evaluate(session, numbers_before[name], "fair", actor=resident, channel="web")
        # It was sent back once before: the second bad word goes to a supervisor.
        service.evaluate(
            session, numbers_before["handling"], "unsatisfied", actor=resident, channel="web", reason="还是脏"
        )
        assert service.get(session, numbers_before["handling"]).status == "contested"
        new = service.file_ticket(session, NewTicket("又吵了", "environment", "environment.noise", "web")).number
        assert new not in numbers_before.values()
    with db.reading() as session:
        assert history.verify(session) == (len(LIVES) + 1, [])


def test_a_changed_old_line_is_found_out(empty_database: str, numbers_before: dict[str, str]) -> None:
    db.upgrade(empty_database)
    with opened(empty_database) as (connection, tables):
        event = tables["ticket_event"]
        with pytest.raises(Exception, match="only ever added"), connection.begin_nested():
            connection.execute(event.update().where(event.c.note == "已清理").values(note="已处罚"))


def test_gone_back_the_columns_of_before_hold_what_happened_since(
    empty_database: str, numbers_before: dict[str, str]
) -> None:
    db.upgrade(empty_database)
    by_state = lives_since(numbers_before)
    columns = {name: list(lines[0]) for name, lines in rows(empty_database).items() if lines}
    now_there = rows(empty_database)
    command.downgrade(config(empty_database), BEFORE)
    with opened(empty_database) as (connection, tables):
        old = {name: table.c.keys() for name, table in tables.items()}
        assert connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == BEFORE
    assert set(old) == {*OLD_TABLES, "alembic_version"}
    found = rows(empty_database)
    nearest = {"suspended": "handling", "contested": "handling", "collected": "registered", "merged": "closed"}
    for name in OLD_TABLES:
        shared = [c for c in old[name] if c in columns.get(name, [])]
        wanted = [{c: line[c] for c in shared} for line in now_there[name]]
        for line in wanted:
            if name == "ticket":
                line["status"] = nearest.get(line["status"], line["status"])
            if name == "ticket_event":
                line["before"], line["after"] = (nearest.get(line[c], line[c]) for c in ("before", "after"))
                if (line["action"], line["before"]) == ("reopen", "evaluating"):
                    line["action"] = "redo"
        assert [{c: line[c] for c in shared} for line in found[name]] == wanted, name
    statuses = {line["number"]: line["status"] for line in found["ticket"]}
    assert {state: statuses[number] for state, number in by_state.items()} == {
        state: nearest.get(state, state) for state in workflow.STATES
    }
    assert set(statuses.values()) <= OLD_STATES
    assert {line[c] for line in found["ticket_event"] for c in ("before", "after")} <= OLD_STATES | {None}
    [unit] = [u for u in found["unit"] if u["code"] == "CG01"]
    assert "environment.noise" in as_list(unit["handles"])


def test_back_and_forth_once_more_the_histories_still_verify(
    empty_database: str, numbers_before: dict[str, str]
) -> None:
    db.upgrade(empty_database)
    lives_since(numbers_before)
    command.downgrade(config(empty_database), BEFORE)
    before = rows(empty_database)
    db.upgrade(empty_database)
    wanted = expected(before)
    assert rows(empty_database, columns_of(wanted)) == wanted
    with db.reading() as session:
        looked, flaws = history.verify(session)
    assert (looked, flaws) == (len(before["ticket"]), [])


OLD_STATES = {"registered", "dispatched", "handling", "verifying", "evaluating", "closed", "withdrawn", "refused"}
OLD_TABLES = (
    "area channel_state conversation inbound outbound photo place ticket ticket_attachment ticket_correction "
    "ticket_event ticket_sequence unit worker"
).split()


def as_list(value: Any) -> list[str]:
    return list(json.loads(value) if isinstance(value, str) else value)


def lives_since(known: dict[str, str]) -> dict[str, str]:
    """Things that only the case backend knows happen; the number of a ticket in each state."""
    department, supervisor, operator = Actor("department"), Actor("supervisor"), Actor("operator")
    with db.transaction() as session:
        city.load(session)
    with db.transaction() as session:
        noise = NewTicket("又吵了", "environment", "environment.noise", "web", place="幸福里3号楼", reporter="c1")
        head, other, waiting = (service.file_ticket(session, noise).number for _ in range(3))
        pothole = NewTicket("路面坑", "environment", "environment.facility", "worker", draft=True)
        draft = service.file_ticket(session, pothole, Actor("worker")).number
        service.merge(session, other, head, actor=operator)
        service.act(session, waiting, "accept", actor=department)
        service.act(session, waiting, "suspend", actor=department, note="等设备")
        service.blow(session, head, ["CG01"], "要一起办", actor=supervisor)
        contested = known["handling"]
        service.act(session, contested, "finish", actor=department, note="好了")
        service.act(session, contested, "verify", actor=Actor("worker"))
        service.evaluate(session, contested, "unsatisfied", actor=operator, channel="phone", reason="还脏")
        service.act(session, known["dispatched"], "supervise", actor=supervisor, note="盯着")
    states = {
        name: known[name]
        for name in ("registered", "dispatched", "verifying", "evaluating", "closed", "withdrawn", "refused")
    }
    states |= {"handling": known["found wanting"], "collected": draft, "merged": other}
    return states | {"suspended": waiting, "contested": contested}
