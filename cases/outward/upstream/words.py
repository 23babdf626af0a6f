"""The words of :mod:`cases.outward.upstream`, from ``words.yml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    return found


def photo() -> str:
    """What a photo's address is called among the answers."""
    return str(_words()["photo"])


def heard(name: str, status: str, notes: str | None) -> str:
    """What staff read when the platform says something new."""
    said = _words()["statuses"].get(status, status)
    return str(_words()["heard"]).format(name=name, status=said, notes=f"。{notes}" if notes else "")


def told_actions() -> tuple[str, ...]:
    """The actions the platform is told of."""
    return tuple(_words()["told"])


def told(action: str, unit: str, note: str | None) -> str:
    """What the platform is told of an action."""
    return str(_words()["told"][action]).format(unit=unit, note=note or "").rstrip("：")
