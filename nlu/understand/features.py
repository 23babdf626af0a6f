"""What the classifier heads see of a message: its meaning and its characters.

Meaning: sentence vectors of the opening, of the end (in a letter the demand stands last) and of the middle of a long
one; of the whole when it is short. Characters: hashed 1- to 3-grams, which stand typos, dialect and rare words; and the same
grams by their sound, since most typos are homophones: 楼倒的灯坏了 sounds like 楼道的灯坏了.
"""

from __future__ import annotations

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from nlu.text.normalise import for_model
from nlu.text.sound import sounds
from nlu.understand.encoder import Encoder, Vectors

HASH_BITS = 16
HASH_SIZE = 1 << HASH_BITS
SHORT = 120  # characters encoded in one piece
WINDOW = 100  # characters of each end of a longer text
TITLE = (6, 50)  # characters of a subject line
LONG = 250  # characters from which the middle is read too
_DIGITS = re.compile(r"\d")
_BROKEN = frozenset("，。！？；：、 ")
_GREETING = re.compile(
    r"^(?:尊敬的|敬爱的)?[^，。：:！\n]{0,14}?(?:领导|书记|市长|县长|区长|局长|部门|同志)(?:们)?(?:您好|你好|好)?[，。：:！\s]*(?:您好|你好)?[，。：:！\s]*"
)
_FAREWELL = re.compile(r"(?:谢谢|感谢|此致|敬礼|望.{0,6}回复|盼复|特此|万分感激|不胜感激)[^。！]{0,20}[。！]?\s*$")


@dataclass(frozen=True)
class Features:
    """Dense part, shape (n, 2 * dim), and the hashed n-grams of each text as (indices, values)."""

    dense: Vectors
    sparse: list[tuple[npt.NDArray[np.int64], Vectors]]


def without_greeting(text: str) -> str:
    """A normalised text from its first word that says something."""
    return _GREETING.sub("", text) or text


def title_and_body(text: str) -> tuple[str, str] | None:
    """The subject line of a raw text and what stands under it; None when its first line is no subject line."""
    title, _, body = text.strip().partition("\n")
    said = _GREETING.sub("", for_model(title))
    if TITLE[0] <= len(said) and len(title) <= TITLE[1] and len(body.strip()) >= TITLE[0]:
        return title.strip(), body.strip()
    return None


def windows(text: str) -> tuple[str, ...]:
    """What of a normalised text is encoded: all of a short one; opening and end of a longer one, and its middle if it is long."""
    if len(text) <= SHORT:
        return (text,)
    body = without_greeting(text)
    body = _FAREWELL.sub("", body) or body
    if len(body) <= SHORT:
        return (body,)
    middle = (len(body) - WINDOW) // 2
    inner = (body[middle : middle + WINDOW],) if len(body) >= LONG else ()
    return (body[:WINDOW], *inner, body[-WINDOW:])


def side_by_side(vectors: Sequence[Vectors]) -> Vectors:
    """The dense features of a text from the unit vectors of its windows: the opening beside the mean of what follows."""
    rest = np.mean(vectors[1:] or vectors, axis=0)
    return np.concatenate([vectors[0], rest / max(float(np.linalg.norm(rest)), 1e-9)])


@lru_cache(maxsize=16)  # asked for again by who explains a decision
def _grams(text: str) -> tuple[tuple[int, int, int], ...]:
    """(start, end, bucket) of each 1- to 3-gram of a normalised text, as written and as heard.

    Digits are made one class, so that a house number carries no topic; grams across punctuation say nothing.
    """
    text = _DIGITS.sub("0", text)
    heard = sounds(text)
    found: list[tuple[int, int, int]] = []
    for size in (1, 2, 3):
        for i in range(len(text) - size + 1):
            gram = text[i : i + size]
            unbroken = _BROKEN.isdisjoint(gram)
            if size == 1 or unbroken:
                found.append((i, i + size, zlib.crc32(gram.encode("utf-8")) & (HASH_SIZE - 1)))
            if unbroken:
                sound = "~" + " ".join(heard[i : i + size])
                found.append((i, i + size, zlib.crc32(sound.encode("utf-8")) & (HASH_SIZE - 1)))
    return tuple(found)


def ngrams(text: str, idf: Vectors | None = None) -> tuple[npt.NDArray[np.int64], Vectors]:
    """Hashed character n-grams of a normalised text: bucket numbers and L2-normalised weights, counts damped (1 + log)."""
    counts = Counter(bucket for _, _, bucket in _grams(text))
    keys = sorted(counts)
    indices = np.array(keys, dtype=np.int64)
    values = np.array([1 + math.log(counts[k]) for k in keys], dtype=np.float32)
    if idf is not None and len(indices):
        values = values * idf[indices]
    norm = float(np.linalg.norm(values))
    return indices, values / norm if norm else values


def gram_places(text: str, idf: Vectors) -> Iterator[tuple[int, int, int, float]]:
    """(start, end, bucket, weight) of each gram where it stands; the weights of a bucket add up to its feature value."""
    indices, values = ngrams(text, idf)
    weight = dict(zip(indices.tolist(), values.tolist(), strict=True))
    places = _grams(text)
    times = Counter(bucket for _, _, bucket in places)
    for start, end, bucket in places:
        yield start, end, bucket, weight[bucket] / times[bucket]


def dense(texts: list[str], encoder: Encoder) -> Vectors:
    """Dense features of raw texts, shape (n, 2 * dim)."""
    if not texts:
        return np.zeros((0, 2 * encoder.dim), dtype=np.float32)
    cut = [windows(for_model(t)) for t in texts]
    vectors = iter(encoder.encode([piece for pieces in cut for piece in pieces]))
    return np.stack([side_by_side([next(vectors) for _ in pieces]) for pieces in cut])


def featurise(texts: list[str], encoder: Encoder, idf: Vectors | None) -> Features:
    """Features of raw texts."""
    return Features(dense(texts, encoder), [ngrams(for_model(t), idf) for t in texts])
