"""The words on the papers, from ``words.yml`` beside this module."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).with_suffix(".yml")


@lru_cache(maxsize=1)
def _all() -> dict[str, Any]:
    read: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return read


def words(name: str, /, **said: object) -> str:
    """The words of a name, with what is to be said in them put in.

    Raises:
        KeyError: there are no such words, or something they need was not given.
    """
    return str(_all()[name]).format(**said)


def pattern(name: str) -> str:
    """The words of a name with their {places} as they stand, for a program that fills them itself."""
    return str(_all()[name])


def for_phone(phone: str) -> str | None:
    """What a number is for; None if it is not among those we know."""
    found = _all()["phones"].get(phone)
    return None if found is None else str(found)
