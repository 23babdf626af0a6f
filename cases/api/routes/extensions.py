"""More time for a ticket: asking and deciding."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from cases import service
from cases.api.changing import ANSWERS, Acting
from cases.api.fields import Body, Note, Reason, Whole
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.extensions import MOST_DAYS

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
def ask_extension(number: TicketNumber, body: ExtensionIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number,
        lambda session, ticket, actor: service.ask_extension(session, ticket, body.days, body.reason, actor=actor),
    )


@router.post("/decision", summary="Grant more time, or not", responses=ANSWERS)
def decide_extension(number: TicketNumber, body: DecisionIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number,
        lambda session, ticket, actor: service.decide_extension(
            session, ticket, body.granted, actor=actor, note=body.note
        ),
    )
