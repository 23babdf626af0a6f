"""What can be done with tickets. Plain functions on a session; the caller commits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session, joinedload, selectinload

from cases import numbers, workflow
from cases.model import Ticket, TicketAttachment, TicketCorrection, TicketEvent, Unit
from cases.places import PlaceIndex
from cases.routing import responsible_unit
from common.db import now
from common.settings import settings

BY_BUILDING = 0.95  # how sure a match by building number is


@dataclass(frozen=True)
class NewTicket:
    """What is known of a matter when it is filed.

    ``source_key`` makes filing repeatable: the same key always gives the same ticket. ``reporter`` is an opaque
    reference by which the reporting channel knows the person.
    """

    text: str
    category: str
    type: str | None
    channel: str
    source_key: str | None = None
    reporter: str | None = None
    anonymous: bool = False
    phone: str | None = None
    place: str | None = None
    grid: str | None = None
    lat: float | None = None
    lng: float | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    urgent: bool = False
    needs_review: bool = False
    confidence: float | None = None
    attachments: Sequence[str] = ()


class UnknownUnitError(LookupError):
    """There is no such unit; the message lists those there are."""


class TicketNotFoundError(LookupError):
    """No ticket has that number."""


def _record(
    session: Session,
    ticket: Ticket,
    role: str,
    actor: str | None,
    action: str,
    before: str | None,
    note: str | None = None,
) -> None:
    moment = now()
    ticket.updated_at = moment
    session.add(
        TicketEvent(
            ticket=ticket,
            at=moment,
            role=role,
            actor=actor,
            action=action,
            before=before,
            after=ticket.status,
            note=note,
        )
    )


def _locate(session: Session, ticket: Ticket, hint: str | None) -> None:
    """Put the ticket in its grid when place, pin or hint allow."""
    index = PlaceIndex.of(session)
    match = index.match(ticket.place or "", hint)
    if ticket.lat is not None and ticket.lng is not None and (match is None or match.sure < BY_BUILDING):
        match = index.nearest(ticket.lat, ticket.lng) or match  # a pin is surer than a road's name
    ticket.grid = match.grid if match else hint


def _dispatch(session: Session, ticket: Ticket) -> None:
    unit = responsible_unit(session, ticket.type, ticket.category, ticket.grid)
    if unit is None or ticket.needs_review:
        return
    before = ticket.status
    ticket.unit = unit.code
    ticket.status = workflow.next_state("dispatch", before, "system", None)
    _record(session, ticket, "system", None, "dispatch", before, unit.name)


def _filed_before(session: Session, source_key: str | None) -> Ticket | None:
    return session.scalar(select(Ticket).where(Ticket.source_key == source_key)) if source_key else None


def file_ticket(session: Session, new: NewTicket) -> Ticket:
    """Register a matter, place it in its grid and dispatch it to the responsible unit.

    Filing again with the same ``source_key`` returns the first ticket unchanged.
    """
    if not new.text.strip():
        raise ValueError("a ticket needs a text")
    if known := _filed_before(session, new.source_key):
        return known
    moment = now()
    number = numbers.take(session, moment.astimezone(ZoneInfo(settings().timezone)).year)
    # The counter makes filings wait for each other, so one that another process made meanwhile is seen here.
    if known := _filed_before(session, new.source_key):
        return known
    ticket = Ticket(
        number=number,
        source_key=new.source_key,
        created_at=moment,
        updated_at=moment,
        channel=new.channel,
        reporter=new.reporter,
        anonymous=new.anonymous,
        phone=new.phone,
        category=new.category,
        type=new.type,
        needs_review=new.needs_review,
        confidence=new.confidence,
        text=new.text,
        place=new.place,
        lat=new.lat,
        lng=new.lng,
        answers=dict(new.answers),
        urgent=new.urgent,
        status="registered",
    )
    session.add(ticket)
    session.flush()
    actor = None if new.anonymous else new.reporter
    _record(session, ticket, "resident", actor, "report", None)
    for reference in new.attachments:
        session.add(TicketAttachment(ticket_id=ticket.id, reference=reference, added_at=moment))
    _locate(session, ticket, new.grid)
    _dispatch(session, ticket)
    session.flush()
    return ticket


def add_information(
    session: Session,
    number: str,
    *,
    role: str,
    actor: str | None,
    place: str | None = None,
    grid: str | None = None,
    lat: float | None = None,
    lng: float | None = None,
    answers: dict[str, Any] | None = None,
    note: str | None = None,
    attachments: Sequence[str] = (),
    anonymous: bool | None = None,
    phone: str | None = None,
) -> Ticket:
    """Add what was learnt after filing. Every addition is a line of the history."""
    ticket = get(session, number, to_change=True)
    if place or lat is not None:
        ticket.place = place or ticket.place
        ticket.lat, ticket.lng = (lat, lng) if lat is not None else (ticket.lat, ticket.lng)
        _locate(session, ticket, grid or ticket.grid)
    if answers:
        ticket.answers = {**ticket.answers, **answers}
    if anonymous is not None:
        ticket.anonymous = anonymous
    if phone:
        ticket.phone = phone
    known = {a.reference for a in ticket.attachments}
    for reference in attachments:
        if reference not in known:
            session.add(TicketAttachment(ticket_id=ticket.id, reference=reference, added_at=now()))
    _record(session, ticket, role, actor, "add", ticket.status, note)
    if ticket.unit is None and ticket.status == "registered":
        _dispatch(session, ticket)
    session.flush()
    return ticket


def act(
    session: Session,
    number: str,
    action: str,
    *,
    role: str,
    actor: str | None,
    note: str | None = None,
    unit: str | None = None,
) -> Ticket:
    """Move a ticket along its workflow. ``unit`` is the code of the unit it is dispatched to.

    Raises:
        TicketNotFoundError: no such ticket.
        UnknownUnitError: dispatched to no unit, or to one that does not exist.
        workflow.IllegalTransitionError: the move is not allowed; nothing was changed.
    """
    ticket = get(session, number, to_change=True)
    before = ticket.status
    after = workflow.next_state(action, before, role, note)
    if action == "dispatch":
        chosen = session.get(Unit, unit or ticket.unit or "")
        if chosen is None:
            raise UnknownUnitError(f"dispatch needs a unit; {unit!r} is none. There are: {_unit_codes(session)}")
        ticket.unit, ticket.needs_review = chosen.code, False
        note = note or chosen.name
    ticket.status = after
    _record(session, ticket, role, actor, action, before, note)
    session.flush()
    return ticket


def correct(
    session: Session, number: str, type_: str, *, role: str, actor: str | None, urgent: bool | None = None
) -> Ticket:
    """Say what a ticket's matter really is; a ticket that nobody works on yet goes to the unit this now belongs to.

    Args:
        number: plain digits.
        type_: code of the right matter type, whose category it takes.
        role: operator, worker, department or supervisor.
        urgent: the right urgency; None leaves it.

    Raises:
        TicketNotFoundError: no such ticket.
        workflow.IllegalTransitionError: this role may not correct, or the ticket is final.
    """
    ticket = get(session, number, to_change=True)
    workflow.check_correction(ticket.status, role)
    right = urgent if urgent is not None else ticket.urgent
    category = type_.split(".", 1)[0]
    if (ticket.type, ticket.urgent, ticket.needs_review) == (type_, right, False):
        return ticket
    session.add(
        TicketCorrection(
            ticket=ticket,
            at=now(),
            actor=actor,
            category_before=ticket.category,
            type_before=ticket.type,
            urgent_before=ticket.urgent,
            category=category,
            type=type_,
            urgent=right,
        )
    )
    note = f"{ticket.type or ticket.category} → {type_}" if ticket.type != type_ else None
    ticket.category, ticket.type, ticket.urgent, ticket.needs_review = category, type_, right, False
    _record(session, ticket, role, actor, "correct", ticket.status, note)
    if ticket.status in workflow.NOT_TAKEN_UP:
        _dispatch(session, ticket)
    session.flush()
    return ticket


def corrections(session: Session) -> list[TicketCorrection]:
    """The last correction of every ticket that has one, oldest first."""
    last = select(func.max(TicketCorrection.id)).group_by(TicketCorrection.ticket_id)
    query = select(TicketCorrection).where(TicketCorrection.id.in_(last)).order_by(TicketCorrection.id)
    return list(session.scalars(query.options(joinedload(TicketCorrection.ticket))))


def _unit_codes(session: Session) -> str:
    return ", ".join(f"{u.code} {u.name}" for u in session.scalars(select(Unit).order_by(Unit.code)))


def get(session: Session, number: str, *, to_change: bool = False) -> Ticket:
    """The ticket with this number (plain digits); ``to_change`` keeps others from changing it until commit."""
    query = (
        select(Ticket)
        .where(Ticket.number == number)
        .options(selectinload(Ticket.events), selectinload(Ticket.attachments))
    )
    if to_change:
        query = query.with_for_update().execution_options(populate_existing=True)
    ticket = session.scalar(query)
    if ticket is None:
        raise TicketNotFoundError(f"no ticket has the number {numbers.spoken(number)}")
    return ticket


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


def unit_name(session: Session, ticket: Ticket) -> str | None:
    """Name of the unit the ticket is with."""
    return session.scalar(select(Unit.name).where(Unit.code == ticket.unit)) if ticket.unit else None
