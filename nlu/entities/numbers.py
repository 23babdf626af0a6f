"""Digits however a person or a phone keyboard writes them: 三栋, 幺三九, 〇, ０, 十二, O and l for 0 and 1."""

from __future__ import annotations

import re

DIGIT = {
    **{str(i): i for i in range(10)},
    "零": 0,
    "〇": 0,
    "一": 1,
    "二": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "幺": 1,
    "两": 2,
    "俩": 2,
    "仨": 3,
    "壹": 1,
    "贰": 2,
    "叁": 3,
    "肆": 4,
    "伍": 5,
    "陆": 6,
    "柒": 7,
    "捌": 8,
    "玖": 9,
}
_UNIT = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_BIG = {"万": 10_000, "亿": 100_000_000}
CHINESE = "零〇一二三四五六七八九十百千万亿两俩仨壹贰叁肆伍陆柒捌玖拾佰仟"
NUMBER = rf"(?:\d+(?:\.\d+)?|[{CHINESE}]+)"


def value(text: str) -> float | None:
    """The number ``text`` stands for (``12``, ``3.5``, ``十二``, ``两千三``, ``一百零五``, ``3万``); None if it is none."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([十百千万亿]?)", text)
    if match:
        return float(match[1]) * (_UNIT | _BIG).get(match[2], 1)
    total = section = digit = 0
    last_unit = 1
    if not text or any(c not in DIGIT and c not in _UNIT and c not in _BIG for c in text):
        return None
    if all(c in DIGIT for c in text):
        return float("".join(str(DIGIT[c]) for c in text))
    for char in text:
        if char in DIGIT:
            digit = DIGIT[char]
            if char in "零〇":
                last_unit = 1
        elif char in _UNIT:
            last_unit = _UNIT[char]
            section += (digit or 1) * last_unit
            digit = 0
        else:
            last_unit = _BIG[char]
            total = (total + section + digit) * last_unit
            section = digit = 0
    if digit and last_unit > 10 and text[-2] not in "零〇":  # 两千三 is 2300, 一百零三 is 103
        digit *= last_unit // 10
    return float(total + section + digit)


def as_digits(text: str) -> str:
    """Spelled-out digits to a digit string, other signs removed: 幺三九 0000-一二三四 → 13900001234."""
    return "".join(str(DIGIT[c]) for c in text if c in DIGIT)
