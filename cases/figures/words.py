"""What the figures are called and how they are defined, read from ``words.yml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

PARTS = ("filing", "repeats", "closing", "limits", "backlog", "events", "hours")
STEPS = ("dispatch", "accept", "handle", "verify", "evaluate")


@dataclass(frozen=True)
class Measure:
    """A figure. ``kind`` is ``count``, ``rate`` or ``hours``; a rate is the sum of ``of`` over ``over``.

    A rate that is of ``persons`` is not told when they are few, nor are the counts it ``hides`` then: they would tell it.
    """

    key: str
    heading: str
    kind: str
    definition: str
    of: tuple[str, ...] = ()
    over: str = ""
    persons: bool = False
    hides: tuple[str, ...] = ()


@lru_cache(maxsize=1)
def words() -> dict[str, Any]:
    """The whole file."""
    found: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    return found


def _of_steps() -> tuple[Measure, ...]:
    found = []
    for step in STEPS:
        name, what = words()["steps"][step]["heading"], words()["steps"][step]["definition"]
        for suffix, column in words()["step_columns"].items():
            heading, definition = (column[k].format(step=name, what=what) for k in ("heading", "definition"))
            found.append(Measure(f"{step}_{suffix}", heading, column["kind"], definition))
    return tuple(found)


@lru_cache(maxsize=1)
def measures() -> dict[str, tuple[Measure, ...]]:
    """All figures by the part they belong to, in the order they are shown."""
    parts = {
        part: tuple(Measure(**{**row, **{name: tuple(row.get(name, ())) for name in ("of", "hides")}}) for row in rows)
        for part, rows in words()["parts"].items()
    }
    return {**parts, "hours": _of_steps()}
