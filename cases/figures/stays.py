"""A history as stays: how long a ticket was in a step of the loop with one unit, without the time it was suspended."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

# The step a ticket is in while it has a state.
STEP_OF = {
    "registered": "dispatch",
    "dispatched": "accept",
    "handling": "handle",
    "suspended": "handle",
    "verifying": "verify",
    "evaluating": "evaluate",
}
# A stay that ends like this says nothing of how long the step takes: it was broken off, or nobody said a word.
BROKEN_OFF = frozenset({"withdraw", "refuse", "merge", "lapse"})


class Line(NamedTuple):
    """What counts here of a line of a history; ``at`` in seconds. ``scored``: it came with the resident's evaluation."""

    at: int
    action: str
    after: str
    unit: str | None
    scored: bool = False


class Stay(NamedTuple):
    """A stay that has ended; ``spans`` are the times that count, in seconds."""

    step: str
    unit: str | None
    end: int
    spans: tuple[tuple[int, int], ...]


def _told(step: str, line: Line) -> bool:
    """Whether the line ends the step as it should end, or gives the ticket away."""
    if line.action in BROKEN_OFF:
        return False
    # A supervisor may reopen what is being evaluated; that is not the resident's word.
    return not (step == "evaluate" and line.action == "reopen") or line.scored


def stays(history: Iterable[Line]) -> Iterator[Stay]:
    """The stays of one ticket that have ended, in order.

    A stay ends when the ticket comes to another step or another unit: what a unit had before it returned a ticket is
    its own stay. Dispatching a ticket again to the unit that has it ends nothing.
    """
    step: str | None = None
    unit: str | None = None
    since, state = 0, ""
    spans: list[tuple[int, int]] = []
    for line in history:
        now = STEP_OF.get(line.after)
        held = None if now == "dispatch" else line.unit  # who waits for a unit is with none
        if (line.after, held) == (state, unit):
            continue
        if step is not None and state != "suspended":
            spans.append((since, line.at))
        since, state = line.at, line.after
        if (now, held) == (step, unit):
            continue  # suspended or resumed
        if step is not None and _told(step, line):
            yield Stay(step, unit, line.at, tuple(spans))
        step, unit, spans = now, held, []
