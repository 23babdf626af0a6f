"""The same message as other thumbs, keyboards and input methods write it.

Every change is deterministic for a given text, so that two measurements, and two trainings, compare.
"""

from __future__ import annotations

import logging
import random
import re
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache

from nlu.text.sound import sound

Variant = Callable[[str], str]
_PUNCTUATION = re.compile(r"[，。！？；：、,.!?;:…~～\-—\"“”‘’()（）《》【】\n]")
_EMOJI = "😡🙏😭😂👍🆘🔥💔🤬😤🥺😅"
TYPO_EVERY = 10  # characters
COMMON = 3000


def _random(text: str, salt: str) -> random.Random:
    return random.Random(zlib.crc32(f"{salt}|{text}".encode()))


def full_width(text: str) -> str:
    """ASCII letters, digits and marks as full-width signs."""
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@lru_cache(maxsize=1)
def _to_traditional() -> Callable[[str], str]:
    import opencc

    convert: Callable[[str], str] = opencc.OpenCC("s2t").convert
    return convert


def traditional(text: str) -> str:
    """In Traditional characters."""
    return _to_traditional()(text)


def emoji(text: str) -> str:
    """With an emoji at the end and one within."""
    chance = _random(text, "emoji")
    middle = chance.randrange(len(text) + 1)
    return text[:middle] + chance.choice(_EMOJI) + text[middle:] + chance.choice(_EMOJI)


def spaces(text: str) -> str:
    """With spaces strewn in between Chinese characters, one in six."""
    chance = _random(text, "spaces")
    return "".join(c + " " if "\u4e00" <= c <= "\u9fff" and chance.random() < 1 / 6 else c for c in text)


def no_punctuation(text: str) -> str:
    """Without punctuation, as dictated messages arrive."""
    return _PUNCTUATION.sub("", text) or text


def homophones(texts: Iterable[str], rarest: int = 3) -> dict[str, list[tuple[str, int]]]:
    """Characters in use by their sound without tone, with how often they are used; rarer ones no keyboard offers."""
    return _by_sound(Counter(c for text in texts for c in text if "\u4e00" <= c <= "\u9fff"), rarest)


def _by_sound(counts: Counter[str], rarest: int) -> dict[str, list[tuple[str, int]]]:
    table: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for char, n in counts.most_common():
        if n >= rarest:
            table[sound(char)].append((char, n))
    return dict(table)


@lru_cache(maxsize=1)
def everyday_homophones() -> Mapping[str, list[tuple[str, int]]]:
    """Like :func:`homophones` for the language at large: the COMMON characters most used in jieba's dictionary."""
    import jieba

    jieba.setLogLevel(logging.WARNING)
    jieba.initialize()
    counts: Counter[str] = Counter()
    for word, n in jieba.dt.FREQ.items():
        for char in word if n else "":
            if "\u4e00" <= char <= "\u9fff":
                counts[char] += n
    return _by_sound(Counter(dict(counts.most_common(COMMON))), 1)


def homophone_typos(table: Mapping[str, list[tuple[str, int]]], every: int = TYPO_EVERY) -> Variant:
    """A variant that writes one character in ``every`` as another one of the same sound."""

    def change(text: str) -> str:
        chance = _random(text, "typo")
        out = list(text)
        places = [i for i, c in enumerate(text) if len(table.get(sound(c), ())) > 1 and "\u4e00" <= c <= "\u9fff"]
        chance.shuffle(places)
        for i in places[: max(1, len(text) // every)]:
            others = [(c, n) for c, n in table[sound(text[i])] if c != text[i]]
            if others:
                out[i] = chance.choices([c for c, _ in others], [n for _, n in others])[0]
        return "".join(out)

    return change
