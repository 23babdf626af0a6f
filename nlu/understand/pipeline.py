"""The whole reading of a message. One ``Pipeline`` per process; ``parse`` is thread-safe and deterministic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from nlu.corpus import ACTS, MATTER_INTENTS
from nlu.entities import rulers, when
from nlu.entities.tagger import Tagger
from nlu.taxonomy import DANGER
from nlu.text.normalise import for_model, normalise
from nlu.understand.encoder import Encoder, Vectors, default_encoder
from nlu.understand.features import Features, featurise, title_and_body
from nlu.understand.heads import softmax
from nlu.understand.segments import segments
from nlu.understand.signals import heard
from nlu.understand.store import Model, load
from nlu.understand.why import Reason, reasons

CHINA = ZoneInfo("Asia/Shanghai")  # the one time of the whole country
MAX_TEXT = 5000  # characters read; what comes after is kept by the inbox but not read
CANDIDATES = 10
# A segment speaks of a further matter when it is long enough to say one and the model is this sure of it.
SECOND_MATTER = 0.55
SECOND_LENGTH = 6
MOST_PIECES = 4
LETTER = 40  # characters from which a text is more than small talk
SURE_SMALL_TALK = 0.8
APART = 0.4  # how much a post's subject line and body count when heard each by itself
SURE_ACT = 0.5  # turns that only make sense inside an intake are not guessed at
URGENT_ELSEWHERE = 0.5


@dataclass(frozen=True)
class Entity:
    """An entity: exact span [start, end) of the original text; ``value`` is canonical where there is one."""

    kind: str
    text: str
    start: int
    end: int
    value: str | None = None


@dataclass(frozen=True)
class Candidate:
    """A possible matter type with its probability."""

    category: str
    type: str
    confidence: float


@dataclass(frozen=True)
class Matter:
    """One matter of a message that speaks of several."""

    text: str
    type: str
    confidence: float

    @property
    def category(self) -> str:
        return self.type.split(".", 1)[0]


@dataclass(frozen=True)
class Reading:
    """What a message says.

    ``intent`` is one of the annotation guide's; ``act`` may also be correct, skip or anonymous, which only mean
    something inside an intake. ``category`` and ``type`` are those of the first matter, ``category`` is "none" for
    messages that are no matter; ``confidence`` is the category's probability. ``candidates`` are always given,
    likeliest first, so that the bot can ask; the second is the runner-up. ``why`` are the words that spoke for the
    first against it. ``matters`` has more than one entry when several were found. ``signals`` are those the message
    shows (``nlu.signal_corpus.SIGNALS``) with their probabilities.
    """

    text: str
    intent: str
    intent_confidence: float
    act: str
    act_confidence: float
    category: str
    type: str | None
    confidence: float
    candidates: tuple[Candidate, ...]
    also: tuple[str, ...]
    urgent: bool
    urgency: float
    entities: tuple[Entity, ...]
    matters: tuple[Matter, ...]
    why: tuple[Reason, ...] = ()
    signals: dict[str, float] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """JSON form, as ``xiaoge classify`` prints it."""
        return {
            "intent": self.intent,
            "category": self.category,
            "type": self.type,
            "confidence": round(self.confidence, 4),
            "candidates": [
                {"category": c.category, "type": c.type, "confidence": round(c.confidence, 4)} for c in self.candidates
            ],
            "also": list(self.also),
            "why": [{"word": r.word, "weight": r.weight} for r in self.why],
            "urgent": self.urgent,
            "entities": [
                {"kind": e.kind, "text": e.text, "start": e.start, "end": e.end, "value": e.value}
                for e in self.entities
            ],
        }


class Pipeline:
    """Normalise, find entities, classify."""

    def __init__(self, model: Model, encoder: Encoder) -> None:
        if model.manifest["encoder"] != encoder.name:
            raise ValueError(
                f"the model was trained with encoder {model.manifest['encoder']!r}, this process has {encoder.name!r}: "
                "run 'xiaoge train'"
            )
        self.model = model
        self.encoder = encoder
        self._nlp = rulers.build(model.manifest["place_names"], Tagger(model.tagger))
        head = model.heads["type"]
        self._categories = sorted({c.split(".", 1)[0] for c in head.classes})
        self._member = np.array(
            [[c.startswith(category + ".") for category in self._categories] for c in head.classes], dtype=np.float32
        )

    def entities(self, text: str, now: datetime | None = None) -> tuple[Entity, ...]:
        """Entities of a text, with spans of the original; times are resolved as said at ``now``, by default this moment."""
        normal = normalise(text[:MAX_TEXT])
        if not normal.text:
            return ()
        out = []
        for ent in self._nlp(normal.text).ents:
            start, end = normal.original_span(ent.start_char, ent.end_char)
            value = ent._.value
            if ent.label_ == "time":
                value = when.resolve(ent.text, now or datetime.now(CHINA))
            out.append(Entity(ent.label_, text[start:end], start, end, value))
        return tuple(out)

    def _types(self, texts: Sequence[str]) -> Vectors:
        return self.model.heads["type"].probabilities(featurise(list(texts), self.encoder, self.model.idf))

    def _type(self, text: str, features: Features) -> Vectors:
        """Probabilities of the types. A post's subject line and its body are also heard each by itself: in a long one
        the words of one easily drown those of the other."""
        head = self.model.heads["type"]
        parts = title_and_body(text)
        logits = head.logits(features)
        if parts is not None:
            apart = head.logits(featurise(list(parts), self.encoder, self.model.idf)).mean(axis=0, keepdims=True)
            logits = (1 - APART) * logits + APART * apart
        p: Vectors = softmax(logits)[0]
        return p

    def _matters(self, text: str) -> tuple[Matter, ...]:
        """Several matters, when the writer marked them and they differ; else nothing."""
        pieces = [p for p in segments(for_model(text)) if len(p) >= SECOND_LENGTH]
        if len(pieces) < 2:
            return ()
        if len(pieces) > MOST_PIECES:
            return ()  # a long list of points is one letter's argument, not so many matters
        found: list[Matter] = []
        types = self.model.heads["type"].classes
        for piece, p in zip(pieces, self._types(pieces), strict=True):
            best = int(p.argmax())
            if p[best] >= SECOND_MATTER and types[best] not in {m.type for m in found}:
                found.append(Matter(piece, types[best], float(p[best])))
        return tuple(found) if len(found) > 1 else ()

    def _settle_intent(
        self, p_act: Vectors, p_category: Vectors, names_matter: float, length: int
    ) -> tuple[str, Vectors]:
        """Intent and category decide together whether guidance is wanted or somebody who acts (rules 6 and 18)."""
        classes = self.model.heads["intent"].classes
        report, legal = classes.index("report"), classes.index("legal_question")
        p_legal = float(p_category[self._categories.index("legal")])
        both = float(p_act[report] + p_act[legal])
        for_legal = float(p_act[legal]) * p_legal
        for_report = float(p_act[report]) * (1 - p_legal)
        share = for_legal / max(for_legal + for_report, 1e-9)
        p_act = p_act.copy()
        p_act[legal], p_act[report] = both * share, both * (1 - share)
        if length >= LETTER and both < 0.5 and float(p_category.max()) >= SECOND_MATTER:
            # A long text that says what it is about is a matter, even if it ends in thanks or begins with a greeting.
            short = float(max(p for i, p in enumerate(p_act) if i not in (report, legal)))
            if short < SURE_SMALL_TALK:
                p_act[report if share < 0.5 else legal] = short + 1e-3
                p_act /= p_act.sum()
        return classes[int(self._alone(p_act, names_matter, length).argmax())], p_act

    def _alone(self, p_act: Vectors, names_matter: float, length: int) -> Vectors:
        """Probabilities of the intents a message can have by itself. What sounds like an answer while nothing was asked
        is a report so far as it names its matter (probability of the likeliest type), and unclear for the rest."""
        classes = self.model.heads["intent"].classes
        p = p_act * np.array([c not in ACTS for c in classes], dtype=np.float32)
        if length < LETTER and "inform" in classes:
            answer = p_act[classes.index("inform")]
            p[classes.index("report")] += names_matter * answer
            p[classes.index("unclear")] += (1 - names_matter) * answer
        alone: Vectors = p / max(float(p.sum()), 1e-9)
        return alone

    def _urgent_from(self, p_category: Vectors) -> float:
        """The threshold of urgency: danger to life is told in a few lines of work; elsewhere more proof is asked."""
        danger = sum(float(p) for p, c in zip(p_category, self._categories, strict=True) if c in DANGER)
        return float(self.model.manifest["urgent_threshold"]) if danger >= 0.5 else URGENT_ELSEWHERE

    def parse(self, text: str, now: datetime | None = None) -> Reading:
        """Read one message (any length; at most MAX_TEXT characters are looked at), said at ``now``."""
        return replace(self.classify(text), entities=self.entities(text, now))

    def classify(self, text: str) -> Reading:
        """Like :meth:`parse` without the entities, for those who need the labels alone."""
        text = text[:MAX_TEXT]
        plain = for_model(text)
        if not plain:
            return Reading(text, "unclear", 1.0, "unclear", 1.0, "none", None, 0.0, (), (), False, 0.0, (), ())
        features = featurise([text], self.encoder, self.model.idf)
        intents, type_head = self.model.heads["intent"], self.model.heads["type"]
        p_act = intents.probabilities(features)[0]
        p_urgent = float(self.model.heads["urgent"].probabilities(features)[0][1])

        p_type = self._type(text, features)
        p_category = p_type @ self._member
        names_matter = float(p_type.max())
        intent, p_act = self._settle_intent(p_act, p_category, names_matter, len(text))
        best_intent = intents.classes.index(intent)
        act = int(p_act.argmax())
        if intents.classes[act] in ACTS and p_act[act] < SURE_ACT:
            act = best_intent
        p_intent = self._alone(p_act, names_matter, len(text))
        category = self._categories[int(p_category.argmax())]
        types = type_head.classes
        order = [int(i) for i in np.argsort(-p_type)]
        first = next(i for i in order if types[i].startswith(category + "."))
        order = [first, *(i for i in order if i != first)][:CANDIDATES]
        candidates = tuple(Candidate(types[i].split(".", 1)[0], types[i], float(p_type[i])) for i in order)

        matter = intent in MATTER_INTENTS
        matters = self._matters(text) if matter else ()
        also = tuple(dict.fromkeys(m.category for m in matters if m.category != category))
        return Reading(
            text,
            intent,
            float(p_intent[best_intent]),
            intents.classes[act],
            float(p_act[act]),
            category if matter else "none",
            types[first] if matter else None,
            float(p_category.max()) if matter else float(p_intent[best_intent]),
            candidates,
            also,
            matter and p_urgent >= self._urgent_from(p_category),
            p_urgent,
            (),
            matters,
            reasons(plain, type_head, self.model.idf, order[0], order[1]) if matter else (),
            heard(self.model, features),
        )


@lru_cache(maxsize=1)
def default_pipeline() -> Pipeline:
    """The process's pipeline on the current model."""
    return Pipeline(load(), default_encoder())
