"""The encoder of the search: the shipped one with its upper layers adapted to which ways of asking mean the same entry
(``adapted.npz``, made by ``tools/adapt_search``); and the vectors of the shipped entries, remembered."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from nlu.understand.encoder import models, shipped
from nlu.understand.vectors import VectorStore

PATCH = Path(__file__).parent / "adapted.npz"
VECTORS = Path(__file__).parent / "vectors.npz"


@lru_cache(maxsize=1)
def remembered() -> VectorStore:
    """The process's encoder with all vectors it has made: the shipped entries', and in the models folder a city's own."""
    return VectorStore(shipped(models(), PATCH), VECTORS, models() / "knowledge-vectors.npz")
