"""What could not be delivered to a subscriber: the list, leaving one out, sending again."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers
from cases.api import subscriptions
from cases.api.errors import documented
from cases.api.fields import Body, NumberText, RowId
from cases.api.idempotency import Answer
from cases.api.subscriptions import Changing, HookId, Managing
from cases.model import Delivery
from cases.outward import dead_letters
from cases.outward.dead_letters import DeadLetter
from cases.outward.webhooks import WebhookError
from common.db import reading, transaction

router = APIRouter(prefix="/webhooks/{identity}", tags=["webhooks"])
MOST = 100
# Which names there are in the city's own network, and what they stand for, is not the subscriber's to know.
_INSIDE = re.compile(r" is [0-9A-Fa-f.:%]+: |does not resolve")
_HIDDEN = "the address does not resolve, or may not be spoken to"


class DeadLetterOut(BaseModel):
    """A delivery that was given up."""

    id: int
    number: str = Field(description="Of the ticket")
    seq: int = Field(description="Which line of its history")
    action: str
    at: datetime = Field(description="When it happened")
    attempts: int
    error: str | None = Field(description="What went wrong the last time")
    behind: int = Field(description="Later ones of the same ticket that wait behind it")


class ReplayIn(Body):
    """What to send again. Nothing given: all that is dead or waits for its next try."""

    deliveries: list[RowId] | None = Field(None, max_length=MOST, description="Only these, by id")
    ticket: NumberText | None = Field(None, description="Only those of this ticket")
    delivered: bool = Field(False, description="Also what arrived or was left out, for a receiver that lost its data")


class ReplayOut(BaseModel):
    """How many deliveries will be sent again."""

    deliveries: int


def _out(letter: DeadLetter) -> DeadLetterOut:
    error = _HIDDEN if letter.error and _INSIDE.search(letter.error) else letter.error
    plain = {name: getattr(letter, name) for name in DeadLetterOut.model_fields}
    return DeadLetterOut(**{**plain, "error": error})


@router.get("/dead-letters", summary="Deliveries that were given up", responses=documented(404))
def list_dead_letters(identity: HookId, caller: Managing) -> list[DeadLetterOut]:
    """Scope `webhooks:manage`. The oldest hundred. Each holds back the later ones of its ticket."""
    with reading() as session:
        found = dead_letters.dead(session, subscriptions.check(session, caller, identity), MOST)
        return [_out(letter) for letter in found]


@router.delete("/dead-letters/{delivery}", summary="Leave a delivery out for good", responses=documented(404, 409))
def skip_delivery(
    identity: HookId, delivery: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: Managing
) -> list[DeadLetterOut]:
    """Scope `webhooks:manage`. The later ones of its ticket follow. The answer is what is left."""
    with transaction() as session:
        own = subscriptions.check(session, caller, identity)
        _check(session, own, [delivery])
        dead_letters.skip(session, delivery, by=caller.by)
        return [_out(letter) for letter in dead_letters.dead(session, own, MOST)]


@router.post("/replay", summary="Send again what was not delivered", responses=documented(404, 409, 413))
def replay(identity: HookId, body: ReplayIn, sending: Changing) -> ReplayOut:
    """Scope `webhooks:manage`. At once and with all tries."""

    def replayed(session: Session) -> Answer:
        own = subscriptions.check(session, sending.caller, identity)
        if body.deliveries is not None:
            _check(session, own, body.deliveries)
        count = dead_letters.replay(
            session,
            by=sending.caller.by,
            ids=body.deliveries,
            ticket=numbers.required(body.ticket) if body.ticket is not None else None,
            webhook=own,
            delivered=body.delivered,
        )
        return {"deliveries": count}

    return ReplayOut.model_validate(sending.once(replayed))


def _check(session: Session, hook: int, deliveries: list[int]) -> None:
    query = select(Delivery.id).where(
        Delivery.id.in_(deliveries), Delivery.webhook_id == hook, Delivery.state != "mark"
    )
    if missing := sorted(set(deliveries) - set(session.scalars(query))):
        raise WebhookError(f"this webhook has no delivery {', '.join(map(str, missing))}")
