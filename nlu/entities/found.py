"""What an entity rule finds: a span of the normalised text, its kind, and the value it stands for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Found:
    """Span [start, end) of the normalised text; ``value`` is the canonical form when there is one."""

    kind: str
    start: int
    end: int
    value: str | None = None

    def __len__(self) -> int:
        return self.end - self.start
