"""Which tickets are compared with one at all: found by indexed columns, then the likeliest few by what these alone say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
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
UNPLACED_MOST = 150
SHORTLIST = 20  # tickets that are read in full
HOPE = 3.5  # log-odds: more than names, words and person together add to what columns and meaning say (2.6 in the fitted half)
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
    Ticket.closed_at,
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


def _lives(row: Row[Any], at: datetime) -> bool:
    """The same of a row."""
    lately = row.status == "closed" and row.closed_at is not None and row.closed_at >= at - CLOSED_WITHIN
    return lately or row.status in workflow.OPEN


def _searches(session: Session, ticket: Ticket, at: datetime) -> list[Select[Any]]:
    """One query for each way to be near; each is answered by one index."""
    ids, since = select(Ticket.id), at - WINDOW
    types = matters().relatives(ticket.type, ticket.category)
    alive = (Ticket.status.in_(workflow.OPEN), Ticket.created_at >= since)
    halves = (Ticket.next_due.is_not(None), Ticket.next_due.is_(None))  # a queue's two indexes, one each
    found = []
    if ticket.community:
        found += [ids.where(Ticket.community == ticket.community, half, *alive) for half in halves]
        grids = sorted(n.code for n in AreaTree.of(session).nodes.values() if n.parent == ticket.community)
        ended = or_(and_(Ticket.status == "closed", Ticket.closed_at >= at - CLOSED_WITHIN), Ticket.status == "merged")
        found.append(ids.where(Ticket.type.in_(types), Ticket.grid.in_(grids), Ticket.created_at >= since, ended))
    if ticket.street:
        near = (Ticket.street == ticket.street, Ticket.type.in_(types))
        found += [ids.where(*near, half, *alive) for half in halves]
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


@lru_cache(maxsize=4096)
def _kinds(type_: str | None, category: str, other: str | None, other_category: str) -> tuple[float, float]:
    """How long two tickets' kinds of matter last (days, the longer one), and the log-odds of their types."""
    table, of = matters(), weights().of
    lasting = max(table.kind(type_, category).days, table.kind(other, other_category).days)
    if type_ is not None and type_ == other:
        return lasting, of["same_type"]
    return lasting, of["kindred_type"] if table.kindred(type_, other) else 0.0


def _promise(ticket: Ticket, near: float, row: Row[Any], of: dict[str, float]) -> float:
    """What the columns and the nearness of the meanings alone say for a ticket, in log-odds by the weights ``of``."""
    if ticket.grid and ticket.grid == row.grid:
        where = "same_grid"
    elif ticket.community and ticket.community == row.community:
        where = "same_community"
    elif ticket.street and row.street:
        where = "same_street" if ticket.street == row.street else "elsewhere"
    else:
        where = "unclear"
    lasting, kind = _kinds(ticket.type, ticket.category, row.type, row.category)
    late = abs((ticket.created_at - row.created_at).total_seconds()) / DAY / lasting
    promise: float = of[where] + of["late"] * min(LATEST, late) + of["meaning"] * near + kind
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
    # Plain columns by way of the connection: rows that the session does not have to look after come a third faster.
    rows = session.connection().execute(_with_meaning(_BRIEF, encoder).join(near, near.c.id == Ticket.id)).all()
    promises, of = dict[int, float](), weights().of
    for row, nearness in zip(rows, _nearness(meaning, [r.vector for r in rows]), strict=True):
        head = row.merged_into or row.id
        if ticket.id not in (row.id, head):
            promises[head] = max(promises.get(head, float("-inf")), _promise(ticket, nearness, row, of))
    least = weights().floor - weights().intercept - HOPE
    hopeful = [head for head, promise in promises.items() if promise >= least]
    heads = sorted(hopeful, key=lambda h: (-promises[h], h))[:SHORTLIST]
    if not heads:
        return []
    told: dict[int, list[tuple[Row[Any], Vector | None]]] = {}
    members = _with_meaning(_FULL, encoder).where(or_(Ticket.id.in_(heads), Ticket.merged_into.in_(heads)))
    # The tickets themselves first, then what was merged into them, newest first.
    for row in session.execute(members.order_by(Ticket.merged_into.is_not(None), Ticket.id.desc())):
        if row.merged_into is None and _lives(row, at):
            told[row.id] = []
        case = told.get(row.merged_into or row.id)
        if case is not None and len(case) <= FOLLOWERS:
            case.append((row, vector(row.vector, len(meaning))))
    return [Case(head, told[head]) for head in heads if head in told]
