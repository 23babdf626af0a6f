"""On-time rates: of the due times that fell in the period, how many were met.

A due time is counted with the unit that had the ticket when the thing was done, or when the time passed without it: a
unit that returned a ticket before answers for nothing that came after.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_, case, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

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


def _unit_at(decided: ColumnElement[Any]) -> ColumnElement[Any]:
    """The unit that had a ticket when it was decided whether a due time is met, told by the last line until then."""
    return (
        select(TicketEvent.unit)
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.at <= decided)
        .order_by(TicketEvent.seq.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


def limits(session: Session, ask: Ask, tally: Tally) -> None:
    """Count due times that fell in the period and those that were met.

    Left out are tickets that were not handled, and those that are suspended with time left: their due times move.
    What is still not done when its time has passed is late.
    """
    for name, (due, done) in DUES.items():
        met = and_(done.is_not(None), done <= due)
        unit = _unit_at(case((met, done), else_=due)) if ask.by_unit else Ticket.unit
        running = or_(done.is_not(None), Ticket.suspended_at.is_(None), due < Ticket.suspended_at)
        counted = (ask.within(due), running, Ticket.status.not_in(NOT_HANDLED))
        tests: dict[str, ColumnElement[bool]] = {f"{name}_fell": true(), f"{name}_met": met}
        if name == "close":
            tests["close_met_plain"] = met
        count(session, ask, tally, tests, *counted, unit=unit, moment=due)
        if name == "close":
            extended = (*counted, met, Ticket.extensions > 0, *ask.narrowed(unit))
            for key in late_without(session, ask.keys(unit, due), extended):
                tally.counts[key]["close_met_plain"] -= 1
