"""Who may move a ticket from where to where: the whole table, tried on real tickets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise, product
from typing import Any

import pytest

from cases import service, workflow
from cases.model import Ticket, Unit
from cases.service import NewTicket
from cases.workflow import FINAL, ROLES, STATES, TRANSITIONS, IllegalTransitionError
from common.db import reading, transaction

ACTIONS = {t.action: t for t in TRANSITIONS}
NEW = NewTicket("路灯坏了", "environment", "environment.facility", "web", needs_review=True)


def allowed(state: str, action: str, role: str) -> bool:
    return state in ACTIONS[action].before and role in ACTIONS[action].roles


def everything() -> Iterator[tuple[str, str, str]]:
    yield from product(STATES, ACTIONS, ROLES)


def ticket_in(state: str) -> str:
    with transaction() as session:
        session.merge(Unit(code="U1", name="市容中心", area=None, handles=[]))
        ticket = service.file_ticket(session, NEW)
        ticket.status = state
        return ticket.number


def snapshot(number: str) -> tuple[Any, ...]:
    with reading() as session:
        ticket = service.get(session, number)
        columns = {c.key: getattr(ticket, c.key) for c in Ticket.__table__.columns}
        return columns, [(e.action, e.before, e.after) for e in ticket.events]


def act(number: str, action: str, role: str, note: str | None = "原因") -> None:
    with transaction() as session:
        service.act(
            session, number, action, role=role, actor="a1", note=note, unit="U1" if action == "dispatch" else None
        )


def test_the_table_names_known_states_and_roles_and_leaves_no_final_state() -> None:
    for t in TRANSITIONS:
        assert set(t.before) <= set(STATES)
        assert t.after in STATES
        assert set(t.roles) <= set(ROLES)
        assert not FINAL & set(t.before)
    assert len(ACTIONS) == len(TRANSITIONS)


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    reached = {"registered"} | {t.after for t in TRANSITIONS}
    left = {s for t in TRANSITIONS for s in t.before}
    assert reached == set(STATES)
    assert left == set(STATES) - FINAL


@pytest.mark.usefixtures("database")
def test_every_illegal_move_is_refused_and_changes_nothing() -> None:
    tickets = {state: ticket_in(state) for state in STATES}
    before = {state: snapshot(number) for state, number in tickets.items()}
    refused = [case for case in everything() if not allowed(*case)]
    assert len(refused) > 300
    for state, action, role in refused:
        with pytest.raises(IllegalTransitionError, match=action):
            act(tickets[state], action, role)
    assert {state: snapshot(number) for state, number in tickets.items()} == before


@pytest.mark.usefixtures("database")
def test_every_legal_move_is_made_and_written_down() -> None:
    for state, action, role in [case for case in everything() if allowed(*case)]:
        number = ticket_in(state)
        act(number, action, role)
        with reading() as session:
            ticket = service.get(session, number)
            event = ticket.events[-1]
            assert ticket.status == ACTIONS[action].after
        assert (event.role, event.actor, event.action, event.note) == (role, "a1", action, "原因")
        assert (event.before, event.after) == (state, ACTIONS[action].after)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("note", [None, "", "  "])
def test_an_owed_reason_must_be_given(note: str | None) -> None:
    for t in TRANSITIONS:
        number = ticket_in(t.before[0])
        if t.needs_note:
            with pytest.raises(IllegalTransitionError, match="needs a reason"):
                act(number, t.action, t.roles[0], note)
        else:
            act(number, t.action, t.roles[0], note)
        with reading() as session:
            assert service.get(session, number).status == (t.before[0] if t.needs_note else t.after)


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(IllegalTransitionError, match="possible now: return, finish, withdraw"):
        workflow.next_state("accept", "handling", "worker", None)
    with pytest.raises(IllegalTransitionError, match="possible now: nothing, it is final"):
        workflow.next_state("accept", "closed", "worker", None)
    with pytest.raises(IllegalTransitionError, match="may be done by resident, operator, not by worker"):
        workflow.next_state("evaluate", "evaluating", "worker", None)
    with pytest.raises(IllegalTransitionError, match="no action 'vanish'"):
        workflow.next_state("vanish", "closed", "worker", None)


@pytest.mark.usefixtures("city_database")
def test_a_whole_life_is_told_without_a_gap() -> None:
    with transaction() as session:
        number = service.file_ticket(
            session, NewTicket("路灯坏了", "environment", "environment.facility", "web", reporter="r")
        ).number
    for action, role in (
        ("accept", "department"),
        ("finish", "department"),
        ("redo", "worker"),
        ("finish", "department"),
        ("verify", "worker"),
        ("evaluate", "resident"),
    ):
        act(number, action, role)
    with reading() as session:
        events = service.get(session, number).events
    assert [e.action for e in events[:2]] == ["report", "dispatch"]
    assert [e.after for e in events] == [
        "registered",
        "dispatched",
        "handling",
        "verifying",
        "handling",
        "verifying",
        "evaluating",
        "closed",
    ]
    assert all(a.after == b.before for a, b in pairwise(events))
    assert all(a.at <= b.at for a, b in pairwise(events))


@pytest.mark.usefixtures("database")
def test_two_who_act_at_once_do_not_both_get_their_way() -> None:
    """The resident withdraws while the department accepts: the second must see what the first did."""
    number = ticket_in("dispatched")
    ready = threading.Event()
    refused: list[str] = []

    def accept() -> None:
        ready.wait()
        try:
            act(number, "accept", "department")
        except IllegalTransitionError as error:
            refused.append(str(error))

    other = threading.Thread(target=accept)
    other.start()
    with transaction() as session:
        service.act(session, number, "withdraw", role="resident", actor=None)
        ready.set()
        other.join(1.0)  # long enough to read the old state, if it could
    other.join()
    with reading() as session:
        ticket = service.get(session, number)
        assert ticket.status == "withdrawn"
        assert [e.action for e in ticket.events] == ["report", "withdraw"]
    assert len(refused) == 1


@pytest.mark.usefixtures("database")
def test_dispatching_names_the_unit_and_ends_the_review() -> None:
    number = ticket_in("registered")
    before = snapshot(number)
    for unit in (None, "nowhere"):
        with pytest.raises(service.UnknownUnitError, match="U1 市容中心"), transaction() as session:
            service.act(session, number, "dispatch", role="operator", actor=None, unit=unit)
    assert snapshot(number) == before
    act(number, "dispatch", "operator")
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.unit, ticket.needs_review, ticket.status) == ("U1", False, "dispatched")
