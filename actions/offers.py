"""What the resident was offered last, to be picked by its number or its words with the very next message.

An offer lives for one message: whoever goes on to something else has declined it. Small courtesies in between do not count.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions.intake.interpret import choice
from actions.turn import Turn

Events = list[dict[str, Any]]
Offer = dict[str, Any]  # say: the words, do: which taker, yes: a plain yes takes it, and what the taker needs
Taker = Callable[[CollectingDispatcher, Tracker, Offer], Events]
AFFIRMED = 0.6
REPORT = ("报", "报上去", "帮我报")  # promised words, whatever else was offered
LONGEST_PICK = 16  # characters; a longer message says something of its own
_TAKERS: dict[str, Taker] = {}


def taker(name: str) -> Callable[[Taker], Taker]:
    """Register what happens when an offer with ``do: name`` is taken."""

    def register(function: Taker) -> Taker:
        _TAKERS[name] = function
        return function

    return register


def made(offers: list[Offer]) -> Events:
    """The event that remembers offers."""
    return [SlotSet("offers", offers)]


def picked(turn: Turn, offers: list[Offer]) -> Offer | None:
    """The offer a message takes: by number, by its words, or, where it may be so taken, the first by a plain yes."""
    if not offers or not turn.text or len(turn.text.strip()) > LONGEST_PICK:
        return None
    if turn.text.strip("。！! ") in REPORT:
        return next((o for o in offers if o["do"] == "report"), None)
    index = choice(turn.text, [str(o["say"]) for o in offers])
    if index is not None:
        return offers[index]
    if turn.act == "affirm" and turn.act_confidence >= AFFIRMED and offers[0].get("yes"):
        return offers[0]
    return None


def _declined(turn: Turn, offers: list[Offer]) -> bool:
    return bool(offers) and turn.act in ("deny", "cancel", "skip") and len(turn.text.strip()) <= LONGEST_PICK


Run = Callable[[Any, CollectingDispatcher, Tracker, dict[str, Any]], Events]


def first(keeps: bool = False) -> Callable[[Run], Run]:
    """Decorate an action's ``run``: an offer that the message takes comes before what the action would do.

    Args:
        keeps: the offers stay open after this action, as a greeting or thanks is no answer to them.
    """

    def decorate(run: Run) -> Run:
        @wraps(run)
        def listening(
            self: Action, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]
        ) -> Events:
            offers = tracker.get_slot("offers") or []
            if not offers:
                return run(self, dispatcher, tracker, domain)
            turn = Turn.of(tracker)
            if offer := picked(turn, offers):
                events = [*made([]), *_TAKERS[offer["do"]](dispatcher, tracker, offer)]
                goes_on = any(e.get("event") == "followup" for e in events)
                return events if goes_on else [*events, FollowupAction("action_listen")]
            if _declined(turn, offers):
                dispatcher.utter_message(response="utter_offer_declined")
                return [*made([]), FollowupAction("action_listen")]
            events = run(self, dispatcher, tracker, domain)
            again = any(e.get("event") == "slot" and e.get("name") == "offers" for e in events)
            return events if keeps or again else [*made([]), *events]

        return listening

    return decorate


def buttons(says: list[str]) -> list[dict[str, str]]:
    """Words as buttons, where the channel has some."""
    return [{"title": said, "payload": said} for said in says]
