"""Lines of a picture: all that lead to one target share a lane between the two columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from knowledge.guiding.layout import PAD, Box, leaving

_FAR = 10.0  # between the ends of two lines in one lane
_ROW_GAP = 5.0  # between a line that enters a result and one that leaves a choice


@dataclass(frozen=True)
class Bus:
    """All lines to one target: from these heights, along this lane, in at ``entry``."""

    target: str
    starts: tuple[float, ...]
    entry: float
    lane: int
    result: bool

    @property
    def span(self) -> tuple[float, float]:
        ends = (*self.starts, self.entry)
        return min(ends), max(ends)


def _free(span: tuple[float, float], taken: Iterable[tuple[float, float]]) -> bool:
    return all(span[1] + _FAR < low or high + _FAR < span[0] for low, high in taken)


def _in_lanes(buses: list[Bus]) -> tuple[list[Bus], int]:
    """Give each its lane, short ones innermost, so that no two in a lane touch; and how many lanes that takes."""
    lanes: list[list[tuple[float, float]]] = []
    placed = []
    for bus in sorted(buses, key=lambda b: (b.span[1] - b.span[0], b.target)):
        number = next((n for n, taken in enumerate(lanes) if _free(bus.span, taken)), len(lanes))
        if number == len(lanes):
            lanes.append([])
        lanes[number].append(bus.span)
        placed.append(Bus(bus.target, bus.starts, bus.entry, number, bus.result))
    return placed, len(lanes)


def _entry(box: Box, starts: list[float], others: list[float]) -> float:
    """Where a line goes into a result: straight on if it can, else about its middle, beside no line that leaves a choice."""
    if len(starts) == 1 and box.y + 10 < starts[0] < box.bottom - 10:
        return starts[0]
    middle = box.y + box.height / 2
    steps = sorted(range(-int(box.height / 2) + 8, int(box.height / 2) - 8), key=abs)
    return next((middle + s for s in steps if all(abs(middle + s - y) > _ROW_GAP for y in others)), middle)


def buses_placed(questions: Mapping[str, Box], results: Mapping[str, Box]) -> tuple[list[Bus], int]:
    """Every target's bus, and how many lanes there are.

    Args:
        questions: as they are placed.
        results: likewise.
    """
    others = [y for box in questions.values() for _, y in box.rows]
    to_questions, to_results = [], []
    for id_, box in questions.items():
        if starts := leaving(questions, id_):
            to_questions.append(Bus(id_, tuple(starts), box.y + PAD + 8, 0, False))
    for id_, box in results.items():
        if starts := leaving(questions, id_):
            to_results.append(Bus(id_, tuple(starts), _entry(box, starts, others), 0, True))
    inner, count = _in_lanes(to_questions)
    outer, more = _in_lanes(to_results)
    # Lanes to results lie outside, the short ones outermost, nearest to the results.
    outer = [Bus(b.target, b.starts, b.entry, count + more - 1 - b.lane, True) for b in outer]
    return inner + outer, count + more
