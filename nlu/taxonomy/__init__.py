"""The ten categories and their matter types: names, definitions, follow-up questions.

The YAML files beside this module are the single source; every label in the project is one of their codes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

HERE = Path(__file__).parent
ORDER = (
    "party",
    "epidemic",
    "information",
    "service",
    "dispute",
    "hazard",
    "security",
    "care",
    "legal",
    "environment",
)
ENTITY_KINDS = ("place", "time", "phone", "person", "ticket", "org", "money")
ANSWER_KINDS = ("time", "number", "money", "org", "phone", "person", "text", "choice")
SAFETY_KINDS = (
    "fire",
    "gas",
    "violence",
    "medical",
    "electric",
    "traffic",
    "water",
    "collapse",
    "missing",
    "suicide",
    "elevator",
    "food",
)
MAX_FOLLOWUPS = 3
TAKEN_KEYS = ("matter", "place", "detail", "confirm")  # what the intake asks for by itself
# Lines of work whose matters can be a danger to life (rules 1, 2 and 20 of the annotation guide).
DANGER = ("hazard", "security", "care", "epidemic")


class TaxonomyError(ValueError):
    """A taxonomy file is wrong; the message lists every mistake with its file."""


@dataclass(frozen=True)
class Followup:
    """One question the handling unit needs answered."""

    key: str
    ask: str
    kind: str
    choices: tuple[str, ...] = ()
    filled_by: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()


@dataclass(frozen=True)
class MatterType:
    """A matter type (事项小类)."""

    code: str
    name: str
    plain: str
    definition: str
    examples_of: tuple[str, ...]
    urgency: str
    safety: str | None
    place: str
    followups: tuple[Followup, ...]

    @property
    def category(self) -> str:
        return self.code.split(".", 1)[0]


@dataclass(frozen=True)
class Category:
    """A category (大类): which line of work picks the matter up."""

    code: str
    name: str
    short: str
    definition: str
    types: tuple[MatterType, ...]


@dataclass(frozen=True)
class Taxonomy:
    """All categories, in the order the city prints them."""

    categories: tuple[Category, ...]

    def __iter__(self) -> Iterator[MatterType]:
        for category in self.categories:
            yield from category.types

    def category(self, code: str) -> Category:
        for category in self.categories:
            if category.code == code:
                return category
        raise KeyError(f"unknown category {code!r}; known: {', '.join(c.code for c in self.categories)}")

    def type(self, code: str) -> MatterType:
        for matter in self:
            if matter.code == code:
                return matter
        raise KeyError(f"unknown matter type {code!r}")

    def has_type(self, code: str) -> bool:
        return any(matter.code == code for matter in self)


class _Reader:
    """Collects every mistake of one file before anything is refused."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.problems: list[str] = []

    def bad(self, where: str, what: str) -> None:
        self.problems.append(f"{self.file.name}: {where}: {what}")

    def text(self, raw: dict[str, Any], key: str, where: str) -> str:
        value = raw.get(key)
        if not isinstance(value, str) or not value.strip():
            self.bad(where, f"'{key}' must be a text that is not empty")
            return ""
        return value.strip()

    def one_of(self, value: Any, allowed: tuple[str, ...], where: str, key: str) -> str:
        if value not in allowed:
            self.bad(where, f"'{key}' is {value!r}; allowed: {', '.join(allowed)}")
        return str(value)

    def texts(self, raw: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
        value = raw.get(key) or []
        if not isinstance(value, list) or not all(isinstance(v, (str, int)) for v in value):
            self.bad(where, f"'{key}' must be a list of texts")
            return ()
        return tuple(str(v) for v in value)

    def mappings(self, value: Any, key: str, where: str) -> list[dict[str, Any]]:
        if not isinstance(value or [], list) or not all(isinstance(v, dict) for v in value or []):
            self.bad(where, f"'{key}' must be a list of mappings")
            return []
        return value or []

    def followup(self, raw: dict[str, Any], where: str) -> Followup:
        kind = self.one_of(raw.get("kind"), ANSWER_KINDS, where, "kind")
        filled_by = self.texts(raw, "filled_by", where)
        for entity in filled_by:
            self.one_of(entity, ENTITY_KINDS, where, "filled_by")
        choices = self.texts(raw, "choices", where)
        if (kind == "choice") != bool(choices):
            self.bad(where, "'choices' belong to kind choice, and only there")
        return Followup(
            self.text(raw, "key", where),
            self.text(raw, "ask", where),
            kind,
            choices,
            filled_by,
            self.texts(raw, "hints", where),
        )

    def matter_type(self, raw: dict[str, Any], category: str) -> MatterType:
        code = str(raw.get("code"))
        if not code.startswith(category + "."):
            self.bad(code, f"the code must start with '{category}.'")
        followups = tuple(
            self.followup(f, f"{code} followups[{i}]")
            for i, f in enumerate(self.mappings(raw.get("followups"), "followups", code), 1)
        )
        if len(followups) > MAX_FOLLOWUPS:
            self.bad(code, f"{len(followups)} follow-ups; at most {MAX_FOLLOWUPS}")
        if len({f.key for f in followups}) != len(followups):
            self.bad(code, "two follow-ups share a key")
        for followup in followups:
            if followup.key in TAKEN_KEYS:
                self.bad(code, f"the follow-up key {followup.key!r} is taken by the intake")
        safety = raw.get("safety")
        if safety is not None:
            self.one_of(safety, SAFETY_KINDS, code, "safety")
        return MatterType(
            code,
            self.text(raw, "name", code),
            self.text(raw, "plain", code),
            self.text(raw, "definition", code),
            self.texts(raw, "examples_of", code),
            self.one_of(raw.get("urgency"), ("normal", "soon", "urgent"), code, "urgency"),
            safety,
            self.one_of(raw.get("place"), ("required", "helpful", "none"), code, "place"),
            followups,
        )

    def category(self) -> Category | None:
        try:
            raw = yaml.safe_load(self.file.read_text(encoding="utf-8"))
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            self.bad(f"line {mark.line + 1}" if mark else "file", f"not valid YAML: {getattr(error, 'problem', error)}")
            return None
        if not isinstance(raw, dict):
            self.bad("file", "must be a mapping with code, name, short, definition, types")
            return None
        code = str(raw.get("code"))
        if code != self.file.stem:
            self.bad("code", f"{code!r} does not match the file's name")
        types = tuple(self.matter_type(t, code) for t in self.mappings(raw.get("types"), "types", code))
        return Category(
            code, self.text(raw, "name", code), self.text(raw, "short", code), self.text(raw, "definition", code), types
        )


def load(folder: Path) -> Taxonomy:
    """Read a folder of taxonomy files.

    Raises:
        TaxonomyError: listing every mistake in every file.
    """
    problems: list[str] = []
    categories: list[Category] = []
    for code in ORDER:
        file = folder / f"{code}.yml"
        if not file.exists():
            problems.append(f"{file.name}: missing")
            continue
        reader = _Reader(file)
        category = reader.category()
        problems += reader.problems
        if category:
            categories.append(category)
    codes = [t.code for c in categories for t in c.types]
    problems += [f"type {code!r} is defined twice" for code in sorted({c for c in codes if codes.count(c) > 1})]
    if problems:
        raise TaxonomyError("the taxonomy has mistakes:\n  " + "\n  ".join(problems))
    return Taxonomy(tuple(categories))


@lru_cache(maxsize=1)
def taxonomy() -> Taxonomy:
    """The project's taxonomy, read once."""
    return load(HERE)
