"""One spelling for names and wordings, so that both are compared alike: digits, width, script, brackets, sounds."""

from __future__ import annotations

import re
from functools import lru_cache

from nlu.entities.numbers import value
from nlu.text.normalise import for_model

LONGEST = 200  # characters of a wording that are read

_SPELT = re.compile(r"[零〇一二三四五六七八九十百幺两壹贰叁肆伍陆柒捌玖拾]+")
_DIGIT = re.compile(r"[零〇一二三四五六七八九十幺两壹贰叁肆伍陆柒捌玖拾]")
_MARKS = re.compile(r"[()（）\[\]【】「」《》\"'“”‘’]")
_COMMAS = re.compile(r"[，。；：！？、,;:!?~～…]+")


def _digits(match: re.Match[str]) -> str:
    number = value(match[0]) if _DIGIT.search(match[0]) else None
    return match[0] if number is None else str(int(number))


def fold(text: str) -> str:
    """``text`` as names and wordings are compared.

    Numbers in digits, letters in capitals, no brackets and no spaces, every pause one ``，``; a space between two
    numbers becomes ``-``, and 第 before a number goes. Folding twice changes nothing.
    """
    text = _MARKS.sub("", for_model(text[:LONGEST])).upper()
    text = _COMMAS.sub("，", text).strip("，")
    text = _SPELT.sub(_digits, text)
    text = re.sub(r"(?<=\d)\s+(?=\d)", "-", text)
    text = re.sub(r"\s+", "", text)
    text = re.sub(r"[-—–－﹣]+", "-", text)
    text = re.sub(r"(?<=\d)/(?=\d)|(?<=\d)\.(?=\d+\.\d)|(?<=\d\.\d)\.(?=\d{3,4})", "-", text)
    return re.sub(r"第(?=\d)", "", text)


@lru_cache(maxsize=16384)
def sound(char: str) -> str:
    """The syllable of a character without its tone; other signs sound as they are."""
    if not "\u4e00" <= char <= "\u9fff":
        return char
    from pypinyin import Style, lazy_pinyin

    return str(lazy_pinyin(char, style=Style.NORMAL)[0])


@lru_cache(maxsize=16384)
def blurred(char: str) -> str:
    """The syllable as dialects and dictation confuse it: zh/z, ch/c, sh/s, final ng/n."""
    syllable = sound(char)
    if re.match(r"[zcs]h", syllable):
        syllable = syllable[0] + syllable[2:]
    return syllable[:-1] if syllable.endswith("ng") else syllable
