"""What a subscriber is told of an event: what happened to which ticket, and nothing about any person.

Text, answers, notes, place and phone may name people, so they go along only where the subscription says so. The reporter,
the names of staff and the office's own notes never do.
"""

from __future__ import annotations

import json
from collections.abc import Set
from datetime import UTC, datetime
from typing import Any

from cases.api.steps import NOTED
from cases.model import Ticket, TicketEvent


def moment(at: datetime | None) -> str | None:
    """A time as it is sent: UTC, ISO 8601, to the second."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z") if at else None


def name(event: TicketEvent) -> str:
    """The event's name, such as ``ticket.dispatch``."""
    return f"ticket.{event.action}"


def _answers(ticket: Ticket) -> list[dict[str, str]]:
    return [
        {"question": str(a.get("question") or key), "answer": str(a["answer"])}
        for key, a in ticket.answers.items()
        if isinstance(a, dict) and a.get("answer")
    ]


def _personal(ticket: Ticket, event: TicketEvent, pieces: Set[str]) -> dict[str, Any]:
    """The pieces a subscription asks for; the phone of somebody who wants to stay unnamed is none of them."""
    found: dict[str, Any] = {}
    if "words" in pieces:
        theirs = event.role == "resident" or event.action in NOTED  # by the resident, or written for them
        found |= {"text": ticket.text, "answers": _answers(ticket), "note": event.note if theirs else None}
    if "place" in pieces:
        found |= {"place": ticket.place, "lat": ticket.lat, "lng": ticket.lng}
    if "phone" in pieces:
        found["phone"] = None if ticket.anonymous else ticket.phone
    return found


def body(ticket: Ticket, event: TicketEvent, pieces: Set[str] = frozenset()) -> bytes:
    """The JSON to send.

    Status and unit are those right after the event; all else of the ticket is as it is known now.

    Args:
        ticket: what it is about.
        event: what happened.
        pieces: of personal data, from ``wishes.PIECES``.
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
    if pieces:
        told["personal"] = _personal(ticket, event, pieces)
    return json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
