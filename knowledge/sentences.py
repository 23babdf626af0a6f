"""Sentences of a Chinese text, as they are counted to keep it easy to read aloud."""

from __future__ import annotations

import re
from collections.abc import Iterable

_ENDS = re.compile("[。！？!?\n]+")
_BREATHS = re.compile("[。！？；!?;\n]+")


def sentences(text: str) -> list[str]:
    """The sentences of a text, without the marks they end in."""
    return [part.strip() for part in _ENDS.split(text) if part.strip()]


def breaths(text: str) -> list[str]:
    """What is said in one breath: a sentence, or its part before or after a ；."""
    return [part.strip() for part in _BREATHS.split(text) if part.strip()]


def mean_length(texts: Iterable[str]) -> float:
    """Characters a sentence has on average over all texts; 0 without any."""
    lengths = [len(sentence) for text in texts for sentence in sentences(text)]
    return sum(lengths) / len(lengths) if lengths else 0.0
