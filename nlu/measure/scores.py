"""Figures over what was read and what should have been read.

Sources: expected calibration error as in Guo et al. 2017 (equal-width bins); risk–coverage as in El-Yaniv and Wiener
2010; entities count when kind and text are exactly the same.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nlu.corpus import ACTS
from nlu.measure.labelled import Labelled
from nlu.understand.pipeline import Pipeline, Reading

BINS = 10


@dataclass(frozen=True)
class Outcome:
    """A labelled message and its reading."""

    truth: Labelled
    reading: Reading

    @property
    def right(self) -> bool:
        return self.reading.category == self.truth.category

    @property
    def categories(self) -> list[str]:
        """Categories in the order the reader would offer them, the chosen one first."""
        offered = [c.category for c in self.reading.candidates]
        return list(dict.fromkeys([self.reading.category, *offered]))

    @property
    def types(self) -> list[str]:
        return [c.type for c in self.reading.candidates]


def read_all(pipeline: Pipeline, messages: Sequence[Labelled], title_only: bool = False) -> list[Outcome]:
    """Read a labelled set, whole messages or their titles alone."""
    return [Outcome(m, pipeline.parse(m.title if title_only else m.whole)) for m in messages]


def _share(hits: Iterable[bool]) -> float | None:
    values = list(hits)
    return round(sum(values) / len(values), 4) if values else None


def ratio(hits: int, of: int) -> float | None:
    """``hits / of``, None where nothing could be counted."""
    return round(hits / of, 4) if of else None


def _f1(precision: float | None, recall: float | None) -> float | None:
    if precision is None and recall is None:
        return None
    p, r = precision or 0.0, recall or 0.0
    return round(2 * p * r / (p + r), 4) if p + r else 0.0


def per_class(truth: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Precision, recall, F1 and support of every class that occurs in the truth."""
    hits = Counter(t for t, s in zip(truth, said, strict=True) if t == s)
    support, predicted = Counter(truth), Counter(said)
    table: dict[str, dict[str, Any]] = {}
    for name in sorted(support):
        precision, recall = ratio(hits[name], predicted[name]), ratio(hits[name], support[name])
        table[name] = {
            "precision": precision,
            "recall": recall,
            "f1": _f1(precision, recall),
            "support": support[name],
        }
    return table


def macro_f1(table: dict[str, dict[str, Any]]) -> float | None:
    """Mean F1 of the classes of a :func:`per_class` table."""
    values = [row["f1"] for row in table.values()]
    return round(float(np.mean(values)), 4) if values else None


def confusion(truth: Sequence[str], said: Sequence[str]) -> dict[str, dict[str, int]]:
    """Truth → said → count; only what occurs."""
    out: dict[str, Counter[str]] = {}
    for t, s in zip(truth, said, strict=True):
        out.setdefault(t, Counter())[s] += 1
    return {t: dict(counts.most_common()) for t, counts in sorted(out.items())}


def calibration(confidence: Sequence[float], right: Sequence[bool]) -> dict[str, Any]:
    """Expected calibration error over ten equal bins, and the bins."""
    bins: list[dict[str, Any]] = []
    error = 0.0
    for b in range(BINS):
        low, high = b / BINS, (b + 1) / BINS
        members = [i for i, c in enumerate(confidence) if low < c <= high or (b == 0 and c <= low)]
        if not members:
            continue
        mean = float(np.mean([confidence[i] for i in members]))
        accuracy = float(np.mean([right[i] for i in members]))
        error += len(members) / len(confidence) * abs(mean - accuracy)
        bins.append({"from": low, "to": high, "n": len(members), "confidence": mean, "accuracy": accuracy})
    return {"ece": round(error, 4) if confidence else None, "bins": bins}


def risk_coverage(confidence: Sequence[float], right: Sequence[bool]) -> list[dict[str, float]]:
    """For each possible threshold: which share is answered unasked (coverage), and how much of that is wrong (risk)."""
    order = sorted(range(len(confidence)), key=lambda i: -confidence[i])
    points: list[dict[str, float]] = []
    wrong = 0
    for rank, i in enumerate(order, 1):
        wrong += not right[i]
        if rank == len(order) or confidence[order[rank]] < confidence[i]:
            points.append({"threshold": round(confidence[i], 4), "coverage": rank / len(order), "risk": wrong / rank})
    return points


def threshold_for(points: Sequence[dict[str, float]], risk: float) -> dict[str, float] | None:
    """The point that answers most without asking while staying at or below ``risk``; None when there is none."""
    within = [p for p in points if p["risk"] <= risk]
    return max(within, key=lambda p: p["coverage"]) if within else None


def binary(truth: Sequence[bool], said: Sequence[bool]) -> dict[str, Any]:
    """Precision and recall of a yes."""
    hits = sum(t and s for t, s in zip(truth, said, strict=True))
    precision, recall = ratio(hits, sum(said)), ratio(hits, sum(truth))
    return {"precision": precision, "recall": recall, "f1": _f1(precision, recall), "positives": sum(truth)}


def entities(outcomes: Sequence[Outcome]) -> dict[str, dict[str, Any]]:
    """Precision, recall and F1 by kind: a find counts when kind and text are exactly those of the truth."""
    hits: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    found: Counter[str] = Counter()
    for outcome in outcomes:
        truth = Counter((k, t) for k, texts in (outcome.truth.entities or {}).items() for t in texts)
        said = Counter((e.kind, e.text) for e in outcome.reading.entities)
        for total, counts in ((hits, truth & said), (wanted, truth), (found, said)):
            for (kind, _), n in counts.items():
                total[kind] += n
    table: dict[str, dict[str, Any]] = {}
    for kind in sorted(set(wanted) | set(found)):
        precision, recall = ratio(hits[kind], found[kind]), ratio(hits[kind], wanted[kind])
        table[kind] = {"precision": precision, "recall": recall, "f1": _f1(precision, recall), "support": wanted[kind]}
    total_p, total_r = ratio(hits.total(), found.total()), ratio(hits.total(), wanted.total())
    table["all"] = {"precision": total_p, "recall": total_r, "f1": _f1(total_p, total_r), "support": wanted.total()}
    return table


def _ranked(
    outcomes: Sequence[Outcome], offered: Callable[[Outcome], list[str]], wanted: Callable[[Outcome], Any]
) -> dict[str, Any]:
    return {
        "top1": _share(wanted(o) in offered(o)[:1] for o in outcomes),
        "top3": _share(wanted(o) in offered(o)[:3] for o in outcomes),
        "n": len(outcomes),
    }


def _turn(outcome: Outcome) -> str:
    """The turn a message was heard as. The intake takes a report for an answer too, so those two are not told apart."""
    act = outcome.reading.act
    return "inform" if act == "report" and outcome.truth.intent == "inform" else act


def measure(outcomes: Sequence[Outcome]) -> dict[str, Any]:
    """All figures of a labelled set, JSON-ready. Parts the set has no labels for are left out."""
    # What is said inside an intake (七八个人) is never asked for its category.
    alone = [o for o in outcomes if o.truth.intent not in ACTS] or outcomes
    truth, said = [o.truth.category for o in alone], [o.reading.category for o in alone]
    confidence, right = [o.reading.confidence for o in alone], [o.right for o in alone]
    by_category = per_class(truth, said)
    report: dict[str, Any] = {
        "messages": len(outcomes),
        "category": {
            **_ranked(alone, lambda o: o.categories, lambda o: o.truth.category),
            "macro_f1": macro_f1(by_category),
            "per_class": by_category,
            "confusion": confusion(truth, said),
        },
        "calibration": calibration(confidence, right),
        "risk_coverage": risk_coverage(confidence, right),
    }
    typed = [o for o in outcomes if o.truth.type]
    if typed:
        types = [str(o.truth.type) for o in typed]
        by_type = per_class(types, [o.reading.type or "none" for o in typed])
        report["type"] = {
            **_ranked(typed, lambda o: o.types, lambda o: o.truth.type),
            "macro_f1": macro_f1(by_type),
            "per_class": by_type,
        }
    several = [o for o in outcomes if o.truth.also]
    if several:
        hits = sum(len(set(o.truth.also) & set(o.reading.also)) for o in outcomes)
        report["also"] = {
            "precision": ratio(hits, sum(len(o.reading.also) for o in outcomes)),
            "recall": ratio(hits, sum(len(o.truth.also) for o in outcomes)),
            "messages": len(several),
        }
    flagged = [o for o in outcomes if o.truth.urgent is not None]
    if flagged:
        report["urgent"] = binary([bool(o.truth.urgent) for o in flagged], [o.reading.urgent for o in flagged])
    told = [o for o in outcomes if o.truth.intent]
    if any(o.truth.intent in ACTS for o in told):
        acts, done = [str(o.truth.intent) for o in told], [_turn(o) for o in told]
        report["act"] = {
            "accuracy": _share(t == s for t, s in zip(acts, done, strict=True)),
            "n": len(told),
            "per_class": per_class(acts, done),
            "confusion": confusion(acts, done),
        }
    meant = [o for o in told if o.truth.intent not in ACTS]
    if meant:
        intents, read = [str(o.truth.intent) for o in meant], [o.reading.intent for o in meant]
        report["intent"] = {
            "accuracy": _share(t == s for t, s in zip(intents, read, strict=True)),
            "n": len(meant),
            "per_class": per_class(intents, read),
            "confusion": confusion(intents, read),
        }
    marked = [o for o in outcomes if o.truth.entities is not None]
    if marked:
        report["entities"] = entities(marked)
    return report
