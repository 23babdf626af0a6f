"""Keeping the knowledge base: how much there is of what, and which entries are due to be read again against the law."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import IntEnum

from knowledge.citations import Citation
from knowledge.guiding.model import Guide
from knowledge.library import Library
from knowledge.model import Entry
from knowledge.papers.draft import Draft
from knowledge.sentences import mean_length

REVIEW_DAYS = 180


@dataclass(frozen=True)
class Topic:
    """Figures of one topic: the first part of its entries' ids."""

    name: str
    entries: int
    phrasings: int
    articles: int
    with_limits: int
    reviewed: int


@dataclass(frozen=True)
class Figures:
    """How much there is. ``sentence`` is the mean length of what is said in answers, steps and warnings, in characters;
    ``articles`` counts different articles that entries cite, ``laws`` the laws they are of."""

    entries: int
    phrasings: int
    articles: int
    laws: int
    by_name: int
    with_limits: int
    reviewed: int
    sentence: float
    guides: int
    questions: int
    results: int
    drafts: int
    topics: tuple[Topic, ...]


def cited(entry: Entry) -> tuple[Citation, ...]:
    """Every article an entry rests on, those of its time limits too, each once."""
    return tuple(dict.fromkeys([*entry.statutes, *(limit.statute for limit in entry.limits if limit.statute)]))


def _topic(name: str, entries: list[Entry]) -> Topic:
    return Topic(
        name=name,
        entries=len(entries),
        phrasings=sum(len(e.phrasings) for e in entries),
        articles=len({c for e in entries for c in cited(e)}),
        with_limits=sum(bool(e.limits) for e in entries),
        reviewed=sum(e.reviewed is not None for e in entries),
    )


def figures(library: Library, guides: Mapping[str, Guide], drafts: Mapping[str, Draft]) -> Figures:
    """Count everything; topics in the alphabet's order."""
    entries = list(library.entries.values())
    whole = _topic("", entries)
    names = sorted({e.topic for e in entries})
    return Figures(
        entries=whole.entries,
        phrasings=whole.phrasings,
        articles=whole.articles,
        laws=len({c.law for e in entries for c in cited(e)}),
        by_name=len({name for e in entries for name in e.by_name}),
        with_limits=whole.with_limits,
        reviewed=whole.reviewed,
        sentence=mean_length(text for e in entries for text in (e.answer, *e.steps, *e.warnings)),
        guides=len(guides),
        questions=sum(len(g.questions) for g in guides.values()),
        results=sum(len(g.results) for g in guides.values()),
        drafts=len(drafts),
        topics=tuple(_topic(name, [e for e in entries if e.topic == name]) for name in names),
    )


class Urgency(IntEnum):
    """Why an entry is due, the most urgent first."""

    CHANGED = 1  # a law it rests on was changed after it was reviewed
    NEVER = 2  # nobody reviewed it yet
    UNWATCHED = 3  # it names a law that is not in the index, and was not reviewed for half the time
    OLD = 4  # it was not reviewed for the whole time


@dataclass(frozen=True)
class Due:
    """An entry to be read again. ``why`` tells every reason, ``urgency`` the most urgent of them."""

    entry: Entry
    urgency: Urgency
    why: tuple[str, ...]


def _changed(library: Library, entry: Entry, since: date | None) -> list[str]:
    found = []
    for name in entry.by_name:
        day = library.changed.get(name)
        if day is not None and (since is None or since < day):
            found.append(f"{name} was changed on {day}")
    for name in dict.fromkeys(c.law for c in cited(entry)):
        law = library.laws.get(name)
        if law is not None and since is not None and since < law.version:
            found.append(f"{name} has a version of {law.version}")
    return found


def _due(library: Library, entry: Entry, today: date, days: int) -> Due | None:
    since = entry.reviewed.on if entry.reviewed else None
    age = (today - since).days if since else 0
    reasons = [(Urgency.CHANGED, text) for text in _changed(library, entry, since)]
    if since is None:
        reasons.append((Urgency.NEVER, "not reviewed yet"))
    elif age > days:
        reasons.append((Urgency.OLD, f"reviewed {age} days ago"))
    elif entry.by_name and age > days // 2:
        reasons.append((Urgency.UNWATCHED, f"reviewed {age} days ago; not in the index: {'、'.join(entry.by_name)}"))
    return Due(entry, min(u for u, _ in reasons), tuple(text for _, text in reasons)) if reasons else None


def due(library: Library, today: date, days: int = REVIEW_DAYS) -> list[Due]:
    """Entries whose review is due, the most urgent first; of equals those with time limits first, then the longest unread.

    Args:
        library: what is kept.
        today: the day it is.
        days: after which a review is old. Half of it where an entry names laws that are not in the index, since nothing
            tells when those change.
    """
    found = [d for entry in library.entries.values() if (d := _due(library, entry, today, days)) is not None]
    return sorted(found, key=_order)


def _order(item: Due) -> tuple[int, bool, date, str]:
    since = item.entry.reviewed.on if item.entry.reviewed else date.min
    return item.urgency, not item.entry.limits, since, item.entry.id


def counted(items: Iterable[Due]) -> dict[Urgency, int]:
    """How many are due for which reason, the most urgent first."""
    counts = Counter(item.urgency for item in items)
    return {urgency: counts[urgency] for urgency in Urgency}
