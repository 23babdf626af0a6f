"""Noticing who finds it hard: says so, dictates, asks to have it said again. They are offered slow mode, once."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.turn import EVENT_PREFIX, Turn

Events = list[dict[str, Any]]
Run = Callable[[Any, CollectingDispatcher, Tracker, dict[str, Any]], Events]


def _needs_time(turn: Turn) -> bool:
    """Somebody who says they are old or cannot see well, dictates, or asks to have it said again."""
    signals = turn.reading.get("signals") or {}
    return "elderly" in signals or bool(turn.meta.get("voice")) or turn.act == f"{EVENT_PREFIX}repeat"


def noticing(run: Run) -> Run:
    """Decorate an action's ``run``: whoever seems to find it hard is offered slow mode, once."""

    @wraps(run)
    def noticed(self: Action, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        offered = bool(turn.meta.get("slow") or tracker.get_slot("slow_offered"))
        events = run(self, dispatcher, tracker, domain)
        if offered or not _needs_time(turn):
            return events
        dispatcher.utter_message(response="utter_slow_offer")
        return [*events, SlotSet("slow_offered", True)]

    return noticed
