"""How much the two parts of a head count: fitted on messages neither has seen, which is also what calibrates them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from nlu.understand.encoder import Vectors


def mixing_weights(dense_logits: Vectors, sparse_logits: Vectors, y: npt.NDArray[np.int64]) -> tuple[float, float]:
    """Mixing weights that make the labels most likely.

    Args:
        dense_logits: of the part on the vectors, shape (n, classes), for messages it has not seen.
        sparse_logits: of the part on the characters, likewise.
        y: the right class of each message.
    """
    from scipy.optimize import minimize

    # Double precision: the optimiser takes differences of nearly equal losses.
    first, second = dense_logits.astype(np.float64), sparse_logits.astype(np.float64)
    rows = np.arange(len(y))

    def loss(weights: npt.NDArray[np.float64]) -> float:
        logits = weights[0] * first + weights[1] * second
        top = logits.max(axis=1)
        return float((top + np.log(np.exp(logits - top[:, None]).sum(axis=1)) - logits[rows, y]).mean())

    best = minimize(loss, np.array([0.6, 0.6]), method="L-BFGS-B", bounds=[(0.01, 8), (0.01, 8)])
    return float(best.x[0]), float(best.x[1])
