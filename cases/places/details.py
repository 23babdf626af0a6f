"""Building, stairwell and door: taken from a wording, from a cell of a table, and spelt out again."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from cases.places.spelling import fold
from nlu.entities.place import parts

_STEMS = "甲乙丙丁戊己庚辛"
_SIDES = "东西南北中前后"
_BUILDING_WORD = r"(?:号楼|栋楼|号院|栋|幢|座|#楼|#|号)"
# What may stand between a name and its building: 幸福里小区里面3号楼, 文昌苑的，9号楼.
_BETWEEN = re.compile(r"^(?:里面|里头|院子?里|院内|内|的|那边|那个|这边|这个|在|是|，|:)+")
_BEFORE = re.compile(r"^.*?(?:在|住|是|地址|，)(?=[^，]*$)")
_CELL = re.compile(rf"(?:[{_STEMS}{_SIDES}]?[A-Z]?\d{{1,4}}[A-Z]?(?:-\d{{1,4}})?|[A-Z{_STEMS}{_SIDES}])$")
_MEASURE = {
    "building": re.compile(r"(?:号楼|栋楼|号院|号房|栋|幢|座|号|楼|#楼|#|院)$"),
    "stairwell": re.compile(r"(?:单元|门|梯|号)$"),
    "door": re.compile(r"(?:号房|号室|室|户|房|号|门)$"),
}


@dataclass(frozen=True)
class Details:
    """Parts inside an estate or along a road, as numbers without their measure words (``3``, ``甲3``, ``B``).

    ``phase`` is 三期 or 南区 where it is no part of a name. ``loose``: the building was a bare number, or 3楼, which may
    also be a floor.
    """

    building: str | None = None
    stairwell: str | None = None
    door: str | None = None
    phase: str | None = None
    loose: bool = False


def _plain(number: str) -> str:
    """Without leading zeros: 03 → 3, 0501 → 501."""
    return re.sub(r"(?<![\dA-Z])0+(?=\d)", "", number)


@lru_cache(maxsize=8192)  # a table says 1单元 a hundred thousand times
def cell(text: str, part: str) -> str | None:
    """A table's cell (``3号楼``, ``二单元``, ``501室``) as a number; None when it is none.

    Args:
        text: the cell; empty gives an empty text.
        part: ``building``, ``stairwell`` or ``door``.
    """
    if re.search(r"[?？!！,，;；]", text):
        return None
    folded = _MEASURE[part].sub("", fold(re.sub(r"\.0+$", "", text)))
    if not folded:
        return "" if not text.strip() else None
    return _plain(folded) if _CELL.match(folded) else None


def spell(name: str, building: str = "", stairwell: str = "", door: str = "", *, house: bool = False) -> str:
    """A place in its canonical spelling: 幸福里3号楼2单元501室, 阳光城B座1203室, 李家屯12号.

    Args:
        name: estate, village or road.
        building: number of the building or house.
        stairwell: number of the 单元.
        door: number of the door.
        house: the number is a house's (village, road), not that of a building with stairwells.
    """
    text = name
    if building:
        text += building + ("号" if house else "座" if building.isalpha() and building.isascii() else "号楼")
    if stairwell:
        text += f"{stairwell}单元"
    return text + (f"{door}室" if door else "")


def _bare(tail: str, house: bool) -> tuple[str, bool]:
    """Give a building that is only hinted at its measure word; whether there was such a one."""
    if match := re.match(r"(\d{1,3}[A-Z]?)楼(?=\d+单元|\d+门\d)", tail):
        return f"{match[1]}号楼{tail[match.end() :]}", False
    if house and (match := re.match(r"(\d{1,4})号", tail)):
        return f"{match[1]}号楼{tail[match.end() :]}", False
    if match := re.match(r"(\d{1,3}[A-Z]?)(?:楼|$|(?=，))", tail):
        return f"{match[1]}号楼{tail[match.end() :]}", True
    if match := re.match(r"#(\d{1,3})(?!\d)", tail):
        return f"{match[1]}号楼{tail[match.end() :]}", False
    return tail, False


def _rewritten(tail: str) -> str:
    """The forms :func:`nlu.entities.place.parts` does not know in those it knows."""
    tail = re.sub(r"(?<=\d)#楼?", "号楼", tail)
    tail = re.sub(rf"({_BUILDING_WORD})(\d{{1,2}})-(\d{{3,4}})(?!\d)", r"\1\2单元\3", tail)
    tail = re.sub(rf"({_BUILDING_WORD})(\d{{1,2}})门(?=\d{{3,4}}(?!\d))", r"\1\2单元", tail)
    return re.sub(r"(?<=\D)\d{1,2}(?:楼|层)(\d{3,4})(?!\d)", r"\1室", tail)


def _read(tail: str, *, house: bool) -> Details | None:
    if house and (match := re.match(r"(\d{1,4}-\d{1,3})号", tail)):
        return Details(match[1])
    stem = ""
    if match := re.match(rf"([{_STEMS}])(?=\d)", tail):
        stem, tail = match[1], tail[1:]
        tail = re.sub(r"^(\d{1,3})(?:楼|(?![\d号栋幢座#-]))", r"\1号楼", tail)
    tail, loose = _bare(tail, house)
    tail = _rewritten(tail)
    side = re.match(rf"(\w{{1,5}}?{_BUILDING_WORD})([{_SIDES}])单元", tail)
    if side:
        tail = side[1] + tail[side.end() :]
    said = parts(tail)
    if said.name or not (said.building or said.unit or said.door or said.phase):
        return None
    building = said.building.removesuffix("号楼") if said.building else None
    stairwell = said.unit.removesuffix("单元") if said.unit else None
    door = said.door.removesuffix("室") if said.door and said.door.endswith("室") else None
    if door is None and (match := re.search(r"(?<=\D)(\d{1,2})(?:室|户)", tail)):
        door = match[1]
    if building:
        building = stem + _plain(building)
    return Details(
        building,
        side[2] if side else _plain(stairwell) if stairwell else None,
        _plain(door) if door else None,
        said.phase,
        loose=loose and stairwell is None,
    )


def after(tail: str, *, house: bool = False) -> Details:
    """What is said right after a name.

    Args:
        tail: the folded text behind the name.
        house: the name is a road's or a village's, where 12号 is a house.
    """
    return _read(_BETWEEN.sub("", tail), house=house) or Details()


def before(head: str) -> Details:
    """What is said right before a name: 3号楼2单元（幸福里）.

    Args:
        head: the folded text before the name.
    """
    head = _BEFORE.sub("", head.rstrip("，的"))
    if not re.match(rf"(?:[{_STEMS}]?[A-Z]?\d|[A-G](?:座|栋|幢))", head) or re.search(
        r"[^\dA-Z号楼栋幢座单元门室户层#-]", head
    ):
        return Details()
    said = _read(head, house=False)
    return said if said and not said.loose else Details()
