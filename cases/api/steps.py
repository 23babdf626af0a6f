"""What residents are told of a ticket's history: the steps that are theirs to hear, in their words."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from pydantic import BaseModel

from cases.api import words
from cases.model import TicketEvent

# Notes on these are written for the resident; on the others they are the office's own.
NOTED = frozenset({"feedback", "suspend", "finish", "refuse", "redo", "withdraw"})


class StepOut(BaseModel):
    """A step of a ticket, as residents are told."""

    at: datetime
    action: str
    said: str
    note: str | None


def told(events: Iterable[TicketEvent], units: dict[str, str]) -> list[StepOut]:
    """The steps among ``events``; ``units`` are names by code."""
    return [
        StepOut(at=e.at, action=e.action, said=said, note=e.note if e.action in NOTED else None)
        for e in events
        if (said := words.step(e.action, units.get(e.unit or ""))) is not None
    ]
