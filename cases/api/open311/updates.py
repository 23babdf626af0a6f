"""Request updates, an extension of Open311 many cities have: the steps of requests, and what clients add to them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from cases import numbers, service
from cases.api import words
from cases.api.access import Caller, theirs
from cases.api.open311.dates import written
from cases.api.open311.errors import wrong
from cases.api.open311.requests import status_of
from cases.api.open311.shapes import RequestUpdate, UpdateCreated
from cases.api.open311.visibility import filed_with, own, public, whole
from cases.api.steps import NOTED
from cases.model import Ticket, TicketEvent, Unit
from cases.moves import open_for_change
from cases.service import Actor


def updates(
    session: Session, caller: Caller | None, conditions: tuple[ColumnElement[bool], ...], limit: int, offset: int
) -> list[RequestUpdate]:
    """Steps of requests, oldest first; with what was written for the reporter where the caller is told all.

    Args:
        session: of the database.
        caller: who asks.
        conditions: on ``Ticket`` and ``TicketEvent``.
        limit: how many at most.
        offset: how many to leave out.
    """
    query = (
        select(TicketEvent, Ticket.number, case((whole(session, caller), 1), else_=0), Unit.name)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .outerjoin(Unit, Unit.code == TicketEvent.unit)
        .where(or_(public(), own(session, caller)), TicketEvent.action.in_(words.steps()), *conditions)
        .order_by(TicketEvent.at, TicketEvent.id)
        .limit(limit)
        .offset(offset)
    )
    return [_update(*row) for row in session.execute(query).tuples()]


def _update(event: TicketEvent, number: str, told_all: int, unit: str | None) -> RequestUpdate:
    said = words.step(event.action, unit) or ""
    note = event.note if told_all and event.action in NOTED else None
    return RequestUpdate.model_validate(
        {
            "update_id": str(event.id),
            "service_request_id": number,
            "status": status_of(event.after),
            "updated_datetime": written(event.at),
            "description": f"{said} {note}" if note else said,
            "media_url": None,
        }
    )


def within(first: datetime, last: datetime) -> ColumnElement[bool]:
    """The condition that a step was in a stretch of time."""
    return TicketEvent.at.between(first, last)


def add(session: Session, caller: Caller, text: str, note: str) -> UpdateCreated:
    """Add what a client writes about a request; its status stays.

    Args:
        session: of the database; the caller commits.
        caller: a key that acts for residents, for a request that was filed with it; or one of the office.
        text: the request's number in any spelling.
        note: what is said.

    Raises:
        Open311Error: 404, there is no such request, or it is not the caller's.
        IllegalTransitionError: nothing can be added to it any more.
    """
    number = numbers.parse(text)
    mine = filed_with(caller) if caller.role == "resident" else theirs(session, caller)
    if number is None or session.scalar(select(Ticket.id).where(Ticket.number == number, mine)) is None:
        raise wrong(404, "request_unknown")
    ticket = open_for_change(session, number)
    actor = caller.actor
    if caller.role == "resident":
        actor = Actor("resident", None if ticket.anonymous else ticket.reporter)
    service.add_information(session, number, actor=actor, note=note)
    last = select(TicketEvent.id).where(TicketEvent.ticket_id == ticket.id, TicketEvent.action == "add")
    return UpdateCreated(update_id=str(session.scalar(last.order_by(TicketEvent.seq.desc()).limit(1))))
