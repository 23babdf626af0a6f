"""One message of a resident, as the actions see it: text, reading, and what the channel told besides."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from nlu.entities.when import in_words

EVENT_PREFIX = "event_"
_DATE = re.compile(r"\d\s*[日号]")


@dataclass(frozen=True)
class Turn:
    """A resident's message.

    ``reading`` is ``nlu``'s reading as a dict (see ``Reading.as_dict``; plus act, matters), empty for events.
    ``meta`` is what the inbox sent along: message id, channel, grid, photo, lat, lng, label.
    """

    text: str
    act: str
    act_confidence: float
    reading: dict[str, Any] = field(default_factory=dict)
    meta: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, tracker: Any) -> Turn:
        """The latest message of a Rasa SDK tracker."""
        latest = tracker.latest_message or {}
        intent = latest.get("intent") or {}
        name = str(intent.get("name") or "unclear")
        event = name.startswith(EVENT_PREFIX)
        return cls(
            text="" if event else str(latest.get("text") or ""),
            act=name,
            act_confidence=float(intent.get("confidence") or 0.0),
            reading=dict(latest.get("reading") or {}),
            meta=dict(latest.get("metadata") or {}),
        )

    def pieces(self, kind: str) -> list[str]:
        """The texts of all entities of a kind."""
        return [e["text"] for e in self.reading.get("entities", []) if e["kind"] == kind]

    def dated(self, kind: str, within: str) -> list[str]:
        """The texts of the entities of a kind that stand in ``within``, a time with the day it means: 昨晚（11月21日）."""
        out: list[str] = []
        for entity in self.reading.get("entities", []):
            if entity["kind"] == kind and entity["text"] in within:
                text, value = str(entity["text"]), str(entity.get("value") or "")
                day = in_words(value, datetime.now().year) if kind == "time" and not _DATE.search(text) else ""
                out.append(f"{text}（{day}）" if day else text)
        return out

    def value(self, kind: str) -> str | None:
        """Canonical value (or text) of the first entity of a kind."""
        for entity in self.reading.get("entities", []):
            if entity["kind"] == kind:
                return str(entity.get("value") or entity["text"])
        return None

    @property
    def place(self) -> str | None:
        """The place said in this message: the longest of its places."""
        return max(self.pieces("place"), key=len, default=None)

    @property
    def key(self) -> str | None:
        """Identity of this message, for filing it once however often it is processed."""
        message = self.meta.get("message")
        return f"m{message}" if message is not None else None
