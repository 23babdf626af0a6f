"""Reading the files of entries; every mistake is told with file, entry and line."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

import yaml

from common.nodes import Source, line
from common.settings import settings
from knowledge.citations import Citation, parse
from knowledge.model import MEDIATION, Change, Entry, Limit, Review
from knowledge.sentences import breaths, sentences

FOLDER = Path(__file__).parent / "entries"
OTHER_WAYS = 5  # to ask at least
LONGEST_PHRASING = 120  # characters
SENTENCES = (2, 3)  # of an answer: where one stands, then what to do
LONGEST_SENTENCE = 60  # characters said in one breath
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
_PHONE = re.compile(r"\d[\d-]{1,14}")
Read = TypeVar("Read")


def today() -> date:
    """The day it is in the city."""
    return datetime.now(ZoneInfo(settings().timezone)).date()


class _EntryReader:
    """Reads one entry; mistakes go to the file's."""

    def __init__(self, source: Source, node: yaml.Node, now: date) -> None:
        self.source, self.node, self.now = source, node, now
        self.fields = source.fields(node, "an entry", _FIELDS) or {}
        self.id = self._scalar("id")
        self.name = self.id or "entry"

    def bad(self, node: yaml.Node, what: str) -> None:
        self.source.bad(node, f"{self.name}: {what}")

    def _scalar(self, name: str) -> str | None:
        node = self.fields.get(name)
        if node is None:
            return None
        value = node.value.strip() if isinstance(node, yaml.ScalarNode) else ""
        if not value:
            whose = "" if name == "id" else f"{self.name}: "
            self.source.bad(node, f"{whose}{name} must be a text that is not empty")
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

    def _items(self, name: str) -> list[yaml.Node]:
        node = self.fields.get(name)
        return list(node.value) if isinstance(node, yaml.SequenceNode) else []

    def _texts(self, name: str) -> tuple[str, ...]:
        found: list[str] = []
        for node in self._list(name):
            value = str(node.value).strip() if isinstance(node, yaml.ScalarNode) else ""
            if not value:
                self.bad(node, f"{name} must hold texts that are not empty")
            elif value in found:
                self.bad(node, f"{name}: {value!r} stands twice")
            else:
                found.append(value)
        return tuple(found)

    def _said(self) -> None:
        """Check what is read aloud: the answer's sentences, and that none is too long for one breath."""
        answer = self.fields.get("answer")
        if answer is not None and isinstance(answer, yaml.ScalarNode):
            count, (least, most) = len(sentences(answer.value)), SENTENCES
            if answer.value.strip() and not least <= count <= most:
                self.bad(answer, f"an answer of {count} sentences; {least} or {most} are asked for")
        one = [(name, node) for name, node in self.fields.items() if name in ("question", "answer", "fees")]
        many = [(name, node) for name in ("steps", "warnings") for node in self._items(name)]
        for name, node in one + many:
            for part in breaths(str(node.value)) if isinstance(node, yaml.ScalarNode) else ():
                if len(part) > LONGEST_SENTENCE:
                    self.bad(node, f"{name}: a sentence of {len(part)} characters; {LONGEST_SENTENCE} are the most")

    def _citation(self, node: yaml.Node, name: str) -> Citation | None:
        found = parse(str(node.value)) if isinstance(node, yaml.ScalarNode) else None
        if found is None:
            self.bad(node, f"{name} must be a law and an article, 民法典第一千零六十七条")
        return found

    def _day(self, node: yaml.Node, name: str) -> date | None:
        try:
            day = date.fromisoformat(str(node.value))
        except (ValueError, TypeError):
            self.bad(node, f"{name} must be a day, 2026-11-22")
            return None
        if day > self.now:
            self.bad(node, f"{name} is {day}, which is yet to come")
            return None
        return day

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
        said = {k: self.source.text(v, f"{self.name}: limits: {k}") for k, v in parts.items()}
        statute = self._citation(parts["statute"], "limits: statute") if "statute" in parts else None
        return Limit(said["what"], said["time"], said.get("from"), said.get("if_missed"), statute)

    def _change(self, node: yaml.Node) -> Change | None:
        parts = self._parts(node, "changes", ("on", "what"))
        day = self._day(parts["on"], "changes: on") if parts else None
        what = self.source.text(parts["what"], f"{self.name}: changes: what") if parts else ""
        return Change(day, what) if day and what else None

    def _reviewed(self) -> Review | None:
        node = self.fields.get("reviewed")
        parts = self._parts(node, "reviewed", ("by", "on")) if node is not None else {}
        day = self._day(parts["on"], "reviewed: on") if parts else None
        who = self.source.text(parts["by"], f"{self.name}: reviewed: by") if parts else ""
        return Review(who, day) if day and who else None

    def _each(self, name: str, read: Callable[[yaml.Node], Read | None]) -> tuple[Read, ...]:
        return tuple(found for node in self._list(name) if (found := read(node)) is not None)

    def entry(self) -> Entry | None:
        """The entry; None when something it must have is missing or cannot be read."""
        for name in _MUST:
            if name not in self.fields:
                self.bad(self.node, f"{name} is missing")
        id_ = self.id
        if id_ is not None and not _ID.fullmatch(id_):
            self.bad(self.fields["id"], f"id {id_!r} must be topic.words-with-dashes")
        also = self._texts("also")
        if "also" in self.fields and len(also) < OTHER_WAYS:
            self.bad(self.fields["also"], f"{len(also)} other ways to ask, {OTHER_WAYS} are the least")
        for node in [*self._items("also"), *([self.fields["question"]] if "question" in self.fields else [])]:
            if isinstance(node, yaml.ScalarNode) and len(node.value) > LONGEST_PHRASING:
                self.bad(node, f"a way to ask of {len(node.value)} characters; {LONGEST_PHRASING} are the most")
        mediation = self._scalar("mediation")
        if mediation is not None and mediation not in MEDIATION:
            self.bad(self.fields["mediation"], f"mediation is {mediation!r}; there are: {', '.join(MEDIATION)}")
        phone = self._scalar("phone") or "12348"
        if not _PHONE.fullmatch(phone):
            self.bad(self.fields["phone"], f"phone is {phone!r}; a number such as 12348")
        self._said()
        question, answer = self._scalar("question"), self._scalar("answer")
        statutes = self._each("statutes", lambda n: self._citation(n, "statutes"))
        limits, changes = self._each("limits", self._limit), self._each("changes", self._change)
        entry = {name: self._texts(name) for name in ("steps", "papers", "where", "warnings", "related", "by_name")}
        for name in ("steps", "where", "statutes"):
            if name in self.fields and self.fields[name].value == []:
                self.bad(self.fields[name], f"{name} must not be empty")
        if id_ in entry["related"]:
            self.bad(self.fields["related"], "related names the entry itself")
        if len(set(statutes)) < len(statutes):
            self.bad(self.fields["statutes"], "statutes: an article stands twice")
        if id_ is None or question is None or answer is None:
            return None
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
            phone=phone,
            reviewed=self._reviewed(),
            changes=changes,
            file=self.source.file.name,
            line=line(self.node),
        )


def read_file(file: Path, now: date | None = None) -> tuple[list[Entry], list[str]]:
    """The entries of a file, and its mistakes.

    Args:
        file: of entries.
        now: the day it is; nothing was reviewed or changed after it.
    """
    source, day = Source(file), now or today()
    root = source.root()
    nodes = source.items(root, "the file") if root is not None else []
    entries = [entry for node in nodes if (entry := _EntryReader(source, node, day).entry()) is not None]
    return entries, source.problems
