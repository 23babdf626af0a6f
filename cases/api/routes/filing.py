"""Filing tickets, once however often the request is sent."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from cases import numbers, service, workflow
from cases.api.access import Caller
from cases.api.errors import UnknownAreaError, documented
from cases.api.fields import Answers, Attachments, Body, Channel, Code, MatterCode, MatterText, Phone, Pin, PlaceText
from cases.api.idempotency import Answer, Sending, sends
from cases.api.versions import tag
from cases.areas import AreaTree
from cases.filing import CODE_DIGITS
from cases.service import Actor, NewTicket
from nlu.taxonomy import taxonomy

router = APIRouter(tags=["tickets"])
Filing = Annotated[Sending, Depends(sends("tickets:write"))]


class TicketIn(Body):
    """What is known of a matter."""

    text: MatterText = Field(description="In the resident's own words")
    matter: MatterCode
    channel: Channel = "api"
    place: PlaceText | None = Field(None, description="Where it is, in words; the grid follows from it when it can")
    grid: Code | None = Field(None, description="An area the matter is known to lie in")
    pin: Pin | None = None
    answers: Answers = Field(default_factory=dict, description="Answers to the follow-up questions, by their keys")
    urgent: bool = False
    needs_review: bool = Field(False, description="A person must look at it before it is dispatched")
    confidence: float | None = Field(None, ge=0, le=1, description="How sure the classification is")
    attachments: Attachments = Field(default_factory=list)
    phone: Phone | None = None
    anonymous: bool = Field(False, description="Nobody is to be told who reported it")
    mediation: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")] | None = None
    draft: bool = Field(
        False, description="Collected by a grid worker who will still verify it; `submission` reports it"
    )


class Receipt(BaseModel):
    """A filed ticket. ``code`` is told only here: with the number it lets anyone look the ticket up."""

    number: str
    spoken: str
    code: str
    version: int
    status: str
    status_name: str
    unit: str | None
    unit_name: str | None
    grid: str | None
    urgent: bool
    created_at: datetime
    verify_due: datetime | None
    feedback_due: datetime | None
    close_due: datetime | None


def _new(body: TicketIn, caller: Caller, code: str) -> NewTicket:
    known = taxonomy().has_type(body.matter)
    return NewTicket(
        text=body.text,
        category=body.matter.split(".", 1)[0],
        type=body.matter if known else None,
        channel=body.channel,
        reporter=caller.person,
        anonymous=body.anonymous,
        phone=body.phone,
        place=body.place,
        grid=body.grid,
        lat=body.pin.lat if body.pin else None,
        lng=body.pin.lng if body.pin else None,
        answers={key: answer.model_dump() for key, answer in body.answers.items()},
        urgent=body.urgent,
        needs_review=body.needs_review or not known,
        confidence=body.confidence,
        attachments=body.attachments,
        code=code,
        mediation=body.mediation,
        draft=body.draft,
    )


def check_area(session: Session, code: str | None) -> None:
    """Whether there is such an area.

    Raises:
        UnknownAreaError: there is none.
    """
    if code is not None and code not in AreaTree.of(session).nodes:
        raise UnknownAreaError(f"there is no area {code!r}")


def _file(session: Session, body: TicketIn, caller: Caller, code: str) -> Answer:
    """File it; what may be kept of the receipt."""
    check_area(session, body.grid)
    actor = Actor("resident", None if body.anonymous else caller.person) if caller.role == "resident" else caller.actor
    ticket = service.file_ticket(session, _new(body, caller, code), actor)
    session.flush()
    receipt = Receipt(
        number=ticket.number,
        spoken=numbers.spoken(ticket.number),
        code="",
        version=ticket.version,
        status=ticket.status,
        status_name=workflow.STATES[ticket.status],
        unit=ticket.unit,
        unit_name=service.unit_name(session, ticket),
        grid=ticket.grid,
        urgent=ticket.urgent,
        created_at=ticket.created_at,
        verify_due=ticket.verify_due,
        feedback_due=ticket.feedback_due,
        close_due=ticket.close_due,
    )
    return receipt.model_dump(mode="json", exclude={"code"})


_LINKS = {
    "headers": {
        "Location": {"description": "The ticket's address", "required": True, "schema": {"type": "string"}},
        "ETag": {"description": "The ticket's version", "required": True, "schema": {"type": "string"}},
    }
}


@router.post(
    "/tickets",
    status_code=201,
    summary="File a ticket",
    responses={201: _LINKS, **documented(409, 413, 422)},
)
def file_ticket(body: TicketIn, sending: Filing, response: Response) -> Receipt:
    """Scope `tickets:write`. It is placed in its grid, graded, put on the clock and dispatched when all is clear."""
    code = sending.code(CODE_DIGITS) or service.new_code()
    kept = sending.once(lambda session: _file(session, body, sending.caller, code), 201)
    response.headers["Location"] = f"tickets/{kept['number']}"
    tag(response, kept["version"])
    return Receipt.model_validate({**kept, "code": code})
