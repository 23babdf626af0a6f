"""How a part of a form is laid out for the hand: how much room each blank needs, and what must stay beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from knowledge.papers.draft import Blank
from knowledge.papers.filling import Answer, FilledPart
from knowledge.papers.words import words

Kind = Literal["words", "answer", "short", "date", "lines"]

_DATE = re.compile(r"年\s+月\s+日$")
_END = re.compile(r"[。；，、）\s]*")
_WIDTHS = (  # by what is to be written, in characters of the body; a hand writes larger than print
    (re.compile("性别|民族|^几|^岁数|^年龄"), 3.5),
    (re.compile("签名"), 8),
    (re.compile("身份证号|^自己填"), 14),
    (re.compile("电话"), 9),
    (re.compile("日期|日子|年月|哪天|什么时候"), 8.5),
    (re.compile("住址|地址"), 16),
    (re.compile("金额|姓名|关系|职务|职业"), 6),
)
_OTHERWISE = 9.0
_STORY = re.compile("怎么|经过|情形|如：|一行|一样一样|一笔一笔|照实|照原话|没谈拢|什么时候、|在干什么")
_LIST = re.compile("[、，；].*[、，；]")  # several things are asked for
_LEAD = re.compile(r"[^。；，、：（）\s]{1,8}(?:（[^（）]{1,6}）)?：?$")
_UNIT = re.compile(r"[元岁口张级日次天起]?")
_SAYS_ITSELF = ("几", "金额", "岁数")  # labels that the unit after the blank makes plain


@dataclass(frozen=True)
class Piece:
    """What is printed one after another in a part.

    ``words`` and ``answer`` have ``text``. The others are blanks with a ``label`` (empty when the words beside it say it
    already): ``short`` takes ``width`` characters within the line, ``date`` three short ones with 年, 月 and 日, ``lines``
    so many whole lines. ``lead`` and ``trail`` are words that must not be parted from it.
    """

    kind: Kind
    text: str = ""
    label: str = ""
    lead: str = ""
    trail: str = ""
    width: float = 0
    lines: int = 0


def _unit(after: str) -> str:
    found = _UNIT.match(after)
    return found[0] if found else ""


def _lines(label: str) -> int:
    """Lines a hand needs for what the label asks; 0: it goes into the line."""
    if "签名" in label:
        return 0
    return 3 if _STORY.search(label) else 2 if _LIST.search(label) else 0


def _label(blank: Blank, before: str, after: str) -> str:
    """What is said small at a blank: what to write, and what was said that did not fit."""
    shown = blank.label
    said_by_lead = before.rstrip("：").endswith(shown) or ("签名" in shown and "签名" in before)
    if said_by_lead or (shown in _SAYS_ITSELF and _unit(after)):
        shown = ""
    if blank.heard is None:
        return shown
    heard = words("heard", heard=blank.heard)
    return f"{shown}；{heard}" if shown else heard


def _blank(part: FilledPart, at: int, before: str, after: str) -> Piece:
    blank = part.pieces[at]
    assert isinstance(blank, Blank)
    if date := _DATE.search(blank.label):
        return Piece("date", lead=blank.label[: date.start()].strip())
    label = _label(blank, before, after)
    ends = all(isinstance(p, str) and _END.fullmatch(p) for p in part.pieces[at + 1 :])
    if ends and (lines := _lines(blank.label)):
        return Piece("lines", label=label or blank.label, lines=lines)
    width = next((width for form, width in _WIDTHS if form.search(blank.label[:8])), _OTHERWISE)
    return Piece("short", label=label, width=width)


def laid_out(part: FilledPart) -> list[Piece]:
    """What a part is printed as. Nothing stands after whole lines to write on, not even a full stop."""
    found: list[Piece] = []
    begun = 0  # characters of the next words that stand in a piece already
    for at, piece in enumerate(part.pieces):
        if isinstance(piece, Answer):
            found.append(Piece("answer", piece.said))
            continue
        if isinstance(piece, str):
            if piece[begun:]:
                found.append(Piece("words", piece[begun:]))
            begun = 0
            continue
        before = found[-1].text if found and found[-1].kind == "words" else ""
        follows = part.pieces[at + 1] if at + 1 < len(part.pieces) else ""
        after = follows if isinstance(follows, str) else ""
        blank = _blank(part, at, before, after)
        if blank.kind == "lines":
            return [*found, blank]
        if lead := _LEAD.search(before):
            found.pop()
            if rest := before[: lead.start()]:
                found.append(Piece("words", rest))
        begun = len(_unit(after))
        found.append(
            Piece(
                blank.kind,
                label=blank.label,
                lead=(lead[0] if lead else "") + blank.lead,
                trail=after[:begun],
                width=blank.width,
            )
        )
    return found
