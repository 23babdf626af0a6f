"""The spaCy pipeline: blank Chinese, jieba tokens, one ruler per entity kind, overlaps resolved.

``build()`` gives a spaCy ``Language``; ``doc.ents`` are the entities, each with its canonical value in
``ent._.value``. The text it gets must be normalised (``nlu.text.normalise``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from nlu.entities import money, organisation, person, phone, place, ticket, time
from nlu.entities.found import Found
from nlu.text.tokenise import add_words, tokens_cut_at

# On overlap the earlier kind wins: digits that are a phone are no date, a clinic's name is no place.
PRIORITY = ("phone", "ticket", "money", "org", "place", "time", "person")
Rule = Callable[[str], Iterator[Found]]

if not Span.has_extension("value"):
    Span.set_extension("value", default=None)


def gazetteer(names: Sequence[str]) -> Callable[[str], Iterator[tuple[int, int]]] | None:
    """A finder of known place names, longest first; None when there are none."""
    known = sorted({n for n in names if len(n) > 1}, key=lambda n: (-len(n), n))
    if not known:
        return None
    pattern = re.compile("|".join(map(re.escape, known)))
    return lambda text: (m.span() for m in pattern.finditer(text))


def resolve(found: Sequence[Found]) -> list[Found]:
    """Choose among overlapping finds: by kind's priority, then the longer one.

    An institution's name that only says where something is (人民医院楼顶) is part of that place.
    """
    places = [f for f in found if f.kind == "place"]
    kept = [
        f
        for f in found
        if f.kind != "org" or not any(p.start <= f.start and f.end < p.end and p.end - f.end >= 2 for p in places)
    ]
    chosen: list[Found] = []
    for item in sorted(kept, key=lambda f: (PRIORITY.index(f.kind), -len(f), f.start)):
        if not any(item.start < other.end and other.start < item.end for other in chosen):
            chosen.append(item)
    return sorted(chosen, key=lambda f: f.start)


class RulerTokenizer:
    """spaCy tokenizer: runs the rules first, then cuts jieba's words at the borders they found."""

    def __init__(self, vocab: Any, names: Sequence[str]) -> None:
        self.vocab = vocab
        add_words(names)
        known = gazetteer(names)
        self.rules: tuple[Rule, ...] = (
            phone.find,
            ticket.find,
            money.find,
            organisation.find,
            lambda text: place.find(text, known),
            time.find,
            person.find,
        )

    def __call__(self, text: str) -> Doc:
        found = resolve([f for rule in self.rules for f in rule(text)])
        words = tokens_cut_at(text, (cut for f in found for cut in (f.start, f.end)))
        doc = Doc(self.vocab, words=words, spaces=[False] * len(words))
        doc.user_data["found"] = found
        return doc


@Language.component("xiaoge_entities")
def _entities(doc: Doc) -> Doc:
    spans = []
    for item in doc.user_data.pop("found"):
        span = doc.char_span(item.start, item.end, label=item.kind)
        if span is not None:
            span._.value = item.value
            spans.append(span)
    doc.ents = spans
    return doc


def build(names: Sequence[str] = ()) -> Language:
    """The entity pipeline.

    Args:
        names: the city's own place names (estates, villages, roads), which need no grammar to be recognised.
    """
    nlp = spacy.blank("zh")
    nlp.tokenizer = RulerTokenizer(nlp.vocab, names)
    nlp.add_pipe("xiaoge_entities")
    return nlp
