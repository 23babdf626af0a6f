"""Pictures of guides: questions from top to bottom, results beside them, a line from each choice to where it leads.

Lines to one target share a lane between the two columns, so that a guide of twenty questions still fits a page's width.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from html import escape

from knowledge.guiding.lanes import Bus, buses_placed
from knowledge.guiding.layout import (
    ASK,
    KINDS,
    PAD,
    QUESTION_WIDTH,
    QUESTION_X,
    RESULT_X,
    ROW,
    SAY,
    SMALL,
    WIDTH,
    Box,
    questions_placed,
    results_placed,
    wide,
    wrap,
)
from knowledge.guiding.model import Guide, Question, Result

_LANES = (QUESTION_X + QUESTION_WIDTH + 18, RESULT_X - 22)  # from where to where the lanes lie
_LANE = 16  # between two lanes, at most
_CORNER = 7.0
_FONTS = "'Noto Sans CJK SC', 'Noto Sans SC', 'Source Han Sans SC', 'PingFang SC', 'Microsoft YaHei', 'Hiragino Sans GB', 'WenQuanYi Micro Hei', sans-serif"
_LINES = ("#44546a", "#7a4b9d", "#8a5a12", "#1f6f78", "#a03b6b", "#4f6228")  # to questions, in turn
_URGENT = frozenset({"110", "119", "120", "122", "96110"})
_STYLE = f"""
      text {{ font-family: {_FONTS}; fill: #1d2733 }}
      .t {{ font-size: 20px; font-weight: 700 }}
      .b {{ font-size: 13.5px; fill: #46525f }}
      .a {{ font-size: {ASK}px; font-weight: 700 }}
      .r {{ font-size: {ROW}px }}
      .k {{ font-size: {SMALL}px; fill: #46525f }}
      .s {{ font-size: {SAY}px }}
      .h {{ font-size: {SMALL}px; font-weight: 700 }}
      .q {{ fill: #f4f7fa; stroke: #5b6b7c; stroke-width: 1.4 }}
      .c {{ fill: #fff; stroke: #c5ced8 }}
      .w {{ fill: none; stroke: #fff; stroke-width: 5.5 }}
      .l {{ fill: none; stroke-width: 1.8 }}
    """


@dataclass(frozen=True)
class _Kind:
    """How results of a kind look: what they are called, and their colours."""

    name: str
    line: str
    fill: str


_DANGER = _Kind("先保平安", "#b3261e", "#fdecea")
_DRAFT = _Kind("有文书可带", "#1b6e3c", "#eaf6ee")
_PLAIN = _Kind("结果", "#1f5fa8", "#eaf2fb")


def _kind(result: Result) -> _Kind:
    if result.phone in _URGENT:
        return _DANGER
    return _DRAFT if result.draft else _PLAIN


def _notes(result: Result, titles: Mapping[str, str]) -> list[str]:
    """What stands below a result's position: its draft and phone."""
    draft = [f"带上：{titles.get(result.draft, result.draft)}"] if result.draft else []
    return [*draft, f"电话：{result.phone}"]


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _path(start: float, entry: float, lane: float, end: float) -> str:
    """From a choice to the lane, along it, and on to the target's edge."""
    begin, down = QUESTION_X + QUESTION_WIDTH, 1 if entry >= start else -1
    if abs(entry - start) < 1:
        return f"M{_n(begin)} {_n(start)}H{_n(end)}"
    corner = min(_CORNER, abs(entry - start) / 2)
    side = 1 if end > lane else -1
    return (
        f"M{_n(begin)} {_n(start)}H{_n(lane - corner)}Q{_n(lane)} {_n(start)} {_n(lane)} {_n(start + down * corner)}"
        f"V{_n(entry - down * corner)}Q{_n(lane)} {_n(entry)} {_n(lane + side * corner)} {_n(entry)}H{_n(end)}"
    )


def _drawn_bus(bus: Bus, lane: float, colour: str) -> list[str]:
    edge = RESULT_X if bus.result else QUESTION_X + QUESTION_WIDTH
    side = 1 if bus.result else -1
    paths = [_path(start, bus.entry, lane, edge - side * 7) for start in bus.starts]
    tip = f"M{_n(edge)} {_n(bus.entry)}l{-side * 9} -4.5v9z"
    return [
        *(f'<path class="w" d="{d}"/>' for d in paths),
        *(f'<path class="l" stroke="{colour}" d="{d}"/>' for d in paths),
        f'<path fill="{colour}" d="{tip}"/>',
    ]


def _text(kind: str, x: float, y: float, text: str, more: str = "") -> str:
    return f'<text class="{kind}" x="{_n(x)}" y="{_n(y)}"{more}>{escape(text)}</text>'


def _drawn_question(question: Question, box: Box, colours: Mapping[str, str]) -> list[str]:
    out = [
        f'<rect class="q" x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" rx="9"/>'
    ]
    y = box.y + PAD + 13
    for line in box.lines:
        out.append(_text("a", box.x + PAD, y, line))
        y += 21
    if len(question.turns) > 1:
        out.append(_text("k", box.x + PAD, y - 2, f"{KINDS[question.kind]}，可以跳过"))
    for number, (row, middle) in enumerate(box.rows, 1):
        top, dashed = middle - row.height / 2, ' stroke-dasharray="4 3"' if row.turn else ""
        out.append(
            f'<rect class="c" x="{_n(box.x + PAD)}" y="{_n(top)}" width="{_n(box.width - 2 * PAD)}" height="{_n(row.height)}" rx="5"{dashed}/>'
        )
        out.append(
            f'<path class="l" stroke="{colours[row.go]}" d="M{_n(box.x + box.width - PAD)} {_n(middle)}h{PAD}"/>'
        )
        first = middle - (len(row.lines) - 1) * 9 + 4.8
        if not row.turn:
            out.append(_text("h", box.x + PAD + 9, first, str(number)))
        for at, line in enumerate(row.lines):
            out.append(_text("r", box.x + PAD + (12 if row.turn else 28), first + at * 18, line))
    return out


def _drawn_result(result: Result, box: Box, titles: Mapping[str, str]) -> list[str]:
    kind = _kind(result)
    out = [
        f'<rect x="{_n(box.x)}" y="{_n(box.y)}" width="{_n(box.width)}" height="{_n(box.height)}" rx="9" fill="{kind.fill}" stroke="{kind.line}" stroke-width="1.8"/>',
        _text("h", box.x + PAD, box.y + PAD + 10, kind.name, f' style="fill:{kind.line}"'),
        _text("k", box.x + box.width - PAD, box.y + PAD + 10, result.id, ' text-anchor="end"'),
    ]
    y = box.y + PAD + 31
    for line in box.lines:
        out.append(_text("s", box.x + PAD, y, line))
        y += 19
    for line in _notes(result, titles):
        out.append(_text("k", box.x + PAD, y + 1, line))
        y += 18
    return out


def _legend(kinds: list[_Kind], y: float) -> list[str]:
    out, x = [], float(QUESTION_X)
    for kind in kinds:
        out.append(
            f'<rect x="{_n(x)}" y="{_n(y)}" width="18" height="13" rx="3" fill="{kind.fill}" stroke="{kind.line}"/>'
        )
        out.append(_text("k", x + 25, y + 11, kind.name))
        x += 40 + SMALL * wide(kind.name)
    return out


def svg(guide: Guide, titles: Mapping[str, str]) -> str:
    """A guide's picture.

    Args:
        guide: one without flaws.
        titles: what drafts are called, by id.
    """
    about = wrap(guide.about, 13.5, WIDTH - 40)
    top = 50 + len(about) * 20 + 14
    questions = questions_placed(guide, top)
    results = results_placed(guide, questions, top)
    buses, count = buses_placed(questions, results)
    low, high = _LANES
    apart = min(_LANE, (high - low) / max(1, count - 1))
    ends = max(box.bottom for box in (*questions.values(), *results.values()))
    height = ends + 50
    desc = f"{guide.about}{len(guide.questions)}个问题，{len(guide.results)}个结果。"
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {_n(height)}" width="{WIDTH}" height="{_n(height)}" role="img" aria-labelledby="t d">',
        f'<title id="t">{escape(guide.title)}</title>',
        f'<desc id="d">{escape(desc)}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect width="{WIDTH}" height="{_n(height)}" fill="#fff"/>',
        _text("t", QUESTION_X, 34, guide.title),
        *(_text("b", QUESTION_X, 58 + n * 20, line) for n, line in enumerate(about)),
    ]
    inner = [b for b in buses if not b.result]
    colours = {
        b.target: _LINES[n % len(_LINES)] for n, b in enumerate(sorted(inner, key=lambda b: (b.entry, b.target)))
    }
    colours |= {id_: _kind(result).line for id_, result in guide.results.items()}
    for bus in sorted(buses, key=lambda b: (-b.lane, b.target)):
        # Lanes to questions are counted from the left, those to results from the right.
        lane = low + apart * bus.lane if not bus.result else high - apart * (count - 1 - bus.lane)
        out += _drawn_bus(bus, lane, colours[bus.target])
    for id_, box in questions.items():
        out += _drawn_question(guide.questions[id_], box, colours)
    for id_, box in results.items():
        out += _drawn_result(guide.results[id_], box, titles)
    kinds = [k for k in (_DANGER, _DRAFT, _PLAIN) if any(_kind(r) is k for r in guide.results.values())]
    out += _legend(kinds, ends + 22)
    return "\n".join([*out, "</svg>"]) + "\n"
