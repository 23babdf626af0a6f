"""The inbox's own words, from ``words.yml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import yaml


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    raw: dict[str, str] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    return raw


def word(name: str, **values: str) -> str:
    """One sentence by name, with its gaps filled."""
    text = _words()[name]
    for key, value in values.items():
        text = text.replace("{" + key + "}", value)
    return text.strip()
