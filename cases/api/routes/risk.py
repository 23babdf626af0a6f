"""Risk grades and visits."""

from __future__ import annotations

from fastapi import APIRouter, Response

from cases import service
from cases.api.access import Acting, hold
from cases.api.fields import Body, Reason, Risk
from cases.api.routes.moves import ANSWERS, told
from cases.api.routes.tickets import TicketNumber
from cases.api.tickets_out import TicketDetail
from cases.api.versions import Seen
from common.db import transaction

router = APIRouter(prefix="/tickets/{number}", tags=["risk"])


class RiskIn(Body):
    """The grade a person gives."""

    grade: Risk
    reason: Reason


class VisitIn(Body):
    """What a visit found."""

    note: Reason


@router.post("/risk", summary="Change the risk grade", responses=ANSWERS)
def regrade(number: TicketNumber, body: RiskIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.regrade(session, ticket.number, body.grade, actor=caller.actor, note=body.reason)
        return told(session, ticket, caller, response)


@router.post("/visits", summary="Note a visit", responses=ANSWERS)
def visit(number: TicketNumber, body: VisitIn, caller: Acting, seen: Seen, response: Response) -> TicketDetail:
    """Scope `tickets:act`."""
    with transaction() as session:
        ticket = hold(session, caller, number, seen)
        service.visit(session, ticket.number, body.note, actor=caller.actor)
        return told(session, ticket, caller, response)
