"""jieba tokens for spaCy, cut where the entity rules need a cut.

jieba decides where words are; a phone number, a house number or a street name found by the rules must not
be torn or glued to its neighbours, so their borders are forced into the token sequence.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any

DICTIONARY = Path(__file__).parent.parent / "data/dictionary.txt"


@lru_cache(maxsize=1)
def _jieba() -> Any:
    import jieba

    jieba.setLogLevel(logging.WARNING)
    tokenizer = jieba.Tokenizer()
    tokenizer.initialize()
    if DICTIONARY.exists():
        tokenizer.load_userdict(str(DICTIONARY))
    return tokenizer


def add_words(words: Iterable[str]) -> None:
    """Teach the tokeniser local names (estates, villages, streets)."""
    tokenizer = _jieba()
    for word in words:
        tokenizer.add_word(word, freq=2000)


def tokens(text: str) -> list[str]:
    """jieba's words of ``text``; joined they give ``text`` again."""
    return list(_jieba().cut(text, HMM=True))


@lru_cache(maxsize=1)
def _tagger() -> Any:
    import jieba.posseg

    return jieba.posseg.POSTokenizer(_jieba())


@lru_cache(maxsize=8)  # places and organisations are sought in the same words
def placed_words(text: str) -> tuple[list[tuple[int, str]], list[str]]:
    """jieba's words, each with the offset it begins at, and their parts of speech (n noun, ns place name, v verb ...)."""
    words: list[tuple[int, str]] = []
    flags: list[str] = []
    position = 0
    for pair in _tagger().cut(text):
        words.append((position, pair.word))
        flags.append(pair.flag)
        position += len(pair.word)
    return words, flags


def known_word(word: str) -> bool:
    """Whether a word is in jieba's dictionary (rather than guessed from its characters)."""
    return bool(_jieba().FREQ.get(word))


def tokens_cut_at(text: str, cuts: Iterable[int]) -> list[str]:
    """Like :func:`tokens`, with a border at each character offset in ``cuts``."""
    wanted = sorted({c for c in cuts if 0 < c < len(text)})
    out: list[str] = []
    position = 0
    for word in tokens(text):
        end = position + len(word)
        inner = [c for c in wanted if position < c < end]
        for cut in inner:
            out.append(text[position:cut])
            position = cut
        out.append(text[position:end])
        position = end
    return out
