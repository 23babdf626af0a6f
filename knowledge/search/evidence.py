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
from nlu.understand.encoder import Encoder

Vectors = npt.NDArray[np.float32]
NAMES = ("nearest", "near", "middle", "words", "body_words", "body")
NEAR = 3  # phrasings whose mean nearness counts
NEVER = -1.0


def body_of(entry: Entry, library: Library) -> str:
    """What an entry says besides its phrasings: its answer and the gists of what it rests on."""
    gists = [law.gists.get(c.article, "") for c in entry.statutes if (law := library.laws.get(c.law))]
    return "。".join([entry.answer.rstrip("。"), *gists])


@dataclass(frozen=True)
class Corpus:
    """What a library is searched by.

    ``owners`` gives each phrasing's entry by its place in ``ids``; phrasings of one entry stand together, from ``starts`` on.
    """

    ids: tuple[str, ...]
    owners: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    phrasings: Vectors
    middles: Vectors
    bodies: Vectors
    words: BM25
    body_words: BM25

    @classmethod
    def of(cls, library: Library, encoder: Encoder) -> Corpus:
        """Encode and count everything. Takes about 5 ms a text the first time."""
        entries = list(library.entries.values())
        texts = [for_model(p) for e in entries for p in e.phrasings]
        owners = np.array([i for i, e in enumerate(entries) for _ in e.phrasings], dtype=np.int64)
        starts = np.searchsorted(owners, np.arange(len(entries)))
        bodies = [body_of(e, library) for e in entries]
        vectors = encoder.encode(texts)
        middles = np.add.reduceat(vectors, starts, axis=0)
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        return cls(
            ids=tuple(e.id for e in entries),
            owners=owners,
            starts=starts,
            phrasings=vectors,
            middles=middles,
            bodies=encoder.encode([for_model(b) for b in bodies]),
            words=BM25([terms(t) for t in texts]),
            body_words=BM25([terms(b) for b in bodies]),
        )

    def evidence(self, question: str, vector: Vectors, without: int | None = None) -> Vectors:
        """The evidence for every entry, shape (entries, len(NAMES)).

        Args:
            question: the text.
            vector: its unit vector, shape (dim,).
            without: a phrasing that is not to count, as it is the question itself (to fit the weights).
        """
        near = self.phrasings @ vector
        words = self.words.scores(terms(question))
        middle = self.middles @ vector
        if without is not None:
            near[without], words[without] = NEVER, 0.0
            owner = int(self.owners[without])
            rest = self.phrasings[self.owners == owner].sum(axis=0) - self.phrasings[without]
            middle[owner] = float(rest @ vector) / max(float(np.linalg.norm(rest)), 1e-9)
        return np.stack(
            [
                np.maximum.reduceat(near, self.starts),
                self._near(near),
                middle,
                np.maximum.reduceat(words, self.starts),
                self.body_words.scores(terms(question)),
                self.bodies @ vector,
            ],
            axis=1,
        )

    def _near(self, near: Vectors) -> Vectors:
        """Mean nearness of each entry's nearest phrasings."""
        out = np.empty(len(self.ids), dtype=np.float32)
        ends = [*self.starts[1:].tolist(), len(near)]
        for i, (start, end) in enumerate(zip(self.starts.tolist(), ends, strict=True)):
            some = near[start:end]
            count = min(NEAR, len(some))
            out[i] = np.partition(some, len(some) - count)[-count:].mean()
        return out
