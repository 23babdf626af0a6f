"""Whistles (吹哨): calling units to a ticket, checking in (报到), ending."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field
from sqlalchemy.orm import Session

from cases import service
from cases.api.access import Acting, Caller, hold
from cases.api.fields import Body, Code, Note, OneOf, Reason
from cases.api.routes.moves import ANSWERS, told
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.api.versions import Seen
from cases.model import Unit
from cases.service import WhistleError
from cases.whistles import KINDS
from common.db import transaction

router = APIRouter(prefix="/tickets/{number}/whistles", tags=["whistles"])
MOST_UNITS = 30


class WhistleIn(Body):
    """Who is called, and what for."""

    kind: Annotated[str, OneOf(tuple(KINDS), "Which whistle")] = "joint"
    units: list[Code] = Field(min_length=1, max_length=MOST_UNITS)
    reason: Reason


class CheckInIn(Body):
    """A unit is there."""

    unit: Code | None = Field(None, description="By default the key's own")
    note: Note | None = None


class OutcomeIn(Body):
    """How it ended."""

    outcome: Reason


def _own(session: Session, caller: Caller, unit: str | None) -> str | None:
    """The unit that checks in: the caller's own, or one of the caller's area."""
    if unit is None or unit == caller.unit:
        return unit
    row = session.get(Unit, unit)
    if caller.unit is None and (caller.area is None or (row is not None and row.area == caller.area)):
        return unit
    raise WhistleError(f"{unit} checks in for itself")


@router.post("", summary="Blow a whistle", responses=ANSWERS)
def blow(number: TicketNumber, body: WhistleIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`. The units called see the ticket until the whistle ends."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.blow(session, ticket.number, body.units, body.reason, actor=caller.actor, kind=body.kind)
        return told(session, ticket, caller, response)


@router.post("/check-in", summary="Check in at a whistle", responses=ANSWERS)
def check_in(number: TicketNumber, body: CheckInIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        unit = _own(session, caller, body.unit)
        service.check_in(session, ticket.number, actor=caller.actor, unit=unit, note=body.note)
        return told(session, ticket, caller, response)


@router.post("/end", summary="End a whistle", responses=ANSWERS)
def end_whistle(number: TicketNumber, body: OutcomeIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.end_whistle(session, ticket.number, body.outcome, actor=caller.actor)
        return told(session, ticket, caller, response)
