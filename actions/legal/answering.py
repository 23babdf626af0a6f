"""Answering a legal question in the chat: from the knowledge base, or honestly not at all."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import offers, words
from actions.legal.telling import answer, known, pending, suggest
from actions.noticing import noticing
from actions.offers import Events
from actions.turn import Turn


class Legal(Action):
    """A legal question: answered from the knowledge base; what it does not hold goes to the people whose job it is."""

    def name(self) -> str:
        return "action_legal"

    @noticing
    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        found = known(turn.text)
        if found.answered:
            return answer(dispatcher, tracker, turn, found)
        if found.suggested and not tracker.get_slot("intake"):
            return [SlotSet("pending", pending(turn)), *suggest(dispatcher, found)]
        if tracker.get_slot("intake"):
            dispatcher.utter_message(response="utter_legal_unknown_short", **words.city())
            return []
        dispatcher.utter_message(response="utter_legal", **words.city())
        return [SlotSet("pending", pending(turn))]
