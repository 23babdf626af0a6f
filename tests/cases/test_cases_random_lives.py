"""Random people do random things, legal and illegal: no illegal state, histories verify, clocks never run backwards."""

from __future__ import annotations

import random
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from cases import evaluations, extensions, history, merging, service, whistles, workflow
from cases.clock import limits as clock
from cases.clock import sweep as clock_sweep
from cases.filing import NewTicket
from cases.model import Ticket, Unit
from common.db import reading, transaction

STEPS = 20_000
ENDINGS = {"withdraw", "refuse", "merge"}
LATELY = 30  # tickets that things are still done to
START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
TYPES = ["environment.noise", "dispute.neighbor", "hazard.gas", "service.transit", "care.elder", "security.fraud"]
REFUSED = (
    workflow.IllegalTransitionError,
    service.StaleTicketError,
    service.UnknownUnitError,
    merging.MergeError,
    extensions.ExtensionError,
    evaluations.ScoreError,
    whistles.WhistleError,
)


class City:
    """Everybody who can do something, and a clock that only goes forward."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.at = START
        self.numbers: list[str] = []
        self.outcomes: Counter[str] = Counter()
        with reading() as session:
            self.units = [u.code for u in session.scalars(select(Unit).order_by(Unit.code))]

    def actor(self, ticket: Ticket) -> service.Actor:
        role = self.chance.choice(list(workflow.ROLES))
        own = self.chance.random() < 0.85
        unit = (ticket.unit if own else None) or self.chance.choice(self.units)
        area = {"worker": ticket.grid, "community": ticket.community, "street": ticket.street}.get(role)
        return service.Actor(
            role,
            ticket.reporter if role == "resident" and own else f"{role}-{self.chance.randrange(3)}",
            unit if role == "department" else None,
            (area if own else "S0299") if role in ("worker", "community", "street") else None,
        )

    def step(self) -> None:
        self.at += timedelta(minutes=self.chance.choice((1, 7, 45, 300, 1000)))
        if not self.numbers or self.chance.random() < 0.03:
            self.file()
            return
        number = self.chance.choice(self.numbers[-LATELY:])
        if self.chance.random() < 0.03:
            with transaction() as session:
                clock_sweep.sweep(session, self.at)
                whistles.sweep(session, self.at)
            self.outcomes["sweep"] += 1
            return
        action = "nothing"
        try:
            with transaction() as session:
                ticket = session.scalars(select(Ticket).where(Ticket.number == number)).one()
                who = self.actor(ticket)
                action = self.choose([t.action for t in workflow.possible(ticket.status, who.role)])
                self.do(session, ticket, who, action)
            self.outcomes[action] += 1
        except REFUSED:
            self.outcomes["refused"] += 1

    def choose(self, legal: list[str]) -> str:
        """More often something legal than not, and seldom what ends a ticket, as that ends the story too."""
        action = self.chance.choice(legal if legal and self.chance.random() < 0.75 else list(workflow.ACTIONS))
        if action in ENDINGS and self.chance.random() < 0.9:
            return self.choose(legal) if set(legal) - ENDINGS else action
        return action

    def file(self) -> None:
        type_ = self.chance.choice(TYPES)
        new = NewTicket(
            "有件事要人管",
            type_.split(".")[0],
            type_,
            "web",
            reporter=f"r{len(self.numbers)}",
            place=self.chance.choice(["幸福里3号楼", "柳河镇", None]),
            urgent=self.chance.random() < 0.2,
            needs_review=self.chance.random() < 0.3,
            draft=(draft := self.chance.random() < 0.1),
        )
        who = service.Actor("worker", "w1") if draft else None
        with transaction() as session:
            self.numbers.append(service.file_ticket(session, new, who, at=self.at).number)

    def do(self, session: Any, ticket: Ticket, who: service.Actor, action: str) -> None:
        number = ticket.number
        note = self.chance.choice(["有原因"] * 4 + [None])
        calls: dict[str, Any] = {
            "submit": lambda: service.submit(session, number, actor=who, note=note, at=self.at),
            "add": lambda: service.add_information(session, number, actor=who, note=note, at=self.at),
            "correct": lambda: service.correct(session, number, self.chance.choice(TYPES), actor=who, at=self.at),
            "evaluate": lambda: self.evaluate(session, number, who, note),
            "contest": lambda: self.evaluate(session, number, who, note),
            "merge": lambda: service.merge(session, number, self.chance.choice(self.numbers), actor=who, at=self.at),
            "ask_extension": lambda: service.ask_extension(
                session, number, self.chance.choice((0, 3, 12, 99)), note or "", actor=who, at=self.at
            ),
            "grant_extension": lambda: service.decide_extension(
                session, number, True, actor=who, note=note, at=self.at
            ),
            "deny_extension": lambda: service.decide_extension(
                session, number, False, actor=who, note=note, at=self.at
            ),
            "whistle": lambda: service.blow(
                session, number, self.chance.sample([*self.units, "nowhere"], 2), note or "", actor=who, at=self.at
            ),
            "check_in": lambda: service.check_in(
                session, number, actor=who, unit=self.called(session, ticket), note=note, at=self.at
            ),
            "end_whistle": lambda: service.end_whistle(session, number, note or "", actor=who, at=self.at),
            "escalate": lambda: service.escalate(session, number, note or "", actor=who, at=self.at),
            "regrade": lambda: service.regrade(
                session, number, self.chance.choice(["red", "yellow", "green"]), actor=who, note=note or "", at=self.at
            ),
            "visit": lambda: service.visit(session, number, note or "", actor=who, at=self.at),
        }
        if action in calls:
            calls[action]()
            return
        unit = self.chance.choice([*self.units, "nowhere", None])
        version = self.chance.choice([None, None, ticket.version, ticket.version - 1])
        service.act(session, number, action, actor=who, note=note, unit=unit, version=version, at=self.at)

    def called(self, session: Any, ticket: Ticket) -> str:
        """Mostly a unit that was whistled for."""
        whistle = whistles.current(session, ticket.id)
        own = [c.unit for c in whistle.calls] if whistle and self.chance.random() < 0.8 else self.units
        return self.chance.choice(own)

    def evaluate(self, session: Any, number: str, who: service.Actor, note: str | None) -> None:
        score = self.chance.choice(["satisfied", "fair", "unsatisfied", "superb"])
        service.evaluate(session, number, score, actor=who, channel="web", reason=note, at=self.at)


def check(ticket: Ticket) -> None:
    assert ticket.status in workflow.STATES
    dues = [ticket.verify_due, ticket.feedback_due, ticket.close_due]
    assert all(due is not None and due > ticket.created_at for due in dues)
    if ticket.status in workflow.ENDED or ticket.suspended_at is not None:
        assert ticket.next_due is None
    if ticket.next_due is not None:
        assert ticket.next_due in dues
    assert (ticket.suspended_at is not None) == (ticket.status == "suspended")
    assert (ticket.merged_into is not None) == (ticket.status == "merged")
    assert clock.state_of(ticket, ticket.updated_at) in ("ok", "soon", "overdue", "paused", "done")


@pytest.mark.slow
@pytest.mark.usefixtures("city_database")
def test_whatever_anybody_does_the_tickets_stay_sound() -> None:
    city = City(2026)
    for _ in range(STEPS):
        city.step()
    done = {action for action, n in city.outcomes.items() if n}
    assert done >= set(workflow.ACTIONS) - {"collect", "report", "contest", "warn", "miss", "lapse"}
    assert city.outcomes["refused"] > STEPS / 10
    with reading() as session:
        looked, flaws = history.verify(session)
        tickets = list(session.scalars(select(Ticket)))
    assert (looked, flaws) == (len(city.numbers), [])
    for ticket in tickets:
        check(ticket)
