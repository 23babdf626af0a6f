"""What of a ticket counts when it is compared with another: where, when, what, in whose words."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from cases.duplicates.lexicon import subjects, troubles
from cases.duplicates.matters import Kind, matters
from cases.duplicates.names import HOMES, Named, Names
from nlu.entities.numbers import value
from nlu.entities.place import parts
from nlu.text.normalise import for_model
from nlu.text.tokenise import known_word, tokens

READ = 2000  # characters of a text that are looked at
OWN_HOME = "只有自家"
_BUILDING = re.compile(r"[A-Za-z]?(?:[0-9]{1,3}|[一二三四五六七八九十]{1,3})(?:号楼|栋(?!楼)|幢|号院)")
_NUMBER = re.compile(r"([A-Za-z]?)([0-9]+|[零〇一二三四五六七八九十两]+)")
_DOOR = re.compile(r"\d{3,4}")
_LINE = re.compile(r"([0-9]{1,3}|[一二三四五六七八九十]{1,3})路(?![边口面灯上])")
# Said of places in general, so that two places are not alike by it.
_GENERAL = re.compile(
    r"小区|花园|家园|公寓|新村|工地|楼盘|门口|附近|旁边|那边|这边|里头|后面|前面|对面|这块|[一二三]期|那个|这个|"
    r"[东西南北][边头侧]|的|楼|院|村|屯|庄|苑|里|路|街"
)
# Nor does it say that a text tells of a place when it has one of these.
_COMMON = re.compile(
    rf"{_GENERAL.pattern}|市场|超市|广场|医院|学校|小学|中学|派出所|[东西南北]门|号|单元|街道|社区|物业|公司|[0-9]+"
)
Vector = npt.NDArray[np.float32]


class Told(Protocol):
    """A ticket, or a row with a ticket's columns."""

    @property
    def id(self) -> int: ...
    @property
    def number(self) -> str: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def category(self) -> str: ...
    @property
    def type(self) -> str | None: ...
    @property
    def text(self) -> str: ...
    @property
    def place(self) -> str | None: ...
    @property
    def grid(self) -> str | None: ...
    @property
    def community(self) -> str | None: ...
    @property
    def street(self) -> str | None: ...
    @property
    def reporter(self) -> str | None: ...
    @property
    def phone(self) -> str | None: ...
    @property
    def anonymous(self) -> bool: ...


@dataclass(frozen=True)
class Where:
    """A place: the known names in it, the roads these lie on, what else identifies it.

    ``sites`` are the names that are no road's. ``loose`` is the name of a place the city's library does not have, without
    what is said of any place; ``pieces`` are what remains of the whole wording without that.
    """

    said: str
    names: frozenset[str]
    sites: frozenset[str]
    homes: frozenset[str]
    roads: frozenset[str]
    grids: frozenset[str]
    community: str | None
    street: str | None
    building: str | None
    door: str | None
    loose: str
    pieces: tuple[str, ...]


@dataclass(frozen=True)
class Words:
    """What a text names: known places and their roads, subjects, troubles, doors, bus lines, names of its own."""

    mentioned: frozenset[str]
    roads: frozenset[str]
    subjects: frozenset[str]
    troubles: frozenset[str]
    own_home: bool
    numbers: frozenset[str]
    lines: frozenset[str]
    text: str


@dataclass(frozen=True, eq=False)
class Report:
    """A ticket read for comparing. ``vector`` is its meaning, None when it was not encoded."""

    id: int
    number: str
    at: datetime
    category: str
    type: str | None
    kind: Kind
    person: frozenset[str]
    anonymous: bool
    where: Where
    words: Words
    vector: Vector | None


def _one_number(text: str | None) -> str | None:
    """三栋, 3号楼 and 3# are all building 3."""
    match = _NUMBER.search(text or "")
    if match is None:
        return text or None
    number = value(match[2])
    return match[1].upper() + (str(int(number)) if number is not None else match[2])


def _names(found: Iterable[Named]) -> frozenset[str]:
    return frozenset(n.name for n in found)


def _plain(text: str) -> str:
    return for_model(text[:READ]).replace(" ", "")


@lru_cache(maxsize=20_000)
def _words(names: Names, text: str) -> Words:
    plain = _plain(text)
    found = names.find(plain)
    wrong = troubles().of(plain)
    return Words(
        mentioned=_names(found),
        roads=frozenset(n.road for n in found if n.road),
        subjects=subjects().of(plain),
        troubles=wrong - {OWN_HOME},
        own_home=OWN_HOME in wrong,
        numbers=frozenset(_DOOR.findall(plain)),
        lines=frozenset(str(_one_number(m)) for m in _LINE.findall(plain)),
        text=plain,
    )


class Said(NamedTuple):
    """A place as said: normalised, the known names in it, building, door, the name when none is known, its pieces."""

    plain: str
    found: tuple[Named, ...]
    building: str | None
    door: str | None
    loose: str
    pieces: tuple[str, ...]


@lru_cache(maxsize=50_000)
def said(names: Names, place: str) -> Said:
    """Take a place as residents say it apart, by the names of the city."""
    plain = _plain(place)
    if not plain:
        return Said("", (), None, None, "", ())
    found = tuple(names.find(plain))
    split = parts(plain)
    door = _DOOR.search(split.door) if split.door and split.door.endswith("室") else None
    loose = "" if found else _GENERAL.sub("", split.name or "")
    pieces = tuple(p for p in _COMMON.sub(" ", plain).split() if len(p) > 1)
    return Said(plain, found, _one_number(split.building), door[0] if door else None, loose, pieces)


def _where(names: Names, ticket: Told, words: Words) -> Where:
    plain, found, building, door, loose, pieces = said(names, ticket.place or "")
    if building is None:  # 8栋的电梯坏了: some give the building in the story
        told = {_one_number(m) for m in _BUILDING.findall(words.text)}
        building = told.pop() if len(told) == 1 else None
    own = frozenset((ticket.grid,)) if ticket.grid else frozenset(g for n in found for g in n.grids)
    return Where(
        said=plain,
        names=_names(found),
        sites=_names(n for n in found if n.kind != "road"),
        homes=_names(n for n in found if n.kind in HOMES),
        roads=frozenset(n.road for n in found if n.road),
        grids=own,
        community=ticket.community,
        street=ticket.street,
        building=building,
        door=door,
        loose=loose,
        pieces=pieces,
    )


def read(names: Names, ticket: Told, vector: Vector | None = None) -> Report:
    """Read a ticket for comparing.

    Args:
        names: the place names of its city.
        ticket: the ticket, or a row with its columns.
        vector: what its text means, shape (dim,), unit length; None when it was not encoded.
    """
    words = _words(names, ticket.text)
    return Report(
        id=ticket.id,
        number=ticket.number,
        at=ticket.created_at,
        category=ticket.category,
        type=ticket.type,
        kind=matters().kind(ticket.type, ticket.category),
        person=frozenset(p for p in (ticket.reporter, ticket.phone) if p),
        anonymous=bool(ticket.anonymous),
        where=_where(names, ticket, words),
        words=words,
        vector=vector,
    )


@lru_cache(maxsize=20_000)
def own_words(text: str) -> frozenset[str]:
    """The words of a normalised text that no dictionary has: names of people, firms and shops."""
    return frozenset(w for w in tokens(text) if len(w) > 1 and "\u4e00" <= w[0] <= "\u9fff" and not known_word(w))


def together(a: Vector | None, b: Vector | None, unknown: float) -> float:
    """How near two meanings are (cosine); ``unknown`` when one was not encoded."""
    if a is None or b is None:
        return unknown
    near = float(a @ b)
    return near if math.isfinite(near) else unknown
