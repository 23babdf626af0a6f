"""Which words spoke for a matter type against its runner-up, for the operator's screen.

Only the character part of the head can be taken apart into words; the sentence vector speaks for the whole. What is
given is therefore a hint at the reasons, not an account of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nlu.text.tokenise import placed_words
from nlu.understand.encoder import Vectors
from nlu.understand.features import gram_places
from nlu.understand.heads import Head

MOST = 5
LEAST = 0.05  # logits; weaker words say nothing
READ = 800  # characters looked at
# Parts of speech an operator learns nothing from: numbers, pronouns, times, adverbs, particles ...
_SAY_NOTHING = frozenset("m r rr rz t d p c u ul uj uz ud uv ug q y e o".split())


@dataclass(frozen=True)
class Reason:
    """A word of the message and how far it moved the decision towards the chosen type (logits)."""

    word: str
    weight: float


def reasons(text: str, head: Head, idf: Vectors, chosen: int, runner_up: int) -> tuple[Reason, ...]:
    """The words that spoke most for class ``chosen`` against class ``runner_up``.

    Args:
        text: normalised text.
        head: the head that decided.
        idf: weights of the hashed n-grams.
        chosen: index of the class decided for.
        runner_up: index of the class it is compared with.
    """
    text = text[:READ]
    if not text:
        return ()
    places = list(gram_places(text, idf))
    starts, ends, buckets, values = (np.array(column) for column in zip(*places, strict=True))
    lean = (head.sparse_w[buckets, chosen] - head.sparse_w[buckets, runner_up]) * head.mix[1]
    # Each gram's weight is spread over its characters: what begins at one place and ends at another, summed up.
    share = lean * values / (ends - starts)
    rises = np.bincount(starts, share, len(text) + 1) - np.bincount(ends, share, len(text) + 1)
    by_character = np.cumsum(rises)[:-1]
    by_word: dict[str, float] = {}
    words, flags = placed_words(text)
    for (position, word), flag in zip(words, flags, strict=True):
        if len(word) > 1 and flag not in _SAY_NOTHING:
            weight = float(by_character[position : position + len(word)].sum())
            by_word[word] = by_word.get(word, 0.0) + weight
    best = sorted(by_word.items(), key=lambda item: (-item[1], item[0]))[:MOST]
    return tuple(Reason(word, round(weight, 3)) for word, weight in best if weight >= LEAST)
