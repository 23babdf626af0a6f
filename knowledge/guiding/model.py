"""What a guide is: a graph of questions that ends in results."""

from __future__ import annotations

from dataclasses import dataclass, field

from knowledge.citations import Citation
from knowledge.model import Limit

KINDS = ("choice", "text", "number", "money", "date", "name", "phone", "place")


@dataclass(frozen=True)
class Choice:
    """An answer to pick. ``notes`` are facts that hold when it was picked; ``go`` is the next question or the result."""

    say: str
    go: str
    notes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Turn:
    """Where to go when a fact holds (``fact`` None: otherwise)."""

    fact: str | None
    go: str


@dataclass(frozen=True)
class Question:
    """One small question. Of kind ``choice`` it has choices; the others keep what was said under ``id`` and turn to the first of
    ``turns`` whose fact holds. ``help`` explains it to who asks why or does not understand."""

    id: str
    ask: str
    kind: str
    help: str | None
    choices: tuple[Choice, ...]
    turns: tuple[Turn, ...]
    line: int

    @property
    def leads_to(self) -> tuple[str, ...]:
        """All that can come next."""
        return tuple(dict.fromkeys([*(c.go for c in self.choices), *(t.go for t in self.turns)]))


@dataclass(frozen=True)
class Result:
    """Where an interview ends: what one's position is, what to do, where, by when; perhaps a draft to take along."""

    id: str
    position: str
    steps: tuple[str, ...]
    papers: tuple[str, ...]
    where: tuple[str, ...]
    limits: tuple[Limit, ...]
    warnings: tuple[str, ...]
    statutes: tuple[Citation, ...]
    entries: tuple[str, ...]
    phone: str
    draft: str | None
    mediation: str | None
    line: int


@dataclass(frozen=True)
class Guide:
    """An interview. ``start`` is the first question; ``also`` are ways residents ask for it."""

    id: str
    title: str
    about: str
    also: tuple[str, ...]
    start: str
    questions: dict[str, Question]
    results: dict[str, Result]
    file: str
    facts: frozenset[str] = field(default_factory=frozenset)
