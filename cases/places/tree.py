"""The area tree, checked before it is loaded: five levels, no circle, nothing twice."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from cases.model import LEVELS

_CODE = re.compile(r"[A-Za-z0-9._-]{1,32}")


@dataclass(frozen=True)
class AreaRow:
    """An area as a file has it, and where it stands there (file:line)."""

    code: str
    parent: str
    level: str
    name: str
    aliases: tuple[str, ...]
    where: str


def top_down(rows: Iterable[AreaRow]) -> list[AreaRow]:
    """Parents before their children."""
    return sorted(rows, key=lambda row: LEVELS.index(row.level))


def flaws(rows: list[AreaRow]) -> list[str]:
    """Every mistake, each with its place, in the order of the file. A parent may stand below its children."""
    known: dict[str, AreaRow] = {}
    for row in rows:
        known.setdefault(row.code, row)
    problems: list[tuple[AreaRow, str]] = []
    named: dict[tuple[str, str], AreaRow] = {}
    for row in rows:
        problems += [(row, what) for what in _own(row)]
        if known[row.code] is not row:
            problems.append((row, f"code {row.code!r} is used already ({known[row.code].where})"))
            continue
        problems += [(row, what) for what in _above(row, known)]
        first = named.setdefault((row.parent, row.name), row)
        if first is not row and row.name:
            under = f"under {row.parent}" if row.parent else "at the top"
            problems.append((row, f"there is a {row.name} {under} already: {first.code} ({first.where})"))
    problems += _circles(rows, known)
    order = {id(row): i for i, row in enumerate(rows)}
    return [f"{row.where}: {what}" for row, what in sorted(problems, key=lambda p: order[id(p[0])])]


def _own(row: AreaRow) -> list[str]:
    found = []
    if not _CODE.fullmatch(row.code):
        found.append(f"code {row.code!r} must be letters, digits, '.', '-' or '_' (it goes into QR codes), at most 32")
    if not row.name:
        found.append("no name")
    elif len(row.name) > 100:
        found.append("the name is longer than 100 characters")
    if row.level not in LEVELS:
        found.append(f"level {row.level!r} is none of {', '.join(LEVELS)}")
    return found


def _above(row: AreaRow, known: dict[str, AreaRow]) -> list[str]:
    if row.level not in LEVELS:
        return []
    rank = LEVELS.index(row.level)
    if rank == 0:
        return [f"a {LEVELS[0]} has no parent"] if row.parent else []
    wanted = LEVELS[rank - 1]
    if not row.parent:
        return [f"no parent; a {row.level} lies in a {wanted}"]
    if row.parent not in known:
        return [f"the parent {row.parent!r} is not in the file"]
    above = known[row.parent].level
    return [f"the parent of a {row.level} is a {wanted}; {row.parent} is a {above}"] if above != wanted else []


def _circles(rows: list[AreaRow], known: dict[str, AreaRow]) -> list[tuple[AreaRow, str]]:
    """Each circle once, at the first of its rows."""
    found, told = [], set[str]()
    for row in rows:
        path = [row.code]
        while (up := known[path[-1]].parent) and up in known and up not in path:
            path.append(up)
        if up == row.code and row.code not in told and known[row.code] is row:
            told.update(path)
            found.append((row, f"the areas go round in a circle: {' → '.join([*path, row.code])}"))
    return found
