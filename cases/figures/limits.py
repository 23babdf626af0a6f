"""On-time rates: of the due times that fell in the period, how many were met.

A due time is counted with the unit that had the ticket when the thing was done, or when the time passed without it: a
unit that returned a ticket before answers for nothing that came after.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.selectable import FromClause

from cases.figures.ask import Ask
from cases.figures.counts import NOT_HANDLED
from cases.figures.extended import late_without
from cases.figures.tally import Tally, count
from cases.model import Ticket, TicketEvent

Moment = InstrumentedAttribute[Any]
DUES: dict[str, tuple[Moment, Moment]] = {
    "verify": (Ticket.verify_due, Ticket.verified_at),
    "feedback": (Ticket.feedback_due, Ticket.feedback_at),
    "close": (Ticket.close_due, Ticket.finished_at),
}


def _dispatches(ask: Ask) -> FromClause:
    """For the tickets in question how often, when first and where to they were dispatched."""
    fell = or_(*(ask.within(due) for due, _ in DUES.values()))
    return (
        select(
            TicketEvent.ticket_id,
            func.count().label("times"),
            func.min(TicketEvent.at).label("at"),
            func.max(TicketEvent.unit).label("unit"),
        )
        .join(Ticket)
        .where(TicketEvent.action == "dispatch", fell, Ticket.status.not_in(NOT_HANDLED), *ask.narrowed(None))
        .group_by(TicketEvent.ticket_id)
        .subquery("dispatches")
    )


def _unit_at(moment: ColumnElement[Any], dispatches: FromClause) -> ColumnElement[Any]:
    """The unit that had a ticket at a moment.

    Most tickets were dispatched once and stayed; only of the others the history is read line by line.
    """
    last = (
        select(TicketEvent.unit)
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.at <= moment)
        .order_by(TicketEvent.seq.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    stayed = and_(dispatches.c.times == 1, Ticket.returns == 0)
    return case((stayed, case((dispatches.c.at <= moment, dispatches.c.unit))), else_=last)


def limits(session: Session, ask: Ask, tally: Tally) -> None:
    """Count due times that fell in the period and those that were met.

    Left out are tickets that were not handled, and those that are suspended with time left: their due times move.
    What is still not done when its time has passed is late.
    """
    dispatches = _dispatches(ask) if ask.by_unit else None
    source = Ticket.__table__
    joined = source if dispatches is None else source.outerjoin(dispatches, dispatches.c.ticket_id == source.c.id)
    for name, (due, done) in DUES.items():
        met = and_(done.is_not(None), done <= due)
        decided = case((met, done), else_=due)
        unit = Ticket.unit if dispatches is None else _unit_at(decided, dispatches)
        running = or_(done.is_not(None), Ticket.suspended_at.is_(None), due < Ticket.suspended_at)
        counted = (ask.within(due), running, Ticket.status.not_in(NOT_HANDLED))
        tests: dict[str, ColumnElement[bool]] = {f"{name}_fell": true(), f"{name}_met": met}
        if name == "close":
            tests["close_met_plain"] = met
        count(session, ask, tally, tests, *counted, unit=unit, moment=due, source=joined)
        if name == "close":
            extended = (*counted, met, Ticket.extensions > 0, *ask.narrowed(unit))
            for key in late_without(session, ask.keys(unit, due), joined, extended):
                tally.counts[key]["close_met_plain"] -= 1
