"""Request updates, an extension of Open311 many cities have: the steps of requests one after the other."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from cases.api import words
from cases.api.open311.dates import written
from cases.api.open311.requests import status_of
from cases.api.open311.shapes import RequestUpdate
from cases.api.open311.visibility import public
from cases.api.steps import NOTED
from cases.model import Ticket, TicketEvent, Unit


def updates(
    session: Session,
    own: ColumnElement[bool],
    conditions: tuple[ColumnElement[bool], ...],
    limit: int,
    offset: int,
) -> list[RequestUpdate]:
    """Steps of requests, oldest first.

    Args:
        session: of the database.
        own: the condition that a ticket is shown whole: then with what was written for its reporter.
        conditions: on ``Ticket`` and ``TicketEvent``.
        limit: how many at most.
        offset: how many to leave out.
    """
    query = (
        select(TicketEvent, Ticket.number, case((own, 1), else_=0), Unit.name)
        .join(Ticket, Ticket.id == TicketEvent.ticket_id)
        .outerjoin(Unit, Unit.code == TicketEvent.unit)
        .where(or_(public(), own), TicketEvent.action.in_(words.steps()), *conditions)
        .order_by(TicketEvent.at, TicketEvent.id)
        .limit(limit)
        .offset(offset)
    )
    return [_update(*row) for row in session.execute(query).tuples()]


def _update(event: TicketEvent, number: str, whole: int, unit: str | None) -> RequestUpdate:
    said = words.step(event.action, unit) or ""
    note = event.note if whole and event.action in NOTED else None
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
