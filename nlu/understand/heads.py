"""Linear classifier heads over sentence meaning and character n-grams, kept as plain arrays.

A head has two linear parts, one per kind of feature, trained apart and mixed in logit space; the mixing
weights were fitted on messages neither part had seen, so the resulting probabilities are calibrated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from nlu.understand.encoder import Vectors
from nlu.understand.features import Features


def softmax(logits: npt.NDArray[np.floating]) -> Vectors:
    """Row-wise softmax."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    exp = np.exp(shifted)
    out: Vectors = (exp / exp.sum(axis=1, keepdims=True)).astype(np.float32)
    return out


@dataclass(frozen=True)
class Head:
    """Weights of one classifier.

    Shapes: ``dense_w`` (features, classes), ``sparse_w`` (hash buckets, classes), ``bias_*`` (classes,).
    """

    classes: tuple[str, ...]
    dense_w: Vectors
    dense_b: Vectors
    sparse_w: Vectors
    sparse_b: Vectors
    mix: tuple[float, float]

    def logits(self, features: Features) -> Vectors:
        """Mixed logits, shape (n, classes)."""
        dense = features.dense @ self.dense_w + self.dense_b
        sparse = np.stack([values @ self.sparse_w[indices] for indices, values in features.sparse]) + self.sparse_b
        mixed: Vectors = (self.mix[0] * dense + self.mix[1] * sparse).astype(np.float32)
        return mixed

    def probabilities(self, features: Features) -> Vectors:
        """Calibrated class probabilities, shape (n, classes)."""
        if not features.sparse:
            return np.zeros((0, len(self.classes)), dtype=np.float32)
        return softmax(self.logits(features))

    def arrays(self, prefix: str) -> dict[str, npt.NDArray[np.generic]]:
        """For ``numpy.savez``; the large matrix is stored in half precision."""
        return {
            f"{prefix}.classes": np.array(self.classes),
            f"{prefix}.dense_w": self.dense_w,
            f"{prefix}.dense_b": self.dense_b,
            f"{prefix}.sparse_w": self.sparse_w.astype(np.float16),
            f"{prefix}.sparse_b": self.sparse_b,
            f"{prefix}.mix": np.array(self.mix),
        }

    @classmethod
    def from_arrays(cls, arrays: dict[str, npt.NDArray[np.generic]], prefix: str) -> Head:
        """The inverse of :meth:`arrays`."""
        return cls(
            tuple(str(c) for c in arrays[f"{prefix}.classes"]),
            np.asarray(arrays[f"{prefix}.dense_w"], np.float32),
            np.asarray(arrays[f"{prefix}.dense_b"], np.float32),
            np.asarray(arrays[f"{prefix}.sparse_w"], np.float32),
            np.asarray(arrays[f"{prefix}.sparse_b"], np.float32),
            (float(arrays[f"{prefix}.mix"][0]), float(arrays[f"{prefix}.mix"][1])),
        )
