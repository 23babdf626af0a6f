"""Moving a ticket along: plain actions, corrections, additions, merging, escalation, evaluation, risk, visits."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from cases import service, workflow
from cases.api import tickets_out
from cases.api.access import Acting, Caller, Writing, find, hold
from cases.api.errors import documented
from cases.api.fields import (
    Answers,
    Attachments,
    Body,
    Channel,
    Code,
    MatterType,
    Note,
    NumberText,
    OneOf,
    Phone,
    Pin,
    PlaceText,
    Reason,
)
from cases.api.routes.filing import check_area
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.api.versions import ETAG, Seen, tag
from cases.model import Ticket
from cases.moves import PLAIN
from common.db import transaction

router = APIRouter(prefix="/tickets/{number}", tags=["handling"])
ANSWERS = {200: ETAG, **documented(404, 409, 412, 413, 422)}


class ActionIn(Body):
    """An action that needs nothing but a note, and a unit to dispatch to."""

    action: Annotated[str, OneOf(tuple(a for a in workflow.ACTIONS if a in PLAIN), "What is to be done")]
    note: Note | None = Field(None, description="The reason; some actions owe one")
    unit: Code | None = Field(None, description="Code of the unit it is dispatched to")


class CorrectionIn(Body):
    """What the matter really is."""

    type: MatterType
    urgent: bool | None = None


class InformationIn(Body):
    """What was learnt after filing."""

    place: PlaceText | None = None
    grid: Code | None = None
    pin: Pin | None = None
    answers: Answers = Field(default_factory=dict)
    note: Note | None = None
    attachments: Attachments = Field(default_factory=list)
    anonymous: bool | None = None
    phone: Phone | None = None
    mediation: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,16}$")] | None = None


class MergeIn(Body):
    """The ticket it is to follow."""

    into: NumberText = Field(description="Its number in any spelling")


class ReasonIn(Body):
    """Why."""

    reason: Reason


class EvaluationIn(Body):
    """What the resident thinks of the outcome."""

    score: Annotated[str, OneOf(tuple(service.SCORES), "The resident's word")]
    reason: Note | None = Field(None, description="Owed when unsatisfied")
    channel: Channel = "api"


def told(session: Session, ticket: Ticket, caller: Caller, response: Response) -> TicketDetail:
    """The ticket as it is now, with its version."""
    session.flush()
    tag(response, ticket)
    return tickets_out.detail(session, ticket, caller)


@router.post("/actions", summary="Do one of the plain actions", responses=ANSWERS)
def act(number: TicketNumber, body: ActionIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`. What is possible in which state by whom is one table: ask `possible`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        actor = caller.acting_on(ticket)
        service.act(session, ticket.number, body.action, actor=actor, note=body.note, unit=body.unit)
        return told(session, ticket, caller, response)


@router.post("/corrections", summary="Say what the matter really is", responses=ANSWERS)
def correct(number: TicketNumber, body: CorrectionIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`. Nobody working on it yet, it goes to the unit this now belongs to."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.correct(session, ticket.number, body.type, actor=caller.acting_on(ticket), urgent=body.urgent)
        return told(session, ticket, caller, response)


@router.post("/information", summary="Add what was learnt after filing", responses=ANSWERS)
def add(number: TicketNumber, body: InformationIn, caller: Writing, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:write`."""
    with transaction() as session:
        check_area(session, body.grid)
        ticket = hold(session, caller, number, seen)
        service.add_information(
            session,
            ticket.number,
            actor=caller.acting_on(ticket),
            place=body.place,
            grid=body.grid,
            lat=body.pin.lat if body.pin else None,
            lng=body.pin.lng if body.pin else None,
            answers={key: answer.model_dump() for key, answer in body.answers.items()},
            note=body.note,
            attachments=body.attachments,
            anonymous=body.anonymous,
            phone=body.phone,
            mediation=body.mediation,
        )
        return told(session, ticket, caller, response)


@router.post("/merge", summary="Let it follow another ticket of the same matter", responses=ANSWERS)
def merge(number: TicketNumber, body: MergeIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`. Both must be the key's to see. The answer is the ticket that follows."""
    with transaction() as session:
        own, into = find(session, caller, number), find(session, caller, body.into)
        service.merge(session, own, into, actor=caller.actor, version=seen)
        return told(session, service.get(session, own), caller, response)


@router.post("/escalation", summary="Raise it one level", responses=ANSWERS)
def escalate(number: TicketNumber, body: ReasonIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.escalate(session, ticket.number, body.reason, actor=caller.actor)
        return told(session, ticket, caller, response)


@router.post("/evaluation", summary="Take the resident's word on the outcome", responses=ANSWERS)
def evaluate(number: TicketNumber, body: EvaluationIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`. The first bad word has it handled again, the second goes to a supervisor."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        actor = caller.acting_on(ticket)
        service.evaluate(session, ticket.number, body.score, actor=actor, channel=body.channel, reason=body.reason)
        return told(session, ticket, caller, response)
