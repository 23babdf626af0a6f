"""How good the suggestions are: the written set's measured half, alone and among unrelated messages of a real file."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import measured
import numpy as np
import written
from measured import Logits, Truth
from written import Pair, Retold

from cases.duplicates.features import NAMES
from cases.duplicates.scoring import weights

AROUND = (-0.1, -0.05, 0.0, 0.05, 0.1, 0.15)  # thresholds shown beside the shipped one
SEED = 1


def classified(texts: Sequence[str]) -> list[str | None]:
    """The matter types the classifier gives; the likeliest one when it sees no matter."""
    from nlu.understand.pipeline import default_pipeline

    readings = [default_pipeline().classify(t) for t in texts]
    return [r.type or (r.candidates[0].type if r.candidates else None) for r in readings]


def of_file(file: Path) -> list[tuple[str, str, str]]:
    """Text, type and place of the messages of a JSON-lines file (text, type, perhaps title and place).

    Raises:
        SystemExit: listing the lines that are no message.
    """
    out, wrong = [], []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
            text, type_ = str(row["text"]), row.get("type")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            wrong.append(f"{file}:{number}: not a JSON object with a text ({error!r})")
            continue
        if type_:
            out.append((text, str(type_), row.get("place") or written.first_place(text, row.get("title") or "")))
    if wrong:
        raise SystemExit("\n".join(wrong))
    return out


@dataclass(frozen=True)
class Compared:
    """Pairs of reports by their place in the list of all, with what is true of them and what the model says.

    ``counts`` are the pairs that measure: not fitted on, and not of two unrelated messages, of which nobody has said
    whether they are one matter.
    """

    groups: list[str | None]
    indices: list[tuple[int, int]]
    same: Truth
    counts: Truth
    logits: Logits


def compare(told: Sequence[Retold], strangers: Sequence[Retold]) -> Compared:
    """Compare every two reports near enough in time."""
    everyone = [*told, *strangers]
    place = {id(t): i for i, t in enumerate(everyone)}
    pairs: list[Pair] = written.pairs(everyone)
    indices = [(place[id(a)], place[id(b)]) for a, b in pairs]
    known = np.array([i < len(told) for i, _ in indices], dtype=np.bool_)
    fitted = np.array([a.half == 0 for a, _ in pairs]) & np.array([j >= len(told) for _, j in indices])
    model = weights()
    logits = written.table(pairs) @ np.array([model.of[n] for n in NAMES]) + model.intercept
    counts = known & ~fitted & ~written.fitted_on(pairs)
    return Compared([t.group for t in everyone], indices, written.same(pairs), counts, logits)


def pairwise(title: str, found: Compared) -> None:
    """Print precision and recall of the pairs that measure, linked into cases as suggestions are, and one by one."""
    shipped, of = weights().threshold, found.counts
    print(f"{title}: {int(found.same[of].sum())} pairs of one matter among {int(of.sum())}")
    for step in AROUND:
        link = shipped + step
        linked = measured.linked(found.indices, found.logits, len(found.groups), math.log(link / (1 - link)))
        precise, recall = measured.counted(found.same[of], linked[of])
        alone = measured.counted(found.same[of], found.logits[of] >= math.log(link / (1 - link)))
        mark = "  <- shipped" if not step else ""
        print(
            f"  from {link:.2f}: in cases precision {precise:.3f} recall {recall:.3f}   "
            f"pair by pair precision {alone[0]:.3f} recall {alone[1]:.3f}{mark}"
        )


def in_order(title: str, told: Sequence[Retold], strangers: Sequence[Retold], found: Compared) -> None:
    """Print what a person sees who decides every suggestion before the next report comes in."""
    everyone = [*told, *strangers]
    order = sorted(range(len(everyone)), key=lambda i: everyone[i].report.at)
    rank = {old: new for new, old in enumerate(order)}
    indices = [(rank[i], rank[j]) for i, j in found.indices]
    floor = math.log(weights().threshold / (1 - weights().threshold))
    right, wrong, findable = measured.in_order(indices, found.logits, [found.groups[i] for i in order], floor)
    print(
        f"{title}, in order: {right + wrong} suggestions, {right / max(1, right + wrong):.3f} of them right; "
        f"{right / findable:.3f} of {findable} re-tellings found (both halves)"
    )


def show(file: Path | None, by_classifier: bool) -> None:
    """Print all figures.

    Args:
        file: of unrelated messages; None: only the written set.
        by_classifier: use the matter types the trained classifier gives in the place of the written ones.
    """
    with written.sample_city() as session:
        types = classified([r["text"] for r in written.rows()]) if by_classifier else None
        told = written.read_all(session, types)
        strangers = written.unrelated(session, told, of_file(file), SEED) if file else []
    alone = compare(told, [])
    pairwise("measured half", alone)
    in_order("written set", told, [], alone)
    if not strangers:
        return
    among = compare(told, strangers)
    pairwise(f"measured half among {len(strangers)} unrelated messages", among)
    in_order("written set among them", told, strangers, among)
    between = np.array([i >= len(told) for i, _ in among.indices])
    floor = math.log(weights().threshold / (1 - weights().threshold))
    print(
        f"between two of the unrelated messages: {int((among.logits[between] >= floor).sum())} of {int(between.sum())} "
        "pairs reach the threshold; whether they are one matter nobody has said"
    )
