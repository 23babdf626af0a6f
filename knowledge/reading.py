"""Reading the files of entries; every mistake is told with file, entry and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import TypeVar

import yaml

from common.nodes import Source, line
from knowledge.citations import Citation, parse
from knowledge.model import Change, Entry, Limit, Review

FOLDER = Path(__file__).parent / "entries"
MEDIATION = ("people", "industry", "judicial", "administrative", "labour", "land")
OTHER_WAYS = 5  # to ask at least
LONGEST_PHRASING = 120  # characters
_ID = re.compile(r"[a-z]+(?:-[a-z]+)*\.[a-z0-9]+(?:-[a-z0-9]+)*")
_FIELDS = (
    "id",
    "question",
    "also",
    "answer",
    "steps",
    "papers",
    "where",
    "limits",
    "fees",
    "warnings",
    "related",
    "statutes",
    "by_name",
    "guide",
    "mediation",
    "phone",
    "reviewed",
    "changes",
)
_MUST = ("id", "question", "also", "answer", "steps", "where", "statutes")
Read = TypeVar("Read")


class _EntryReader:
    """Reads one entry; mistakes go to the file's."""

    def __init__(self, source: Source, node: yaml.Node) -> None:
        self.source, self.node = source, node
        self.fields = source.fields(node, "an entry", _FIELDS) or {}
        self.name = self._scalar("id") or "entry"

    def bad(self, node: yaml.Node, what: str) -> None:
        self.source.bad(node, f"{self.name}: {what}")

    def _scalar(self, name: str) -> str | None:
        node = self.fields.get(name)
        if node is None:
            return None
        value = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not value:
            self.bad(node, f"{name} must be a text that is not empty") if name != "id" else self.source.bad(
                node, "id must be a text that is not empty"
            )
            return None
        return str(value)

    def _list(self, name: str) -> list[yaml.Node]:
        node = self.fields.get(name)
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            self.bad(node, f"{name} must be a list")
            return []
        return list(node.value)

    def _texts(self, name: str) -> tuple[str, ...]:
        found = []
        for node in self._list(name):
            value = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
            if value:
                found.append(str(value))
            else:
                self.bad(node, f"{name} must hold texts that are not empty")
        return tuple(found)

    def _citation(self, node: yaml.Node, name: str) -> Citation | None:
        found = parse(str(node.value)) if isinstance(node, yaml.ScalarNode) else None
        if found is None:
            self.bad(node, f"{name} must be a law and an article, 民法典第一千零六十七条")
        return found

    def _day(self, node: yaml.Node, name: str) -> date | None:
        try:
            return date.fromisoformat(str(node.value))
        except (ValueError, TypeError):
            self.bad(node, f"{name} must be a day, 2026-11-22")
            return None

    def _parts(
        self, node: yaml.Node, name: str, must: tuple[str, ...], may: tuple[str, ...] = ()
    ) -> dict[str, yaml.Node]:
        found = self.source.fields(node, f"{self.name}: {name}", must + may) or {}
        for part in must:
            if part not in found and isinstance(node, yaml.MappingNode):
                self.bad(node, f"{name} lacks {part}")
        return found if all(part in found for part in must) else {}

    def _limit(self, node: yaml.Node) -> Limit | None:
        parts = self._parts(node, "limits", ("what", "time"), ("from", "if_missed", "statute"))
        if not parts:
            return None
        said = {k: str(v.value).strip() for k, v in parts.items()}
        statute = self._citation(parts["statute"], "limits: statute") if "statute" in parts else None
        return Limit(said["what"], said["time"], said.get("from"), said.get("if_missed"), statute)

    def _change(self, node: yaml.Node) -> Change | None:
        parts = self._parts(node, "changes", ("on", "what"))
        day = self._day(parts["on"], "changes: on") if parts else None
        return Change(day, str(parts["what"].value)) if day else None

    def _reviewed(self) -> Review | None:
        node = self.fields.get("reviewed")
        parts = self._parts(node, "reviewed", ("by", "on")) if node is not None else {}
        day = self._day(parts["on"], "reviewed: on") if parts else None
        return Review(str(parts["by"].value), day) if day else None

    def _each(self, name: str, read: Callable[[yaml.Node], Read | None]) -> tuple[Read, ...]:
        return tuple(found for node in self._list(name) if (found := read(node)) is not None)

    def entry(self) -> Entry | None:
        """The entry; None when something it must have is missing or cannot be read."""
        for name in _MUST:
            if name not in self.fields:
                self.bad(self.node, f"{name} is missing")
        id_ = self._scalar("id")
        if id_ is not None and not _ID.fullmatch(id_):
            self.bad(self.fields["id"], f"id {id_!r} must be topic.words-with-dashes")
        also = self._texts("also")
        if "also" in self.fields and len(also) < OTHER_WAYS:
            self.bad(self.fields["also"], f"{len(also)} other ways to ask, {OTHER_WAYS} are the least")
        for node in [*self._list("also"), *([self.fields["question"]] if "question" in self.fields else [])]:
            if isinstance(node, yaml.ScalarNode) and len(node.value) > LONGEST_PHRASING:
                self.bad(node, f"a way to ask of {len(node.value)} characters; {LONGEST_PHRASING} are the most")
        mediation = self._scalar("mediation")
        if mediation is not None and mediation not in MEDIATION:
            self.bad(self.fields["mediation"], f"mediation is {mediation!r}; there are: {', '.join(MEDIATION)}")
        question, answer = self._scalar("question"), self._scalar("answer")
        made = (id_, question, answer)
        statutes = self._each("statutes", lambda n: self._citation(n, "statutes"))
        limits, changes = self._each("limits", self._limit), self._each("changes", self._change)
        entry = {name: self._texts(name) for name in ("steps", "papers", "where", "warnings", "related", "by_name")}
        for name in ("steps", "where", "statutes"):
            if name in self.fields and not (statutes if name == "statutes" else entry[name]):
                self.bad(self.fields[name], f"{name} must not be empty")
        if id_ is None or question is None or answer is None:
            return None
        assert all(made)
        return Entry(
            id=id_,
            question=question,
            also=also,
            answer=answer,
            steps=entry["steps"],
            papers=entry["papers"],
            where=entry["where"],
            limits=limits,
            fees=self._scalar("fees"),
            warnings=entry["warnings"],
            related=entry["related"],
            statutes=statutes,
            by_name=entry["by_name"],
            guide=self._scalar("guide"),
            mediation=mediation,
            phone=self._scalar("phone") or "12348",
            reviewed=self._reviewed(),
            changes=changes,
            file=self.source.file.name,
            line=line(self.node),
        )


def read_file(file: Path) -> tuple[list[Entry], list[str]]:
    """The entries of a file, and its mistakes."""
    source = Source(file)
    root = source.root()
    nodes = source.items(root, "the file") if root is not None else []
    entries = [entry for node in nodes if (entry := _EntryReader(source, node).entry()) is not None]
    return entries, source.problems
