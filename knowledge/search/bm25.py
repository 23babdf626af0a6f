"""BM25 (Robertson and Zaragoza, 2009) over a few thousand short texts, as one sparse matrix."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_matrix

Scores = npt.NDArray[np.float32]


class BM25:
    """Scores of all texts for a question.

    Args:
        texts: the terms of each text.
        k1: how soon repetition of a term stops to count.
        b: how much long texts are held back, 0 to 1.
    """

    def __init__(self, texts: Sequence[Sequence[str]], k1: float = 1.2, b: float = 0.5) -> None:
        counts = [Counter(text) for text in texts]
        frequency: Counter[str] = Counter(term for count in counts for term in count)
        self._columns = {term: i for i, term in enumerate(frequency)}
        number = len(texts)
        self._idf = np.array(
            [math.log(1 + (number - n + 0.5) / (n + 0.5)) for n in frequency.values()], dtype=np.float32
        )
        mean = max(1.0, sum(map(len, texts)) / max(1, number))
        rows, columns, values = [], [], []
        for row, (text, count) in enumerate(zip(texts, counts, strict=True)):
            damp = k1 * (1 - b + b * len(text) / mean)
            for term, times in count.items():
                rows.append(row)
                columns.append(self._columns[term])
                values.append(times * (k1 + 1) / (times + damp))
        self._matrix = csr_matrix((values, (columns, rows)), shape=(len(frequency), number), dtype=np.float32)

    def scores(self, question: Sequence[str]) -> Scores:
        """A score for each text, 0 to 1: the share of the question's weight that is found there (1 for the question itself,
        about)."""
        known = sorted({self._columns[t] for t in set(question) if t in self._columns})
        unknown = len(set(question)) - len(known)
        # A term nobody has used weighs as much as the rarest.
        whole = float(self._idf[known].sum()) + unknown * (float(self._idf.max()) if len(self._idf) else 0.0)
        if not known or not whole:
            return np.zeros(self._matrix.shape[1], dtype=np.float32)
        found: Scores = np.asarray(self._idf[known] @ self._matrix[known]).ravel().astype(np.float32)
        return found / whole
