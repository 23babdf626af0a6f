"""The history of tickets: append-only, each line's hash covers the line before it.

The hash is SHA-256 over canonical JSON of the line and the hash before; a ticket's first line continues its number.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import workflow
from cases.actor import Actor
from cases.model import HistorySeal, Ticket, TicketEvent
from common.db import now

BATCH = 500
SETTLED = timedelta(minutes=15)
# In the data of lines from before the workflow was one table (migration 0003), which stand before all others: they were
# written by the rules of then, so their order and hashes are checked, and that the states join, but not the table.
EARLIER = "earlier"


class SealError(ValueError):
    """A day cannot be sealed yet."""


def _digest(before: str, line: dict[str, Any]) -> str:
    text = json.dumps(line, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(f"{before}\n{text}".encode()).hexdigest()


def line_hash(number: str, before: str, event: TicketEvent) -> str:
    """The hash of a history line, from its ticket's number and the hash before it."""
    return _digest(
        before or number,
        {
            "seq": event.seq,
            "at": event.at.astimezone(UTC).isoformat(timespec="microseconds"),
            "role": event.role,
            "actor": event.actor,
            "action": event.action,
            "before": event.before,
            "after": event.after,
            "unit": event.unit,
            "note": event.note,
            "data": event.data,
        },
    )


def record(
    session: Session,
    ticket: Ticket,
    actor: Actor,
    action: str,
    before: str | None,
    note: str | None = None,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> TicketEvent:
    """Add a line to a ticket's history; its state now is the line's ``after``."""
    moment = at or now()
    event = TicketEvent(
        seq=ticket.events_count + 1,
        at=moment,
        role=actor.role,
        actor=actor.id,
        action=action,
        before=before,
        after=ticket.status,
        unit=ticket.unit,
        note=note,
        data=data,
    )
    event.hash = line_hash(ticket.number, ticket.head, event)
    event.ticket = ticket
    ticket.events_count, ticket.head, ticket.updated_at = event.seq, event.hash, moment
    session.add(event)
    return event


@dataclass(frozen=True)
class Flaw:
    """Something in a history that cannot be right."""

    number: str
    seq: int | None
    what: str


def _flaws(ticket: Ticket, events: list[TicketEvent]) -> Iterator[Flaw]:
    before, state, earlier = "", "", True
    for place, event in enumerate(events, 1):
        if event.seq != place:
            yield Flaw(ticket.number, event.seq, f"line {place} is missing")
            return
        if event.hash != line_hash(ticket.number, before, event):
            yield Flaw(ticket.number, event.seq, "the line was changed, or the one before it")
            return
        if (event.before or "") != state:
            yield Flaw(ticket.number, event.seq, f"it begins in '{event.before}', the line before ended in '{state}'")
        move = workflow.ACTIONS.get(event.action)
        earlier = earlier and bool((event.data or {}).get(EARLIER))
        if earlier:
            if event.after not in workflow.STATES:
                yield Flaw(ticket.number, event.seq, f"there is no state '{event.after}'")
        elif move is None or (state not in move.before and (state or move.before)) or event.role not in move.roles:
            yield Flaw(ticket.number, event.seq, f"'{event.action}' by {event.role} is not possible in '{state}'")
        elif event.after != (move.after or state):
            yield Flaw(ticket.number, event.seq, f"'{event.action}' does not lead to '{event.after}'")
        before, state = event.hash, event.after or ""
    if len(events) != ticket.events_count or before != ticket.head:
        yield Flaw(ticket.number, None, f"{ticket.events_count} lines were written, {len(events)} are there")
    elif state != ticket.status:
        yield Flaw(ticket.number, None, f"the ticket is '{ticket.status}', its history ends in '{state}'")


def verify(session: Session, number: str | None = None) -> tuple[int, list[Flaw]]:
    """Recompute the histories of all tickets, or of one.

    Returns:
        How many tickets were looked at, and every flaw found.
    """
    looked, last = 0, 0
    flaws: list[Flaw] = []
    while True:
        query = select(Ticket).where(Ticket.id > last).order_by(Ticket.id).limit(BATCH)
        tickets = list(session.scalars(query.where(Ticket.number == number) if number else query))
        if not tickets:
            return looked, [*flaws, *_seal_flaws(session)] if number is None else flaws
        last = tickets[-1].id
        lines: dict[int, list[TicketEvent]] = {t.id: [] for t in tickets}
        events = select(TicketEvent).where(TicketEvent.ticket_id.in_(lines)).order_by(TicketEvent.seq)
        for event in session.scalars(events):
            lines[event.ticket_id].append(event)
        for ticket in tickets:
            looked += 1
            flaws += _flaws(ticket, lines[ticket.id])
        session.expunge_all()


def _digest_to(session: Session, until: datetime) -> tuple[int, str]:
    """Number and digest of all lines before a moment, in the order they were written."""
    total, count = hashlib.sha256(), 0
    query = select(TicketEvent.id, TicketEvent.hash).where(TicketEvent.at < until).order_by(TicketEvent.id)
    for _, line in session.execute(query.execution_options(yield_per=5000)):
        total.update(line.encode())
        count += 1
    return count, total.hexdigest()


def seal(session: Session, day: date, zone: tzinfo) -> HistorySeal:
    """Seal the history to the end of a day; a day is sealed once. Keep the digest somewhere else, on paper if need be.

    Raises:
        SealError: the day is not over, or has been over for less than SETTLED (a line may still be on its way).
    """
    known = session.get(HistorySeal, day.isoformat())
    if known:
        return known
    until = datetime.combine(day + timedelta(days=1), time(), zone)
    if now() < until + SETTLED:
        raise SealError(f"{day} can be sealed from {until + SETTLED:%Y-%m-%d %H:%M} on, when all its lines are in")
    count, digest = _digest_to(session, until)
    made = HistorySeal(day=day.isoformat(), at=now(), until=until, events=count, digest=digest)
    session.add(made)
    session.flush()
    return made


def _seal_flaws(session: Session) -> Iterator[Flaw]:
    for known in session.scalars(select(HistorySeal).order_by(HistorySeal.day)):
        count, digest = _digest_to(session, known.until)
        if (count, digest) != (known.events, known.digest):
            what = f"lines up to {known.day} were changed: {known.events} were sealed, {count} are there"
            yield Flaw("", None, what)
