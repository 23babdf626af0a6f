"""Who may move a ticket from where to where: the whole table, tried on real tickets."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest

from cases import drawing, service, workflow
from cases.model import Ticket, Unit
from cases.moves import PLAIN
from cases.service import NewTicket
from cases.workflow import ACTIONS, FINAL, ROLES, STATES, TRANSITIONS, IllegalTransitionError
from common.db import now, reading, transaction

NEW = NewTicket("路灯坏了", "environment", "environment.facility", "web", needs_review=True, reporter="a1")


def allowed(state: str, action: str, role: str) -> bool:
    return state in ACTIONS[action].before and role in ACTIONS[action].roles


def everything() -> Iterator[tuple[str, str, str]]:
    yield from product(STATES, sorted(PLAIN), ROLES)


def ticket_in(state: str, supervised: bool = False) -> str:
    with transaction() as session:
        session.merge(Unit(code="U1", name="市容中心", area=None))
        ticket = service.file_ticket(session, NEW)
        ticket.status = state
        ticket.supervised = supervised
        ticket.suspended_at = now() if state == "suspended" else None
        return ticket.number


def snapshot(number: str) -> tuple[Any, ...]:
    with reading() as session:
        ticket = service.get(session, number)
        columns = {c.key: getattr(ticket, c.key) for c in Ticket.__table__.columns}
        return columns, [(e.action, e.before, e.after) for e in ticket.events]


def act(number: str, action: str, role: str, note: str | None = "原因") -> None:
    with transaction() as session:
        service.act(
            session,
            number,
            action,
            actor=service.Actor(role, "a1"),
            note=note,
            unit="U1" if action == "dispatch" else None,
        )


def test_the_table_names_known_states_and_roles_and_leaves_no_final_state() -> None:
    for t in TRANSITIONS:
        assert set(t.before) <= set(STATES)
        assert t.after is None or t.after in STATES
        assert set(t.roles) <= set(ROLES)
        if t.action != "note":
            assert not FINAL & set(t.before)
    assert len(ACTIONS) == len(TRANSITIONS)


def test_every_state_can_be_reached_and_every_open_one_left() -> None:
    assert {t.after for t in TRANSITIONS if t.after} == set(STATES)
    assert {s for t in TRANSITIONS for s in t.before if t.after} == set(STATES) - FINAL


def test_every_state_but_the_ended_ones_belongs_to_a_step_of_the_loop() -> None:
    steps = [workflow.STEPS[s] for s in STATES if s not in workflow.ENDED]
    assert list(dict.fromkeys(steps)) == ["采集", "上报", "分流", "办理", "核查", "评价"]
    assert {workflow.STEPS[s] for s in workflow.ENDED} == {""}


@pytest.mark.usefixtures("database")
def test_every_illegal_move_is_refused_and_changes_nothing() -> None:
    tickets = {state: ticket_in(state) for state in STATES}
    before = {state: snapshot(number) for state, number in tickets.items()}
    refused = [case for case in everything() if not allowed(*case)]
    assert len(refused) > 1000
    for state, action, role in refused:
        with pytest.raises(IllegalTransitionError, match=action):
            act(tickets[state], action, role)
    assert {state: snapshot(number) for state, number in tickets.items()} == before


@pytest.mark.usefixtures("database")
def test_every_legal_move_is_made_and_written_down() -> None:
    for state, action, role in [case for case in everything() if allowed(*case)]:
        number = ticket_in(state, supervised=action == "unsupervise")
        act(number, action, role)
        with reading() as session:
            ticket = service.get(session, number)
            event = ticket.events[-1]
            assert ticket.status == (ACTIONS[action].after or state)
        assert (event.role, event.actor, event.action, event.note) == (role, "a1", action, "原因")
        assert (event.before, event.after) == (state, ACTIONS[action].after or state)


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("note", [None, "", "  "])
def test_an_owed_reason_must_be_given(note: str | None) -> None:
    for t in TRANSITIONS:
        if t.needs_note:
            with pytest.raises(IllegalTransitionError, match="needs a reason"):
                workflow.next_state(t.action, t.before[0], t.roles[0], note)
        elif t.before:
            assert workflow.next_state(t.action, t.before[0], t.roles[0], note) == (t.after or t.before[0])


@pytest.mark.usefixtures("database")
def test_what_needs_more_than_a_note_is_not_done_as_a_plain_action() -> None:
    number = ticket_in("handling")
    for action, match in (("merge", "use merge"), ("evaluate", "use evaluate"), ("miss", "follows from others")):
        with pytest.raises(IllegalTransitionError, match=match):
            act(number, action, "operator")


@pytest.mark.usefixtures("database")
def test_who_saw_an_older_version_may_not_write() -> None:
    number = ticket_in("dispatched")
    with reading() as session:
        seen = service.get(session, number).version
    act(number, "accept", "department")
    with pytest.raises(service.StaleTicketError, match="read it again"), transaction() as session:
        service.act(session, number, "withdraw", actor=service.Actor("resident"), version=seen)
    with reading() as session:
        assert service.get(session, number).status == "handling"


@pytest.mark.usefixtures("city_database")
def test_people_act_on_what_is_theirs() -> None:
    with transaction() as session:
        new = NewTicket("路灯坏了", "environment", "environment.facility", "web", reporter="r", place="幸福里3号楼")
        ticket = service.file_ticket(session, new)
        number, unit, community = ticket.number, ticket.unit, ticket.community
    strangers = [
        service.Actor("department", "d", unit="nowhere"),
        service.Actor("community", "c", area="elsewhere"),
        service.Actor("worker", "w", area="elsewhere"),
    ]
    for who in strangers:
        with pytest.raises(IllegalTransitionError), transaction() as session:
            service.act(session, number, "accept", actor=who)
    with pytest.raises(IllegalTransitionError, match="their own"), transaction() as session:
        service.act(session, number, "withdraw", actor=service.Actor("resident", "somebody"))
    with transaction() as session:
        service.act(session, number, "return", actor=service.Actor("community", "c", area=community), note="不是我们的")
        service.act(session, number, "dispatch", actor=service.Actor("operator"), unit=unit)
        service.act(session, number, "accept", actor=service.Actor("department", "d", unit=unit))


def test_a_refusal_says_what_is_possible() -> None:
    with pytest.raises(
        IllegalTransitionError, match="possible now: return, feedback, suspend, finish, withdraw, merge"
    ):
        workflow.next_state("accept", "handling", "worker", None)
    with pytest.raises(IllegalTransitionError, match="possible now: note"):
        workflow.next_state("accept", "refused", "worker", None)
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
    ):
        act(number, action, role)
    with transaction() as session:
        service.evaluate(session, number, "satisfied", actor=service.Actor("resident", "r"), channel="web")
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
        service.act(session, number, "withdraw", actor=service.Actor("resident"))
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
            service.act(session, number, "dispatch", actor=service.Actor("operator"), unit=unit)
    assert snapshot(number) == before
    act(number, "dispatch", "operator")
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.unit, ticket.needs_review, ticket.status) == ("U1", False, "dispatched")


def test_the_page_in_the_docs_is_the_tables_own(root: Path) -> None:
    assert (root / "docs/workflow.md").read_text(encoding="utf-8") == drawing.page()
