"""Train the heads of the signals, beside the main heads and after the same fashion, without changing them.

Each signal is told from all other messages: the near misses, the other signals' messages and the whole corpus of
matters and intents. Messages that show a signal are few, so they weigh as much as all others together while the two
parts are fitted. Every message is also judged by parts that have not seen it nor its fold; on these judgements the
parts are mixed, which is what calibrates the probabilities, and the thresholds are set.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.signal_corpus import SIGNALS
from nlu.understand.encoder import Vectors
from nlu.understand.heads import Head, softmax
from nlu.understand.mixing import mixing_weights

FOLDS = 5
DENSE_C = 0.01  # on standardised vectors
SPARSE_C = 10.0
CLASSES = ("no", "yes")
# A fraud must not be missed, so its threshold is as low as false alarms allow: this share of ordinary messages.
FALSE_ALARMS = 0.006
# Of every other signal, among ordinary messages and those written for it, of which many are near misses on purpose:
# the first of these at which half the messages that show the signal are heard, or the last.
PRECISIONS = (0.95, 0.92, 0.9)
HALF = 0.5

Yes = npt.NDArray[np.bool_]
Part = tuple[Vectors, Vectors]


@dataclass(frozen=True)
class Told:
    """What the signals are learnt from, a row a message.

    Attributes:
        texts: the messages as written; what was made of one stands in one fold with it.
        x: dense features.
        sparse: n-grams, a scipy matrix.
        shown: the signals each row shows.
        as_written: rows of chat that are not slips of the thumb; thresholds are set on them alone.
        written_for: the signal a row was written for, heard or near miss; "" for the corpus of matters and intents.
    """

    texts: tuple[str, ...]
    x: Vectors
    sparse: Any
    shown: tuple[frozenset[str], ...]
    as_written: Yes
    written_for: tuple[str, ...]


@dataclass(frozen=True)
class Fitted:
    """A head, from which probability on its signal is taken as heard, and how it did on messages it had not seen."""

    head: Head
    threshold: float
    scores: dict[str, float]


def fold(text: str) -> int:
    """The fold of a message, by a hash of its text."""
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % FOLDS


def _logistic(x: Any, y: Yes, c: float) -> Part:
    """Weights (features,) and bias (1,) of a logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=c, max_iter=400, tol=1e-5, class_weight="balanced").fit(x, y)
    return fitted.coef_[0].astype(np.float32), fitted.intercept_.astype(np.float32)


def _halves(logits: Vectors) -> Vectors:
    """Logits of no and yes from the logit of yes."""
    return np.stack([-logits / 2, logits / 2], axis=-1)


def _unseen(x: Any, y: Yes, folds: npt.NDArray[np.int64], c: float) -> Vectors:
    """The logit of each row by a part that was fitted without its fold."""
    logits = np.zeros(len(y), np.float32)
    for number in range(FOLDS):
        out = folds == number
        weights, bias = _logistic(x[~out], y[~out], c)
        logits[out] = x[out] @ weights + bias
    return logits


def _threshold(signal: str, p: Vectors, y: Yes, written_for: npt.NDArray[np.str_]) -> float:
    """From which probability on a signal is taken as heard: as low as false alarms, or precision, allow."""
    quiet = (written_for == "") & ~y
    if signal == "fraud_now":
        return float(np.quantile(p[quiet], 1 - FALSE_ALARMS)) if quiet.any() else 0.5
    counted = y | (written_for == "") | (written_for == signal)
    p, y = p[counted], y[counted]
    order = np.argsort(-p, kind="stable")
    hits = np.cumsum(y[order])
    threshold = 1.0
    for wanted in PRECISIONS:
        good = np.flatnonzero(hits >= wanted * np.arange(1, len(order) + 1))
        if len(good):
            threshold = float(p[order[good[-1]]])
            if hits[good[-1]] >= HALF * y.sum():
                break
    return threshold


def _scores(p: Vectors, y: Yes, written_for: npt.NDArray[np.str_], threshold: float) -> dict[str, float]:
    """Among everything written for the signals, and false alarms as a share of ordinary messages."""
    flagged, ordinary = p >= threshold, written_for == ""
    quiet, own = ordinary & ~y, flagged & ~ordinary
    return {
        "messages": int(y.sum()),
        "recall": round(float(flagged[y].mean()), 4) if y.any() else 0.0,
        "precision": round(float(y[own].mean()), 4) if own.any() else 0.0,
        "false_alarms": round(float(flagged[quiet].mean()), 5) if quiet.any() else 0.0,
    }


def fit(told: Told) -> dict[str, Fitted]:
    """Fit the head of every signal that is shown at all, in a process of its own."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return _fit_all(told) if told.texts else {}


def _fit_all(told: Told) -> dict[str, Fitted]:
    mean, spread = told.x.mean(axis=0), told.x.std(axis=0) + 1e-6
    dense = (told.x - mean) / spread
    kept = np.flatnonzero(np.bincount(told.sparse.indices, minlength=told.sparse.shape[1]) > 1)
    sparse = told.sparse[:, kept]
    folds = np.array([fold(t) for t in told.texts])
    found: dict[str, Fitted] = {}
    for signal in SIGNALS:
        y = np.array([signal in shown for shown in told.shown])
        if not y.any():
            continue
        by_meaning, by_grams = _unseen(dense, y, folds, DENSE_C), _unseen(sparse, y, folds, SPARSE_C)
        mix = mixing_weights(_halves(by_meaning), _halves(by_grams), y.astype(np.int64))
        p = softmax(_halves(mix[0] * by_meaning + mix[1] * by_grams))[:, 1]
        plain, told_for = told.as_written, np.array(told.written_for)[told.as_written]
        threshold = _threshold(signal, p[plain], y[plain], told_for)
        weights, bias = _logistic(dense, y, DENSE_C)
        gram_weights, gram_bias = _logistic(sparse, y, SPARSE_C)
        spread_out = np.zeros(told.sparse.shape[1], np.float32)
        spread_out[kept] = gram_weights
        weights = weights / spread  # the standardisation, folded in
        head = Head(
            CLASSES,
            _halves(weights),
            _halves(bias - mean @ weights)[0],
            _halves(spread_out),
            _halves(gram_bias)[0],
            mix,
        )
        found[signal] = Fitted(head, threshold, _scores(p[plain], y[plain], told_for, threshold))
    return found
