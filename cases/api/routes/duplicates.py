"""Tickets that may be one matter: what was found, and what a person decides.

Only what is stored is told: comparing tickets needs the language model, which the worker has loaded and the web does not.
"""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cases import duplicates, service, workflow
from cases.api import bounds, duplicates_out
from cases.api.access import Caller, Reading, find
from cases.api.duplicates_out import DecidedOut, DuplicateOut
from cases.api.errors import RoleMissingError, documented
from cases.api.fields import Body, Code, OneOf
from cases.api.idempotency import Answer, Sending, sends
from cases.api.routes.tickets import TicketNumber
from cases.areas import AreaTree
from cases.duplicates import SuggestionNotFoundError
from cases.model import LEVELS, DuplicateSuggestion, Ticket
from common.db import reading

router = APIRouter(tags=["duplicates"])
Deciding = Annotated[Sending, Depends(sends("tickets:act"))]
MERGED, DIFFERENT = "merged", "different"
PAGE, LONGEST_PAGE = 50, 200
_MORE = 4  # times as many are looked at, when too many of those found are not the caller's


class DuplicatesQuery(BaseModel):
    """Which of the undecided ones."""

    model_config = ConfigDict(extra="forbid")

    area: Code | None = Field(None, description="An area of any level in which one of the two lies")
    limit: int = Field(PAGE, ge=1, le=LONGEST_PAGE)


class DuplicateDecisionIn(Body):
    """What a person says."""

    decision: Annotated[str, OneOf((MERGED, DIFFERENT), "One matter: they are merged. Or two, for good")]


def _who_may_merge(caller: Caller) -> Caller:
    roles = workflow.ACTIONS["merge"].roles
    if caller.role not in roles:
        raise RoleMissingError(f"this is for keys of the roles {', '.join(roles)}; this one's is {caller.role}")
    return caller


def _pending(session: Session, caller: Caller, area: str | None, limit: int) -> list[DuplicateSuggestion]:
    """The likeliest undecided pairs that are the caller's."""
    about = area or (caller.area if caller.unit is None else None)
    node = AreaTree.of(session).nodes.get(about or "")
    if node is None or node.level == LEVELS[0]:
        about = None  # in the city lies everything
    most = limit
    while True:
        found = duplicates.pending(session, about, most)
        ids = [suggestion.id for suggestion in found]
        pairs = {p.id: p for p in session.scalars(select(DuplicateSuggestion).where(DuplicateSuggestion.id.in_(ids)))}
        own = duplicates_out.seen(session, caller, [pairs[i] for i in ids])
        if len(own) >= limit or len(found) < most:
            return own[:limit]
        most *= _MORE


@router.get(
    "/duplicates", summary="Pairs of tickets nobody has decided on, the likeliest first", responses=documented(422)
)
def list_duplicates(caller: Reading, which: Annotated[DuplicatesQuery, Query()]) -> list[DuplicateOut]:
    """Scope `tickets:read`, roles that may merge. Both tickets are the key's to see, and one is still open."""
    _who_may_merge(caller)
    with reading() as session:
        bounds.check(session, which.area)
        return duplicates_out.told(session, caller, _pending(session, caller, which.area, which.limit))


@router.post(
    "/duplicates/{identity}",
    summary="Decide whether two tickets are one matter",
    responses=documented(404, 409, 412, 413, 422),
)
def decide_duplicate(
    identity: Annotated[int, Path(ge=1, le=2**31 - 1)], body: DuplicateDecisionIn, sending: Deciding
) -> DecidedOut:
    """Scope `tickets:act`, roles that may merge. What is different is never suggested again."""
    caller, merged = _who_may_merge(sending.caller), body.decision == MERGED

    def decided(session: Session) -> Answer:
        pair = session.get(DuplicateSuggestion, identity)
        if pair is None or not _touches_own_only(session, caller, pair):
            raise SuggestionNotFoundError(f"there is no suggestion {identity} of yours")
        settled = duplicates.decide(session, identity, merged, caller.actor)
        return duplicates_out.decided(session, settled, merged).model_dump(mode="json")

    return DecidedOut.model_validate(sending.once(decided))


def _touches_own_only(session: Session, caller: Caller, pair: DuplicateSuggestion) -> bool:
    """Whether the two, and the tickets they follow since, which would be merged, are all the caller's."""
    two = [session.get_one(Ticket, i) for i in (pair.ticket_id, pair.other_id)]
    touched = {t.id for t in two} | {service.head_of(session, t).id for t in two}
    return duplicates_out.own_among(session, caller, touched) == touched


@router.get(
    "/tickets/{number}/duplicates", summary="What may be the same matter as a ticket", responses=documented(404)
)
def duplicates_of_ticket(number: TicketNumber, caller: Reading) -> list[DuplicateOut]:
    """Scope `tickets:read`, roles that may merge. The undecided and the decided ones, the likeliest first."""
    _who_may_merge(caller)
    with reading() as session:
        ticket = service.get(session, find(session, caller, number))
        pairs = session.scalars(
            select(DuplicateSuggestion)
            .where(or_(DuplicateSuggestion.ticket_id == ticket.id, DuplicateSuggestion.other_id == ticket.id))
            .order_by(DuplicateSuggestion.score.desc(), DuplicateSuggestion.id)
        ).all()
        return duplicates_out.told(session, caller, duplicates_out.seen(session, caller, pairs))
