"""Plain words: legal terms that nobody explains to the reader. ``terms.yml`` beside this module has the terms and what explains them.

Not a condition for serving: an entry with a hard word helps more than the old version of it. ``xiaoge kb check`` tells of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from common.nodes import Source
from knowledge.guiding.model import Guide
from knowledge.model import Entry, Limit

FILE = Path(__file__).with_name("terms.yml")
Terms = Mapping[str, tuple[str, ...]]


def read(file: Path = FILE) -> tuple[dict[str, tuple[str, ...]], list[str]]:
    """Hard terms with the words that explain each, and every mistake."""
    source = Source(file)
    root = source.root()
    terms = {}
    for term, _, node in source.pairs(root, "the file") if root is not None else ():
        if isinstance(node, yaml.SequenceNode):
            terms[term] = tuple(source.text(item, term) for item in node.value)
        else:
            source.bad(node, f"{term} must have a list of explaining words, or []")
    return terms, source.problems


def unexplained(text: str, terms: Terms) -> list[str]:
    """The hard terms in a text that it does not explain; of 财产保全 and 保全 the longer one only.

    Args:
        text: all that is read together.
        terms: with what explains each.
    """
    found: list[str] = []
    rest = text
    for term in sorted(terms, key=len, reverse=True):
        if term not in rest:
            continue
        rest = rest.replace(term, "\0")
        if not any(words in text for words in terms[term]):
            found.append(term)
    return found


def _limits(limits: Iterable[Limit]) -> list[str]:
    return [part for limit in limits for part in (limit.what, limit.since, limit.if_missed) if part]


def said(entry: Entry) -> tuple[str, ...]:
    """What of an entry is said to who asked it."""
    fees = [entry.fees] if entry.fees else []
    return (entry.answer, *entry.steps, *_limits(entry.limits), *fees, *entry.warnings)


def _places(guide: Guide) -> list[tuple[int, str, str]]:
    """Line, id and words of every question and result."""
    asked = [
        (q.line, q.id, "\n".join([q.ask, q.help or "", *(c.say for c in q.choices)])) for q in guide.questions.values()
    ]
    told = [
        (r.line, r.id, "\n".join([r.position, *r.steps, *_limits(r.limits), *r.warnings]))
        for r in guide.results.values()
    ]
    return asked + told


def _told(words: list[str], terms: Terms) -> str:
    return "; ".join(f"{w} is not explained: {' or '.join(terms[w][:3]) or 'say it in plain words'}" for w in words)


def in_entries(entries: Iterable[Entry], terms: Terms) -> list[str]:
    """Where a hard term is not explained, each with file and line. Who asked has read the question, so it counts as explanation.

    Args:
        entries: to look at.
        terms: of :func:`read`.
    """
    found = []
    for entry in entries:
        text = "\n".join(said(entry))
        hard = [term for term in unexplained(f"{entry.question}\n{text}", terms) if term in text]
        if hard:
            found.append(f"{entry.file}:{entry.line}: {entry.id}: {_told(hard, terms)}")
    return found


def in_guides(guides: Iterable[Guide], terms: Terms) -> list[str]:
    """The same for guides. What is explained at one place of a guide is understood at another."""
    found = []
    for guide in guides:
        places = _places(guide)
        for term in unexplained("\n".join(text for _, _, text in places), terms):
            line, id_ = next((line, id_) for line, id_, text in places if term in text)
            found.append(f"{guide.file}:{line}: {id_}: {_told([term], terms)}")
    return found
