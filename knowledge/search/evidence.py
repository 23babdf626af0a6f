"""What speaks for each entry, given a question: a few numbers an entry, the same for fitting the weights and for searching."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.library import Library
from knowledge.model import Entry
from knowledge.search.bm25 import BM25
from knowledge.search.terms import terms
from nlu.text.normalise import for_model
from nlu.understand.vectors import Say, VectorStore

Vectors = npt.NDArray[np.float32]
# The nearest phrasing in meaning; the nearest few; the middle of all; what the entry says; then the same in words: the nearest
# phrasing, all phrasings as one text, what the entry says.
NAMES = ("nearest", "near", "middle", "body", "words", "all_words", "body_words")
NEAR = 3  # phrasings whose mean nearness counts
NEVER = -1.0


def body_of(entry: Entry) -> str:
    """What an entry answers, without its phrasings."""
    return for_model(entry.answer)


def _said_of(entry: Entry, library: Library) -> str:
    """All an entry says besides its phrasings, for its words: answer, steps, warnings, limits, the gists of its statutes."""
    gists = [law.gists.get(c.article, "") for c in entry.statutes if (law := library.laws.get(c.law))]
    limits = [f"{t.what}{t.time}" for t in entry.limits]
    return "。".join([entry.answer, *entry.steps, *entry.warnings, *limits, *gists])


def texts_of(library: Library) -> list[str]:
    """Every text of a library that is encoded: phrasings, then bodies."""
    entries = list(library.entries.values())
    return [*(for_model(p) for e in entries for p in e.phrasings), *map(body_of, entries)]


@dataclass(frozen=True)
class Corpus:
    """What a library is searched by.

    ``rows`` has for each entry the places of its phrasings, shape (entries, most phrasings), filled up with the place after the last.
    Vectors are standardised: a sentence encoder's point much the same way, and what sets them apart is small.
    """

    ids: tuple[str, ...]
    rows: npt.NDArray[np.int64]
    mean: Vectors
    spread: Vectors
    phrasings: Vectors
    middles: Vectors
    bodies: Vectors
    words: BM25
    all_words: BM25
    body_words: BM25

    @classmethod
    def of(cls, library: Library, vectors: VectorStore, say: Say) -> Corpus:
        """Encode and count everything.

        Args:
            library: the entries.
            vectors: remembers; a new text takes about 10 ms.
            say: told how far it is.
        """
        entries = list(library.entries.values())
        encoded = texts_of(library)
        raw, texts = vectors.plain(encoded, say), encoded[: len(encoded) - len(entries)]
        mean, spread = raw[: len(texts)].mean(axis=0), np.maximum(raw[: len(texts)].std(axis=0), 1e-6)
        unit = _unit((raw - mean) / spread)
        most = max(len(e.phrasings) for e in entries)
        rows = np.full((len(entries), most), len(texts), dtype=np.int64)
        middles = np.empty((len(entries), raw.shape[1]), dtype=np.float32)
        start = 0
        for i, entry in enumerate(entries):
            end = start + len(entry.phrasings)
            rows[i, : end - start] = np.arange(start, end)
            middles[i] = unit[start:end].mean(axis=0)
            start = end
        counted = [terms(t) for t in texts]
        return cls(
            ids=tuple(e.id for e in entries),
            rows=rows,
            mean=mean,
            spread=spread,
            phrasings=unit[: len(texts)],
            middles=_unit(middles),
            bodies=unit[len(texts) :],
            words=BM25(counted),
            all_words=BM25([[t for row in own[own < len(texts)] for t in counted[row]] for own in rows], b=0.75),
            body_words=BM25([terms(_said_of(e, library)) for e in entries]),
        )

    def evidence(self, question: str, vector: Vectors) -> Vectors:
        """The evidence for every entry, shape (entries, len(NAMES)).

        Args:
            question: the text.
            vector: its vector as the encoder gave it, shape (dim,).
        """
        unit = _unit(((vector - self.mean) / self.spread)[None])[0]
        asked = terms(question)
        by_entry = np.append(self.phrasings @ unit, np.float32(NEVER))[self.rows]
        words = np.append(self.words.scores(asked), np.float32(0.0))[self.rows]
        return np.stack(
            [
                by_entry.max(axis=1),
                np.partition(by_entry, -NEAR, axis=1)[:, -NEAR:].mean(axis=1),
                self.middles @ unit,
                self.bodies @ unit,
                words.max(axis=1),
                self.all_words.scores(asked),
                self.body_words.scores(asked),
            ],
            axis=1,
        )


def _unit(rows: Vectors) -> Vectors:
    out: Vectors = (rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)).astype(np.float32)
    return out


def against_each_other(evidence: Vectors) -> Vectors:
    """Evidence as it sets entries apart for this question: each kind centred, in units of its own spread."""
    spread = np.maximum(evidence.std(axis=0), 1e-6)
    out: Vectors = (evidence - evidence.mean(axis=0)) / spread
    return out
