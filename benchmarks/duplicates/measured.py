"""How good scores are: pair by pair, linked into cases, and in the order in which tickets come in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.spatial.distance import squareform

from cases.duplicates.scoring import probability

Logits = npt.NDArray[np.float64]
Truth = npt.NDArray[np.bool_]
FARTHEST = 12.0  # log-odds beyond which nothing changes; the distance of two reports is FARTHEST - log-odds


def curve(truth: Truth, logits: Logits) -> tuple[Logits, Logits, Logits]:
    """Precision and recall if every pair down to each log-odds counts as one matter."""
    order = np.argsort(-logits, kind="stable")
    right = np.cumsum(truth[order])
    return right / np.arange(1, len(order) + 1), right / max(1, int(truth.sum())), logits[order]


def best_recall(truth: Truth, logits: Logits, precision: float = 0.9) -> tuple[float, float]:
    """The highest recall with at least this precision, and the score from which pairs then count."""
    precise, recall, at = curve(truth, logits)
    good = np.flatnonzero(precise >= precision)
    return (float(recall[good[-1]]), probability(float(at[good[-1]]))) if len(good) else (0.0, 1.0)


def precision_at(truth: Truth, logits: Logits, recall: float = 0.7) -> float:
    """Precision at the first score that reaches this recall."""
    precise, reached, _ = curve(truth, logits)
    return float(precise[np.searchsorted(reached, recall)])


def counted(truth: Truth, said: Truth) -> tuple[float, float]:
    """Precision and recall of a yes or no for each pair."""
    right = int((truth & said).sum())
    return right / max(1, int(said.sum())), right / max(1, int(truth.sum()))


def linked(pairs: Sequence[tuple[int, int]], logits: Logits, count: int, threshold: float) -> Truth:
    """Which pairs fall into one case when reports are linked by their average log-odds, without any person.

    Args:
        pairs: indices of the two reports of each pair.
        logits: theirs.
        count: how many reports there are.
        threshold: log-odds from which two cases are one.
    """
    far = np.full((count, count), 2 * FARTHEST)
    np.fill_diagonal(far, 0)
    for (i, j), logit in zip(pairs, logits, strict=True):
        far[i, j] = far[j, i] = FARTHEST - float(np.clip(logit, -FARTHEST, FARTHEST))
    cases = fcluster(linkage(squareform(far, checks=False), "average"), FARTHEST - threshold, "distance")
    return np.array([cases[i] == cases[j] for i, j in pairs], dtype=np.bool_)


def in_order(
    pairs: Sequence[tuple[int, int]], logits: Logits, groups: Sequence[str | None], threshold: float
) -> tuple[int, int, int]:
    """What a person sees who decides each suggestion rightly before the next report comes in.

    Returns:
        Right suggestions, wrong ones, and how many reports had an earlier telling to be found.
    """
    known = {frozenset(pair): float(logit) for pair, logit in zip(pairs, logits, strict=True)}
    cases: list[list[int]] = []
    right = wrong = findable = 0
    for new, group in enumerate(groups):
        own = next((c for c in cases if group is not None and groups[c[0]] == group), None)
        findable += own is not None
        for case in cases:
            told = [known.get(frozenset((new, i)), -FARTHEST) for i in case]
            if sum(told) / len(told) >= threshold:
                right, wrong = right + (case is own), wrong + (case is not own)
        if own is None:
            cases.append([new])
        else:
            own.append(new)
    return right, wrong, findable
