"""The situation behind a ticket as staff see it: what else was told by the same person or about the same dwelling."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import workflow
from cases.model import Ticket
from cases.risk.conditions import rank
from cases.risk.facts import MOST, Neighbourhood, by_person
from common.db import now

DAYS = 365


@dataclass(frozen=True)
class Related:
    """Another ticket, and by what it belongs here."""

    ticket: Ticket
    person: bool
    dwelling: bool


@dataclass(frozen=True)
class Situation:
    """The other tickets, newest first; the worst grade among them; how many there are and how many are unsolved."""

    others: tuple[Related, ...]
    worst: str
    total: int
    unsolved: int


def situation(session: Session, ticket: Ticket, at: datetime | None = None) -> Situation:
    """The other tickets of the same phone or reporter, and about the same dwelling, of the last year.

    Who reported anonymously is not shown to be the one who reported something else: an anonymous ticket has no other
    tickets of its person and is none of them. It still counts for its dwelling.

    Args:
        session: of the database.
        ticket: a filed one.
        at: the year ends then; by default now.
    """
    moment = at or now()
    window = (
        Ticket.created_at > moment - timedelta(days=DAYS),
        Ticket.created_at <= moment,
        Ticket.status != "withdrawn",
        Ticket.id != ticket.id,
    )
    newest = (Ticket.created_at.desc(), Ticket.id.desc())
    found: dict[int, Related] = {}
    person = by_person(ticket)
    if person is not None and not ticket.anonymous:
        query = select(Ticket).where(person, Ticket.anonymous.is_(False), *window).order_by(*newest).limit(MOST)
        found = {t.id: Related(t, person=True, dwelling=False) for t in session.scalars(query)}
    around = Neighbourhood(ticket)
    if ticket.grid is not None and around.known:
        columns = (Ticket.id, Ticket.place, Ticket.address)
        rows = session.execute(select(*columns).where(Ticket.grid == ticket.grid, *window).order_by(*newest))
        same = [row.id for row in rows if around.nearness(row.place, row.address) == "dwelling"][:MOST]
        for other in session.scalars(select(Ticket).where(Ticket.id.in_(same))) if same else ():
            found[other.id] = Related(other, person=other.id in found, dwelling=True)
    others = tuple(sorted(found.values(), key=lambda r: (r.ticket.created_at, r.ticket.id), reverse=True))
    return Situation(
        others,
        max((r.ticket.risk for r in others), key=rank, default="green"),
        len(others),
        sum(r.ticket.status in workflow.OPEN for r in others),
    )
