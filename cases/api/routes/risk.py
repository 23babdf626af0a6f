"""Risk grades and visits."""

from __future__ import annotations

from fastapi import APIRouter

from cases import service
from cases.api.changing import ANSWERS, Acting
from cases.api.fields import Body, Reason, Risk
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail

router = APIRouter(prefix="/tickets/{number}", tags=["risk"])


class RiskIn(Body):
    """The grade a person gives."""

    grade: Risk
    reason: Reason


class VisitIn(Body):
    """What a visit found."""

    note: Reason


@router.post("/risk", summary="Change the risk grade", responses=ANSWERS)
def regrade(number: TicketNumber, body: RiskIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(
        number,
        lambda session, ticket, actor: service.regrade(session, ticket, body.grade, actor=actor, note=body.reason),
    )


@router.post("/visits", summary="Note a visit", responses=ANSWERS)
def visit(number: TicketNumber, body: VisitIn, change: Acting) -> TicketDetail:
    """Scope `tickets:act`."""
    return change.run(number, lambda session, ticket, actor: service.visit(session, ticket, body.note, actor=actor))
