"""Fit the weights of cases/duplicates/weights.yml on one half of the written set, and say how they do on the other.

.venv/bin/python benchmarks/duplicates/fit.py [--write]

The halves share no group; lone reports count with both, but no pair does. A weight is the value for which the pairs of the fitted half are likeliest, given
what is expected of it beforehand: minus log-likelihood + sum((weight - expected)^2 / (2 spread^2)). Only the numbers after
``intercept:`` and ``weight:`` are written back; everything else in the file stays.
"""

from __future__ import annotations

import argparse
import re
from typing import Any

import numpy as np
import written
import yaml
from measured import best_recall, precision_at
from scipy.optimize import minimize
from written import Table

from cases.duplicates.features import NAMES
from cases.duplicates.scoring import FILE

FITTED, MEASURED = 0, 1  # the halves
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


def write(weights: Table, intercept: float) -> None:
    """Put the numbers into the file, and leave all else as it is."""
    text = re.sub(r"(?m)^intercept: *\S+", f"intercept: {intercept:.2f}", FILE.read_text(encoding="utf-8"))
    for name, weight in zip(NAMES, weights, strict=True):
        text, done = re.subn(rf"(?m)^(  {name}: *\{{weight: )[-\d.]+", rf"\g<1>{weight:.2f}", text)
        if done != 1:
            raise SystemExit(f"{FILE.name}: the line of {name} was not found once but {done} times")
    FILE.write_text(text, encoding="utf-8")


def main() -> None:
    """Fit, print, and with ``--write`` keep."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--write", action="store_true", help="write the weights into weights.yml")
    keep: bool = parser.parse_args().write
    found = written.pairs(written.read_all())
    x, y = written.table(found), written.same(found)
    fitted, measured = written.of_half(found, FITTED), written.of_half(found, MEASURED)
    weights, intercept = fit(x[fitted], y[fitted].astype(float), *prior())
    for name, weight, was in zip(NAMES, weights, prior()[0], strict=True):
        print(f"{name:16} {weight:6.2f}   expected {was:5.1f}")
    print(f"{'intercept':16} {intercept:6.2f}")
    logits = x @ weights + intercept
    for title, of in (("fitted half", fitted), ("other half", measured)):
        recall, at = best_recall(y[of], logits[of])
        print(
            f"{title}: {y[of].sum()} pairs of one matter among {of.sum()}; "
            f"recall {recall:.2f} at precision 0.9 (score {at:.2f}); precision {precision_at(y[of], logits[of]):.2f} at recall 0.7"
        )
    if keep:
        write(weights, intercept)
        print(f"written to {FILE}")


if __name__ == "__main__":
    main()
