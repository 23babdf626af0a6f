"""Whether a message's label stays when other thumbs, keyboards and input methods write it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from nlu.text.retyped import (
    Variant,
    emoji,
    full_width,
    homophone_typos,
    homophones,
    no_punctuation,
    spaces,
    traditional,
)
from nlu.understand.pipeline import Pipeline


def variants(texts: Iterable[str]) -> dict[str, Variant]:
    """All variants by name.

    Args:
        texts: running text (the corpus) from which the characters in use are counted.
    """
    return {
        "full_width": full_width,
        "traditional": traditional,
        "emoji": emoji,
        "spaces": spaces,
        "no_punctuation": no_punctuation,
        "homophone_typos": homophone_typos(homophones(texts)),
    }


def stability(pipeline: Pipeline, texts: Sequence[str], changes: dict[str, Variant]) -> dict[str, dict[str, float]]:
    """For each variant, the share of ``texts`` whose intent and category (and whose matter type) stay the same."""
    before = [pipeline.classify(t) for t in texts]
    table: dict[str, dict[str, float]] = {}
    for name, change in changes.items():
        after = [pipeline.classify(change(t)) for t in texts]
        pairs = list(zip(before, after, strict=True))
        table[name] = {
            "label": round(sum((a.intent, a.category) == (b.intent, b.category) for a, b in pairs) / len(pairs), 4),
            "category": round(sum(a.category == b.category for a, b in pairs) / len(pairs), 4),
            "type": round(sum(a.type == b.type for a, b in pairs) / len(pairs), 4),
        }
    return table
