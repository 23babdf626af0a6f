"""What kind of thing a matter is, for telling one from another: its reach, how long it lasts, its kindred types."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from nlu.taxonomy import taxonomy

FILE = Path(__file__).parent / "matters.yml"
REACHES = ("building", "wide")


class MattersError(ValueError):
    """The table of matters is wrong; the message lists every mistake."""


@dataclass(frozen=True)
class Kind:
    """``days`` is how far apart two reports of it may be and still easily be one matter."""

    reach: str
    days: float


@dataclass(frozen=True)
class Matters:
    """Kinds by matter type or category, and the groups of kindred types."""

    kinds: dict[str, Kind]
    groups: tuple[frozenset[str], ...]
    borders: tuple[frozenset[str], ...]
    everyday: Kind = Kind("wide", 10)

    def kind(self, type_: str | None, category: str) -> Kind:
        """The kind of a matter; a type the table does not know is an everyday one."""
        return self.kinds.get(type_ or "") or self.kinds.get(category) or self.everyday

    def kindred(self, one: str | None, other: str | None) -> bool:
        """Whether two different types are told of the same matter."""
        return one != other and any(one in g and other in g for g in self.groups)

    def bordering(self, one: str | None, other: str | None) -> bool:
        """Whether two different types, not kindred, are taken for each other when a report is typed."""
        return one != other and not self.kindred(one, other) and any(one in g and other in g for g in self.borders)

    def relatives(self, type_: str | None, category: str) -> list[str]:
        """A type with its kindred and bordering ones; all types of the category when the type is not known."""
        if type_ is None:
            return sorted(t.code for t in taxonomy() if t.category == category)
        return sorted({type_}.union(*(g for g in (*self.groups, *self.borders) if type_ in g)))


def _kinds(raw: Any, known: set[str], problems: list[str]) -> Iterator[tuple[str, Kind]]:
    for code, line in (raw if isinstance(raw, dict) else {}).items():
        if code not in known:
            problems.append(f"lasting: {code!r} is no category or matter type")
        reach, days = (line.get("reach"), line.get("days")) if isinstance(line, dict) else (None, None)
        if reach not in REACHES:
            problems.append(f"lasting: {code}: reach is {reach!r}; allowed: {', '.join(REACHES)}")
        if isinstance(days, bool) or not isinstance(days, (int, float)) or days <= 0:
            problems.append(f"lasting: {code}: days must be a positive number, not {days!r}")
            continue
        yield str(code), Kind(str(reach), float(days))


def _groups(key: str, raw: Any, types: set[str], problems: list[str]) -> Iterator[frozenset[str]]:
    for i, group in enumerate(raw if isinstance(raw, list) else [], 1):
        strangers = [t for t in group if t not in types] if isinstance(group, list) else [group]
        if strangers or len(group) < 2:
            problems.append(f"{key}: group {i} must be two or more matter types; not one: {strangers}")
            continue
        yield frozenset(group)


def load(file: Path) -> Matters:
    """Read a table of matters.

    Raises:
        MattersError: listing every mistake.
    """
    raw = yaml.safe_load(file.read_text(encoding="utf-8"))
    types = {t.code for t in taxonomy()}
    problems: list[str] = []
    if not isinstance(raw, dict) or set(raw) != {"lasting", "kindred", "bordering"}:
        raise MattersError(f"{file.name}: must have the keys lasting, kindred and bordering")
    kinds = dict(_kinds(raw["lasting"], types | {c.code for c in taxonomy().categories}, problems))
    groups = {key: tuple(_groups(key, raw[key], types, problems)) for key in ("kindred", "bordering")}
    if problems:
        raise MattersError(f"{file.name} has mistakes:\n  " + "\n  ".join(problems))
    return Matters(kinds, groups["kindred"], groups["bordering"])


@lru_cache(maxsize=1)
def matters() -> Matters:
    """The project's table, read once."""
    return load(FILE)
