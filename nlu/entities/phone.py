"""Phone numbers, mobile and landline, also said digit by digit in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

from nlu.entities.found import Found
from nlu.entities.numbers import as_digits

_D = "[0-9零〇一二三四五六七八九幺两]"
_SEP = r"[\s\-—.、,，]{0,2}"
_MOBILE = re.compile(rf"(?<!{_D})(?:\+?86{_SEP})?([1一幺]{_SEP}[3-9三四五六七八九](?:{_SEP}{_D}){{9}})(?!{_D})")
_LANDLINE = re.compile(r"(?<!\d)(0\d{2,3}[\s\-—]?[2-9]\d{6,7})(?!\d)")
_SHORT = re.compile(
    r"(?:电话|打给|打|拨打|联系|号码)(?:是|:|：|为)?\s*((?:[2-8]\d{6,7})|(?:400[\s-]?\d{3}[\s-]?\d{4}))(?!\d)"
)


def find(text: str) -> Iterator[Found]:
    """Phone numbers in ``text``; the value is plain digits."""
    for match in _MOBILE.finditer(text):
        digits = as_digits(match[1])
        if len(digits) == 11:
            yield Found("phone", match.start(1), match.end(1), digits, sure=True)
    for pattern in (_LANDLINE, _SHORT):
        for match in pattern.finditer(text):
            yield Found("phone", match.start(1), match.end(1), re.sub(r"\D", "", match[1]), sure=True)
