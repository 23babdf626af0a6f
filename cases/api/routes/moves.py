"""Moving a ticket along: plain actions, drafts, corrections, additions, merging, escalation, evaluation."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from sqlalchemy.orm import Session

from cases import numbers, service, workflow
from cases.api.changing import ANSWERS, Acting, Adding
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
from cases.moves import PLAIN
from cases.service import Actor

router = APIRouter(prefix="/tickets/{number}", tags=["handling"])


class ActionIn(Body):
    """An action that needs nothing but a note, and a unit to dispatch to."""

    action: Annotated[str, OneOf(tuple(a for a in workflow.ACTIONS if a in PLAIN), "What is to be done")]
    note: Note | None = Field(None, description="The reason; some actions owe one")
    unit: Code | None = Field(None, description="Code of the unit it is dispatched to")


class NoteIn(Body):
    """A note, when there is something to say."""

    note: Note | None = None


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


@router.post("/actions", summary="Do one of the plain actions", responses=ANSWERS)
def act(number: TicketNumber, body: ActionIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. What is possible in which state by whom is one table: ask `possible`."""
    return change.run(
        number,
        lambda session, ticket, actor: service.act(
            session, ticket, body.action, actor=actor, note=body.note, unit=body.unit
        ),
    )


@router.post("/submission", summary="Report a draft that was verified", responses=ANSWERS)
def submit(number: TicketNumber, body: NoteIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. Its clock starts, and it is dispatched when all is clear."""
    return change.run(
        number, lambda session, ticket, actor: service.submit(session, ticket, actor=actor, note=body.note)
    )


@router.post("/corrections", summary="Say what the matter really is", responses=ANSWERS)
def correct(number: TicketNumber, body: CorrectionIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. Nobody working on it yet, it goes to the unit this now belongs to."""
    return change.run(
        number,
        lambda session, ticket, actor: service.correct(session, ticket, body.type, actor=actor, urgent=body.urgent),
    )


@router.post("/information", summary="Add what was learnt after filing", responses=ANSWERS)
def add(number: TicketNumber, body: InformationIn, change: Adding) -> TicketDetail:
    """Scope `tickets:write`."""

    def added(session: Session, ticket: str, actor: Actor) -> None:
        check_area(session, body.grid)
        service.add_information(
            session,
            ticket,
            actor=actor,
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

    return change.run(number, added)


@router.post("/merge", summary="Let it follow another ticket of the same matter", responses=ANSWERS)
def merge(number: TicketNumber, body: MergeIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. Both must be the key's to see. The answer is the ticket that follows."""
    return change.run(
        number,
        lambda session, ticket, actor: service.merge(session, ticket, numbers.required(body.into), actor=actor),
        other=body.into,
    )


@router.post("/escalation", summary="Raise it one level", responses=ANSWERS)
def escalate(number: TicketNumber, body: ReasonIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number, lambda session, ticket, actor: service.escalate(session, ticket, body.reason, actor=actor)
    )


@router.post("/evaluation", summary="Take the resident's word on the outcome", responses=ANSWERS)
def evaluate(number: TicketNumber, body: EvaluationIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`. The first bad word has it handled again, the second goes to a supervisor; the word of one
    whose report was merged into another counts as much."""
    return change.run(
        number,
        lambda session, ticket, actor: service.evaluate(
            session, ticket, body.score, actor=actor, channel=body.channel, reason=body.reason
        ),
    )
