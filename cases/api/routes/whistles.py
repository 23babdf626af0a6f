"""Whistles (吹哨): calling units to a ticket, checking in (报到), ending."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field
from sqlalchemy.orm import Session

from cases import service
from cases.api.changing import ANSWERS, Acting
from cases.api.fields import Body, Code, Note, OneOf, Reason
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.model import Unit
from cases.service import Actor, WhistleError
from cases.whistles import KINDS

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


def _own(session: Session, actor: Actor, unit: str | None) -> str | None:
    """The unit that checks in: the actor's own, or one of the actor's area."""
    if unit is None or unit == actor.unit:
        return unit
    row = session.get(Unit, unit)
    if actor.unit is None and (actor.area is None or (row is not None and row.area == actor.area)):
        return unit
    raise WhistleError(f"{unit} checks in for itself")


@router.post("", summary="Blow a whistle", responses=ANSWERS)
def blow(number: TicketNumber, body: WhistleIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. The units called see the ticket until the whistle ends."""
    return change.run(
        number,
        lambda session, ticket, actor: service.blow(
            session, ticket, body.units, body.reason, actor=actor, kind=body.kind
        ),
    )


@router.post("/check-in", summary="Check in at a whistle", responses=ANSWERS)
def check_in(number: TicketNumber, body: CheckInIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number,
        lambda session, ticket, actor: service.check_in(
            session, ticket, actor=actor, unit=_own(session, actor, body.unit), note=body.note
        ),
    )


@router.post("/end", summary="End a whistle", responses=ANSWERS)
def end_whistle(number: TicketNumber, body: OutcomeIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number, lambda session, ticket, actor: service.end_whistle(session, ticket, body.outcome, actor=actor)
    )
