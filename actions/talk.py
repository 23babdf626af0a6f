"""Everything that is not the intake itself: greeting, questions about the assistant, a person is wanted, afterwards."""

from __future__ import annotations

from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import announcements, filing, offers, words
from actions.form import OpenIntake, is_fresh
from actions.intake.state import Intake
from actions.legal.taking import reported
from actions.noticing import noticing
from actions.tracking import Track, number_said
from actions.turn import Turn
from cases.model import Area, Worker
from cases.outward.backend import backend
from common.db import reading
from nlu.entities.place import parts

Events = list[dict[str, Any]]


class _Says(Action):
    """An action that only says one response."""

    action = ""
    response = ""

    def name(self) -> str:
        return self.action

    @offers.first(keeps=True)
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        dispatcher.utter_message(response=self.response, **words.city())
        return []


def _only_a_place(dispatcher: CollectingDispatcher, tracker: Tracker) -> Events:
    """A bare 幸福里3号楼 with no matter yet: remember it and ask what happened there."""
    turn = Turn.of(tracker)
    if tracker.get_slot("intake") or not turn.place or len(turn.place) < 0.7 * len(turn.text.strip()):
        return []
    dispatcher.utter_message(response="utter_place_first", place=turn.place)
    return [SlotSet("heard_place", turn.place)]


def _say_more(dispatcher: CollectingDispatcher) -> Events:
    """三天了, and nothing before it: what is it about?"""
    dispatcher.utter_message(response="utter_nothing_open", **words.city())
    return []


class Thanks(_Says):
    """不客气."""

    action, response = "action_thanks", "utter_welcome"


class Chitchat(_Says):
    """Small talk is answered kindly and led back."""

    action, response = "action_chitchat", "utter_chitchat"

    @offers.first(keeps=True)
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        return _only_a_place(dispatcher, tracker) or super().run(dispatcher, tracker, domain)


class Faq(_Says):
    """Who are you, what about my data, what can you do."""

    action, response = "action_faq", "utter_about_me"


class Greet(Action):
    """Says hello; after a scan of a grid's code also which grid this is; in an emergency what everybody must know now."""

    def name(self) -> str:
        return "action_greet"

    @noticing
    @offers.first(keeps=True)
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        grid = turn.meta.get("grid")
        if turn.act == "event_scan" and grid:
            with reading() as session:
                area = session.get(Area, grid)
                worker = session.query(Worker).filter(Worker.grid == grid).first()
            if area:
                dispatcher.utter_message(
                    response="utter_greet_grid",
                    grid=area.name,
                    worker=worker.name if worker else "本格网格员",
                    **words.city(),
                )
                return announcements.tell(dispatcher, tracker, grid)
        dispatcher.utter_message(response="utter_greet", **words.city())
        return announcements.tell(dispatcher, tracker, None)


class NotUnderstood(Action):
    """Says so, and offers the two ways on."""

    def name(self) -> str:
        return "action_not_understood"

    @noticing
    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        if place := _only_a_place(dispatcher, tracker):
            return place
        if number_said(turn):
            return Track().run(dispatcher, tracker, domain)
        kind = turn.meta.get("unreadable")
        if kind in ("voice", "long", "media"):
            dispatcher.utter_message(response=f"utter_unreadable_{kind}", **words.city())
            return []
        before = sum(e.get("event") == "action" and e.get("name") == self.name() for e in list(tracker.events)[-12:])
        response = "utter_not_understood_again" if before else "utter_not_understood"
        dispatcher.utter_message(response=response, **words.city())
        return []


class Handover(Action):
    """Marks the conversation for a person; the inbox acts on the ``handover`` sign."""

    def name(self) -> str:
        return "action_handover"

    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slot = tracker.get_slot("intake")
        note = words.summary(Intake.of(slot)) if slot else ""
        dispatcher.utter_message(
            response="utter_handover", json_message={"handover": note or "要求人工", "awaiting": False}, **words.city()
        )
        return [SlotSet("intake", None), *(SlotSet(name, None) for name in ("matter", "place", "detail", "confirm"))]


class AfterFiling(Action):
    """A yes, a photo, a correction with no matter open: it belongs to the ticket filed last, or to one still to be told."""

    def name(self) -> str:
        return "action_after_filing"

    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        pending = tracker.get_slot("pending")
        if pending and turn.act == "affirm":
            return [*OpenIntake().open(dispatcher, tracker, reported(pending)), FollowupAction("intake_form")]
        if turn.act == "inform" and number_said(turn):
            return Track().run(dispatcher, tracker, domain)
        number = (tracker.get_slot("last_ticket") or {}).get("number")
        if turn.act == "inform" and _names_another_matter(turn, number, tracker.sender_id):
            return [*OpenIntake().open(dispatcher, tracker, turn), FollowupAction("intake_form")]
        if turn.act == "event_photo" and not number:
            dispatcher.utter_message(response="utter_photo_first")
            return [SlotSet("photos", [*(tracker.get_slot("photos") or []), turn.meta.get("photo")])]
        if not number:
            if turn.act == "inform":
                return _only_a_place(dispatcher, tracker) or _say_more(dispatcher)
            responses = {"event_location": "utter_pin_first", "anonymous": "utter_anonymous_first"}
            dispatcher.utter_message(response=responses.get(turn.act, "utter_nothing_open"), **words.city())
            return []
        spoken = backend().spoken(number)
        if (
            turn.text
            and is_fresh(tracker.get_slot("last_ticket"))
            and turn.act in ("deny", "affirm", "skip", "correct", "inform")
        ):
            passed: bool | None = filing.add(number, tracker, note=turn.text)
        else:
            passed = self._add(number, tracker, turn)
        answers = {True: "utter_added", False: "utter_not_passed_on", None: "utter_already_filed"}
        dispatcher.utter_message(response=answers[passed], number=spoken, **words.city())
        return []

    def _add(self, number: str, tracker: Tracker, turn: Turn) -> bool | None:
        """Whether it was passed on; None when there was nothing to add."""
        if turn.act == "event_photo":
            return filing.add(number, tracker, attachments=[turn.meta.get("photo")], note="补充照片")
        if turn.act == "event_location":
            pin = {"lat": turn.meta.get("lat"), "lng": turn.meta.get("lng"), "place": turn.meta.get("label")}
            return filing.add(number, tracker, note="补充定位", **pin)
        if turn.act == "anonymous":
            return filing.add(number, tracker, anonymous=True, note="要求匿名")
        if turn.act == "correct":
            standing = backend().standing(number, tracker.sender_id, [number])
            before = standing.place if standing else None
            place = parts(before).corrected_by(parts(turn.place)).text() if before and turn.place else turn.place
            return filing.add(number, tracker, place=place, note=f"更正：{turn.text}")
        if turn.act == "inform":
            return filing.add(number, tracker, note=turn.text)
        return None


def _names_another_matter(turn: Turn, number: str | None, reporter: str) -> bool:
    """Whether what sounds like an answer, with nothing asked, is a report: it names a matter, and not the last ticket's."""
    if turn.reading.get("intent") != "report":
        return False
    if number is None:
        return True
    standing = backend().standing(number, reporter, [number])
    return standing is None or turn.reading.get("type") != standing.type
