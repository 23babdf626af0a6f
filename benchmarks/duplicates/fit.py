"""Fit the weights of cases/duplicates/weights.yml on one half of the written set, and choose the threshold there.

.venv/bin/python benchmarks/duplicates/fit.py [--write]

Messages of the training corpus are thrown in as unrelated reports, without which the set would teach that a report without
a place is as telling as one with it. A weight is the value for which the pairs are likeliest, given what is expected of it
beforehand: minus log-likelihood + sum((weight - expected)^2 / (2 spread^2)). The threshold is the highest, in steps of
0.05, from which cases linked in the fitted half and the unrelated reports still have a pairwise recall of 0.7. Only the numbers
after ``threshold:``, ``intercept:`` and ``weight:`` are written back; everything else in the file stays.
"""

from __future__ import annotations

import argparse
import math
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # this checkout, not what is installed

import numpy as np
import written
import yaml
from measured import counted, linked
from scipy.optimize import minimize
from written import Table

from cases.duplicates.features import NAMES
from cases.duplicates.scoring import FILE

UNRELATED, SEED = 600, 7
RECALL = 0.7
STEPS = [s / 100 for s in range(40, 96, 5)]
LEAST = -14.0  # log-odds by what is expected below which an unrelated pair teaches nothing
INTERCEPT, INTERCEPT_SPREAD = -4.0, 3.0


def fit(x: Table, y: Table, expected: Table, spread: Table) -> tuple[Table, float]:
    """Weights and intercept."""

    def loss(w: Table) -> tuple[float, Table]:
        z = x @ w[:-1] + w[-1]
        away, off = w[:-1] - expected, w[-1] - INTERCEPT
        value = (np.logaddexp(0, z) - y * z).sum() + (away**2 / spread**2).sum() / 2 + off**2 / INTERCEPT_SPREAD**2 / 2
        error = 1 / (1 + np.exp(-z)) - y
        slope = np.r_[x.T @ error + away / spread**2, error.sum() + off / INTERCEPT_SPREAD**2]
        return float(value), slope

    found = minimize(loss, np.r_[expected, INTERCEPT], jac=True, method="L-BFGS-B")
    return found.x[:-1], float(found.x[-1])


def prior() -> tuple[Table, Table]:
    """What is expected of each weight, and how far it may go."""
    raw: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))["features"]
    return tuple(np.array([float(raw[n][key]) for n in NAMES]) for key in ("expected", "spread"))  # type: ignore[return-value]


def threshold_of(found: list[written.Pair], logits: Table, y: Table) -> float:
    """The highest threshold with enough recall, printed with those above it."""
    order = {id(t): i for i, t in enumerate({id(t): t for pair in found for t in pair}.values())}
    indices = [(order[id(a)], order[id(b)]) for a, b in found]
    for step in reversed(STEPS):
        precise, recall = counted(y, linked(indices, logits, len(order), math.log(step / (1 - step))))
        print(f"  linked from {step:.2f}: precision {precise:.3f} recall {recall:.3f}")
        if recall >= RECALL:
            return step
    raise SystemExit(f"no threshold from {STEPS[0]} on reaches a recall of {RECALL}")


def write(weights: Table, intercept: float, threshold: float) -> None:
    """Put the numbers into the file, and leave all else as it is."""
    text = re.sub(r"(?m)^intercept: *\S+", f"intercept: {intercept:.2f}", FILE.read_text(encoding="utf-8"))
    text = re.sub(r"(?m)^threshold: *\S+", f"threshold: {threshold:.2f}", text)
    for name, weight in zip(NAMES, weights, strict=True):
        text, done = re.subn(rf"(?m)^(  {name}: *\{{weight: )[-\d.]+", rf"\g<1>{weight:.2f}", text)
        if done != 1:
            raise SystemExit(f"{FILE.name}: the line of {name} was not found once but {done} times")
    FILE.write_text(text, encoding="utf-8")


def main() -> None:
    """Fit, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the numbers into weights.yml")
    keep: bool = parser.parse_args().write
    with written.sample_city() as session:
        told = written.read_all(session)
        strangers = written.of_corpus(session, told, UNRELATED, SEED)
    pairs = written.pairs(told)
    found = [pair for pair, fitted in zip(pairs, written.fitted_on(pairs), strict=True) if fitted]
    found += [(a, b) for a in told if a.half != 1 for b in strangers if written.near(a, b)]
    x, y = written.table(found), written.same(found)
    expected, spread = prior()
    telling = y | (x @ expected + INTERCEPT > LEAST)
    weights, intercept = fit(x[telling], y[telling].astype(float), expected, spread)
    for name, weight, was in zip(NAMES, weights, expected, strict=True):
        print(f"{name:16} {weight:6.2f}   expected {was:5.1f}")
    print(f"{'intercept':16} {intercept:6.2f}\n{y.sum()} pairs of one matter among {len(y)}")
    threshold = threshold_of(found, x @ weights + intercept, y)
    if keep:
        write(weights, intercept, threshold)
        print(f"written to {FILE}")


if __name__ == "__main__":
    main()
