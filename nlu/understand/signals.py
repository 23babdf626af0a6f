"""The signals of a message (``nlu.signal_corpus.SIGNALS``): any number of them, each heard by a head of its own."""

from __future__ import annotations

from nlu.understand.features import Features
from nlu.understand.store import SIGNAL, Model


def heard(model: Model, features: Features) -> dict[str, float]:
    """Probabilities of the signals that a message shows; those under their thresholds are left out.

    Args:
        model: its manifest has the thresholds. A model without signals hears none.
        features: of this one message.
    """
    found: dict[str, float] = {}
    for name, row in model.manifest.get("signals", {}).items():
        p = float(model.heads[SIGNAL + name].probabilities(features)[0][1])
        if p >= row["threshold"]:
            found[name] = p
    return found
