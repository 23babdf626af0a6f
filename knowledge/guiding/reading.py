"""Reading the files of guides; every mistake is told with file, place and line."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from common.nodes import Source, line
from knowledge.citations import Citation, parse
from knowledge.guiding import graph
from knowledge.guiding.model import KINDS, Choice, Guide, Question, Result, Turn
from knowledge.model import MEDIATION, Limit

FOLDER = Path(__file__).parents[1] / "guides"
MOST_CHOICES = 6
LONGEST_ASK = 60  # characters of a question
LONGEST_CHOICE = 24
_ID = re.compile(r"[a-z][a-z0-9_-]*")
_GUIDE = ("id", "title", "about", "also", "start", "questions", "results")
_QUESTION = ("ask", "help", "kind", "choices", "turns", "go")
_RESULT = (
    "position",
    "steps",
    "papers",
    "where",
    "limits",
    "warnings",
    "statutes",
    "entries",
    "phone",
    "draft",
    "mediation",
)


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.facts: set[str] = set()

    def texts(self, node: yaml.Node | None, what: str) -> tuple[str, ...]:
        if node is None:
            return ()
        if not isinstance(node, yaml.SequenceNode):
            self.source.bad(node, f"{what} must be a list")
            return ()
        return tuple(self.source.text(item, what) for item in node.value)

    def maybe(self, node: yaml.Node | None, what: str) -> str | None:
        return self.source.text(node, what) if node is not None else None

    def citation(self, node: yaml.Node, what: str) -> Citation | None:
        found = parse(str(node.value)) if isinstance(node, yaml.ScalarNode) else None
        if found is None:
            self.source.bad(node, f"{what} must be a law and an article, 民法典第一千零六十七条")
        return found

    def choice(self, node: yaml.Node, where: str) -> Choice | None:
        parts = self.source.fields(node, f"{where}: a choice", ("say", "go", "notes"))
        if parts is None or not {"say", "go"} <= set(parts):
            self.source.bad(node, f"{where}: a choice needs say and go")
            return None
        say = self.source.text(parts["say"], f"{where}: say")
        if len(say) > LONGEST_CHOICE:
            self.source.bad(parts["say"], f"{where}: a choice of {len(say)} characters; {LONGEST_CHOICE} are the most")
        notes = frozenset(self.texts(parts.get("notes"), f"{where}: notes"))
        self.facts |= notes
        return Choice(say, self.source.text(parts["go"], f"{where}: go"), notes)

    def turn(self, node: yaml.Node, where: str) -> Turn | None:
        parts = self.source.fields(node, f"{where}: a turn", ("if", "go"))
        if parts is None or "go" not in parts:
            self.source.bad(node, f"{where}: a turn needs go")
            return None
        return Turn(self.maybe(parts.get("if"), f"{where}: if"), self.source.text(parts["go"], f"{where}: go"))

    def question(self, id_: str, node: yaml.Node) -> Question | None:
        parts = self.source.fields(node, id_, _QUESTION)
        if parts is None:
            return None
        if "ask" not in parts:
            self.source.bad(node, f"{id_}: ask is missing")
            return None
        ask = self.source.text(parts["ask"], f"{id_}: ask")
        if len(ask) > LONGEST_ASK:
            self.source.bad(parts["ask"], f"{id_}: a question of {len(ask)} characters; {LONGEST_ASK} are the most")
        kind = self.source.one_of(parts["kind"], f"{id_}: kind", KINDS) if "kind" in parts else "choice"
        choices = (
            [self.choice(n, id_) for n in self.source.items(parts["choices"], f"{id_}: choices")]
            if "choices" in parts
            else []
        )
        turns = (
            [self.turn(n, id_) for n in self.source.items(parts["turns"], f"{id_}: turns")] if "turns" in parts else []
        )
        if "go" in parts:
            turns.append(Turn(None, self.source.text(parts["go"], f"{id_}: go")))
        if (kind == "choice") != bool(choices):
            self.source.bad(node, f"{id_}: a question has either choices or another kind than choice")
        if choices and (turns or len(choices) < 2 or len(choices) > MOST_CHOICES):
            self.source.bad(node, f"{id_}: two to {MOST_CHOICES} choices, each with its own go")
        return Question(
            id_,
            ask,
            kind,
            self.maybe(parts.get("help"), f"{id_}: help"),
            tuple(c for c in choices if c),
            tuple(t for t in turns if t),
            line(node),
        )

    def limit(self, node: yaml.Node, where: str) -> Limit | None:
        parts = self.source.fields(node, f"{where}: limits", ("what", "time", "from", "if_missed", "statute"))
        if parts is None or not {"what", "time"} <= set(parts):
            self.source.bad(node, f"{where}: a limit needs what and time")
            return None
        said = {k: self.source.text(v, f"{where}: {k}") for k, v in parts.items()}
        statute = self.citation(parts["statute"], f"{where}: statute") if "statute" in parts else None
        return Limit(said["what"], said["time"], said.get("from"), said.get("if_missed"), statute)

    def result(self, id_: str, node: yaml.Node) -> Result | None:
        parts = self.source.fields(node, id_, _RESULT)
        if parts is None:
            return None
        for name in ("position", "steps", "where", "statutes"):
            if name not in parts:
                self.source.bad(node, f"{id_}: {name} is missing")
        limits = [self.limit(n, id_) for n in self.source.items(parts["limits"], "limits")] if "limits" in parts else []
        statutes = (
            [self.citation(n, id_) for n in self.source.items(parts["statutes"], "statutes")]
            if "statutes" in parts
            else []
        )
        mediation = (
            self.source.one_of(parts["mediation"], "mediation", tuple(MEDIATION)) if "mediation" in parts else None
        )
        return Result(
            id=id_,
            position=self.maybe(parts.get("position"), "position") or "",
            steps=self.texts(parts.get("steps"), "steps"),
            papers=self.texts(parts.get("papers"), "papers"),
            where=self.texts(parts.get("where"), "where"),
            limits=tuple(x for x in limits if x),
            warnings=self.texts(parts.get("warnings"), "warnings"),
            statutes=tuple(x for x in statutes if x),
            entries=self.texts(parts.get("entries"), "entries"),
            phone=self.maybe(parts.get("phone"), "phone") or "12348",
            draft=self.maybe(parts.get("draft"), "draft"),
            mediation=mediation,
            line=line(node),
        )

    def guide(self) -> Guide | None:
        source = self.source
        root = source.root()
        parts = source.fields(root, "a guide", _GUIDE) if root is not None else None
        if parts is None:
            return None
        for name in _GUIDE:
            if name not in parts:
                source.bad(root or 1, f"{name} is missing")
        if source.problems:
            return None
        questions, results = {}, {}
        for id_, key, node in source.pairs(parts["questions"], "questions"):
            if not _ID.fullmatch(id_):
                source.bad(key, f"{id_!r} must be letters, digits, - and _")
            if question := self.question(id_, node):
                questions[id_] = question
        for id_, key, node in source.pairs(parts["results"], "results"):
            if id_ in questions:
                source.bad(key, f"{id_!r} is a question too")
            if result := self.result(id_, node):
                results[id_] = result
        return Guide(
            id=source.text(parts["id"], "id"),
            title=source.text(parts["title"], "title"),
            about=source.text(parts["about"], "about"),
            also=self.texts(parts["also"], "also"),
            start=source.text(parts["start"], "start"),
            questions=questions,
            results=results,
            file=source.file.name,
            facts=frozenset(self.facts),
        )


def read_file(file: Path) -> tuple[Guide | None, list[str]]:
    """The guide of a file, and its mistakes."""
    source = Source(file)
    guide = _Reader(source).guide()
    if guide is not None and not source.problems:
        if guide.id != file.stem:
            source.bad(1, f"id {guide.id!r} must be the file's name, {file.stem!r}")
        return guide, [*source.problems, *graph.flaws(guide)]
    return None, source.problems


def read(folder: Path = FOLDER) -> tuple[dict[str, Guide], list[str]]:
    """All guides by id, and every mistake."""
    guides: dict[str, Guide] = {}
    problems: list[str] = []
    for file in sorted(folder.glob("*.yml")):
        guide, wrong = read_file(file)
        problems += wrong
        if guide is not None:
            guides[guide.id] = guide
    return guides, problems
