"""Ticket numbers: nine digits with a check digit, in whatever way a phone keyboard or a voice gives them.

600-000-017 may arrive as ６００ ０００ ０１７, 600000017, 六零零零零零零幺七, 6OO-OOO-O17 or 600。000。017.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from stdnum import damm

from nlu.entities.found import Found
from nlu.entities.numbers import DIGIT

LENGTH = 9
_LOOKALIKE = {"o": "0", "O": "0", "l": "1", "I": "1", "|": "1", "洞": "0", "拐": "7", "勾": "9"}
_CHAR = "[0-9零〇一二三四五六七八九幺两oOlI|]"
_SEP = r"[\s\-—–_.。、,，·/]{0,2}"
_RUN = re.compile(rf"(?<!{_CHAR}){_CHAR}(?:{_SEP}{_CHAR}){{{LENGTH - 1}}}(?!{_SEP}{_CHAR})")


def canonical(text: str) -> str | None:
    """The nine plain digits ``text`` stands for if they pass the check digit, else None."""
    digits = ""
    for char in unicodedata.normalize("NFKC", text):
        char = _LOOKALIKE.get(char, char)
        if char in DIGIT:
            digits += str(DIGIT[char])
    return digits if len(digits) == LENGTH and damm.is_valid(digits) else None


def find(text: str) -> Iterator[Found]:
    """Runs of nine digits; ``value`` is None when the check digit does not fit (a slip of the finger)."""
    for match in _RUN.finditer(text):
        if sum(c in DIGIT for c in match[0]) < 2:  # 6OO-OOO-Ol7 has two; a row of letters has none
            continue
        yield Found("ticket", match.start(), match.end(), canonical(match[0]), sure=True)
