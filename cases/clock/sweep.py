"""Looking for due times that are near or past, and writing them into the tickets' histories, each once."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import ColumnElement, and_, case, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from cases import workflow
from cases.actor import SYSTEM
from cases.clock.dues import DUES, unmarked
from cases.clock.time import working_time
from cases.history import record
from cases.model import Ticket

BATCH = 200
_READ_AT_ONCE = 500
_CLOCK = (
    Ticket.id,
    Ticket.status,
    Ticket.created_at,
    Ticket.urgent,
    Ticket.verify_due,
    Ticket.verified_at,
    Ticket.feedback_due,
    Ticket.feedback_at,
    Ticket.close_due,
    Ticket.finished_at,
    Ticket.warned,
    Ticket.overdue,
)


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    return words


def _before(name: str, *marks: InstrumentedAttribute[str | None]) -> ColumnElement[bool]:
    """That every mark still stands before the due time of that name."""
    earlier = DUES[: DUES.index(name)]
    return and_(*(or_(mark.is_(None), mark.in_(earlier)) if earlier else mark.is_(None) for mark in marks))


def _first_unmarked(*marks: InstrumentedAttribute[str | None]) -> ColumnElement[Any]:
    """The nearest open due time that is not marked yet, None when all are."""
    return case(
        (and_(Ticket.verified_at.is_(None), _before("verify", *marks)), Ticket.verify_due),
        (and_(Ticket.feedback_at.is_(None), _before("feedback", *marks)), Ticket.feedback_due),
        (_before("close", *marks), Ticket.close_due),
    )


def _due(session: Session, at: datetime, batch: int) -> list[int]:
    """Tickets of which something is to be written, nearest first.

    The database knows no working time, so all that comes due within the next working day is looked at.
    """
    horizon = working_time().add(at, working_time().hours.length)
    late = _first_unmarked(Ticket.overdue) < at
    near = _first_unmarked(Ticket.overdue, Ticket.warned) <= horizon
    query = select(*_CLOCK).where(Ticket.next_due <= horizon, or_(late, near)).order_by(Ticket.next_due, Ticket.id)
    found: list[int] = []
    row: Any
    rows = session.execute(query, execution_options={"yield_per": _READ_AT_ONCE})
    for row in rows:
        if row.status in workflow.OPEN and any(unmarked(row, at)):
            found.append(row.id)
            if len(found) == batch:
                break
    rows.close()
    return found


def _write(session: Session, ticket: Ticket, action: str, name: str, due: datetime, at: datetime) -> None:
    words = _words()
    local = due.astimezone(working_time().zone)
    note = words[action].format(due=words["names"][name], at=f"{local:%Y-%m-%d %H:%M}")
    workflow.next_state(action, ticket.status, SYSTEM.role, note)
    if action == "miss":
        ticket.overdue = name
    else:
        ticket.warned = name
    data = {"due": name, "at": due.astimezone(UTC).isoformat()}
    record(session, ticket, SYSTEM, action, ticket.status, note, data, at)


def sweep(session: Session, at: datetime, batch: int = BATCH) -> tuple[int, int]:
    """Warn of due times that are near, and mark those that are missed; each due time once.

    A due time that is first seen when it is past is only marked as missed. Call it again until it returns (0, 0).
    Tickets that somebody else is changing at the moment are left for the next time.

    Args:
        session: of the database; the caller commits.
        at: the moment to judge by.
        batch: at most so many tickets are changed.

    Returns:
        How many warnings and how many misses were written.
    """
    found = _due(session, at, batch)
    query = select(Ticket).where(Ticket.id.in_(found)).order_by(Ticket.next_due, Ticket.id)
    query = query.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    written = {"warn": 0, "miss": 0}
    for ticket in session.scalars(query).all() if found else ():
        if ticket.next_due is None or ticket.status not in workflow.OPEN:
            continue  # somebody suspended or ended it since it was found
        for action, name, due in list(unmarked(ticket, at)):
            _write(session, ticket, action, name, due, at)
            written[action] += 1
    session.flush()
    return written["warn"], written["miss"]
