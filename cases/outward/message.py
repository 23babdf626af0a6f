"""What a subscriber is told of an event: what happened to which ticket, and nothing about any person.

No text, place, phone, reporter, name of staff, answer or note is sent, as each may name a person; a subscriber that may
know more asks the API for the ticket.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from cases.model import Ticket, TicketEvent


def moment(at: datetime | None) -> str | None:
    """A time as it is sent: UTC, ISO 8601, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def name(event: TicketEvent) -> str:
    """The event's name, such as ``ticket.dispatch``."""
    return f"ticket.{event.action}"


def body(ticket: Ticket, event: TicketEvent) -> bytes:
    """The JSON to send.

    Status and unit are those right after the event; what the ticket is and where are as they are known now.
    """
    told: dict[str, Any] = {
        "id": event.id,
        "type": name(event),
        "created_at": moment(event.at),
        "ticket": {
            "number": ticket.number,
            "status": event.after,
            "unit": event.unit,
            "category": ticket.category,
            "type": ticket.type,
            "county": ticket.county,
            "street": ticket.street,
            "community": ticket.community,
            "grid": ticket.grid,
            "urgent": ticket.urgent,
            "supervised": ticket.supervised,
            "channel": ticket.channel,
            "created_at": moment(ticket.created_at),
            "close_due": moment(ticket.close_due),
        },
        "event": {
            "seq": event.seq,
            "action": event.action,
            "before": event.before,
            "after": event.after,
            "role": event.role,
            "at": moment(event.at),
        },
    }
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
