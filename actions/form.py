"""The intake form: open it, take answers, ask what is missing, file."""

from __future__ import annotations

import time
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.events import ActiveLoop, FollowupAction, SlotSet
from rasa_sdk.executor import CollectingDispatcher

from actions import announcements, filing, offers, words
from actions.intake import interpret, questions
from actions.intake.state import Intake
from actions.legal import telling
from actions.noticing import noticing
from actions.turn import Turn
from cases.outward.backend import backend

AFTER_URGENT = 1800  # seconds in which short news are about the urgent ticket
SHORT_NEWS = 10  # characters
FORM_SLOTS = ("matter", "place", "detail", "confirm")
INTERRUPTING = frozenset(
    {
        "action_greet",
        "action_thanks",
        "action_chitchat",
        "action_faq",
        "action_legal",
        "action_track",
        "action_not_understood",
        "action_fraud_warning",
        "action_help_reading",
    }
)
Events = list[dict[str, Any]]


def is_fresh(last_ticket: dict[str, Any] | None) -> bool:
    """Whether the ticket filed last is an urgent one of a moment ago: what is said now is most likely about it."""
    return time.time() - float((last_ticket or {}).get("urgent_at") or 0) < AFTER_URGENT


def _form_slots(intake: Intake) -> Events:
    """The form's slots as they follow from the intake: set where nothing is missing."""
    lacking = questions.missing(intake)
    order = list(FORM_SLOTS)
    open_from = order.index(lacking) if lacking else len(order)
    return [SlotSet(name, True if i < open_from else None) for i, name in enumerate(order)]


def _saved(intake: Intake) -> Events:
    return [SlotSet("intake", intake.slot()), *_form_slots(intake)]


def _file_urgent(dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> Events:
    """Danger to life: the safety line first, then the ticket, and only then questions."""
    kind = questions.matter_type(intake)
    safety = (kind.safety if kind and not intake.needs_review else None) or "general"
    dispatcher.utter_message(response=f"utter_safety_{safety}")
    filed = filing.file(intake, tracker)
    intake.ticket = filed.number
    spoken = backend().spoken(filed.number)
    dispatcher.utter_message(response="utter_filed_urgent", number=spoken, json_message={"ticket": spoken})
    return filing.remembered(filed.number, tracker, urgent=True)


class OpenIntake(Action):
    """The first message of a matter."""

    def name(self) -> str:
        return "action_open_intake"

    @noticing
    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        turn = Turn.of(tracker)
        if self._belongs_to_last(dispatcher, tracker, turn):
            return [SlotSet("intake", None), FollowupAction("action_listen")]
        if telling.asks_advice(turn):  # 儿子不给养老钱咋办 is a question first; reporting it is offered with the answer
            found = telling.known(turn.text)
            if found.answered:
                told = telling.answer(dispatcher, tracker, turn, found)
                return [*told, SlotSet("intake", None), FollowupAction("action_listen")]
        return self.open(dispatcher, tracker, turn)

    @staticmethod
    def _belongs_to_last(dispatcher: CollectingDispatcher, tracker: Tracker, turn: Turn) -> bool:
        """没有人受伤, 还在冒烟: what is said shortly after an urgent report is about it."""
        last = tracker.get_slot("last_ticket")
        unsure = turn.reading.get("confidence", 0.0) < questions.SURE_CATEGORY
        if not is_fresh(last) or not (len(turn.text) <= SHORT_NEWS or unsure):
            return False
        passed = filing.add(last["number"], tracker, note=turn.text)
        response = "utter_added" if passed else "utter_not_passed_on"
        dispatcher.utter_message(response=response, number=backend().spoken(last["number"]), **words.city())
        return True

    def open(
        self,
        dispatcher: CollectingDispatcher,
        tracker: Tracker,
        turn: Turn,
        mediation: str | None = None,
        law_told: bool = False,
    ) -> Events:
        """Begin an intake from a message; ``mediation`` is the kind that is asked for with it, ``law_told`` whether what the law says of it
        was answered before."""
        intake = interpret.begin(turn, tracker.get_slot("photos") or [])
        intake.mediation, intake.law_told = mediation, law_told
        intake.place = intake.place or tracker.get_slot("heard_place")
        events: Events = [SlotSet("photos", None), SlotSet("pending", None), SlotSet("heard_place", None)]
        if not intake.urgent:  # danger to life comes before all announcements
            events += announcements.tell(dispatcher, tracker, intake.grid)
        if "several" in intake.say:
            names = [words.plain_name(intake.type), *(words.plain_name(m["type"]) for m in intake.queue)]
            dispatcher.utter_message(response="utter_several", count=len(names), list=words.numbered(names))
        if intake.urgent:
            events += _file_urgent(dispatcher, intake, tracker)
        return [*events, *_saved(intake)]


class ValidateIntakeForm(Action):
    """Takes the resident's answer. No slot set means: this was about something else."""

    def name(self) -> str:
        return "validate_intake_form"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        intake = Intake.of(tracker.get_slot("intake"))
        if not tracker.get_slot("requested_slot"):
            return _saved(intake)
        turn = Turn.of(tracker)
        if not interpret.take(intake, turn):
            return []
        events: Events = []
        for said in intake.say:
            if said in ("photo", "pin", "queued", "corrected", "noted", "anonymous", "review"):
                dispatcher.utter_message(response=f"utter_took_{said}")
        if intake.urgent and not intake.ticket:
            if not intake.type and intake.candidates:
                best = intake.candidates[0]
                intake.type, intake.category, intake.needs_review = best["type"], best["category"], True
            events += _file_urgent(dispatcher, intake, tracker)
        elif intake.ticket and intake.outcome != "cancel":
            passed = filing.update(intake, tracker, turn.text or None)
            if not passed and not intake.not_passed_on:  # said once; the questions are useful to nobody then
                intake.not_passed_on, intake.outcome = True, "update"
                number = backend().spoken(intake.ticket)
                dispatcher.utter_message(response="utter_not_passed_on", number=number, **words.city())
        if questions.missing(intake) is None and intake.outcome is None:
            intake.outcome = "update"
        return [*events, *_saved(intake)]


class _Ask(Action):
    """Asks for one thing; comes back to the matter gently after something else was talked about."""

    slot = ""

    def name(self) -> str:
        return f"action_ask_{self.slot}"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        intake = Intake.of(tracker.get_slot("intake"))
        if interrupted(tracker):
            dispatcher.utter_message(response="utter_back_to_matter")
        self.ask(dispatcher, intake, tracker)
        dispatcher.utter_message(json_message={"awaiting": True})
        return [SlotSet("intake", intake.slot())]

    def ask(self, dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> None:
        raise NotImplementedError


def interrupted(tracker: Tracker) -> bool:
    """Whether this turn was spent on something else before the form came back."""
    for event in reversed(tracker.events):
        if event.get("event") == "user":
            return False
        if event.get("event") == "action" and event.get("name") in INTERRUPTING:
            return True
    return False


class AskMatter(_Ask):
    """Which of the likeliest matters is it?"""

    slot = "matter"

    def ask(self, dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> None:
        intake.asked = "matter"
        if not intake.choices:
            dispatcher.utter_message(response="utter_tell_again")
            return
        options = [words.plain_name(code) for code in intake.choices] + ["都不是"]
        dispatcher.utter_message(
            response="utter_ask_matter", list=words.numbered(options), buttons=offers.buttons(options)
        )


class AskPlace(_Ask):
    """Where is it?"""

    slot = "place"

    def ask(self, dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> None:
        intake.asked = "place"
        if intake.place:  # 3号楼, but of which estate?
            dispatcher.utter_message(response="utter_ask_place_name", place=intake.place)
            return
        again = intake.place_tries > 0
        dispatcher.utter_message(response="utter_ask_place_again" if again else "utter_ask_place")


class AskDetail(_Ask):
    """The next question of the matter type."""

    slot = "detail"

    def ask(self, dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> None:
        followup = questions.open_followups(intake)[0]
        intake.asked = followup.key
        if followup.choices:
            options = list(followup.choices)
            dispatcher.utter_message(
                response="utter_ask_choice",
                question=followup.ask,
                list=words.numbered(options),
                buttons=offers.buttons(options),
            )
        else:
            dispatcher.utter_message(response="utter_ask_detail", question=followup.ask)


class AskConfirm(_Ask):
    """What was understood, in one short message."""

    slot = "confirm"

    def ask(self, dispatcher: CollectingDispatcher, intake: Intake, tracker: Tracker) -> None:
        asked_before = intake.asked == "confirm"
        if asked_before and interrupted(tracker):
            dispatcher.utter_message(response="utter_confirm_again", buttons=offers.buttons(["对", "不报了"]))
            return
        intake.asked = "confirm"
        if asked_before and "what_is_wrong" in intake.say:
            dispatcher.utter_message(response="utter_what_is_wrong")
            return
        if Turn.of(tracker).meta.get("slow"):
            dispatcher.utter_message(
                response="utter_confirm_slow",
                summary=words.summary(intake),
                list=words.numbered(list(interpret.CONFIRMING)),
                buttons=offers.buttons(list(interpret.CONFIRMING)),
            )
            return
        dispatcher.utter_message(
            response="utter_confirm", summary=words.summary(intake), buttons=offers.buttons(["对", "不报了"])
        )


class FinishIntake(Action):
    """The form is done: file, finish or drop the matter, and go on to the next one in the queue."""

    def name(self) -> str:
        return "action_finish_intake"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        intake = Intake.of(tracker.get_slot("intake"))
        dispatcher.utter_message(json_message={"awaiting": False})
        events: Events = []
        if intake.outcome == "cancel":
            if intake.ticket:
                filing.add(intake.ticket, tracker, note="来电人表示不用管了，请核实是否仍有危险")
                dispatcher.utter_message(response="utter_cancel_urgent", number=backend().spoken(intake.ticket))
            else:
                dispatcher.utter_message(response="utter_cancelled")
            following = None
        else:
            if intake.ticket:
                stay = intake.asked is None or intake.not_passed_on
                dispatcher.utter_message(
                    response="utter_urgent_stay" if stay else "utter_urgent_complete",
                    number=backend().spoken(intake.ticket),
                )
                number = intake.ticket
            else:
                filed = filing.file(intake, tracker)
                number = filed.number
                spoken = backend().spoken(number)
                name = "utter_filed_review" if filed.unit is None else "utter_filed"
                dispatcher.utter_message(
                    response=name, number=spoken, unit=filed.unit or "", json_message={"ticket": spoken}
                )
                if filed.code:
                    dispatcher.utter_message(response="utter_code", code=filed.code)
            events += filing.remembered(number, tracker, intake.urgent)
            following = interpret.next_in_queue(intake)
        cleared: Events = [SlotSet(name, None) for name in FORM_SLOTS]
        if following is None:
            if intake.outcome != "cancel" and not intake.urgent and not intake.law_told:
                events += telling.after_filing(dispatcher, intake)
            return [*events, *cleared, SlotSet("intake", None)]
        dispatcher.utter_message(response="utter_next_matter", matter=words.plain_name(following.type))
        return [*events, *cleared, *_saved(following), ActiveLoop(None), FollowupAction("intake_form")]


class LeaveHanging(Action):
    """The resident went silent half way: what is known is filed, marked for review, and they are told."""

    def name(self) -> str:
        return "action_leave_hanging"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> Events:
        slot = tracker.get_slot("intake")
        cleared: Events = [SlotSet("intake", None), *(SlotSet(name, None) for name in FORM_SLOTS)]
        intake = Intake.of(slot)
        if not slot or intake.ticket or not intake.candidates:
            return cleared
        if not intake.type:
            best = intake.candidates[0]
            intake.type, intake.category = best["type"], best["category"]
        intake.needs_review = True
        intake.notes.append("（没有答完就没再回话，按已知的登记）")
        filed = filing.file(intake, tracker)
        spoken = backend().spoken(filed.number)
        dispatcher.utter_message(response="utter_filed_hanging", number=spoken, json_message={"ticket": spoken})
        return [*cleared, *filing.remembered(filed.number, tracker, urgent=False)]
