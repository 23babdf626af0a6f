"""What a rule asks for: words of the resident, the matter's type, facts of the situation, and their combinations."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from cases.model import Ticket
from cases.risk.facts import Facts

_PAUSES = "，。！？；"
_PAUSE = re.compile(f"[{_PAUSES}]")
_RANK = {"green": 0, "yellow": 1, "red": 2}
GRADES = tuple(_RANK)
NEAR = 50  # characters on either side; three or four clauses


def rank(grade: str) -> int:
    """0 for green, 1 for yellow, 2 for red."""
    return _RANK[grade]


@dataclass(frozen=True)
class Case:
    """A ticket, what was said about it (figures of speech already taken out), and the situation behind it."""

    ticket: Ticket
    text: str
    facts: Facts


class Condition(ABC):
    """Something that holds for a case or does not."""

    @abstractmethod
    def holds(self, case: Case) -> bool:
        """Whether it does."""

    def cost(self) -> int:
        """How dear it is to find out: 0 from the ticket alone, 1 from its words, more from the database."""
        return 0


@dataclass(frozen=True)
class All(Condition):
    """Every part holds."""

    parts: tuple[Condition, ...]

    def cost(self) -> int:
        """That of its dearest part."""
        return max((p.cost() for p in self.parts), default=0)

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return all(p.holds(case) for p in self.parts)


@dataclass(frozen=True)
class Some(All):
    """At least one part holds."""

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return any(p.holds(case) for p in self.parts)


@dataclass(frozen=True)
class NoneOf(All):
    """No part holds."""

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return not any(p.holds(case) for p in self.parts)


def cheapest_first(parts: Iterable[Condition]) -> tuple[Condition, ...]:
    """Conditions in the order they are best looked at, those that ask the database last."""
    return tuple(sorted(parts, key=lambda p: p.cost()))


@dataclass(frozen=True)
class Matter(Condition):
    """The matter is of one of these types or categories."""

    codes: frozenset[str]

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return case.ticket.type in self.codes or case.ticket.category in self.codes


@dataclass(frozen=True)
class Urgent(Condition):
    """The ticket is urgent, or is not."""

    wanted: bool

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return case.ticket.urgent == self.wanted


@dataclass(frozen=True)
class AtLeast(Condition):
    """The ticket was returned, or reopened, so many times."""

    column: str
    count: int

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return int(getattr(case.ticket, self.column)) >= self.count


def clause_span(text: str, start: int, end: int) -> tuple[int, int]:
    """The span [start, end) of ``text`` widened to the pauses before and after it."""
    begin = max(text.rfind(mark, 0, start) for mark in _PAUSES) + 1
    stop = _PAUSE.search(text, end)
    return begin, stop.start() if stop else len(text)


@dataclass(frozen=True)
class Words(Condition):
    """One of the patterns is in the text, in a clause that has none of ``unless``."""

    patterns: re.Pattern[str]
    unless: re.Pattern[str] | None = None

    def hits(self, text: str, start: int = 0, end: int | None = None) -> Iterator[tuple[int, int]]:
        """Where, between ``start`` and ``end`` of ``text``."""
        stop = len(text) if end is None else end
        hit = self.patterns.search(text, start, stop)
        while hit:
            begin, finish = clause_span(text, hit.start(), hit.end())
            if not (self.unless and self.unless.search(text, begin, finish)):
                yield hit.span()
                after = hit.start() + 1
            elif _PAUSE.search(text, begin, finish):
                after = hit.start() + 1  # a hit over several clauses may hide a shorter one
            else:
                after = finish  # what else begins in this clause is cancelled with it
            hit = self.patterns.search(text, after, stop)

    def cost(self) -> int:
        """See the base class."""
        return 1

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return any(True for _ in self.hits(case.text))


@dataclass(frozen=True)
class Together(Condition):
    """All of several words stand near each other. In a long letter, words far apart tell of different things."""

    parts: tuple[Words, ...]

    def cost(self) -> int:
        """See the base class."""
        return 1

    def holds(self, case: Case) -> bool:
        """See the base class."""
        first, *others = self.parts
        return any(
            all(any(True for _ in w.hits(case.text, max(start - NEAR, 0), end + NEAR)) for w in others)
            for start, end in first.hits(case.text)
        )


@dataclass(frozen=True)
class TicketsOfPerson(Condition):
    """The same phone or reporter has filed so many tickets within so many days, this one counted.

    ``same``: of the same matter type, of the same category, or any.
    """

    at_least: int
    days: int
    same: str

    def cost(self) -> int:
        """See the base class."""
        return 2

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return 1 + len(case.facts.of_person(self.days, self.same)) >= self.at_least


@dataclass(frozen=True)
class TicketsAtPlace(Condition):
    """So many tickets of these types are about the same dwelling or building, this one counted."""

    at_least: int
    days: int
    matter: Matter
    within: str

    def cost(self) -> int:
        """See the base class."""
        return 3

    def holds(self, case: Case) -> bool:
        """See the base class."""
        if not self.matter.holds(case):
            return False
        others = case.facts.at_place(self.days, self.within)
        return 1 + sum(o.type in self.matter.codes or o.category in self.matter.codes for o in others) >= self.at_least


@dataclass(frozen=True)
class BadEvaluation(Condition):
    """The same person was not satisfied with the outcome of an earlier ticket, or had one handled again."""

    days: int
    same: str

    def cost(self) -> int:
        """See the base class."""
        return 2

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return any(o.score == "unsatisfied" or o.reopenings for o in case.facts.of_person(self.days, self.same))


@dataclass(frozen=True)
class Earlier(Condition):
    """A ticket of the same person, or about the same dwelling, had at least this grade."""

    grade: str
    days: int
    of: str

    def cost(self) -> int:
        """See the base class."""
        return 3

    def holds(self, case: Case) -> bool:
        """See the base class."""
        facts = case.facts
        others = facts.of_person(self.days, "any") if self.of == "person" else facts.at_place(self.days, "dwelling")
        return any(rank(o.risk) >= rank(self.grade) for o in others)


@dataclass(frozen=True)
class Merged(Condition):
    """A ticket merged into this one has at least this grade."""

    grade: str

    def cost(self) -> int:
        """See the base class."""
        return 2

    def holds(self, case: Case) -> bool:
        """See the base class."""
        return any(rank(grade) >= rank(self.grade) for grade in case.facts.merged)
