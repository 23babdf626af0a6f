"""How characters sound: pinyin without tones."""

from __future__ import annotations

from functools import lru_cache


@lru_cache(maxsize=16384)
def sound(char: str) -> str:
    """The commonest reading of a Chinese character; any other sign as it is."""
    from pypinyin import Style, lazy_pinyin

    return str(lazy_pinyin(char, style=Style.NORMAL)[0]) if "\u4e00" <= char <= "\u9fff" else char


def sounds(text: str) -> list[str]:
    """:func:`sound` of each character, read by itself: the neighbours may be the mistyped ones."""
    return [sound(c) for c in text]
