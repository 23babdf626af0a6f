"""What was filed, and by whom again; what was closed and how that was liked; what happened to tickets meanwhile."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, exists, func, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased, join

from cases import workflow
from cases.figures.ask import Ask
from cases.figures.moments import seconds
from cases.figures.tally import Tally, count
from cases.model import Ticket, TicketEvent

# These were not handled for themselves: they count as filed, in nothing that says how well tickets are handled.
NOT_HANDLED = (*sorted(workflow.FINAL), "merged")
SCORES = ("satisfied", "fair", "unsatisfied")
# Who complains of the same within this time complains again.
AGAIN = timedelta(days=30)
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


def _last_by(person: InstrumentedAttribute[Any]) -> ColumnElement[Any]:
    """When the same person last reported the same type of matter in the same grid, before this ticket."""
    same, order = (person, Ticket.type, Ticket.grid), (Ticket.created_at, Ticket.id)
    return case((person.is_not(None), func.lag(Ticket.created_at).over(partition_by=same, order_by=order)))


def repeats(session: Session, ask: Ask, tally: Tally) -> None:
    """Reports by persons who had reported the same before. Looked at are the period and AGAIN before it, in one pass.

    Who reported anonymously is not looked for among others; what a grid worker found is no complaint.
    """
    told = select(Ticket.id, _last_by(Ticket.reporter).label("reporter"), _last_by(Ticket.phone).label("phone"))
    told = told.where(
        Ticket.created_at >= ask.since - AGAIN,
        Ticket.created_at < ask.end,
        Ticket.type.is_not(None),
        Ticket.anonymous.is_(False),
        Ticket.status != "withdrawn",
        Ticket.channel != "worker",
        or_(Ticket.reporter.is_not(None), Ticket.phone.is_not(None)),
    )
    known = told.subquery("known")
    most = int(AGAIN.total_seconds())
    again = or_(*(seconds(Ticket.created_at) - seconds(known.c[by]) <= most for by in ("reporter", "phone")))
    tests: dict[str, ColumnElement[bool]] = {"known": true(), "repeated": again}
    source = join(Ticket, known, Ticket.id == known.c.id)
    filed = ask.within(Ticket.created_at)
    count(session, ask, tally, tests, filed, unit=Ticket.unit, moment=Ticket.created_at, source=source)


def closing(session: Session, ask: Ask, tally: Tally) -> None:
    """Tickets closed in the period, by their last closing: a reopened one is not closed until it is closed again."""
    judged = Ticket.close_due.is_not(None)
    tests: dict[str, ColumnElement[bool]] = {
        "closed": true(),
        "closed_judged": judged,
        "closed_in_limit": and_(judged, Ticket.finished_at <= Ticket.close_due),
        **_said(Ticket),
    }
    closed = (ask.within(Ticket.closed_at), Ticket.status == "closed")
    count(session, ask, tally, tests, *closed, unit=Ticket.unit, moment=Ticket.closed_at)
    # Who reported what was merged into it has a word, too, and once: it counts where the closed ticket counts.
    merged, other = aliased(Ticket), aliased(Ticket)
    among = or_(other.id == merged.merged_into, and_(other.merged_into == merged.merged_into, other.id < merged.id))
    counted_already = exists().where(among, _same_person(merged, other)).correlate(merged)
    source = join(Ticket, merged, merged.merged_into == Ticket.id)
    mine = (*closed, merged.status == "merged", ~counted_already)
    count(session, ask, tally, _said(merged), *mine, unit=Ticket.unit, moment=Ticket.closed_at, source=source)


def _said(ticket: type[Ticket]) -> dict[str, ColumnElement[bool]]:
    said = {score: ticket.score == score for score in SCORES}
    return {"asked": true(), "evaluated": ticket.score.is_not(None), **said}


def _same_person(one: type[Ticket], other: type[Ticket]) -> ColumnElement[bool]:
    return or_(one.reporter == other.reporter, one.phone == other.phone)


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
