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


def heard(name: str, status_: str, notes: str | None) -> str:
    """What staff read when the platform says something new."""
    return str(_words()["heard"]).format(name=name, status=status(status_), notes=f"。{notes}" if notes else "")


def lost(name: str) -> str:
    """What staff read when the platform does not have a matter any more."""
    return str(_words()["lost"]).format(name=name)


def status(status_: str) -> str:
    """A status of the platform, as people here say it; of one we have no word for, the platform's own."""
    return str(_words()["statuses"].get(status_, status_))


def added(name: str, value: str) -> str:
    """A piece of an addition by the resident, for a platform that takes words only."""
    return str(_words()["added"][name]).format(value=value)


def told_actions() -> tuple[str, ...]:
    """The actions the platform is told of."""
    return tuple(_words()["told"])


def told(action: str, unit: str, note: str | None) -> str:
    """What the platform is told of an action."""
    return str(_words()["told"][action]).format(unit=unit, note=note or "").rstrip("：")
