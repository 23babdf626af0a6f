"""The likeliest entries for a question, and how sure it is that the first one answers it."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.library import Library
from knowledge.model import Entry
from knowledge.search.evidence import NAMES, Corpus, against_each_other
from nlu.text.normalise import for_model
from nlu.understand.encoder import Encoder
from nlu.understand.vectors import Say, VectorStore

FILE = Path(__file__).parent / "weights.json"
LONGEST = 300  # characters of a question that are read: its beginning and its end
MOST = 10


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts, and how its sum becomes a probability.

    ``evidence``: one for each of ``evidence.NAMES``. ``sure``: intercept, then one for each of :func:`signs`. ``answers_from`` is the
    probability from which a question is answered, ``suggests_from`` the one from which the likeliest entries may be offered.
    """

    evidence: tuple[float, ...]
    sure: tuple[float, ...]
    answers_from: float
    suggests_from: float

    @classmethod
    def read(cls, file: Path = FILE) -> Weights:
        """The fitted weights (``benchmarks/knowledge/fit_weights.py``)."""
        told = json.loads(file.read_text(encoding="utf-8"))
        return cls(
            tuple(told["evidence"][name] for name in NAMES),
            tuple(told["sure"]),
            float(told["answers_from"]),
            float(told["suggests_from"]),
        )


@dataclass(frozen=True)
class Hit:
    """An entry and how likely it is that it answers, against all others (0 to 1)."""

    entry: Entry
    score: float


@dataclass(frozen=True)
class Found:
    """What a search gives: the likeliest entries, and how sure it is (0 to 1) that the first one answers at all.

    ``answered``: it is sure enough to give the first as the answer. ``suggested``: at least to ask whether one of them is meant.
    """

    hits: tuple[Hit, ...]
    sure: float
    answered: bool
    suggested: bool = False


def read_of(question: str) -> str:
    """What of a question is read."""
    plain = for_model(question)
    return plain if len(plain) <= LONGEST else f"{plain[: LONGEST // 2]}{plain[-LONGEST // 2 :]}"


def signs(scores: npt.NDArray[np.float64], evidence: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """What tells whether the best entry answers: its share against all others, its score, its lead, and its own evidence.

    Args:
        scores: of all entries, shape (entries,).
        evidence: as it was found, shape (entries, kinds).
    """
    order = np.argsort(-scores)
    best, second = scores[order[0]], scores[order[1]] if len(order) > 1 else scores[order[0]] - 1.0
    share = 1.0 / float(np.exp(scores - best).sum())
    return np.array([math.log(share), best, best - second, *evidence[order[0]]], dtype=np.float64)


class Finder:
    """Searches one library; thread-safe. Make a new one when the library changes.

    Args:
        library: what is searched.
        corpus: how it is searched.
        encoder: makes a question's vector; the one the corpus was made with.
        weights: the fitted weights.
    """

    def __init__(self, library: Library, corpus: Corpus, encoder: Encoder, weights: Weights) -> None:
        self.library, self._corpus, self._encoder, self._weights = library, corpus, encoder, weights

    @classmethod
    def of(cls, library: Library, vectors: VectorStore, say: Say, weights: Weights | None = None) -> Finder:
        """A finder for a library; encodes what ``vectors`` does not remember."""
        return cls(library, Corpus.of(library, vectors, say), vectors.encoder, weights or Weights.read())

    def search(self, question: str, limit: int = 3) -> Found:
        """Search. A question without a word gives nothing.

        Args:
            question: in anybody's words, of any length.
            limit: the most entries, MOST at the outside.
        """
        text = read_of(question)
        if not any(c.isalnum() for c in text):
            return Found((), 0.0, False)
        evidence = self._corpus.evidence(text, self._encoder.encode([text])[0])
        scores = against_each_other(evidence).astype(np.float64) @ np.array(self._weights.evidence)
        order = np.argsort(-scores)[: min(limit, MOST)]
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        hits = tuple(Hit(self.library.entries[self._corpus.ids[i]], float(shares[i])) for i in order)
        told = float(np.dot(self._weights.sure, np.concatenate([[1.0], signs(scores, evidence)])))
        sure = 1 / (1 + math.exp(-max(-30.0, min(30.0, told))))
        return Found(hits, sure, sure >= self._weights.answers_from, sure >= self._weights.suggests_from)
