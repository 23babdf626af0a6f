"""Looking a ticket up by its number and the code told at filing; needs no key."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.orm import Session

from cases import numbers, service, workflow
from cases.api.access import address_of
from cases.api.errors import LookupFailedError, documented
from cases.api.fields import ANY_TEXT, NumberText
from cases.api.names import unit_names
from cases.api.rates import Rates, TooManyError
from cases.api.steps import StepOut, told
from cases.model import Ticket
from common.db import reading
from nlu.taxonomy import taxonomy

router = APIRouter(tags=["look-up"])


class LookupQuery(BaseModel):
    """What was told at filing."""

    model_config = ConfigDict(extra="forbid")

    number: NumberText = Field(description="In any spelling")
    code: str = Field(min_length=1, max_length=20, pattern=ANY_TEXT)


class LookupOut(BaseModel):
    """How a ticket stands, as its reporter is told. Names nobody."""

    number: str
    spoken: str
    matter: str = Field(description="What it is about, in plain words")
    filed_at: datetime
    changed_at: datetime
    status: str
    status_name: str
    step: str
    unit_name: str | None
    closed_at: datetime | None
    outcome_of: str | None = Field(description="Number of the ticket it was merged into, whose outcome counts")
    outcome_status: str | None = Field(description="How that one stands")
    outcome_status_name: str | None
    steps: list[StepOut]


def _reserve(rates: Rates, number: str | None, address: str) -> None:
    """Count a try before it is made, so that many at once do not slip through."""
    rates.lookers.take(address)
    if number is None:  # a slip of the finger: nobody's number
        return
    try:
        rates.numbers.take(number)
    except TooManyError:
        rates.lookers.give_back(address)
        raise


def _out(session: Session, ticket: Ticket) -> LookupOut:
    units = unit_names(session, [ticket.unit, *(e.unit for e in ticket.events)])
    head = service.head_of(session, ticket)
    return LookupOut(
        number=ticket.number,
        spoken=numbers.spoken(ticket.number),
        matter=taxonomy().type(ticket.type).plain if ticket.type else taxonomy().category(ticket.category).short,
        filed_at=ticket.created_at,
        changed_at=ticket.updated_at,
        status=ticket.status,
        status_name=workflow.STATES[ticket.status],
        step=workflow.STEPS[ticket.status],
        unit_name=units.get(ticket.unit or ""),
        closed_at=ticket.closed_at,
        outcome_of=head.number if head is not ticket else None,
        outcome_status=head.status if head is not ticket else None,
        outcome_status_name=workflow.STATES[head.status] if head is not ticket else None,
        steps=told(ticket.events, units),
    )


@router.get("/lookup", summary="How a ticket stands, by number and code", responses=documented(404, without=(401, 403)))
def look_up(request: Request, which: Annotated[LookupQuery, Query()]) -> LookupOut:
    """Needs no key. 10 failed tries an hour for a number, 30 for an address."""
    rates: Rates = request.app.state.rates
    number, address = numbers.parse(which.number), address_of(request)
    _reserve(rates, number, address)
    with reading() as session:
        ticket = service.look_up(session, number, which.code) if number else None
        if ticket is None:
            raise LookupFailedError("no ticket has this number and this code")
        rates.numbers.give_back(ticket.number)
        rates.lookers.give_back(address)
        return _out(session, ticket)
