"""Train the heads on the written corpus.

Deterministic for a given corpus. Each head's two parts are fitted on four fifths of the corpus, their mixing
weights (which also calibrate) on the fifth left out, then both parts again on everything.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from nlu.corpus import FOLDER, Utterance, files
from nlu.text.normalise import for_model
from nlu.understand.encoder import Encoder, Vectors
from nlu.understand.features import HASH_SIZE, dense, ngrams
from nlu.understand.heads import Head, softmax
from nlu.understand.store import Model

HELD_OUT = 5  # every fifth message, by a hash of its text
DENSE_C = 0.01  # on standardised vectors
SPARSE_C = 20.0
RECIPE = 2  # raised when the way of training changes, so that models trained differently have different names
Say = Callable[[str], None]


def corpus_hash(folder: Path = FOLDER) -> str:
    """Identity of the corpus: a hash over its files."""
    total = hashlib.sha256()
    for file in files(folder):
        total.update(str(file.relative_to(folder)).encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def _cached_dense(texts: Sequence[str], encoder: Encoder, cache: Path | None, say: Say) -> Vectors:
    """Sentence vectors, remembered between trainings: encoding is nine tenths of the time."""
    keys = [hashlib.sha256(f"{encoder.name}|2|{t}".encode()).hexdigest()[:24] for t in texts]
    known: dict[str, Vectors] = {}
    if cache and cache.exists():
        with np.load(cache, allow_pickle=False) as data:
            known = dict(zip(data["keys"].tolist(), data["vectors"], strict=True))
    missing = [i for i, key in enumerate(keys) if key not in known]
    for done, i in enumerate(missing):
        if done % 500 == 0:
            say(f"  reading the corpus: {done} of {len(missing)} new messages ...")
        known[keys[i]] = dense([texts[i]], encoder)[0]
    if cache and missing:
        cache.parent.mkdir(parents=True, exist_ok=True)
        partial = cache.with_name(f"{cache.stem}.{os.getpid()}.npz")
        np.savez(partial, keys=np.array(keys), vectors=np.stack([known[k] for k in keys]))
        partial.replace(cache)
    return np.stack([known[k] for k in keys])


def _held_out(texts: Sequence[str]) -> npt.NDArray[np.bool_]:
    return np.array([int(hashlib.sha256(t.encode()).hexdigest(), 16) % HELD_OUT == 0 for t in texts])


def _matrix(sparse: Sequence[tuple[npt.NDArray[np.int64], Vectors]]) -> Any:
    from scipy.sparse import csr_matrix

    indptr = np.cumsum([0] + [len(i) for i, _ in sparse])
    indices = np.concatenate([i for i, _ in sparse])
    values = np.concatenate([v for _, v in sparse])
    return csr_matrix((values, indices, indptr), shape=(len(sparse), HASH_SIZE))


def _linear(x: Any, y: npt.NDArray[np.int64], classes: int, c: float, balance: bool) -> tuple[Vectors, Vectors]:
    """Weights (features, classes) and bias of a multinomial logistic regression."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(C=c, max_iter=300, tol=1e-4, class_weight="balanced" if balance else None).fit(x, y)
    width = x.shape[1]
    weights = np.zeros((width, classes), np.float32)
    bias = np.full(classes, -20.0, np.float32)
    if len(fitted.classes_) == 2:
        first, second = fitted.classes_
        weights[:, second], weights[:, first] = fitted.coef_[0] / 2, -fitted.coef_[0] / 2
        bias[second], bias[first] = fitted.intercept_[0] / 2, -fitted.intercept_[0] / 2
    else:
        weights[:, fitted.classes_] = fitted.coef_.T
        bias[fitted.classes_] = fitted.intercept_
    return weights, bias


def _dense_linear(x: Vectors, y: npt.NDArray[np.int64], classes: int, balance: bool) -> tuple[Vectors, Vectors]:
    """The dense part. The encoder's vectors all point much the same way, so they are standardised for fitting; the
    standardisation is then folded into the weights."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    weights, bias = _linear((x - mean) / spread, y, classes, DENSE_C, balance)
    folded = weights / spread[:, None]
    return folded, bias - mean @ folded


def _mix(dense_logits: Vectors, sparse_logits: Vectors, y: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Mixing weights that make the held-out labels most likely."""
    from scipy.optimize import minimize

    # Double precision: the optimiser takes differences of nearly equal losses.
    first, second = dense_logits.astype(np.float64), sparse_logits.astype(np.float64)
    rows = np.arange(len(y))

    def loss(weights: npt.NDArray[np.float64]) -> float:
        logits = weights[0] * first + weights[1] * second
        top = logits.max(axis=1)
        return float((top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - logits[rows, y]).mean())

    best = minimize(loss, np.array([0.6, 0.6]), method="L-BFGS-B", bounds=[(0.01, 8), (0.01, 8)])
    return float(best.x[0]), float(best.x[1])


def _fit(
    name: str,
    x: Vectors,
    sparse: Sequence[tuple[npt.NDArray[np.int64], Vectors]],
    labels: Sequence[str],
    held: npt.NDArray[np.bool_],
    balance: bool,
    say: Say,
) -> tuple[Head, dict[str, Any], Vectors]:
    """A head, its scores on the held-out fifth, and its held-out probabilities."""
    classes = tuple(sorted(set(labels)))
    y = np.array([classes.index(label) for label in labels])
    matrix = _matrix(sparse)
    say(f"  fitting {name}: {len(classes)} classes, {len(y)} messages ...")
    dense_part = _dense_linear(x[~held], y[~held], len(classes), balance)
    sparse_part = _linear(matrix[~held], y[~held], len(classes), SPARSE_C, balance)
    dense_logits = x[held] @ dense_part[0] + dense_part[1]
    sparse_logits = np.asarray(matrix[held] @ sparse_part[0]) + sparse_part[1]
    mix = _mix(dense_logits, sparse_logits, y[held])
    p = softmax(mix[0] * dense_logits + mix[1] * sparse_logits)
    ranks = np.argsort(-p, axis=1)
    scores = {
        "mix": [round(m, 3) for m in mix],
        "top1": float((ranks[:, 0] == y[held]).mean()),
        "top3": float((ranks[:, :3] == y[held][:, None]).any(axis=1).mean()),
        "held_out": int(held.sum()),
    }
    head = Head(
        classes,
        *_dense_linear(x, y, len(classes), balance),
        *_linear(matrix, y, len(classes), SPARSE_C, balance),
        mix,
    )
    return head, scores, p


def _urgent_threshold(p: Vectors, truth: npt.NDArray[np.bool_]) -> float:
    """The threshold with the best F2 on the held-out messages: a missed danger weighs more than a false alarm."""
    best, chosen = -1.0, 0.5
    for threshold in np.linspace(0.02, 0.7, 69):
        flagged = p >= threshold
        hits = int((flagged & truth).sum())
        score = 5 * hits / max(1, 4 * int(truth.sum()) + int(flagged.sum()))
        if score > best:
            best, chosen = score, float(threshold)
    return chosen


def train(corpus: Sequence[Utterance], encoder: Encoder, names: Sequence[str], cache: Path | None, say: Say) -> Model:
    """Fit all heads.

    Args:
        corpus: the written utterances.
        names: the city's place names, carried in the manifest for the entity rules.
        cache: file that remembers sentence vectors between trainings; None to keep nothing.
        say: receives progress lines.
    """
    texts = [u.text for u in corpus]
    x = _cached_dense(texts, encoder, cache, say)
    raw = [ngrams(for_model(t)) for t in texts]
    frequency = np.bincount(np.concatenate([i for i, _ in raw]), minlength=HASH_SIZE)
    idf = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
    sparse = [ngrams(for_model(t), idf) for t in texts]
    held = _held_out(texts)
    matter = np.array([u.type is not None for u in corpus])
    picked = [int(i) for i in np.flatnonzero(matter)]
    scores: dict[str, Any] = {}
    heads: dict[str, Head] = {}
    heads["intent"], scores["intent"], _ = _fit("intent", x, sparse, [u.intent for u in corpus], held, True, say)
    heads["type"], scores["type"], _ = _fit(
        "matter type",
        x[picked],
        [sparse[i] for i in picked],
        [str(corpus[i].type) for i in picked],
        held[picked],
        False,
        say,
    )
    urgent = ["yes" if u.urgent else "no" for u in corpus]
    heads["urgent"], scores["urgent"], p = _fit("urgency", x, sparse, urgent, held, False, say)
    truth = np.array(urgent)[held] == "yes"
    threshold = _urgent_threshold(p[:, 1], truth)
    flagged = p[:, 1] >= threshold
    scores["urgent"].update(
        recall=float(flagged[truth].mean()) if truth.any() else 0.0,
        precision=float(truth[flagged].mean()) if flagged.any() else 0.0,
    )
    identity = hashlib.sha256(
        json.dumps([corpus_hash(), encoder.name, sorted(names), DENSE_C, SPARSE_C, RECIPE]).encode()
    ).hexdigest()[:12]
    manifest = {
        "id": identity,
        "corpus": corpus_hash(),
        "encoder": encoder.name,
        "messages": len(texts),
        "trained_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "scores": scores,
        "urgent_threshold": threshold,
        "place_names": sorted(names),
    }
    return Model(heads, idf, manifest)
