"""An interview under way: pure functions on a small state that can be stored and taken up again the next day."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from typing import Any

from knowledge.guiding import graph
from knowledge.guiding.model import Guide, Question, Result

LONGEST_ANSWER = 300  # characters kept


@dataclass(frozen=True)
class Step:
    """A question that was answered: with which choice (from 0), or with which words (empty when skipped)."""

    question: str
    choice: int | None
    said: str


@dataclass(frozen=True)
class Interview:
    """Where somebody stands in a guide. ``at`` is a question or, at the end, a result."""

    guide: str
    at: str
    steps: tuple[Step, ...] = field(default=())

    def stored(self) -> dict[str, Any]:
        """As JSON can keep it."""
        return asdict(self)

    @classmethod
    def of(cls, stored: dict[str, Any]) -> Interview:
        """From what :meth:`stored` gave."""
        return cls(stored["guide"], stored["at"], tuple(Step(**s) for s in stored["steps"]))


def begin(guide: Guide) -> Interview:
    """Before the first question."""
    return Interview(guide.id, guide.start)


def fits(guide: Guide, interview: Interview) -> bool:
    """Whether an interview can be gone on with: the guide may have been changed since."""
    if interview.at not in guide.questions and interview.at not in guide.results:
        return False
    return all(step.question in guide.questions for step in interview.steps)


def question(guide: Guide, interview: Interview) -> Question | None:
    """The question to ask now; None at the end."""
    return guide.questions.get(interview.at)


def result(guide: Guide, interview: Interview) -> Result | None:
    """The result come to; None while there is something to ask."""
    return guide.results.get(interview.at)


def facts(guide: Guide, interview: Interview) -> frozenset[str]:
    """The facts that were noted on the way."""
    noted: set[str] = set()
    for step in interview.steps:
        asked = guide.questions[step.question]
        if step.choice is not None and step.choice < len(asked.choices):
            noted |= asked.choices[step.choice].notes
    return frozenset(noted)


def told(guide: Guide, interview: Interview) -> dict[str, str]:
    """What was said in words, by question; what was skipped is not there."""
    return {s.question: s.said for s in interview.steps if s.choice is None and s.said}


def choose(guide: Guide, interview: Interview, number: int) -> Interview:
    """Pick a choice.

    Args:
        guide: of the interview.
        interview: at a question with choices.
        number: from 1, as it is shown.

    Raises:
        ValueError: there is no such choice.
    """
    asked = guide.questions[interview.at]
    if not 1 <= number <= len(asked.choices):
        raise ValueError(f"{asked.id} has {len(asked.choices)} choices, no number {number}")
    picked = asked.choices[number - 1]
    step = Step(asked.id, number - 1, picked.say)
    return replace(interview, at=picked.go, steps=(*interview.steps, step))


def say(guide: Guide, interview: Interview, words: str) -> Interview:
    """Answer a question in words; empty ones skip it.

    Raises:
        ValueError: the question wants a choice.
    """
    asked = guide.questions[interview.at]
    if asked.choices:
        raise ValueError(f"{asked.id} wants one of its choices")
    after = replace(interview, steps=(*interview.steps, Step(asked.id, None, words.strip()[:LONGEST_ANSWER])))
    return replace(after, at=graph.taken(asked, facts(guide, after)))


def back(guide: Guide, interview: Interview) -> Interview:
    """One question back; at the first question nothing changes."""
    if not interview.steps:
        return interview
    return replace(interview, at=interview.steps[-1].question, steps=interview.steps[:-1])
