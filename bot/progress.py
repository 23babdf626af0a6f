"""Tell residents when their ticket moves. A cursor over the tickets' history says what has been told."""

from __future__ import annotations

from sqlalchemy import func, select

from bot import outbox
from bot.model import ChannelState, Conversation
from bot.words import word
from cases import numbers, workflow
from cases.model import Ticket, TicketEvent, Unit
from common.db import reading, transaction
from nlu.taxonomy import taxonomy

CURSOR = "progress:last_event"
# What happens between filing and the first dispatch is said in the same breath as the number.
TOLD = frozenset({"accept", "verify", "withdraw", "refuse", "redo"})
BATCH = 100


def tell_residents() -> int:
    """Queue a message for each new step residents should hear of. Returns how many were queued."""
    with reading() as session:
        row = session.get(ChannelState, CURSOR)
        newest = session.scalar(select(func.coalesce(func.max(TicketEvent.id), 0))) or 0
    if row is not None and int(row.value) >= newest:
        return 0
    told = 0
    with transaction() as session:
        row = session.get(ChannelState, CURSOR)
        if row is None:  # the first start: the past is not told
            session.add(ChannelState(key=CURSOR, value=str(newest)))
            return 0
        events = session.scalars(
            select(TicketEvent).where(TicketEvent.id > int(row.value)).order_by(TicketEvent.id).limit(BATCH)
        ).all()
        for event in events:
            row.value = str(event.id)
            if event.action not in TOLD and not (event.action == "dispatch" and event.role != "system"):
                continue
            ticket = session.get_one(Ticket, event.ticket_id)
            conversation = session.get(Conversation, ticket.reporter) if ticket.reporter else None
            if conversation is None:
                continue
            outbox.put(
                session,
                conversation.id,
                [_message(ticket, event, session.get(Unit, ticket.unit) if ticket.unit else None)],
            )
            told += 1
    return told


def _message(ticket: Ticket, event: TicketEvent, unit: Unit | None) -> dict[str, str]:
    matter = taxonomy().type(ticket.type).plain if ticket.type else "您反映的事"
    where = f"，在{unit.name}" if unit and event.after in ("dispatched", "handling") else ""
    note = f"说明：{event.note}。" if event.note and event.action in ("refuse", "redo", "withdraw") else ""
    return {
        "text": word(
            "progress",
            matter=matter,
            number=numbers.spoken(ticket.number),
            status=workflow.STATES[event.after or ticket.status] + where,
            note=note,
        ),
        "ticket": numbers.spoken(ticket.number),
    }
