"""What is known of the matter being reported. Lives as JSON in the dialogue's ``intake`` slot."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

UNSAID = ""  # an answer the resident does not know or does not want to give


@dataclass
class Intake:
    """One matter, from the first message to the ticket.

    ``queue`` holds further matters of the same resident, filed one after the other, as ``{"text", "type"}``.
    ``outcome`` ends the form: file, cancel, update (the ticket exists already, as it was urgent).
    ``mediation`` is the kind of mediation that is asked for. ``law_told``: what the law says of it was answered before.
    ``not_passed_on``: the ticket lies with a platform that did not take what was told after filing.
    """

    text: str = ""
    category: str = ""
    type: str = ""
    confidence: float = 0.0
    candidates: list[dict[str, Any]] = field(default_factory=list)
    choices: list[str] = field(default_factory=list)
    needs_review: bool = False
    urgent: bool = False
    place: str | None = None
    place_assumed: bool = False
    place_skipped: bool = False
    grid: str | None = None
    lat: float | None = None
    lng: float | None = None
    phone: str | None = None
    anonymous: bool = False
    answers: dict[str, str] = field(default_factory=dict)
    known: list[str] = field(default_factory=list)
    asked: str | None = None
    place_tries: int = 0
    unclear_tries: int = 0
    photos: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    queue: list[dict[str, Any]] = field(default_factory=list)
    index: int = 0
    source: str | None = None
    mediation: str | None = None
    law_told: bool = False
    ticket: str | None = None
    not_passed_on: bool = False
    outcome: str | None = None
    say: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, slot: Any) -> Intake:
        """From the slot's value; an empty intake when there is none."""
        known = cls.__dataclass_fields__
        return cls(**{k: v for k, v in (slot or {}).items() if k in known})

    def slot(self) -> dict[str, Any]:
        """The slot's value."""
        return asdict(self)

    @property
    def source_key(self) -> str | None:
        """Identity for filing: the message that began it and the matter's place in it."""
        return f"{self.source}:{self.index}" if self.source else None

    @property
    def full_text(self) -> str:
        """What the resident said of the matter, with later additions."""
        return "\n".join([self.text, *self.notes])
