"""How good the duplicates' scores are on the written set, with the shipped weights.

.venv/bin/python benchmarks/duplicates/measure.py [--background FILE] [--classified]

``--background``: a JSON-lines file of unrelated messages (id, text, category, type), thrown in as tickets of random
moments. ``--classified``: use the matter types the trained classifier gives in the place of the written ones.
"""

from __future__ import annotations

import argparse
import json
import math
import random
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import measured
import numpy as np
import written
from measured import Logits
from written import Retold

from cases.duplicates.features import NAMES
from cases.duplicates.reports import read
from cases.duplicates.scoring import weights

LINKS = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8)


def classified(texts: Sequence[str]) -> list[str | None]:
    """The matter types the classifier gives; the likeliest one when it sees no matter."""
    from nlu.understand.pipeline import default_pipeline

    readings = [default_pipeline().classify(t) for t in texts]
    return [r.type or (r.candidates[0].type if r.candidates else None) for r in readings]


def logits(found: Sequence[tuple[Retold, Retold]]) -> Logits:
    """Log-odds of pairs by the shipped weights."""
    model = weights()
    return written.table(found) @ np.array([model.of[n] for n in NAMES]) + model.intercept


def pairwise(told: Sequence[Retold]) -> None:
    """Print pair by pair, linked, and in order."""
    found = written.pairs(told)
    same, scores = written.same(found), logits(found)
    threshold = weights().threshold
    floor = math.log(threshold / (1 - threshold))
    for title, of in (
        ("groups fitted on", written.of_half(found, 0)),
        ("groups held out", written.of_half(found, 1)),
        ("all pairs", np.ones(len(found), dtype=np.bool_)),
    ):
        precise, recall = measured.counted(same[of], scores[of] >= floor)
        best, at = measured.best_recall(same[of], scores[of])
        print(
            f"{title:17} {int(same[of].sum()):3} of {int(of.sum()):5} pairs   at {threshold}: precision {precise:.2f} recall "
            f"{recall:.2f}   precision {measured.precision_at(same[of], scores[of]):.2f} at recall 0.7   recall {best:.2f} at "
            f"precision 0.9 (score {at:.2f})"
        )
    place = {id(t): i for i, t in enumerate(told)}
    indices = [(place[id(a)], place[id(b)]) for a, b in found]
    print("linked into cases by average log-odds, all pairs / groups held out:")
    held_out = written.of_half(found, 1)
    for link in LINKS:
        said = measured.linked(indices, scores, len(told), math.log(link / (1 - link)))
        every, half = measured.counted(same, said), measured.counted(same[held_out], said[held_out])
        print(
            f"  from {link}: precision {every[0]:.2f} recall {every[1]:.2f} / precision {half[0]:.2f} recall {half[1]:.2f}"
        )
    right, wrong, findable = measured.in_order(indices, scores, [t.group for t in told], floor)
    print(
        f"in order, decided by a person: {right + wrong} suggestions, {right / max(1, right + wrong):.2f} of them right; "
        f"{right / findable:.2f} of {findable} re-tellings found"
    )


def background(told: Sequence[Retold], file: Path, seed: int) -> None:
    """Print how many unrelated messages a report is taken for."""
    chance = random.Random(seed)
    messages = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines() if line.strip()]
    messages = [m for m in messages if m.get("type")]
    vectors = written.encoded([m["text"] for m in messages])
    times = [t.report.at for t in told]
    names = written.no_names()
    others = []
    for i, (message, vector) in enumerate(zip(messages, vectors, strict=True)):
        at = min(times) + timedelta(seconds=chance.random() * (max(times) - min(times)).total_seconds())
        made = written.unplaced(len(told) + i + 1, message, at)
        others.append(Retold(read(names, made, vector), None, None))
    found = [(a, b) for a in told for b in others if abs(a.report.at - b.report.at) <= written.WINDOW]
    found += written.pairs(others)
    threshold = weights().threshold
    wrong = int((logits(found) >= math.log(threshold / (1 - threshold))).sum())
    print(f"background: {len(others)} unrelated messages, {len(found)} pairs, {wrong} of them at {threshold} or more")


def main() -> None:
    """Print all figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--background", type=Path)
    parser.add_argument("--classified", action="store_true")
    given = parser.parse_args()
    types = classified([r["text"] for r in written.rows()]) if given.classified else None
    told = written.read_all(types)
    pairwise(told)
    if given.background:
        background(told, given.background, seed=1)


if __name__ == "__main__":
    main()
