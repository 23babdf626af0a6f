"""Train the heads and the entity tagger on the written corpus.

Deterministic for a given corpus. Each head's two parts are fitted on four fifths of the corpus, their mixing
weights (which also calibrate) on the fifth left out, then both parts again on everything. A post with a title is
learnt from twice: with its title, and from its title alone. So is a chat message: as written, and as a hurried thumb
or a dictation would have it, with homophones and without punctuation.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timezone
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from nlu import signal_corpus
from nlu.corpus import FOLDER, Utterance, files, held_out
from nlu.entities import rulers, tagger
from nlu.signal_corpus import SignalCorpus
from nlu.text.normalise import for_model
from nlu.text.retyped import everyday_homophones, homophone_typos, no_punctuation
from nlu.understand import train_signals
from nlu.understand.encoder import Encoder, Vectors
from nlu.understand.features import HASH_SIZE, SHORT, ngrams
from nlu.understand.heads import Head, softmax
from nlu.understand.mixing import mixing_weights
from nlu.understand.store import SIGNAL, Model
from nlu.understand.vectors import Say, VectorStore

DENSE_C = 0.005  # on standardised vectors
SPARSE_C = 10.0
RECIPE = 12  # raised when the way of training changes, so that models trained differently have different names
WORKERS = 2
NOTICED = 0.83
SLIPS = 10  # characters to a slip of the thumb
NO_SIGNALS = SignalCorpus((), {})
HURRIED = 100  # characters up to which a message is also learnt from with slips of the thumb


def corpus_hash(folder: Path = FOLDER) -> str:
    """Identity of the corpus: a hash over its files."""
    total = hashlib.sha256()
    for file in (*files(folder), *signal_corpus.files(folder / "signals")):
        total.update(str(file.relative_to(folder)).encode())
        total.update(file.read_bytes())
    return total.hexdigest()


def _matrix(sparse: Sequence[tuple[npt.NDArray[np.int64], Vectors]]) -> Any:
    from scipy.sparse import csr_matrix

    indptr = np.cumsum([0] + [len(i) for i, _ in sparse])
    indices = np.concatenate([i for i, _ in sparse])
    values = np.concatenate([v for _, v in sparse])
    return csr_matrix((values, indices, indptr), shape=(len(sparse), HASH_SIZE))


Part = tuple[Vectors, Vectors]  # weights (features, classes), bias (classes,)


def _weights(fitted: Any, width: int, classes: int) -> Part:
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


def _linear(
    x: Any, y: npt.NDArray[np.int64], rest: npt.NDArray[np.bool_], c: float, balance: bool
) -> tuple[Part, Part]:
    """Multinomial logistic regression on the rows of ``rest``, and, starting from there, on all rows."""
    from sklearn.linear_model import LogisticRegression

    fitted = LogisticRegression(
        C=c, max_iter=300, tol=5e-4, class_weight="balanced" if balance else None, warm_start=True
    )
    classes = int(y.max()) + 1
    fitted.fit(x[rest], y[rest])
    before = _weights(fitted, x.shape[1], classes)
    if len(fitted.classes_) < classes:
        fitted.warm_start = False  # a class that was left out whole
    fitted.fit(x, y)
    return before, _weights(fitted, x.shape[1], classes)


def _sparse_linear(x: Any, y: npt.NDArray[np.int64], rest: npt.NDArray[np.bool_], balance: bool) -> tuple[Part, Part]:
    """The character part, on n-grams that occur more than once: the others teach one message by heart."""
    kept = np.flatnonzero(np.bincount(x.indices, minlength=x.shape[1]) > 1)
    parts = _linear(x[:, kept], y, rest, SPARSE_C, balance)

    def spread(part: Part) -> Part:
        weights = np.zeros((x.shape[1], part[0].shape[1]), np.float32)
        weights[kept] = part[0]
        return weights, part[1]

    return spread(parts[0]), spread(parts[1])


def _dense_linear(
    x: Vectors, y: npt.NDArray[np.int64], rest: npt.NDArray[np.bool_], balance: bool
) -> tuple[Part, Part]:
    """The dense part. The encoder's vectors all point much the same way, so they are standardised for fitting; the
    standardisation is then folded into the weights."""
    mean, spread = x.mean(axis=0), x.std(axis=0) + 1e-6
    parts = _linear((x - mean) / spread, y, rest, DENSE_C, balance)

    def folded(part: Part) -> Part:
        weights = part[0] / spread[:, None]
        return weights, part[1] - mean @ weights

    return folded(parts[0]), folded(parts[1])


@dataclass(frozen=True)
class _Task:
    """What one head is to learn: rows of ``x`` and ``sparse`` with their labels."""

    name: str
    x: Vectors
    sparse: Any
    labels: tuple[str, ...]
    held: npt.NDArray[np.bool_]
    balance: bool


@dataclass(frozen=True)
class _Fitted:
    """A head with its scores and probabilities on the fifth left out."""

    head: Head
    scores: dict[str, Any]
    held_out: Vectors


def _fit(task: _Task) -> _Fitted:
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):  # the two processes have a core each
        return _fit_alone(task)


def _fit_alone(task: _Task) -> _Fitted:
    classes = tuple(sorted(set(task.labels)))
    y = np.array([classes.index(label) for label in task.labels])
    held, rest = task.held, ~task.held
    (dense_w, dense_b), dense_whole = _dense_linear(task.x, y, rest, task.balance)
    (sparse_w, sparse_b), sparse_whole = _sparse_linear(task.sparse, y, rest, task.balance)
    dense_logits = task.x[held] @ dense_w + dense_b
    sparse_logits = np.asarray(task.sparse[held] @ sparse_w) + sparse_b
    mix = mixing_weights(dense_logits, sparse_logits, y[held])
    p = softmax(mix[0] * dense_logits + mix[1] * sparse_logits)
    ranks = np.argsort(-p, axis=1)
    scores = {
        "mix": [round(m, 3) for m in mix],
        "top1": float((ranks[:, 0] == y[held]).mean()),
        "top3": float((ranks[:, :3] == y[held][:, None]).any(axis=1).mean()),
        "held_out": int(held.sum()),
    }
    head = Head(classes, *dense_whole, *sparse_whole, mix)
    return _Fitted(head, scores, p)


def _of_category(fitted: _Fitted, labels: Sequence[str]) -> dict[str, Any]:
    """Scores of the category a type head implies, on the messages left out."""
    categories = sorted({c.split(".", 1)[0] for c in fitted.head.classes})
    member = np.array([[c.startswith(f"{k}.") for k in categories] for c in fitted.head.classes], dtype=np.float32)
    ranks = np.argsort(-(fitted.held_out @ member), axis=1)
    truth = np.array([categories.index(label.split(".", 1)[0]) for label in labels])
    return {
        "top1": float((ranks[:, 0] == truth).mean()),
        "top3": float((ranks[:, :3] == truth[:, None]).any(axis=1).mean()),
        "held_out": len(truth),
    }


def _urgent_threshold(p: Vectors, truth: npt.NDArray[np.bool_]) -> float:
    """The highest threshold that notices NOTICED of the urgent messages left out. Most of the rest are letters that tell
    of danger in passing; chat, where people call for help, is noticed more surely."""
    if not truth.any():
        return 0.5
    return float(np.quantile(p[truth], 1 - NOTICED))


def identity(
    corpus: Sequence[Utterance], encoder: Encoder, names: Sequence[str], signals: SignalCorpus = NO_SIGNALS
) -> str:
    """What a model is called: the same corpus, encoder and recipe always give the same name."""
    total = hashlib.sha256(json.dumps([encoder.name, sorted(names), DENSE_C, SPARSE_C, RECIPE]).encode())
    for u in corpus:
        total.update(json.dumps([u.title, u.text, u.intent, u.type, u.urgent, u.entities], ensure_ascii=False).encode())
    for s in (*((s.text, s.signals) for s in signals.said), *signals.elsewhere.items()):
        total.update(json.dumps([s[0], sorted(s[1])], ensure_ascii=False).encode())
    return total.hexdigest()[:12]


class Written(Protocol):
    """A message of a corpus, with the ways it can reach the reader."""

    @property
    def text(self) -> str: ...
    @property
    def title(self) -> str: ...
    @property
    def views(self) -> tuple[str, ...]: ...


W = TypeVar("W", bound=Written)


def readings(corpus: Sequence[W]) -> list[tuple[W, str]]:
    """What is learnt from: each message in each of the ways it can reach the reader."""
    mistype = homophone_typos(everyday_homophones(), SLIPS)
    rows = [(u, view) for u in corpus for view in u.views]
    for place, u in enumerate(corpus):
        if not u.title and len(u.text) <= HURRIED:
            typed = mistype(u.text)
            rows.append((u, no_punctuation(typed) if place % 2 else typed))
    return rows


def train(
    corpus: Sequence[Utterance],
    encoder: Encoder,
    names: Sequence[str],
    vectors: VectorStore,
    say: Say,
    corrections: int = 0,
    signals: SignalCorpus = NO_SIGNALS,
) -> Model:
    """Fit all heads and the tagger, two at a time.

    Args:
        corpus: the written utterances, and corrected tickets after them.
        names: the city's place names, carried in the manifest for the entity rules.
        vectors: remembers sentence vectors between trainings.
        say: receives progress lines.
        corrections: how many of ``corpus`` are corrected tickets, for the manifest.
        signals: what the heads of the signals learn beside ``corpus``; the other heads learn nothing from it.
    """
    rows = readings(corpus)
    texts = [view for _, view in rows]
    x = vectors.dense(texts, say)
    raw = [ngrams(for_model(t)) for t in texts]
    frequency = np.bincount(np.concatenate([i for i, _ in raw]), minlength=HASH_SIZE)
    idf = (np.log((1 + len(texts)) / (1 + frequency)) + 1).astype(np.float32)
    sparse = _matrix([ngrams(for_model(t), idf) for t in texts])
    # All views of a message stand on the same side.
    held = np.array([held_out(u) for u, _ in rows])
    picked = np.flatnonzero([u.type is not None for u, _ in rows])
    types = tuple(str(rows[i][0].type) for i in picked)
    urgent = tuple("yes" if u.urgent else "no" for u, _ in rows)
    tasks = [
        _Task("type", x[picked], sparse[picked], types, held[picked], balance=False),
        _Task("intent", x, sparse, tuple(u.intent for u, _ in rows), held, balance=True),
        _Task("urgent", x, sparse, urgent, held, balance=False),
    ]
    told = _told(signals, rows, x, sparse, idf, vectors, say)
    say(f"  fitting {len(tasks)} classifiers, the signals and the entity tagger on {len(corpus)} messages ...")
    # Fresh processes: forking one that has threads (the encoder's) can hang.
    with ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool:
        tagging = pool.submit(fit_tagger, list(corpus), tuple(names))
        hearing = pool.submit(train_signals.fit, told)
        fitted = dict(zip([t.name for t in tasks], pool.map(_fit, tasks), strict=True))
        field, heard = tagging.result(), hearing.result()
    scores: dict[str, Any] = {name: dict(f.scores) for name, f in fitted.items()}
    held_types = [label for label, out in zip(types, held[picked], strict=True) if out]
    scores["category"] = _of_category(fitted["type"], held_types)
    p = fitted["urgent"].held_out
    truth = np.array(urgent)[held] == "yes"
    threshold = _urgent_threshold(p[:, 1], truth)
    flagged = p[:, 1] >= threshold
    scores["urgent"].update(
        recall=float(flagged[truth].mean()) if truth.any() else 0.0,
        precision=float(truth[flagged].mean()) if flagged.any() else 0.0,
    )
    manifest = {
        "id": identity(corpus, encoder, names, signals),
        "corpus": corpus_hash(),
        "encoder": encoder.name,
        "messages": len(corpus),
        "corrections": corrections,
        "trained_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "scores": scores,
        "urgent_threshold": threshold,
        "signals": {name: {"threshold": f.threshold, **f.scores} for name, f in heard.items()},
        "place_names": sorted(names),
    }
    heads = {name: f.head for name, f in fitted.items()} | {SIGNAL + name: f.head for name, f in heard.items()}
    return Model(heads, idf, field, manifest)


def _told(
    signals: SignalCorpus,
    rows: Sequence[tuple[Utterance, str]],
    x: Vectors,
    sparse: Any,
    idf: Vectors,
    vectors: VectorStore,
    say: Say,
) -> train_signals.Told:
    """What the signals are learnt from: their own messages in every reading, those of the corpus as written."""
    from scipy.sparse import vstack

    own = readings(signals.said)
    if not own:
        return train_signals.Told((), x[:0], sparse[:0], (), np.zeros(0, bool), ())
    plain = np.array([i for i, (u, view) in enumerate(rows) if view == u.views[0]])
    others = [rows[i][0] for i in plain]
    return train_signals.Told(
        texts=(*(u.text for u in others), *(s.text for s, _ in own)),
        x=np.vstack([x[plain], vectors.dense([view for _, view in own], say)]),
        sparse=vstack([sparse[plain], _matrix([ngrams(for_model(view), idf) for _, view in own])]).tocsr(),
        shown=(*(signals.elsewhere.get(u.text, frozenset()) for u in others), *(s.signals for s, _ in own)),
        as_written=np.array([len(u.text) <= SHORT for u in others] + [view == s.text for s, view in own]),
        written_for=(*("" for _ in others), *(s.written_for for s, _ in own)),
    )


def fit_tagger(corpus: Sequence[Utterance], names: Sequence[str]) -> bytes:
    """Train the entity tagger in a process of its own."""
    return tagger.fit(corpus, rulers.Rules(names))
