"""What happens by itself: due times warned of and missed, whistles raised, silent evaluations closed, days sealed.

One call of :func:`round_of_duty` does what is due now, in short transactions; whoever runs the backend calls it about
once a minute. Several may: on PostgreSQL one holds a lock, on SQLite there is one writer.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cases import evaluations, history, risk, whistles
from cases.clock import sweep as clock
from cases.model import HistorySeal, TicketEvent
from common.db import now, transaction
from common.settings import settings

MOST_BATCHES = 50  # of one kind in a round, so that the others get their turn
LOCK = "xiaoge duty"
OVERLAP = timedelta(minutes=1)  # transactions of the last round that ended after it


@dataclass(frozen=True)
class Done:
    """What a round did."""

    warned: int = 0
    missed: int = 0
    raised: int = 0
    lapsed: int = 0
    graded: int = 0
    sealed: str | None = None


def _locked(session: Session) -> bool:
    """Whether this process may do its duty now; the lock ends with the transaction."""
    if session.connection().dialect.name != "postgresql":
        return True
    return bool(session.scalar(text("SELECT pg_try_advisory_xact_lock(hashtext(:name))"), {"name": LOCK}))


def _batches(step: Callable[[Session], tuple[int, int]]) -> tuple[int, int]:
    """Repeat a step, each time in a transaction of its own, until it finds nothing more."""
    first = second = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            done = step(session) if _locked(session) else (0, 0)
        first, second = first + done[0], second + done[1]
        if not any(done):
            break
    return first, second


def _seal(at: datetime) -> str | None:
    """Seal yesterday, unless it is sealed, or nothing has ever happened."""
    zone = ZoneInfo(settings().timezone)
    day = at.astimezone(zone).date() - timedelta(days=1)
    if at < datetime(day.year, day.month, day.day, tzinfo=zone) + timedelta(days=1) + history.SETTLED:
        return None
    with transaction() as session:
        if session.get(HistorySeal, day.isoformat()) or not session.scalar(select(func.max(TicketEvent.id))):
            return None
        return history.seal(session, day, zone).day if _locked(session) else None


def round_of_duty(at: datetime | None = None, since: datetime | None = None) -> Done:
    """Do what is due at a moment.

    Args:
        at: the moment; by default now.
        since: when the last round was, so that risk is graded anew for what happened after it; by default a day before.
    """
    moment = at or now()
    back = (since or moment - timedelta(days=1)) - OVERLAP
    warned, missed = _batches(lambda session: clock.sweep(session, moment, clock.BATCH))
    late, raised = _batches(lambda session: whistles.sweep(session, moment))
    lapsed, _ = _batches(lambda session: (evaluations.lapse(session, moment), 0))
    graded, _ = _batches(lambda session: (risk.catch_up(session, back, moment), 0))
    return Done(warned, missed + late, raised, lapsed, graded, _seal(moment))
