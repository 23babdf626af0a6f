"""Which tickets are compared with one at all: found by indexed columns, then the likeliest few by what these alone say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Row, Select, and_, or_, select, union
from sqlalchemy.orm import Session

from cases import workflow
from cases.areas import AreaTree
from cases.duplicates.features import DAY, LATEST, UNKNOWN_MEANING
from cases.duplicates.matters import matters
from cases.duplicates.meaning import STORED, vector
from cases.duplicates.reports import Vector
from cases.duplicates.scoring import weights
from cases.model import Ticket, TicketMeaning

WINDOW = timedelta(days=60)  # a ticket filed longer ago is another matter
CLOSED_WITHIN = timedelta(days=7)
# Without a place only the type narrows the search: the newest so many of the last weeks.
UNPLACED_WINDOW = timedelta(days=21)
UNPLACED_MOST = 300
SHORTLIST = 40  # tickets that are read in full
HOPE = 4.5  # log-odds: more than building, words and person together add to what columns and meaning say (3.0 in the written set)
FOLLOWERS = 5  # of a ticket, that are read besides

_BRIEF = (
    Ticket.id,
    Ticket.merged_into,
    Ticket.type,
    Ticket.category,
    Ticket.grid,
    Ticket.community,
    Ticket.street,
    Ticket.created_at,
)
_FULL = (
    *_BRIEF,
    Ticket.number,
    Ticket.text,
    Ticket.place,
    Ticket.reporter,
    Ticket.phone,
    Ticket.anonymous,
    Ticket.status,
)


@dataclass(frozen=True)
class Case:
    """A ticket that may be the same matter, and tickets merged into it, with their meanings."""

    head: int
    told: list[tuple[Row[Any], Vector | None]]


def _alive(at: datetime) -> ColumnElement[bool]:
    """Open, or closed so lately that the matter may not be over."""
    return or_(
        Ticket.status.in_(workflow.OPEN),
        and_(Ticket.status == "closed", Ticket.closed_at >= at - CLOSED_WITHIN),
    )


def _searches(session: Session, ticket: Ticket, at: datetime) -> list[Select[Any]]:
    """One query for each way to be near; each is answered by one index."""
    ids, since = select(Ticket.id), at - WINDOW
    types = matters().relatives(ticket.type, ticket.category)
    alive = (Ticket.status.in_(workflow.OPEN), Ticket.created_at >= since)
    found = []
    if ticket.community:
        found.append(ids.where(Ticket.community == ticket.community, *alive))
        grids = sorted(c for c in AreaTree.of(session).under(ticket.community) if c != ticket.community)
        ended = or_(and_(Ticket.status == "closed", Ticket.closed_at >= at - CLOSED_WITHIN), Ticket.status == "merged")
        found.append(ids.where(Ticket.type.in_(types), Ticket.grid.in_(grids), Ticket.created_at >= since, ended))
    if ticket.street:
        found.append(ids.where(Ticket.street == ticket.street, Ticket.type.in_(types), *alive))
    lost = (
        ids.where(Ticket.type.in_(types), Ticket.grid.is_(None), Ticket.created_at >= at - UNPLACED_WINDOW, _alive(at))
        .order_by(Ticket.created_at.desc())
        .limit(UNPLACED_MOST)
    )
    found.append(select(lost.subquery().c.id))
    if not ticket.community:
        anywhere = (
            ids.where(Ticket.type.in_(types), Ticket.created_at >= at - UNPLACED_WINDOW, _alive(at))
            .order_by(Ticket.created_at.desc())
            .limit(UNPLACED_MOST)
        )
        found.append(select(anywhere.subquery().c.id))
    return found


def _with_meaning(columns: tuple[Any, ...], encoder: str) -> Select[Any]:
    mine = and_(TicketMeaning.ticket_id == Ticket.id, TicketMeaning.encoder == encoder)
    return select(*columns, TicketMeaning.vector).outerjoin(TicketMeaning, mine)


def _nearness(meaning: Vector, kept: list[bytes | None]) -> list[float]:
    """How near meanings as they are kept are to one (cosine), all at once."""
    whole = [len(k or b"") == len(meaning) * STORED.itemsize for k in kept]
    table = np.frombuffer(b"".join(k for k, good in zip(kept, whole, strict=True) if k and good), dtype=STORED)
    known = iter((table.reshape(-1, len(meaning)).astype(np.float32) @ meaning).tolist())
    return [next(known) if good else UNKNOWN_MEANING for good in whole]


def _promise(ticket: Ticket, near: float, row: Row[Any]) -> float:
    """What the columns and the nearness of the meanings alone say for a ticket, in log-odds."""
    of = weights().of
    if ticket.grid and ticket.grid == row.grid:
        where = "same_grid"
    elif ticket.community and ticket.community == row.community:
        where = "same_community"
    elif ticket.street and row.street:
        where = "same_street" if ticket.street == row.street else "elsewhere"
    else:
        where = "unclear"
    table = matters()
    kind = max(table.kind(t.type, t.category).days for t in (ticket, row))
    late = abs((ticket.created_at - row.created_at).total_seconds()) / DAY / kind
    promise: float = of[where] + of["late"] * min(LATEST, late)
    promise += of["meaning"] * near
    if ticket.type is not None and ticket.type == row.type:
        promise += of["same_type"]
    elif table.kindred(ticket.type, row.type):
        promise += of["kindred_type"]
    return promise


def find(session: Session, ticket: Ticket, meaning: Vector, encoder: str, at: datetime) -> list[Case]:
    """The tickets worth comparing with one, at most ``SHORTLIST`` of them, likeliest first.

    Args:
        session: of the database.
        ticket: the one they are sought for; it and what is merged into it are never among them.
        meaning: its vector.
        encoder: the name of the encoder that made it.
        at: the moment that counts as now.
    """
    near = union(*_searches(session, ticket, at)).subquery()
    rows = session.execute(_with_meaning(_BRIEF, encoder).join(near, near.c.id == Ticket.id)).all()
    promises: dict[int, float] = {}
    for row, nearness in zip(rows, _nearness(meaning, [r.vector for r in rows]), strict=True):
        head = row.merged_into or row.id
        if ticket.id not in (row.id, head):
            promises[head] = max(promises.get(head, float("-inf")), _promise(ticket, nearness, row))
    least = weights().floor - weights().intercept - HOPE
    hopeful = [head for head, promise in promises.items() if promise >= least]
    heads = sorted(hopeful, key=lambda h: (-promises[h], h))[:SHORTLIST]
    if not heads:
        return []
    living = set(session.scalars(select(Ticket.id).where(Ticket.id.in_(heads), _alive(at))))
    told: dict[int, list[tuple[Row[Any], Vector | None]]] = {h: [] for h in heads if h in living}
    members = _with_meaning(_FULL, encoder).where(or_(Ticket.id.in_(living), Ticket.merged_into.in_(living)))
    # The ticket itself first, then what was merged into it, newest first.
    for row in session.execute(members.order_by(Ticket.merged_into.is_not(None), Ticket.id.desc())):
        case = told[row.merged_into or row.id]
        if len(case) <= FOLLOWERS:
            case.append((row, vector(row.vector, len(meaning))))
    return [Case(head, case) for head, case in told.items()]
