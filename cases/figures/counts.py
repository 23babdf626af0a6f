"""What was filed, what was closed and how that was liked, and what happened to tickets meanwhile."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, select, true
from sqlalchemy.orm import Session, aliased

from cases import workflow
from cases.figures.ask import Ask
from cases.figures.tally import Tally, count
from cases.model import Ticket, TicketEvent

# These were not handled for themselves: they count as filed, in nothing that says how well tickets are handled.
NOT_HANDLED = (*sorted(workflow.FINAL), "merged")
# What is counted of the history, under which name.
EVENTS = {
    "return": "returned",
    "reopen": "reopened",
    "grant_extension": "extended",
    "merge": "merged",
    "supervise": "supervised",
    "withdraw": "withdrawn",
    "refuse": "refused",
}


def unit_before(line: type[TicketEvent]) -> ColumnElement[Any]:
    """The unit that had the ticket before this line of its history."""
    before = aliased(TicketEvent)
    query = select(before.unit).where(before.ticket_id == line.ticket_id, before.seq == line.seq - 1)
    return query.correlate(line).scalar_subquery()


def filing(session: Session, ask: Ask, tally: Tally) -> None:
    """Tickets filed in the period. A ticket that is still being collected has no clock yet, which is no fault."""
    tests: dict[str, ColumnElement[bool]] = {
        "filed": true(),
        "urgent": Ticket.urgent.is_(True),
        "no_clock": and_(Ticket.close_due.is_(None), Ticket.status.not_in((*NOT_HANDLED, "collected"))),
    }
    count(session, ask, tally, tests, ask.within(Ticket.created_at), unit=Ticket.unit, moment=Ticket.created_at)


def closing(session: Session, ask: Ask, tally: Tally) -> None:
    """Tickets closed in the period, by their last closing: a reopened one is not closed until it is closed again."""
    judged = Ticket.close_due.is_not(None)
    tests: dict[str, ColumnElement[bool]] = {
        "closed": true(),
        "closed_judged": judged,
        "closed_in_limit": and_(judged, Ticket.finished_at <= Ticket.close_due),
        "evaluated": Ticket.score.is_not(None),
        **{score: Ticket.score == score for score in ("satisfied", "fair", "unsatisfied")},
    }
    closed = (ask.within(Ticket.closed_at), Ticket.status == "closed")
    count(session, ask, tally, tests, *closed, unit=Ticket.unit, moment=Ticket.closed_at)


def events(session: Session, ask: Ask, tally: Tally) -> None:
    """What the histories say happened in the period. A return is counted with the unit that gave the ticket back."""
    unit = TicketEvent.unit
    with_unit = case((TicketEvent.action == "return", unit_before(TicketEvent)), else_=unit) if ask.by_unit else unit
    count(
        session,
        ask,
        tally,
        {name: TicketEvent.action == action for action, name in EVENTS.items()},
        ask.within(TicketEvent.at),
        TicketEvent.action.in_(EVENTS),
        unit=with_unit,
        moment=TicketEvent.at,
        source=TicketEvent.__table__.join(Ticket.__table__),
    )
