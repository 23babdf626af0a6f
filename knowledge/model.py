"""What an entry of the knowledge base is, and where to go with it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from knowledge.citations import Citation

# The six kinds of mediation, by what files and tickets call them, and in residents' words.
MEDIATION = {
    "people": "人民调解",
    "industry": "行业调解",
    "judicial": "司法调解",
    "administrative": "行政调解",
    "labour": "劳动争议调解",
    "land": "土地承包调解",
}


@dataclass(frozen=True)
class Limit:
    """A time that can be missed: what has to be done, within which time, from when, and what happens otherwise."""

    what: str
    time: str
    since: str | None = None
    if_missed: str | None = None
    statute: Citation | None = None


@dataclass(frozen=True)
class Change:
    """What was changed in an entry, and when."""

    on: date
    what: str


@dataclass(frozen=True)
class Review:
    """Who read an entry against the statutes last, and when."""

    by: str
    on: date


@dataclass(frozen=True)
class Entry:
    """A question and its answer.

    ``question`` stands in the asker's words, ``also`` are other ways to ask it. ``where`` are keys of offices, the nearest
    first. ``statutes`` are what the answer rests on, the main one first; ``by_name`` are laws that have changed since and
    are cited without an article. ``phone`` is the number that helps most. ``file`` and ``line`` say where it is written.
    """

    id: str
    question: str
    also: tuple[str, ...]
    answer: str
    steps: tuple[str, ...]
    papers: tuple[str, ...]
    where: tuple[str, ...]
    limits: tuple[Limit, ...]
    fees: str | None
    warnings: tuple[str, ...]
    related: tuple[str, ...]
    statutes: tuple[Citation, ...]
    by_name: tuple[str, ...]
    guide: str | None
    mediation: str | None
    phone: str
    reviewed: Review | None
    changes: tuple[Change, ...]
    file: str
    line: int

    @property
    def topic(self) -> str:
        """The first part of the id."""
        return self.id.split(".", 1)[0]

    @property
    def phrasings(self) -> tuple[str, ...]:
        """Every way to ask it, the main one first."""
        return (self.question, *self.also)


@dataclass(frozen=True)
class Office:
    """Where to go: its name, what it does for one there, and what the city says of its own (address, phone, hours)."""

    key: str
    name: str
    does: str
    phone: str | None = None
    address: str | None = None
    hours: str | None = None


@dataclass(frozen=True)
class Law:
    """A law of the statutes' index.

    ``name`` is what entries call it, ``formal`` what it is cited by in full, ``articles`` how many it has, ``version`` the day
    of the version that was read. ``gists`` has, of each article that is cited, its point in our own words.
    """

    name: str
    formal: str
    version: date
    articles: int
    gists: dict[str, str]
