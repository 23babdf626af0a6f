"""An emergency that was announced (急) is told to whoever writes, once in a conversation."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from cases import service
from common.db import reading

SLOT = "told_emergencies"


def tell(dispatcher: CollectingDispatcher, tracker: Tracker, grid: str | None) -> list[dict[str, Any]]:
    """Tell the emergencies in force that this resident has not been told yet.

    Args:
        dispatcher: says it.
        tracker: knows what was told.
        grid: where the resident is, when that is known; otherwise all are told.

    Returns:
        The event by which it is remembered.
    """
    told = set(tracker.get_slot(SLOT) or [])
    with reading() as session:
        new = [(e.id, e.title, e.text) for e in service.in_force(session, area=grid) if e.id not in told]
    for _, title, text in new:
        dispatcher.utter_message(response="utter_emergency", title=title, text=text)
    return [SlotSet(SLOT, sorted({*told, *(i for i, _, _ in new)}))] if new else []
