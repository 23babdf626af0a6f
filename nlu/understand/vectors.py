"""Sentence vectors of the corpus, remembered between trainings: encoding is most of the work of a training."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from nlu.text.normalise import for_model
from nlu.understand.encoder import Encoder, Vectors
from nlu.understand.features import side_by_side, windows

Say = Callable[[str], None]
EVERY = 500  # new texts between two lines of progress


class VectorStore:
    """Vectors by the text they are of, in one or more files; new ones go into the last.

    Args:
        encoder: whose vectors they are; another encoder's are not found.
        shipped: a read-only file that comes with the corpus; may be missing.
        own: the file new vectors are kept in; None to keep none.
    """

    def __init__(self, encoder: Encoder, shipped: Path | None, own: Path | None) -> None:
        self.encoder = encoder
        self.own = own
        self._known: dict[str, Vectors] = {}
        self._own_keys: set[str] = set()
        for file in (shipped, own):
            if file and file.exists():
                with np.load(file, allow_pickle=False) as data:
                    if "scale" not in data:
                        continue  # an earlier version's; what is needed of it is made anew
                    keys = data["keys"].tolist()
                    self._known.update(zip(keys, _restored(data["vectors"], data["scale"]), strict=True))
                    if file == own:
                        self._own_keys.update(keys)

    def _key(self, text: str) -> str:
        return hashlib.sha256(f"{self.encoder.name}|{text}".encode()).hexdigest()[:20]

    def dense(self, texts: Sequence[str], say: Say) -> Vectors:
        """Dense features of raw texts: what :func:`features.dense` gives."""
        cut = [windows(for_model(t)) for t in texts]
        self._learn(list(dict.fromkeys(piece for own in cut for piece in own)), say)
        return np.stack([side_by_side([self._known[self._key(p)] for p in own]) for own in cut])

    def plain(self, texts: Sequence[str], say: Say) -> Vectors:
        """Unit vectors of short texts as they stand, shape (len(texts), dim)."""
        self._learn(list(dict.fromkeys(texts)), say)
        return np.stack([self._known[self._key(t)] for t in texts])

    def _learn(self, pieces: Sequence[str], say: Say) -> None:
        missing = [p for p in pieces if self._key(p) not in self._known]
        missing.sort(key=len)  # texts of one length are encoded together fastest
        for done in range(0, len(missing), EVERY):
            say(f"  reading: {done} of {len(missing)} new texts ...")
            group = missing[done : done + EVERY]
            # Rounded as they will be stored: a model must not depend on which vectors were remembered.
            self._known.update(
                zip(map(self._key, group), _restored(*_rounded(self.encoder.encode(group))), strict=True)
            )
        if missing:
            self._own_keys.update(self._key(p) for p in missing)
            self._keep()

    def _keep(self) -> None:
        if self.own:
            self.own.parent.mkdir(parents=True, exist_ok=True)
            save(self.own, {k: self._known[k] for k in sorted(self._own_keys)})

    def of(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The known vectors of the pieces of ``texts``, by key, for shipping them."""
        return self._of({p for t in texts for p in windows(for_model(t))})

    def of_plain(self, texts: Sequence[str]) -> dict[str, Vectors]:
        """The known vectors of texts as they stand, by key, for shipping them."""
        return self._of(set(texts))

    def _of(self, pieces: set[str]) -> dict[str, Vectors]:
        keys = sorted(self._key(p) for p in pieces)
        return {k: self._known[k] for k in keys if k in self._known}


def _rounded(vectors: Vectors) -> tuple[npt.NDArray[np.int8], Vectors]:
    """Vectors at 8 bits a number, and the scale of each: half a percent off at most."""
    scale = np.maximum(np.abs(vectors).max(axis=1) / 127, 1e-9).astype(np.float32)
    return np.round(vectors / scale[:, None]).astype(np.int8), scale


def _restored(small: npt.NDArray[np.int8], scale: Vectors) -> Vectors:
    vectors: Vectors = small.astype(np.float32) * scale[:, None]
    return vectors


def save(file: Path, vectors: dict[str, Vectors]) -> None:
    """Write vectors, rounded, in one step."""
    partial = file.with_name(f"{file.stem}.{os.getpid()}.npz")
    small, scale = _rounded(np.stack(list(vectors.values())))
    np.savez(partial, keys=np.array(list(vectors)), vectors=small, scale=scale)
    partial.replace(file)
