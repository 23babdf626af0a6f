"""Slow mode, said again, bigger, read aloud, with somebody of the family; and a warning when a message sounds like a fraud in
progress."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import words
from actions.legal.guides import link, say_link
from actions.legal.telling import ask_which, pending
from actions.offers import Events, Offer
from actions.turn import EVENT_PREFIX, Turn
from common.db import reading
from knowledge.guiding import kept

FRAUD_GUIDE = "think-i-was-cheated"


class FraudWarning(Action):
    """What was said sounds like a fraud in progress: stop first, then call, then everything else."""

    def name(self) -> str:
        return "action_fraud_warning"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        dispatcher.utter_message(response="utter_fraud_now")
        if tracker.get_slot("intake") or tracker.get_slot("guide"):
            return []
        options: list[Offer] = [
            {"say": "一步一步问我，该做什么", "do": "guide", "guide": FRAUD_GUIDE, "yes": True},
            {"say": "登记下来，报给网格和派出所", "do": "report"},
        ]
        return [SlotSet("pending", pending(turn)), *ask_which(dispatcher, options)]


def _said_before(tracker: Tracker) -> list[str]:
    """What the assistant said last, before this message."""
    said: list[str] = []
    users = 0
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            users += 1
            if users > 1 and said:
                break
        elif event.get("event") == "bot" and users == 1 and event.get("text"):
            said.insert(0, str(event["text"]))
    return said


class HelpReading(Action):
    """Slower, as before, again, bigger, aloud, with somebody of the family."""

    def name(self) -> str:
        return "action_help_reading"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        wish = turn.act.removeprefix(EVENT_PREFIX)
        if wish == "help_reading":
            signals = turn.reading.get("signals") or {}
            wish = next((n for n in ("slower", "normal", "bigger", "aloud", "family") if n in signals), "repeat")
        events: Events = getattr(self, f"_{wish}")(dispatcher, tracker, turn)
        return events

    def _slower(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        dispatcher.utter_message(response="utter_slow_on", json_message={"slow": True})
        return [SlotSet("slow_offered", True)]

    def _normal(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        dispatcher.utter_message(response="utter_slow_off", json_message={"slow": False})
        return []

    def _repeat(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        said = [] if tracker.active_loop.get("name") else _said_before(tracker)
        for text in said:
            dispatcher.utter_message(text=text)
        if not said and not tracker.active_loop.get("name"):
            dispatcher.utter_message(response="utter_nothing_to_repeat", **words.city())
        elif not turn.meta.get("slow") and not tracker.get_slot("slow_offered"):
            dispatcher.utter_message(response="utter_slow_offer")
            return [SlotSet("slow_offered", True)]
        return []

    def _bigger(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        here = turn.meta.get("channel")
        response = f"utter_bigger_{here}" if here in ("web", "wechat") else "utter_bigger"
        dispatcher.utter_message(response=response, json_message={"bigger": True})
        return []

    def _aloud(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        said = _said_before(tracker)
        if not said:
            dispatcher.utter_message(response="utter_nothing_to_repeat", **words.city())
            return []
        dispatcher.utter_message(response="utter_aloud", json_message={"aloud": "\n".join(said)})
        return []

    def _family(self, dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> Events:
        with reading() as session:
            row = kept.latest(session, tracker.sender_id)
            token = row.id if row else None
        if token:
            say_link(dispatcher, token)
        elif address := link(""):
            dispatcher.utter_message(response="utter_family_page", link=address)
        else:
            dispatcher.utter_message(response="utter_guide_no_link", **words.city())
        return []
