"""Labelled messages to measure with, from JSONL (one object a line) or YAML (a list).

    {"id": "17", "title": "...", "text": "...", "category": "environment", "type": "environment.noise",
     "also": [], "urgent": false, "intent": "report", "entities": {"place": ["幸福里3号楼"]}}

``text`` and ``category`` are required. Every mistake is reported with file and line; a set with mistakes measures
nothing, so it is refused whole.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nlu.corpus import ACTS, INTENTS, Lines
from nlu.taxonomy import ENTITY_KINDS, Taxonomy

_FIELDS = {"id", "title", "text", "intent", "category", "type", "also", "urgent", "entities", "sure", "style", "rule"}


class LabelledError(ValueError):
    """A labelled file has mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} mistake(s):\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Labelled:
    """One message with what it should be read as; None and empty where the file says nothing."""

    id: str
    title: str
    text: str
    category: str
    type: str | None
    intent: str | None = None
    also: tuple[str, ...] = ()
    urgent: bool | None = None
    entities: dict[str, tuple[str, ...]] | None = field(default=None, hash=False)

    @property
    def whole(self) -> str:
        """Title and text as they reach the reader."""
        return f"{self.title}\n{self.text}" if self.title else self.text


def _rows(file: Path) -> Iterator[tuple[str, Any]]:
    """(where, raw object or the text of an error) for each entry."""
    raw = file.read_bytes()
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        yield f"{file.name}:{line}", "not UTF-8"
        return
    if file.suffix in (".yml", ".yaml"):
        try:
            rows = yaml.load(text, Lines) or []
        except yaml.YAMLError as error:
            mark = getattr(error, "problem_mark", None)
            yield f"{file.name}:{mark.line + 1 if mark else 1}", f"not valid YAML: {getattr(error, 'problem', error)}"
            return
        if not isinstance(rows, list):
            yield f"{file.name}:1", "expected a list of messages"
            return
        for number, row in enumerate(rows, 1):
            line = row.pop("__line__") if isinstance(row, dict) else 1
            yield f"{file.name}:{line}", row if isinstance(row, dict) else f"entry {number} is no mapping"
        return
    # Only \n ends a line: messages may hold the other separators that str.splitlines knows.
    for number, content in enumerate(text.split("\n"), 1):
        if content.strip():
            try:
                yield f"{file.name}:{number}", json.loads(content)
            except (json.JSONDecodeError, RecursionError):
                yield f"{file.name}:{number}", "not JSON"


def _problems(row: dict[str, Any], taxonomy: Taxonomy) -> Iterator[str]:
    for key in sorted(set(map(str, row)) - _FIELDS):
        yield f"unknown field {key!r}"
    text, title = row.get("text"), row.get("title") or ""
    if not isinstance(text, str) or not text.strip():
        yield "'text' is empty or not a text"
        text = ""
    if not isinstance(title, str):
        yield "'title' is not a text"
    categories = {c.code for c in taxonomy.categories}
    category, type_ = row.get("category"), row.get("type") or None
    if category != "none" and category not in categories:
        yield f"unknown category {category!r}"
    if type_ is not None and (not isinstance(type_, str) or not taxonomy.has_type(type_)):
        yield f"unknown matter type {type_!r}"
    elif type_ is not None and category in categories and not type_.startswith(f"{category}."):
        yield f"matter type {type_!r} is not of category {category!r}"
    if row.get("intent") is not None and row["intent"] not in INTENTS + ACTS:
        yield f"unknown intent {row['intent']!r}"
    if row.get("urgent") not in (None, True, False):
        yield "'urgent' must be true or false"
    also = row.get("also") or []
    if not isinstance(also, list):
        yield "'also' must be a list"
    else:
        yield from (f"unknown category in also: {c!r}" for c in also if c not in categories)
    yield from _entity_problems(row.get("entities"), f"{title}\n{text}")


def _entity_problems(entities: Any, text: str) -> Iterator[str]:
    if entities is not None and not isinstance(entities, dict):
        yield "'entities' must be a mapping of kind to a list of pieces"
        return
    for kind, pieces in (entities or {}).items():
        if kind == "__line__":
            continue
        if kind not in ENTITY_KINDS:
            yield f"unknown entity kind {kind!r}"
        if not isinstance(pieces or [], list):
            yield f"the entities of kind {kind!r} must be a list"
            continue
        for piece in pieces or []:
            if not isinstance(piece, str) or not piece or piece not in text:
                yield f"entity {piece!r} is not a piece of the text"


def _message(row: dict[str, Any], where: str) -> Labelled:
    entities = row.get("entities")
    return Labelled(
        id=str(row.get("id") or where),
        title=(row.get("title") or "").strip(),
        text=row["text"],
        category=row["category"],
        type=row.get("type") or None,
        intent=row.get("intent"),
        also=tuple(row.get("also") or ()),
        urgent=row.get("urgent"),
        entities=None if entities is None else {k: tuple(v) for k, v in entities.items() if k != "__line__" and v},
    )


def read(file: Path, taxonomy: Taxonomy) -> list[Labelled]:
    """All messages of a labelled file.

    Raises:
        LabelledError: with every mistake, each with file and line, when there is any; also when the file is missing or empty.
    """
    if not file.is_file():
        raise LabelledError([f"there is no file {file}"])
    problems: list[str] = []
    messages: list[Labelled] = []
    for where, row in _rows(file):
        if isinstance(row, str):
            problems.append(f"{where}: {row}")
            continue
        if not isinstance(row, dict):
            problems.append(f"{where}: expected an object")
            continue
        bad = [f"{where}: {problem}" for problem in _problems(row, taxonomy)]
        problems += bad
        if not bad:
            messages.append(_message(row, where))
    if not problems and not messages:
        problems.append(f"{file.name}: there are no messages in it")
    if problems:
        raise LabelledError(problems)
    return messages
