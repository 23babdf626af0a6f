"""More time for a ticket: asking and deciding."""

from __future__ import annotations

from fastapi import APIRouter, Response
from pydantic import Field

from cases import service
from cases.api.access import Acting, hold
from cases.api.fields import Body, Note, Reason, Whole
from cases.api.routes.moves import ANSWERS, told
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.api.versions import Seen
from cases.extensions import MOST_DAYS
from common.db import transaction

router = APIRouter(prefix="/tickets/{number}/extension", tags=["handling"])


class ExtensionIn(Body):
    """A request for more time."""

    days: Whole = Field(ge=1, le=MOST_DAYS, description="Working days")
    reason: Reason


class DecisionIn(Body):
    """What is decided on the open request."""

    granted: bool
    note: Note | None = Field(None, description="The reason; owed when it is not granted")


@router.post("", summary="Ask for more time", responses=ANSWERS)
def ask_extension(
    number: TicketNumber, body: ExtensionIn, caller: Acting, seen: Seen, response: Response
) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.ask_extension(session, ticket.number, body.days, body.reason, actor=caller.actor)
        return told(session, ticket, caller, response)


@router.post("/decision", summary="Grant more time, or not", responses=ANSWERS)
def decide_extension(
    number: TicketNumber, body: DecisionIn, caller: Acting, seen: Seen, response: Response
) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.decide_extension(session, ticket.number, body.granted, actor=caller.actor, note=body.note)
        return told(session, ticket, caller, response)
