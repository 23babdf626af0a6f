"""What happens when an offer of legal help is taken."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import FollowupAction
from rasa_sdk.executor import CollectingDispatcher

from actions import offers, words
from actions.form import OpenIntake
from actions.legal import wording
from actions.legal.telling import ask_which, offers_for, one_by_one, tell, which_entry
from actions.offers import Events, Offer
from actions.turn import Turn
from knowledge.model import MEDIATION
from knowledge.search import Found
from knowledge.shelf import shelf


def reported(kept: dict[str, Any]) -> Turn:
    """A legal question as the report it has become: the likeliest matters that are not questions of law."""
    reading = dict(kept["reading"])
    candidates = [c for c in reading.get("candidates", []) if c["category"] != "legal"]
    total = sum(c["confidence"] for c in candidates) or 1.0
    reading["candidates"] = [{**c, "confidence": c["confidence"] / total} for c in candidates]
    reading["confidence"] = reading["candidates"][0]["confidence"] if candidates else 0.0
    return Turn(kept["text"], "report", 1.0, reading, kept["meta"])


@offers.taker("next")
def _next(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    return one_by_one(dispatcher, offer["pieces"], offer["after"])


@offers.taker("enough")
def _enough(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    return ask_which(dispatcher, offer["after"])


@offers.taker("rest")
def _rest(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    served = shelf().now()
    entry = served.library.entries.get(offer["entry"])
    if entry is None:  # taken away by an editor in between
        dispatcher.utter_message(response="utter_legal", **words.city())
        return []
    dispatcher.utter_message(text="\n".join(wording.rest(entry, served.library)))
    dispatcher.utter_message(text=wording.phone(entry.phone))
    left = [o for o in tracker.get_slot("offers") or [] if o["do"] != "rest"]
    return ask_which(dispatcher, left)


@offers.taker("others")
def _others(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    entries = shelf().now().library.entries
    return which_entry(dispatcher, [entries[i] for i in offer["entries"] if i in entries], told=True)


@offers.taker("none")
def _none(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    dispatcher.utter_message(response="utter_legal", **words.city())
    return []


@offers.taker("entry")
def _entry(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    served, turn = shelf().now(), Turn.of(tracker)
    entry = served.library.entries.get(offer["entry"])
    if entry is None:
        dispatcher.utter_message(response="utter_legal", **words.city())
        return []
    return tell(
        dispatcher, tracker, entry, offers_for(entry, Found((), 1.0, True), served, bool(turn.meta.get("slow")))
    )


@offers.taker("report")
def _report(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    kept = tracker.get_slot("pending")
    if not kept:
        dispatcher.utter_message(response="utter_nothing_open", **words.city())
        return []
    return [*OpenIntake().open(dispatcher, tracker, reported(kept), law_told=True), FollowupAction("intake_form")]


@offers.taker("mediation")
def _mediation(dispatcher: CollectingDispatcher, tracker: Tracker, offer: Offer) -> Events:
    kept = tracker.get_slot("pending")
    if not kept:
        dispatcher.utter_message(response="utter_nothing_open", **words.city())
        return []
    dispatcher.utter_message(response="utter_mediation", kind=MEDIATION[offer["kind"]])
    events = OpenIntake().open(dispatcher, tracker, reported(kept), mediation=offer["kind"], law_told=True)
    return [*events, FollowupAction("intake_form")]
