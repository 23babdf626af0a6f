"""Announced emergencies (急)."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from cases import service
from cases.api.access import Caller, needs
from cases.api.errors import EmergencyNotFoundError, documented
from cases.api.fields import SOME_TEXT, Body, Code, MatterCode, Moment
from cases.api.idempotency import Answer, Sending, sends
from cases.api.routes.city import Known
from cases.model import Emergency
from common.db import reading, transaction

router = APIRouter(prefix="/emergencies", tags=["emergencies"])
Announcing = Annotated[Sending, Depends(sends("emergencies:write"))]
Ending = Annotated[Caller, Depends(needs("emergencies:write"))]
LONGEST_TITLE = 80


class EmergencyIn(Body):
    """An announcement."""

    title: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_TITLE, pattern=SOME_TEXT)]
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=SOME_TEXT)] = Field(
        description="What residents are told when they write"
    )
    areas: list[Code] = Field(min_length=1, max_length=100, description="Where it holds; everything under them too")
    matters: list[MatterCode] = Field(
        [], max_length=100, description="Categories and matter types that are urgent meanwhile"
    )
    until: Moment = Field(description="When it ends by itself; at most 60 days after it began")
    since: Moment | None = Field(None, description="By default now")
    unit: Code | None = Field(None, description="The unit that takes these matters meanwhile")


class EmergencyOut(BaseModel):
    """An announced emergency."""

    id: int
    title: str
    text: str
    areas: list[str]
    matters: list[str]
    unit: str | None
    since: datetime
    until: datetime
    announced_by: str
    ended_at: datetime | None


def _out(made: Emergency) -> EmergencyOut:
    return EmergencyOut(**{name: getattr(made, name) for name in EmergencyOut.model_fields})


@router.get("", summary="Emergencies in force", responses=documented())
def list_emergencies(caller: Known) -> list[EmergencyOut]:
    """Scope `catalogue:read`. The newest first."""
    with reading() as session:
        return [_out(e) for e in service.in_force(session)]


@router.post("", status_code=201, summary="Announce an emergency", responses=documented(409, 413, 422))
def announce(body: EmergencyIn, sending: Announcing) -> EmergencyOut:
    """Scope `emergencies:write`. Everything wrong with it is listed under `problems`."""

    def announced(session: Session) -> Answer:
        made = service.announce(
            session,
            title=body.title,
            text=body.text,
            areas=list(dict.fromkeys(body.areas)),
            matters=list(dict.fromkeys(body.matters)),
            until=body.until,
            by=sending.caller.by,
            unit=body.unit,
            since=body.since,
        )
        return _out(made).model_dump(mode="json")

    return EmergencyOut.model_validate(sending.once(announced, 201))


@router.delete("/{identity}", summary="End an emergency before its time", responses=documented(404))
def end_emergency(identity: Annotated[int, Path(ge=1, le=2**31 - 1)], caller: Ending) -> EmergencyOut:
    """Scope `emergencies:write`."""
    with transaction() as session:
        try:
            return _out(service.end_emergency(session, identity, by=caller.by))
        except LookupError as error:
            raise EmergencyNotFoundError(str(error)) from error
