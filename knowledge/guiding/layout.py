"""Where a guide's questions and results stand in its picture: questions in a column from top to bottom, results in one beside it."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from knowledge.guiding.graph import reached
from knowledge.guiding.model import Guide, Question, Turn

WIDTH = 980  # of the picture, pixels
QUESTION_X, QUESTION_WIDTH = 20, 410
RESULT_WIDTH = 310
RESULT_X = WIDTH - 20 - RESULT_WIDTH
_GAP = 26  # between two boxes
PAD = 12
ASK, ROW, SAY, SMALL = 15, 13.5, 13, 12  # sizes of type
KINDS = {
    "text": "说一句话",
    "number": "说个数",
    "money": "说个钱数",
    "date": "说个日子",
    "name": "说名字",
    "phone": "说电话",
    "place": "说地方",
}
_NOT_FIRST = "，。、；：？！）”’》」…"


@dataclass(frozen=True)
class Row:
    """A choice or a turn: its lines of text, where it leads, and its height."""

    lines: tuple[str, ...]
    go: str
    height: float
    turn: bool


@dataclass(frozen=True)
class Box:
    """A question or result that was placed. ``rows`` have the middle's y of each."""

    x: float
    y: float
    width: float
    height: float
    rows: tuple[tuple[Row, float], ...] = ()
    lines: tuple[str, ...] = ()

    @property
    def bottom(self) -> float:
        return self.y + self.height


def wide(text: str) -> float:
    """Width of a text in widths of a Chinese character."""
    return sum(1.0 if unicodedata.east_asian_width(c) in "WFA" else 0.56 for c in text)


def wrap(text: str, size: float, width: float, most: int = 9) -> tuple[str, ...]:
    """Lines no wider than ``width`` pixels; a mark does not begin a line; what is over ``most`` lines ends in …"""
    room, lines, line = width / size, [], ""
    for char in text:
        if wide(line + char) > room and char not in _NOT_FIRST:
            lines.append(line)
            line = ""
        line += char
    lines.append(line)
    if len(lines) > most:
        return (*lines[: most - 1], lines[most - 1][:-1] + "…")
    return tuple(lines)


def _order(guide: Guide) -> list[Question]:
    """Questions so that lines go down as far as can be; otherwise as they stand in the file."""
    comers = dict.fromkeys(guide.questions, 0)
    for question in guide.questions.values():
        for go in question.leads_to:
            comers[go] = comers.get(go, 0) + 1
    left, found = list(guide.questions), []
    while left:
        free = [guide.start] if guide.start in left else [id_ for id_ in left if comers[id_] == 0]
        here = (free or left)[0]  # in a loop nobody is free: the first one begins it
        left.remove(here)
        found.append(guide.questions[here])
        for go in guide.questions[here].leads_to:
            comers[go] -= 1
    return found


def _turned(guide: Guide, question: Question, turn: Turn) -> str:
    """A turn in words: by what was picked before."""
    if turn.fact is None:
        return "其余的" if len(question.turns) > 1 else f"{KINDS[question.kind]}，或者跳过"
    picked = [
        choice.say
        for other in guide.questions.values()
        if question.id in reached(guide, other.id)
        for choice in other.choices
        if turn.fact in choice.notes
    ]
    return "前面选过：" + "；或：".join(dict.fromkeys(picked))


def _rows(guide: Guide, question: Question) -> list[Row]:
    width = QUESTION_WIDTH - 2 * PAD - 44
    found = []
    for choice in question.choices:
        lines = wrap(choice.say, ROW, width)
        found.append(Row(lines, choice.go, len(lines) * 18 + 8, False))
    for turn in question.turns:
        lines = wrap(_turned(guide, question, turn), ROW, width, 2)
        found.append(Row(lines, turn.go, len(lines) * 18 + 8, True))
    return found


def questions_placed(guide: Guide, top: float) -> dict[str, Box]:
    """The left column, by question.

    Args:
        guide: one whose questions lead to what exists.
        top: where the column begins, pixels.
    """
    placed, y = {}, top
    for question in _order(guide):
        lines = wrap(question.ask, ASK, QUESTION_WIDTH - 2 * PAD)
        at = y + PAD + len(lines) * 21 + (17 if len(question.turns) > 1 else 0) + 3
        rows = []
        for row in _rows(guide, question):
            rows.append((row, at + row.height / 2))
            at += row.height + 4
        placed[question.id] = Box(QUESTION_X, y, QUESTION_WIDTH, at + PAD - 6 - y, tuple(rows), lines)
        y = placed[question.id].bottom + _GAP
    return placed


def leaving(questions: Mapping[str, Box], target: str) -> list[float]:
    """The heights at which lines to a target begin."""
    return [y for box in questions.values() for row, y in box.rows if row.go == target]


def results_placed(guide: Guide, questions: Mapping[str, Box], top: float) -> dict[str, Box]:
    """The right column: each result as near as can be to the middle of those who lead to it."""
    middles = {id_: leaving(questions, id_) or [top] for id_ in guide.results}
    order = sorted(guide.results, key=lambda id_: (sum(middles[id_]) / len(middles[id_]), id_))
    sizes = {}
    for id_ in order:
        lines = wrap(guide.results[id_].position, SAY, RESULT_WIDTH - 2 * PAD - 8, 6)
        sizes[id_] = (lines, 2 * PAD + 20 + len(lines) * 19 + (2 if guide.results[id_].draft else 1) * 18)
    ends = max((box.bottom for box in questions.values()), default=top)
    places, y = {}, top
    for id_ in order:
        places[id_] = max(y, sum(middles[id_]) / len(middles[id_]) - sizes[id_][1] / 2)
        y = places[id_] + sizes[id_][1] + _GAP
    # What hangs over the end is pushed up again, as far as there is room.
    limit = max(ends, top + sum(size for _, size in sizes.values()) + _GAP * (len(order) - 1))
    for id_ in reversed(order):
        places[id_] = min(places[id_], limit - sizes[id_][1])
        limit = places[id_] - _GAP
    return {id_: Box(RESULT_X, places[id_], RESULT_WIDTH, sizes[id_][1], (), sizes[id_][0]) for id_ in order}
