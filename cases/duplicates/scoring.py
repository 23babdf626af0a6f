"""How likely two reports tell of the same matter: a logistic model over the features, its weights in ``weights.yml``."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import yaml

from cases.duplicates import why
from cases.duplicates.features import NAMES, features
from cases.duplicates.reports import Report

FILE = Path(__file__).parent / "weights.yml"
STEEPEST = 30.0  # log-odds beyond which nothing changes


class WeightsError(ValueError):
    """The table of weights is wrong; the message lists every mistake."""


@dataclass(frozen=True)
class Weights:
    """The model: ``threshold`` is the score from which a pair is suggested."""

    threshold: float
    intercept: float
    of: dict[str, float]

    @property
    def floor(self) -> float:
        """The threshold as log-odds."""
        return math.log(self.threshold / (1 - self.threshold))

    def logit(self, found: dict[str, float]) -> float:
        """Log-odds of a pair with these features."""
        return self.intercept + sum(self.of[name] * value for name, value in found.items() if value)


@dataclass(frozen=True)
class Score:
    """What was found of a pair, and its log-odds of being one matter."""

    one: Report
    other: Report
    features: dict[str, float]
    logit: float

    @cached_property
    def value(self) -> float:
        """The probability, 0–1."""
        return probability(self.logit)

    @cached_property
    def why(self) -> dict[str, Any]:
        """The reasons, in words a person can read."""
        return why.explain(self.one, self.other, self.features, self.value)


def probability(logit: float) -> float:
    """The probability that belongs to log-odds."""
    return 1 / (1 + math.exp(-max(-STEEPEST, min(STEEPEST, logit))))


def _number(raw: Any, where: str, problems: list[str]) -> float:
    if isinstance(raw, bool) or not isinstance(raw, (int, float)) or not math.isfinite(raw):
        problems.append(f"{where} must be a number, not {raw!r}")
        return 0.0
    return float(raw)


def load(file: Path, known: Iterable[str]) -> Weights:
    """Read a table of weights.

    Args:
        file: YAML.
        known: the names of the features that must have a weight.

    Raises:
        WeightsError: listing every mistake.
    """
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    problems: list[str] = []
    rows = raw.get("features") if isinstance(raw, dict) else None
    if not isinstance(rows, dict):
        raise WeightsError(f"{file.name}: must be a mapping with threshold, intercept and features")
    problems += [f"{name}: no such feature" for name in rows if name not in set(known)]
    problems += [f"{name}: the weight is missing" for name in known if name not in rows]
    weights = {
        name: _number(row.get("weight") if isinstance(row, dict) else None, f"{name}: weight", problems)
        for name, row in rows.items()
    }
    threshold, intercept = (_number(raw.get(k), k, problems) for k in ("threshold", "intercept"))
    if not 0 < threshold < 1:
        problems.append(f"threshold must lie between 0 and 1, not {threshold}")
    if problems:
        raise WeightsError(f"{file.name} has mistakes:\n  " + "\n  ".join(problems))
    return Weights(threshold, intercept, weights)


@lru_cache(maxsize=1)
def weights() -> Weights:
    """The project's weights, read once."""
    return load(FILE, NAMES)


def score(one: Report, other: Report) -> Score:
    """How likely two reports tell of the same matter; the same whichever comes first.

    Args:
        one: a report (:func:`cases.duplicates.reports.read`).
        other: another.
    """
    found = features(one, other)
    return Score(one, other, found, weights().logit(found))
