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

    def hear(self, text: str = "", event: str | None = None, act: str | None = None, **meta: Any) -> None:
        """Take a message in: words, or something that happened on the channel."""
        meta = {"message": next(self._ids), "channel": self.channel, **meta}
        data = {} if event else reading(self.pipeline, text)
        intent = {"name": event or act or data["act"], "confidence": 1.0 if event or act else data["act_confidence"]}
        self.latest = {"text": text, "intent": intent, "entities": [], "metadata": meta, "reading": data}
        self.events.append({"event": "user", "text": text})

    def run(self, action: Action) -> list[Message]:
        """Run one action on the latest message; gives what it said and keeps what it set and signalled."""
        dispatcher = CollectingDispatcher()
        lacking = self.lacking
        slots = {**self.slots, "requested_slot": lacking if isinstance(action, Validate) else None}
        tracker = Tracker(self.sender, slots, self.latest, list(self.events), False, None, {}, None)
        self.followup = None
        for event in action.run(dispatcher, tracker, {}):
            if event["event"] == "slot":
                self.slots[event["name"]] = event["value"]
            elif event["event"] == "followup":
                self.followup = event["name"]
        self.events.append({"event": "action", "name": action.name()})
        for message in dispatcher.messages:
            self.awaiting = message["custom"].get("awaiting", self.awaiting)
        return [message for message in dispatcher.messages if message["response"]]

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
