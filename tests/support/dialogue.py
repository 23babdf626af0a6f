"""Drive the actions as the engine does: a real tracker and dispatcher, the form's slots kept between turns."""

from __future__ import annotations

import itertools
from collections import deque
from dataclasses import asdict
from typing import Any

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions.form import FORM_SLOTS, AskConfirm, AskDetail, AskMatter, AskPlace, FinishIntake, OpenIntake
from actions.form import ValidateIntakeForm as Validate
from actions.legal.answering import Legal
from actions.legal.guides import AskGuideAnswer, FinishGuide, ValidateGuideForm
from actions.turn import Turn
from nlu.understand.pipeline import Pipeline

ASK: dict[str, type[Action]] = {"matter": AskMatter, "place": AskPlace, "detail": AskDetail, "confirm": AskConfirm}
Message = dict[str, Any]


def reading(pipeline: Pipeline, text: str) -> dict[str, Any]:
    """A message's reading as the engine's component hands it to the actions."""
    r = pipeline.parse(text)
    own = {"act": r.act, "urgency": r.urgency, "matters": [asdict(m) for m in r.matters]}
    return {**r.as_dict(), **own, "act_confidence": r.act_confidence, "intent_confidence": r.intent_confidence}


def turn(pipeline: Pipeline, text: str, **meta: Any) -> Turn:
    """A resident's message as the intake sees it."""
    data = reading(pipeline, text)
    return Turn(text, data["act"], data["act_confidence"], data, meta)


class Resident:
    """Somebody who talks with the assistant."""

    _ids = itertools.count(1)

    def __init__(self, pipeline: Pipeline, sender: str = "resident-1", channel: str = "web") -> None:
        self.pipeline = pipeline
        self.sender = sender
        self.channel = channel
        self.slots: dict[str, Any] = {}
        self.events: deque[dict[str, Any]] = deque()
        self.latest: dict[str, Any] = {}
        self.followup: str | None = None
        self.awaiting: bool | None = None
        self.heard: list[Message] = []  # everything said to the resident
        self.slow = False

    def hear(self, text: str = "", event: str | None = None, act: str | None = None, **meta: Any) -> None:
        """Take a message in: words, or something that happened on the channel."""
        meta = {"message": next(self._ids), "channel": self.channel, **({"slow": True} if self.slow else {}), **meta}
        data = {} if event else reading(self.pipeline, text)
        intent = {"name": event or act or data["act"], "confidence": 1.0 if event or act else data["act_confidence"]}
        self.latest = {"text": text, "intent": intent, "entities": [], "metadata": meta, "reading": data}
        self.events.append({"event": "user", "text": text})

    def run(self, action: Action) -> list[Message]:
        """Run one action on the latest message; gives what it said and keeps what it set and signalled."""
        dispatcher = CollectingDispatcher()
        lacking = self.lacking
        asked = (
            "guide_answer"
            if isinstance(action, ValidateGuideForm)
            else lacking
            if isinstance(action, Validate)
            else None
        )
        slots = {**self.slots, "requested_slot": asked}
        tracker = Tracker(self.sender, slots, self.latest, list(self.events), False, None, {}, None)
        self.followup = None
        for event in action.run(dispatcher, tracker, {}):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "followup":
                self.followup = event["name"]
        self.events.append({"event": "action", "name": action.name()})
        self.heard += dispatcher.messages
        self.events += [{"event": "bot", "text": m["text"]} for m in dispatcher.messages if m["text"]]
        for message in dispatcher.messages:
            self.awaiting = message["custom"].get("awaiting", self.awaiting)
        return [message for message in dispatcher.messages if message["response"]]

    def legal(self, text: str = "", action: type[Action] = Legal, **more: Any) -> list[Message]:
        """A message outside a report: an action on it, and what that leads to, up to the next question."""
        self.hear(text, **more)
        begin = len(self.heard)
        if self.slots.get("guide"):
            self.run(ValidateGuideForm())
            self._through_guide()
        else:
            self.run(action())
        while self.followup in ("guide_form", "intake_form"):
            if self.followup == "guide_form":
                self._through_guide()
            else:
                self.followup = None
                self._go_on()
        return self.heard[begin:]

    def _through_guide(self) -> None:
        self.followup = None
        self.run(FinishGuide() if self.slots.get("guide_answer") else AskGuideAnswer())

    @property
    def lacking(self) -> str | None:
        """The form slot asked for next."""
        return next((name for name in FORM_SLOTS if not self.slots.get(name)), None)

    def _go_on(self) -> list[Message]:
        said: list[Message] = []
        while self.slots.get("intake"):
            if self.lacking:
                return said + self.run(ASK[self.lacking]())
            said += self.run(FinishIntake())
        return said

    def report(self, text: str, **meta: Any) -> list[Message]:
        """The first message of a matter, up to the first question."""
        self.hear(text, **meta)
        return self.run(OpenIntake()) + self._go_on()

    def answer(self, text: str = "", **more: Any) -> list[Message]:
        """An answer within the intake, up to the next question."""
        self.hear(text, **more)
        return self.run(Validate()) + self._go_on()


def responses(said: list[Message]) -> list[str]:
    """Names of the responses given, in order."""
    return [message["response"] for message in said]


def words(said: list[Message]) -> str:
    """What was said in words, and the names of the responses, a line each."""
    return "\n".join(str(m["text"] or m["response"]) for m in said)
