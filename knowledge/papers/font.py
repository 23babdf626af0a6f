"""The font of the printed papers: Noto Sans SC, under the SIL Open Font License, from the package pylopdf-fonts-zh-cn.

It has 30 890 characters: 27 558 Chinese ones of Unicode's first two blocks (all that the older Chinese encodings know) and 220
later ones, so the rare characters of names too (𬱟, 㛃, 堃, 喆, 玥). What it has not is printed as 〓, the printers' sign for a
missing type.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from pylopdf_fonts_zh_cn import sans_path

FAMILY = "Noto Sans SC"
MISSING = "〓"


def file() -> Path:
    """Where the font lies.

    Raises:
        FileNotFoundError: the package is there, but not its file.
    """
    found = sans_path()
    if not found.exists():
        raise FileNotFoundError(f"{found} is missing: install pylopdf-fonts-zh-cn again")
    return found


@lru_cache(maxsize=1)
def _characters() -> frozenset[int]:
    with TTFont(file(), lazy=True) as font:
        return frozenset(font.getBestCmap())


def printable(text: str) -> str:
    """The text with 〓 for each character that the font has not."""
    known = _characters()
    return "".join(c if ord(c) in known else MISSING for c in text)
