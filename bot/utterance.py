"""What is written, as it is said: numbers in words, telephone numbers digit by digit, lists counted, links left out.

The result is Chinese text in sentences, for any voice: the one of :mod:`bot.speech` or a browser's.
"""

from __future__ import annotations

import re
from collections.abc import Callable

LONGEST = 80  # characters of a sentence; a longer one is cut at a comma
_DIGITS = "零一二三四五六七八九"
SPELLED = frozenset(_DIGITS + "幺")
_CIRCLED = {chr(0x2460 + i): i + 1 for i in range(20)}

# After these a number is counted, not spelled.
_UNIT = r"[元块毛角分厘万亿千百个位名人户家口天日月年周岁次倍件项份张页条款号楼层幢栋单组米里平方亩斤克吨升度点时小秒届级期种类成折步句遍辆台套间处只头字]"
_TWO = r"[个位名人户家口天年周岁次倍件项份张页条块元万亿千种类遍句步辆台套间处只头斤米里小]"
_COUNTED_LONG = r"[元块万亿人户平米个]"
# Before these it is spelled.
_CALL = r"(?:拨打|致电|打|拨|电话|热线|号码|编号|工单号|尾号|短信|账号|卡号|验证码)[是为：:\s“]*"

_LINK = re.compile(r"(?:https?://|www\.)[^\s一-鿿，。；！？（）、“”《》]+", re.IGNORECASE)
_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\ufe0f\u200d]")
_TELEPHONE = re.compile(
    r"(?<![\d.])(?:\+?86[- ]?)?(1[3-9]\d[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]\d{7,8}|0\d{9,11}|[48]00[- ]?\d{3,4}[- ]?\d{3,4}"
    r"|\d{3}-\d{3}-\d{3})(?![\d.])"
)
_HOTLINE = re.compile(
    rf"(?<![\d.,第])(11[0249]|12[0-2]|12(?!\d00)\d{{3}}|100(?:01|10|86)|9[56]\d{{3}}|96\d{{4}})(?!\d|[.,]\d|{_UNIT}|%)"
)
_CALLED = re.compile(rf"({_CALL})(\d{{3,}})(?!\d|[.,]\d|{_UNIT})")
_IDENTITY = re.compile(r"(?<!\d)(\d{17}[Xx]|\d{6,})(?![\d.])(?!" + _COUNTED_LONG + ")")
_DATE = re.compile(r"(?<!\d)((?:19|20)\d{2})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_TIME = re.compile(r"(?<!\d)([01]?\d|2[0-4])[:：]([0-5]\d)(?!\d)")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?=年)")
_RANGE = re.compile(r"(?<=[\d%点分半年月日])\s*[-~～—–]+\s*(?=[\d一二三四五六七八九十零两])")
_ROOM = re.compile(r"(?<!\d)(\d{3,4})(?=室|房(?!产))")
_SHARE = re.compile(r"(\d+(?:\.\d+)?)\s*([%％‰])")
_MONEY = re.compile(r"[¥￥]\s*(\d+(?:\.\d+)?)(?!\s*[元万亿\d.])")
_NUMBER = re.compile(rf"(第?)(\d+)(\.\d+)?(\s*(?={_TWO}))?")
_ITEM = re.compile(r"^\s*[（(]?(\d{1,2})(?:[.、．)）]\s*(?!\d)|\s+(?=[^\d\s]))", re.MULTILINE)


def spelled(digits: str) -> str:
    """Digits one by one as they are said on the telephone (1 is 幺), long ones in groups; other signs are dropped."""
    groups = [g for g in re.split(r"[^\dXx]+", digits) if g]
    if len(groups) == 1 and len(groups[0]) == 11:
        groups = [groups[0][:3], groups[0][3:7], groups[0][7:]]
    elif len(groups) == 1 and len(groups[0]) > 6:
        groups = [groups[0][i : i + 4] for i in range(0, len(groups[0]), 4)]
    return "，".join("".join("X" if c in "Xx" else "幺" if c == "1" else _DIGITS[int(c)] for c in g) for g in groups)


def counted(number: int) -> str:
    """A whole number in words, up to 10**12: 105 is 一百零五.

    Raises:
        ValueError: below zero, or too large.
    """
    if not 0 <= number < 10**12:
        raise ValueError(f"{number} is not a number that is said in words here (0 to 10**12)")
    if number == 0:
        return "零"
    words = ""
    for size, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        part, number = divmod(number, size)
        if part:
            gap = "零" if words and part < 1000 else ""
            words += gap + _below_ten_thousand(part) + name
        elif words and number and not words.endswith("零"):
            words += "零" if number < 1000 else ""
    words = re.sub("零+", "零", words)
    return words[1:] if words.startswith("一十") else words


def _below_ten_thousand(number: int) -> str:
    words = ""
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            words += _DIGITS[digit] + name
        elif words and number and not words.endswith("零"):
            words += "零"
    return words


def _said(whole: str, part: str = "") -> str:
    """A number with an optional ``.25`` part; one that begins with 0 or is too long is spelled."""
    if (len(whole) > 1 and whole[0] == "0") or len(whole) > 12:
        return spelled(whole)
    return counted(int(whole)) + ("点" + "".join(_DIGITS[int(c)] for c in part[1:]) if part else "")


def _clock(found: re.Match[str]) -> str:
    hour, minute = int(found[1]), int(found[2])
    rest = {0: "", 30: "半"}.get(minute, f"{'零' if minute < 10 else ''}{counted(minute)}分")
    return ("两" if hour == 2 else counted(hour)) + "点" + rest


def _share(found: re.Match[str]) -> str:
    whole, _, part = found[1].partition(".")
    return ("千分之" if found[2] == "‰" else "百分之") + _said(whole, f".{part}" if part else "")


def _amount(found: re.Match[str]) -> str:
    if found[2] == "2" and not found[1] and not found[3] and found[4] is not None:
        return "两"
    return found[1] + _said(found[2], found[3] or "")


_STEPS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (_LINK, ""),
    (_EMOJI, ""),
    (re.compile("[\u2460-\u2473]"), lambda m: f"\n{counted(_CIRCLED[m[0]])}、"),
    (_ITEM, lambda m: f"{counted(int(m[1]))}、"),
    (re.compile(r"(?<=\d),(?=\d{3}(?!\d))"), ""),
    (_DATE, lambda m: f"{m[1]}年{int(m[2])}月{int(m[3])}日"),
    (_TIME, _clock),
    (_TELEPHONE, lambda m: spelled(m[1])),
    (_CALLED, lambda m: m[1] + spelled(m[2])),
    (_HOTLINE, lambda m: spelled(m[1])),
    (_IDENTITY, lambda m: spelled(m[1])),
    (_YEAR, lambda m: "".join(_DIGITS[int(c)] for c in m[1])),
    (_RANGE, "到"),
    (_ROOM, lambda m: spelled(m[1])),
    (_SHARE, _share),
    (_MONEY, lambda m: f"{m[1]}元"),
    (re.compile("[¥￥]"), ""),
    (_NUMBER, _amount),
    (re.compile(r"[“”‘’「」『』《》〈〉\"'*#_`|]"), ""),
    (re.compile(r"[（(\[【）)\]】—–…~～→/\\·]+"), "，"),
    (re.compile("[×Xx]{2,}"), "某某"),
    (re.compile(r"(?<=[，、：；。！？])[ \t\u3000]+|[ \t\u3000]+(?=[，、：；。！？])"), ""),
    (re.compile(r"[ \t\u3000]+"), " "),
    (re.compile(r",(?!\d)"), "，"),
    (re.compile(r"!"), "！"),
    (re.compile(r"\?"), "？"),
    (re.compile(r";"), "；"),
    (re.compile(r":"), "："),
    (re.compile(r"\.(?!\w)"), "。"),
)
_SENTENCE = re.compile(r"[^。！？；\n]+[。！？；]?")
_SAYABLE = re.compile(r"[0-9A-Za-z一-鿿]")


def sentences(text: str) -> list[str]:
    """A text as it is to be read aloud: sentences of at most ``LONGEST`` characters, each with its closing mark."""
    for pattern, said in _STEPS:
        text = pattern.sub(said, text)
    out: list[str] = []
    for found in _SENTENCE.findall(text):
        sentence = re.sub(r"[，、：\s]*([，：])[，、：\s]*", r"\1", found)
        sentence = sentence.strip().lstrip("，、：。")
        mark = sentence[-1:] if sentence[-1:] in "！？" else "。"
        sentence = sentence.rstrip("，、：；。！？ ")
        if _SAYABLE.search(sentence):
            out += [piece + mark for piece in _pieces(sentence)]
    return out


def _pieces(sentence: str) -> list[str]:
    """A sentence cut at commas, where it must be."""
    out: list[str] = []
    while len(sentence) >= LONGEST:
        cut = max(sentence.rfind(mark, 10, LONGEST - 1) for mark in "，、：") + 1 or LONGEST - 1
        out.append(sentence[:cut].rstrip("，、："))
        sentence = sentence[cut:]
    return [*out, sentence] if sentence else out
