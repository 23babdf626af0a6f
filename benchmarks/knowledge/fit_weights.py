"""Fit the weights of the search (``knowledge/search/weights.json``) on ``benchmarks/knowledge/questions/*fit.yml``.

Run ``python benchmarks/knowledge/fit_weights.py``. First the evidence: weights, none below zero, under which the right entry is
likeliest among all. Then how sure: a logistic regression on what tells a right first entry from a wrong one and from a
question nothing answers. Last the probability to answer from: the lowest at which the share of outside questions
answered is small and the answer more likely right than not; and the lower one from which the likeliest are offered.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import numpy.typing as npt
import typer
from asked import by_article, inside, outside
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from knowledge.guiding.served import served
from knowledge.search.encoder import remembered
from knowledge.search.evidence import NAMES, Corpus, against_each_other
from knowledge.search.finder import FILE, read_of, signs

HELD_BACK = 0.01  # of the weights' squares
ANSWERED = 0.02  # the share of outside questions that may be answered on the fitting half
SUGGESTED = 0.15  # and of those to which the likeliest entries may be offered to choose from
RIGHT = 0.6  # a first entry less likely right than this is not given as the answer
Floats = npt.NDArray[np.float64]


def _evidence(corpus: Corpus, questions: list[str]) -> npt.NDArray[np.float32]:
    encoder = remembered().encoder
    read = [read_of(q) for q in questions]
    return np.stack([corpus.evidence(r, encoder.encode([r])[0]) for r in read])


def likeliest(evidence: Floats, right: list[list[int]]) -> Floats:
    """Weights of the evidence.

    Args:
        evidence: shape (questions, entries, kinds).
        right: of each question, the places of the entries that answer it.
    """
    mask = np.zeros(evidence.shape[:2])
    for row, places in enumerate(right):
        mask[row, places] = 1.0

    def loss(weights: Floats) -> tuple[float, Floats]:
        scores = evidence @ weights
        scores -= scores.max(axis=1, keepdims=True)
        exp = np.exp(scores)
        among_all, among_right = exp / exp.sum(axis=1, keepdims=True), exp * mask
        found = among_right.sum(axis=1)
        among_right /= np.maximum(found, 1e-300)[:, None]
        value = -np.log(np.maximum(found / exp.sum(axis=1), 1e-300)).mean() + HELD_BACK * float(weights @ weights)
        slope = np.einsum("qe,qek->k", among_all - among_right, evidence) / len(evidence) + 2 * HELD_BACK * weights
        return float(value), slope

    kinds = evidence.shape[2]
    fitted = minimize(loss, np.full(kinds, 0.3), jac=True, method="L-BFGS-B", bounds=[(0.0, None)] * kinds)
    weights: Floats = fitted.x
    return weights


def main() -> None:
    """Fit and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FILE)
    target: Path = parser.parse_args().out
    corpus = Corpus.of(served().library, remembered(), typer.echo)
    place = {entry: i for i, entry in enumerate(corpus.ids)}
    asked, away = [*inside("fit"), *by_article("fit", served().library)], outside("fit")
    found, lost = _evidence(corpus, [a.text for a in asked]), _evidence(corpus, away)
    right = [[place[e] for e in a.entries] for a in asked]
    weights = likeliest(np.stack([against_each_other(e) for e in found]).astype(np.float64), right)
    rows, labels = [], []
    for evidence, places in zip([*found, *lost], [*right, *([[]] * len(lost))], strict=True):
        scores = against_each_other(evidence).astype(np.float64) @ weights
        rows.append(signs(scores, evidence))
        labels.append(int(int(np.argmax(scores)) in places))
    x, y = np.array(rows), np.array(labels)
    middle, spread = x.mean(axis=0), np.maximum(x.std(axis=0), 1e-9)
    model = LogisticRegression(C=1.0, max_iter=2000).fit((x - middle) / spread, y)
    slopes = model.coef_[0] / spread
    sure = [float(model.intercept_[0] - slopes @ middle), *map(float, slopes)]
    of_away = 1 / (1 + np.exp(-(x[len(asked) :] @ slopes + sure[0])))
    answers_from = max(RIGHT, float(np.quantile(of_away, 1 - ANSWERED)))
    suggests_from = min(answers_from, float(np.quantile(of_away, 1 - SUGGESTED)))
    told = {
        "evidence": {name: round(float(w), 4) for name, w in zip(NAMES, weights, strict=True)},
        "sure": [round(s, 5) for s in sure],
        "answers_from": round(answers_from, 4),
        "suggests_from": round(suggests_from, 4),
    }
    target.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(told, indent=1))


if __name__ == "__main__":
    main()
