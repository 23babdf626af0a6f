"""Filling a draft with what was said in an interview; what was not said stays a blank to write on by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from knowledge.papers.draft import Blank, Draft, Part
from knowledge.papers.fitting import clean, fit

LONGEST_REMINDER = 40  # characters of an answer that did not fit, said beside its blank


@dataclass(frozen=True)
class Answer:
    """A blank that was filled."""

    key: str
    said: str


@dataclass(frozen=True)
class FilledPart:
    """A heading or a paragraph: the form's words, answers, and the blanks that are left."""

    heading: bool
    pieces: tuple[str | Answer | Blank, ...]

    @property
    def text(self) -> str:
        """Its words and answers, without the blanks."""
        return "".join(p if isinstance(p, str) else p.said if isinstance(p, Answer) else "" for p in self.pieces)


@dataclass(frozen=True)
class Filled:
    """A draft as far as it could be filled."""

    id: str
    title: str
    to: str | None
    note: str | None
    parts: tuple[FilledPart, ...]

    @property
    def answers(self) -> tuple[Answer, ...]:
        """What was filled, in its order."""
        return tuple(p for part in self.parts for p in part.pieces if isinstance(p, Answer))

    @property
    def blanks(self) -> tuple[Blank, ...]:
        """What is left to write by hand, in its order."""
        return tuple(p for part in self.parts for p in part.pieces if isinstance(p, Blank))


def _words(part: Part) -> str:
    return "".join(piece for piece in part.pieces if isinstance(piece, str))


def _piece(part: Part, at: int, said: str | None, about: str) -> Answer | Blank:
    blank = part.pieces[at]
    assert isinstance(blank, Blank)
    if said is None:
        return blank
    before = "".join(p for p in part.pieces[:at] if isinstance(p, str))
    after = part.pieces[at + 1] if at + 1 < len(part.pieces) else ""
    words = fit(said, blank.label, before, after if isinstance(after, str) else "", about)
    if words is not None:
        return Answer(blank.key, words)
    reminder = clean(said)
    if not any(c.isdigit() or c in "一二两三四五六七八九十百千万" for c in reminder):
        return blank  # nothing was said that could help the hand
    cut = reminder if len(reminder) <= LONGEST_REMINDER else reminder[: LONGEST_REMINDER - 1] + "…"
    return replace(blank, heard=cut)


def fill(draft: Draft, facts: frozenset[str], told: Mapping[str, str]) -> Filled:
    """The draft for one person.

    Args:
        draft: the form.
        facts: noted in the interview; they decide which parts stand in it.
        told: what was said, by question.
    """
    about: dict[str, str] = {}
    for part in draft.parts:
        for piece in part.pieces:
            if isinstance(piece, Blank):
                about[piece.key] = about.get(piece.key, "") + _words(part)
    parts: list[FilledPart] = []
    for part in (p for p in draft.parts if p.holds(facts)):
        if part.heading and parts and parts[-1].heading:
            parts.pop()  # nothing of what stands under that heading holds
        pieces = tuple(
            p if isinstance(p, str) else _piece(part, at, told.get(p.key), about[p.key])
            for at, p in enumerate(part.pieces)
        )
        parts.append(FilledPart(part.heading, pieces))
    if parts and parts[-1].heading:
        parts.pop()
    return Filled(draft.id, draft.title, draft.to, draft.note, tuple(parts))
