"""The signals of a message (``nlu.signal_corpus.SIGNALS``): any number of them, each heard by a head of its own."""

from __future__ import annotations

from nlu.understand.features import Features
from nlu.understand.store import SIGNAL, Model

# Nobody wants both at once, and they are said with much the same words (一条一条说, 别一条一条说): the likelier counts.
OPPOSITES = (
    ("normal", "slower"),
    ("normal", "bigger"),
    ("normal", "aloud"),
    ("restart", "back"),
    ("guide_go_on", "later"),
)


def heard(model: Model, features: Features) -> dict[str, float]:
    """Probabilities of the signals that a message shows; those under their thresholds are left out.

    Args:
        model: its manifest has the thresholds. A model without signals hears none.
        features: of this one message.
    """
    rows = model.manifest.get("signals", {})
    p = {name: float(model.heads[SIGNAL + name].probabilities(features)[0][1]) for name in rows}
    less = {min(pair, key=lambda name: p[name]) for pair in OPPOSITES if p.keys() >= set(pair)}
    return {name: p[name] for name, row in rows.items() if p[name] >= row["threshold"] and name not in less}
