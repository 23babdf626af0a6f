"""Pairs of tickets that may be one matter, as the API tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import merging
from cases.api import tickets_out
from cases.api.access import Caller, theirs
from cases.api.tickets_out import TicketOut
from cases.model import DuplicateSuggestion, Ticket


class DuplicateOut(BaseModel):
    """Two tickets that may be one matter, found by comparing what was told, where and when."""

    id: int
    at: datetime = Field(description="When it was found")
    score: float = Field(description="How likely they are one matter, 0 to 1")
    why: dict[str, str] = Field(description="The reasons in Chinese, by heading; only with `personal:read`, else empty")
    newer: TicketOut
    older: TicketOut
    decision: str | None = Field(description="merged or different; null while nobody has decided")
    decided_by: str | None
    decided_at: datetime | None


class DecidedOut(BaseModel):
    """What was decided of a pair."""

    id: int
    decision: str
    decided_by: str | None
    decided_at: datetime
    number: str | None = Field(description="Of the ticket both now belong to; null when they are different")


def own_among(session: Session, caller: Caller, tickets: Iterable[int]) -> set[int]:
    """Those of some tickets, by id, that are the caller's to see."""
    return set(session.scalars(select(Ticket.id).where(Ticket.id.in_(set(tickets)), theirs(session, caller))))


def seen(session: Session, caller: Caller, pairs: Sequence[DuplicateSuggestion]) -> list[DuplicateSuggestion]:
    """The pairs of which both tickets are the caller's to see."""
    own = own_among(session, caller, (i for pair in pairs for i in (pair.ticket_id, pair.other_id)))
    return [pair for pair in pairs if {pair.ticket_id, pair.other_id} <= own]


def told(session: Session, caller: Caller, pairs: Sequence[DuplicateSuggestion]) -> list[DuplicateOut]:
    """Pairs with their tickets."""
    ids = {i for pair in pairs for i in (pair.ticket_id, pair.other_id)}
    tickets = list(session.scalars(select(Ticket).where(Ticket.id.in_(ids))))
    shown = dict(zip((t.id for t in tickets), tickets_out.listed(session, tickets, caller), strict=True))
    return [
        DuplicateOut(
            id=pair.id,
            at=pair.at,
            score=pair.score,
            why={str(k): str(v) for k, v in pair.why.items()} if caller.told_all else {},
            newer=shown[pair.ticket_id],
            older=shown[pair.other_id],
            decision=pair.decision,
            decided_by=pair.decided_by,
            decided_at=pair.decided_at,
        )
        for pair in pairs
    ]


def decided(session: Session, pair: DuplicateSuggestion, merged: bool) -> DecidedOut:
    """A pair that was decided right now."""
    assert pair.decision is not None and pair.decided_at is not None
    head = merging.head_of(session, session.get_one(Ticket, pair.ticket_id))
    return DecidedOut(
        id=pair.id,
        decision=pair.decision,
        decided_by=pair.decided_by,
        decided_at=pair.decided_at,
        number=head.number if merged else None,
    )
