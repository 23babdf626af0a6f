"""Random people do random things, legal and illegal: no illegal state, histories verify, clocks never run backwards.

After each step the tickets it changed are held against what was known of them before: their new lines, as stored, go on
from the last one by the table and by their hashes, and their clocks are sound. At the end every row is held against
what was seen of it, so that nothing changed unseen, and the whole history is verified from its first line.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from cases import evaluations, extensions, history, merging, numbers, risk, service, whistles, workflow
from cases.clock import limits as clock
from cases.clock import sweep as clock_sweep
from cases.clock.time import working_time
from cases.filing import NewTicket
from cases.model import Evaluation, Ticket, TicketEvent, Unit
from common.db import reading, transaction

STEPS = 5_000
SEEDS = (2026, 7, 11, 365)  # 20,000 steps on each database
LATELY = 30  # tickets that things are still done to
START = datetime(2023, 3, 1, 1, 0, tzinfo=UTC)
ZONE: tzinfo = ZoneInfo("Asia/Shanghai")
TYPES = ["environment.noise", "dispute.neighbor", "hazard.gas", "service.transit", "care.elder", "security.fraud"]
REFUSALS = (
    workflow.IllegalTransitionError,
    service.StaleTicketError,
    service.UnknownUnitError,
    service.TicketNotFoundError,
    merging.MergeError,
    extensions.ExtensionError,
    evaluations.ScoreError,
    whistles.WhistleError,
    risk.GradeError,
)
# How often something is chosen of what is possible: what ends a life seldom, as it ends the story too; what leads on
# often, as else few would come to the end of the loop.
WEIGHT = {
    **dict.fromkeys(("withdraw", "refuse"), 0.1),
    **dict.fromkeys(("add", "note", "correct", "visit", "regrade", "escalate", "supervise", "return", "merge"), 0.4),
    **dict.fromkeys(("submit", "accept", "finish", "verify"), 5.0),
    **dict.fromkeys(("evaluate", "contest", "rate", "uphold", "resume"), 3.0),
    **dict.fromkeys(("whistle", "ask_extension"), 1.5),
    **dict.fromkeys(("check_in", "end_whistle", "grant_extension", "deny_extension"), 0.7),
}
BY_ITSELF = {"warn", "miss", "lapse"}
MADE_BY_FILING = {"report", "collect"}


@dataclass(frozen=True)
class Seen:
    """What was last seen of a ticket."""

    id: int
    version: int
    status: str
    lines: int
    head: str
    updated_at: datetime
    unit: str | None
    areas: dict[str, str | None]
    reporter: str | None


def seen(ticket: Ticket) -> Seen:
    return Seen(
        ticket.id,
        ticket.version,
        ticket.status,
        ticket.events_count,
        ticket.head,
        ticket.updated_at,
        ticket.unit,
        {"worker": ticket.grid, "community": ticket.community, "street": ticket.street},
        ticket.reporter,
    )


class City:
    """Everybody who can do something, and a clock that only goes forward."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.at = self.last_duty = START
        self.known: dict[str, Seen] = {}
        self.changed: dict[str, Ticket] = {}
        self.refused: Counter[type[Exception]] = Counter()
        self.done = 0
        with reading() as session:
            self.units = [u.code for u in session.scalars(select(Unit).order_by(Unit.code))]

    def flushed(self, session: Session, _: Any) -> None:
        """Called by the database's session: what was written is remembered until the step has been looked at."""
        self.changed.update((row.number, row) for row in (*session.new, *session.dirty) if isinstance(row, Ticket))

    def step(self) -> None:
        self.at += timedelta(minutes=self.chance.choice((1, 7, 45, 300, 1000)))
        self.changed.clear()
        draw = self.chance.random()
        try:
            with transaction() as session:
                if draw < 0.03 or not self.known:
                    self.file(session)
                elif draw < 0.06:
                    self.duty(session)
                else:
                    self.act(session)
                session.flush()
                now_known = {number: self.look(session, ticket) for number, ticket in self.changed.items()}
        except REFUSALS as error:
            self.refused[type(error)] += 1
            return
        self.known.update(now_known)
        self.done += 1

    def look(self, session: Session, ticket: Ticket) -> Seen:
        """Hold a changed ticket, and what was added to its history, against what was known of it."""
        before = self.known.get(ticket.number)
        head, lines, state = (before.head, before.lines, before.status) if before else ("", 0, "")
        query = select(TicketEvent.__table__).where(TicketEvent.ticket_id == ticket.id, TicketEvent.seq > lines)
        for line in session.execute(query.order_by(TicketEvent.seq)):
            assert (line.seq, line.before or "") == (lines + 1, state)
            assert line.at == self.at
            note = line.note if line.action in MUST_SAY_WHY else None
            assert line.after == workflow.next_state(line.action, state, line.role, note)
            assert line.hash == history.line_hash(ticket.number, head, line)  # type: ignore[arg-type]
            head, lines, state = line.hash, line.seq, line.after
        assert (ticket.head, ticket.events_count, ticket.status) == (head, lines, state)
        found = seen(ticket)
        assert before is None or ticket.version > before.version or found == before
        assert before is None or ticket.updated_at >= before.updated_at
        check(ticket, self.at)
        return found

    def duty(self, session: Session) -> None:
        """What happens by itself."""
        clock_sweep.sweep(session, self.at)
        whistles.sweep(session, self.at)
        evaluations.lapse(session, self.at)
        risk.catch_up(session, self.last_duty, self.at)
        self.last_duty = self.at
        if self.chance.random() < 0.1:
            history.seal(session, self.at.astimezone(ZONE).date() - timedelta(days=1), ZONE)

    def file(self, session: Session) -> None:
        type_ = self.chance.choice(TYPES)
        draft = self.chance.random() < 0.1
        new = NewTicket(
            "有件事要人管",
            type_.split(".")[0],
            type_,
            "web",
            reporter=f"r{self.chance.randrange(len(self.known) + 1)}",
            place=self.chance.choice(["幸福里3号楼", "柳河镇", None]),
            urgent=self.chance.random() < 0.2,
            needs_review=self.chance.random() < 0.3,
            draft=draft,
        )
        service.file_ticket(session, new, service.Actor("worker", "w1") if draft else None, at=self.at)

    def act(self, session: Session) -> None:
        number = self.chance.choice(list(self.known)[-LATELY:])
        ticket = self.known[number]
        if self.chance.random() < 0.005:
            number = numbers.compose(2022, 1)  # nobody's
        if self.chance.random() < 0.15:
            action, role = self.chance.choice(list(workflow.ACTIONS)), self.chance.choice(list(workflow.ROLES))
        else:
            action, role = self.legal(ticket.status)
        self.do(session, number, ticket, self.actor(ticket, role), action)

    def legal(self, state: str) -> tuple[str, str]:
        """Something that is possible now, and who may do it."""
        moves = [t for t in workflow.TRANSITIONS if state in t.before and t.action not in BY_ITSELF]
        [move] = self.chance.choices(moves, [WEIGHT.get(t.action, 1.0) for t in moves])
        return move.action, self.chance.choice([role for role in move.roles if role != "system"])

    def actor(self, ticket: Seen, role: str) -> service.Actor:
        own = self.chance.random() < 0.9
        unit = (ticket.unit if own else None) or self.chance.choice(self.units)
        return service.Actor(
            role,
            ticket.reporter if role == "resident" and own else f"{role}-{self.chance.randrange(3)}",
            unit if role == "department" else None,
            (ticket.areas[role] if own else "S0299") if role in ticket.areas else None,
        )

    def do(self, session: Session, number: str, ticket: Seen, who: service.Actor, action: str) -> None:
        pick, by = self.chance.choice, {"actor": who, "at": self.at}
        note = pick(["有原因"] * 9 + [None])
        calls: dict[str, Callable[[], Any]] = {
            "submit": lambda: service.submit(session, number, note=note, **by),
            "add": lambda: service.add_information(session, number, note=note, **by),
            "correct": lambda: service.correct(session, number, pick(TYPES), **by),
            "evaluate": lambda: self.evaluate(session, number, ("satisfied", "fair"), note, by),
            "contest": lambda: self.evaluate(session, number, ("unsatisfied",), note, by),
            "rate": lambda: self.evaluate(session, number, tuple(service.SCORES), note, by),
            "merge": lambda: service.merge(session, number, pick(list(self.known)[-LATELY:]), **by),
            "ask_extension": lambda: service.ask_extension(session, number, pick((0, 3, 3, 12, 99)), note or "", **by),
            "grant_extension": lambda: service.decide_extension(session, number, True, note=note, **by),
            "deny_extension": lambda: service.decide_extension(session, number, False, note=note, **by),
            "whistle": lambda: service.blow(session, number, self.some_units(), note or "", **by),
            "check_in": lambda: service.check_in(session, number, unit=self.called(session, ticket), note=note, **by),
            "end_whistle": lambda: service.end_whistle(session, number, note or "", **by),
            "escalate": lambda: service.escalate(session, number, note or "", **by),
            "regrade": lambda: service.regrade(
                session, number, pick(["red", "yellow", "green"] * 5 + ["blue"]), note=note or "", **by
            ),
            "visit": lambda: service.visit(session, number, note or "", **by),
        }
        if action in calls:
            calls[action]()
            return
        unit = pick([*[pick(self.units)] * 8, "nowhere", None])
        version = pick([None] * 7 + [ticket.version, ticket.version, ticket.version - 1])
        service.act(session, number, action, note=note, unit=unit, version=version, **by)

    def some_units(self) -> list[str]:
        return [*self.chance.sample(self.units, 2), *(["nowhere"] if self.chance.random() < 0.1 else [])]

    def called(self, session: Session, ticket: Seen) -> str:
        """Mostly a unit that was whistled for."""
        whistle = whistles.current(session, ticket.id)
        own = [c.unit for c in whistle.calls] if whistle and self.chance.random() < 0.8 else self.units
        return self.chance.choice(own)

    def evaluate(
        self, session: Session, number: str, scores: tuple[str, ...], note: str | None, by: dict[str, Any]
    ) -> None:
        score = self.chance.choice([*scores * 9, "superb"])
        service.evaluate(session, number, score, channel="web", reason=note, **by)


MUST_SAY_WHY = {t.action for t in workflow.TRANSITIONS if t.needs_note}


def check(ticket: Ticket, at: datetime) -> None:
    """What is always true of a ticket."""
    assert ticket.status in workflow.STATES
    dues = [ticket.verify_due, ticket.feedback_due, ticket.close_due]
    assert all(due is not None and due > ticket.created_at for due in dues)
    if ticket.status in workflow.ENDED or ticket.suspended_at is not None:
        assert ticket.next_due is None
    if ticket.next_due is not None:
        assert ticket.next_due in dues
    assert (ticket.suspended_at is not None) == (ticket.status == "suspended")
    assert (ticket.merged_into is not None) == (ticket.status == "merged")
    assert (ticket.closed_at is not None) == (ticket.status == "closed")
    assert ticket.score is None or ticket.status in ("closed", "contested", "merged")
    done = [ticket.verified_at, ticket.feedback_at, ticket.finished_at, ticket.suspended_at, ticket.closed_at]
    assert all(ticket.created_at <= moment <= at for moment in done if moment is not None)
    assert ticket.finished_at is None or ticket.feedback_at is not None
    assert ticket.feedback_at is None or ticket.verified_at is not None
    if ticket.closed_at is not None and ticket.finished_at is not None:
        assert ticket.finished_at <= ticket.closed_at
        assert working_time().between(ticket.created_at, ticket.closed_at) >= timedelta()
    assert min(ticket.extensions, ticket.returns, ticket.reopenings) >= 0
    assert clock.state_of(ticket, at) in ("ok", "soon", "overdue", "paused", "done")


@contextmanager
def watched(city: City) -> Iterator[None]:
    event.listen(Session, "after_flush", city.flushed)
    try:
        yield
    finally:
        event.remove(Session, "after_flush", city.flushed)


@pytest.mark.slow
@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize("seed", SEEDS)
def test_whatever_anybody_does_the_tickets_stay_sound(seed: int) -> None:
    city = City(seed)
    with watched(city):
        for step in range(STEPS):
            try:
                city.step()
            except Exception as error:
                error.add_note(f"seed {seed}, step {step}")
                raise
    with reading() as session:
        assert history.verify(session) == (len(city.known), [])
        done = set(session.scalars(select(TicketEvent.action).distinct()))
        states = set(session.scalars(select(TicketEvent.after).distinct()))
        tickets = list(session.scalars(select(Ticket)))
        scores = set(session.scalars(select(Evaluation.score).distinct()))
    assert {t.number: seen(t) for t in tickets} == city.known  # nothing changed without being seen
    assert done == set(workflow.ACTIONS)
    assert states == set(workflow.STATES)
    assert scores == set(service.SCORES)
    assert set(city.refused) == set(REFUSALS)
    assert city.refused.total() > STEPS / 10
    assert city.done > STEPS / 2
    by_id = {t.id: t for t in tickets}
    for ticket in tickets:
        check(ticket, city.at)
        assert ticket.merged_into is None or by_id[ticket.merged_into].merged_into is None
    assert date.today() > city.at.date()
