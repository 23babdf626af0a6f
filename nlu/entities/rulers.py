"""The spaCy pipeline: blank Chinese, jieba tokens, one ruler per entity kind, a learnt tagger over what they found.

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
from nlu.entities.tagger import Tagger
from nlu.text.tokenise import add_words, tokens_cut_at

# On overlap the earlier kind wins: digits that are a phone are no date, a clinic's name is no place.
PRIORITY = ("phone", "ticket", "money", "org", "place", "time", "person")
_ABOUT = frozenset({"左右", "多", "上下", "前后"})
ANSWER = 16  # characters of a text that is rather an answer than a message
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


class Rules:
    """All entity rules over one text, overlaps resolved."""

    def __init__(self, names: Sequence[str]) -> None:
        add_words(names)
        known = gazetteer(names)
        self._rules: tuple[Rule, ...] = (
            phone.find,
            ticket.find,
            money.find,
            organisation.find,
            lambda text: place.find(text, known),
            time.find,
            person.find,
        )

    def __call__(self, text: str) -> list[Found]:
        """Entities of a normalised text."""
        return resolve([f for rule in self._rules for f in rule(text)])


def settle(text: str, by_rule: Sequence[Found], learnt: Sequence[Found]) -> list[Found]:
    """What the rules and the tagger found, as one list.

    What a rule is sure of stands, and so does a sum it read whole of which the tagger has only a part. Other names, times
    and sums are the tagger's; a rule's canonical value is kept where it read the same thing. A short answer like 4号楼 or
    昨晚 teaches the tagger little, so there a rule's find stands when the tagger has nothing.
    """

    def meet(a: Found, b: Found) -> bool:
        return a.start < b.end and b.start < a.end

    def whole(f: Found) -> bool:
        """Whether the tagger has only a part of what the rule read: a sum, 凌晨两点(左右), a school that is a place (对面)."""
        parts = [x for x in learnt if f.start <= x.start and x.end <= f.end]
        if f.kind == "place":
            return any(x.kind == "org" and f.end - x.end >= 2 for x in parts)
        if f.kind == "time":
            return any(x.kind == f.kind and text[x.end : f.end] in _ABOUT for x in parts)
        return bool(f.value) and any(x.kind == f.kind for x in parts)

    def shortened(item: Found) -> Found:
        """阳光幼儿园(上学): a name ends with its institution's word, where the rule saw it end."""
        if item.kind == "org" and not organisation.is_institution(text[item.start : item.end]):
            return next((f for f in by_rule if f.kind == "org" and f.start == item.start and f.end < item.end), item)
        return item

    learnt = [shortened(item) for item in learnt]
    out = [f for f in by_rule if f.sure or whole(f)]
    out += [item for item in learnt if not any(meet(item, f) for f in out)]
    if len(text) <= ANSWER:
        out += [f for f in by_rule if not any(meet(f, o) for o in out)]
    return sorted(out, key=lambda f: f.start)


class RulerTokenizer:
    """spaCy tokenizer: finds the entities first, then cuts jieba's words at their borders."""

    def __init__(self, vocab: Any, names: Sequence[str], tagger: Tagger | None) -> None:
        self.vocab = vocab
        self.rules = Rules(names)
        self.tagger = tagger

    def __call__(self, text: str) -> Doc:
        found = self.rules(text)
        if self.tagger:
            found = settle(text, found, self.tagger.find(text, found))
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


def build(names: Sequence[str] = (), tagger: Tagger | None = None) -> Language:
    """The entity pipeline.

    Args:
        names: the city's own place names (estates, villages, roads), which need no grammar to be recognised.
        tagger: the learnt tagger; without one the rules decide alone.
    """
    nlp = spacy.blank("zh")
    nlp.tokenizer = RulerTokenizer(nlp.vocab, names, tagger)
    nlp.add_pipe("xiaoge_entities")
    return nlp
