"""Reading tickets: one, a person's, a queue's page."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, select, tuple_
from sqlalchemy.orm import Session, joinedload, selectinload

from cases import numbers, workflow
from cases.filing import code_hash
from cases.model import Ticket, TicketCorrection, Unit
from cases.moves import TicketNotFoundError

PAGE = 50


class BadCursorError(ValueError):
    """The cursor is none this service gave out."""


@dataclass(frozen=True)
class Filter:
    """Which tickets a queue shows. Fields left None do not narrow it."""

    statuses: Sequence[str] | None = None
    unit: str | None = None
    street: str | None = None
    community: str | None = None
    grid: str | None = None
    category: str | None = None
    type: str | None = None
    urgent: bool | None = None
    supervised: bool | None = None
    risk: str | None = None
    needs_review: bool | None = None
    overdue_at: datetime | None = None

    def narrow(self, query: Select[tuple[Ticket]]) -> Select[tuple[Ticket]]:
        """``query`` with this filter's conditions."""
        if self.statuses is not None:
            query = query.where(Ticket.status.in_(self.statuses))
        for name in (
            "unit",
            "street",
            "community",
            "grid",
            "category",
            "type",
            "urgent",
            "supervised",
            "risk",
            "needs_review",
        ):
            value = getattr(self, name)
            if value is not None:
                query = query.where(getattr(Ticket, name) == value)
        if self.overdue_at is not None:
            query = query.where(Ticket.next_due < self.overdue_at)
        return query


@dataclass(frozen=True)
class Page:
    """A page of a queue, what is owed soonest first, and the cursor of the next one (None at the end)."""

    tickets: list[Ticket]
    next: str | None


def _cursor(ticket: Ticket) -> str:
    due = ticket.next_due.isoformat() if ticket.next_due else None
    return base64.urlsafe_b64encode(json.dumps([due, ticket.id]).encode()).decode()


def _position(cursor: str) -> tuple[datetime | None, int]:
    try:
        due, last = json.loads(base64.urlsafe_b64decode(cursor.encode()))
        return (datetime.fromisoformat(due) if due else None), int(last)
    except (ValueError, TypeError) as error:
        raise BadCursorError("the cursor is none this service gave out: start from the first page") from error


def queue(session: Session, which: Filter, after: str | None = None, size: int = PAGE) -> Page:
    """A page of the tickets that ``which`` lets through, by what is owed soonest; those that owe nothing come last.

    Args:
        session: of the database.
        which: the filter; with no statuses all open ones.
        after: the cursor of the page before.
        size: tickets a page.

    Raises:
        BadCursorError: ``after`` is no cursor.
    """
    if which.statuses is None:
        which = Filter(**{**which.__dict__, "statuses": workflow.OPEN})
    owed: list[Ticket] = []
    position = _position(after) if after else None
    if position is None or position[0] is not None:
        query = which.narrow(select(Ticket)).where(Ticket.next_due.is_not(None))
        if position:
            # As one comparison of rows: of an OR the planner thinks that nearly nothing is left, and takes the wrong index.
            query = query.where(tuple_(Ticket.next_due, Ticket.id) > tuple_(*position))
        owed = list(session.scalars(query.order_by(Ticket.next_due, Ticket.id).limit(size + 1)))
    if len(owed) <= size and which.overdue_at is None:
        query = which.narrow(select(Ticket)).where(Ticket.next_due.is_(None))
        if position and position[0] is None:
            query = query.where(Ticket.id > position[1])
        owed += session.scalars(query.order_by(Ticket.id).limit(size + 1 - len(owed)))
    shown = owed[:size]
    return Page(shown, _cursor(shown[-1]) if len(owed) > size else None)


def get(session: Session, number: str) -> Ticket:
    """The ticket with this number (plain digits).

    Raises:
        TicketNotFoundError: there is none.
    """
    query = (
        select(Ticket)
        .where(Ticket.number == number)
        .options(selectinload(Ticket.events), selectinload(Ticket.attachments))
    )
    ticket = session.scalar(query)
    if ticket is None:
        raise TicketNotFoundError(f"no ticket has the number {numbers.spoken(number)}")
    return ticket


def look_up(session: Session, number: str, code: str) -> Ticket | None:
    """The ticket of a number and the code told at filing; None if they do not fit, without saying which is wrong."""
    ticket = session.scalar(select(Ticket).where(Ticket.number == number))
    if ticket is None or ticket.code_hash is None or ticket.code_hash != code_hash(number, code.strip()):
        return None
    return get(session, number)


def of_reporter(session: Session, reporter: str, since: datetime | None = None, limit: int = 10) -> list[Ticket]:
    """A person's tickets, newest first."""
    query = (
        select(Ticket)
        .where(Ticket.reporter == reporter)
        .order_by(Ticket.created_at.desc(), Ticket.id.desc())
        .limit(limit)
    )
    if since:
        query = query.where(Ticket.created_at >= since)
    return list(session.scalars(query.options(selectinload(Ticket.events))))


def listing(session: Session, status: str | None = None, urgent: bool | None = None, limit: int = 50) -> list[Ticket]:
    """Tickets, newest first."""
    query = select(Ticket).order_by(Ticket.id.desc()).limit(limit)
    if status:
        query = query.where(Ticket.status == status)
    if urgent is not None:
        query = query.where(Ticket.urgent == urgent)
    return list(session.scalars(query))


def corrections(session: Session) -> list[TicketCorrection]:
    """The last correction of every ticket that has one, oldest first."""
    last = select(func.max(TicketCorrection.id)).group_by(TicketCorrection.ticket_id)
    query = select(TicketCorrection).where(TicketCorrection.id.in_(last)).order_by(TicketCorrection.id)
    return list(session.scalars(query.options(joinedload(TicketCorrection.ticket))))


def unit_name(session: Session, ticket: Ticket) -> str | None:
    """Name of the unit the ticket is with."""
    return session.scalar(select(Unit.name).where(Unit.code == ticket.unit)) if ticket.unit else None
