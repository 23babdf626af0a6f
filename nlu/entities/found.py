"""What an entity rule finds: a span of the normalised text, its kind, and the value it stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """Span [start, end) of the normalised text; ``value`` is the canonical form when there is one.

    ``sure`` marks what is no guess: a number's form, a calendar date, a place with a name of the city's own.
    """

    kind: str
    start: int
    end: int
    value: str | None = None
    sure: bool = False

    def __len__(self) -> int:
        return self.end - self.start
