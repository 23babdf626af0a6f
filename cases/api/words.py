"""Words that people read in the API's answers; they live in ``words.yml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml

_FILE = Path(__file__).with_name("words.yml")


@lru_cache(maxsize=1)
def _words() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = yaml.safe_load(_FILE.read_text(encoding="utf-8"))
    return read


def error(code: str, **values: object) -> str:
    """What an error means, for people."""
    return _words()["errors"][code].format(**values)


def step(action: str, unit: str | None) -> str | None:
    """What residents are told of a step; None for steps that are not theirs to hear."""
    said = _words()["steps"].get(action)
    return said.format(unit=unit or _words()["somebody"]) if said else None


def steps() -> frozenset[str]:
    """The actions residents are told of."""
    return frozenset(_words()["steps"])


def open311(name: str, **values: str) -> str:
    """Words of the Open311 interface."""
    return _words()["open311"][name].format(**values)
