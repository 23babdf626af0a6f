"""Reading the files of drafts, and checking them against the guides; every mistake is told with file, line and field."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

import yaml

from common.nodes import Source, line
from knowledge.guiding.model import Guide
from knowledge.papers.draft import Blank, Draft, Part

FOLDER = Path(__file__).parents[1] / "drafts"
_DRAFT = ("id", "title", "to", "note", "parts")
_MUST = ("id", "title", "parts")
_PART = ("heading", "text", "if", "unless")
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_KEY = re.compile(r"[a-z][a-z0-9_-]*")
_BLANK = re.compile(r"\{([^{}]*)\}")


class _Reader:
    def __init__(self, source: Source) -> None:
        self.source = source

    def blank(self, inside: str, node: yaml.Node) -> Blank | None:
        key, bar, label = (part.strip() for part in inside.partition("|"))
        if not bar or not label:
            self.source.bad(
                node, f"text: the blank {{{inside}}} has no label: write {{{key or 'key'}|what to write there}}"
            )
        elif "|" in label:
            self.source.bad(node, f"text: the blank {{{inside}}} has more than one |")
        elif not _KEY.fullmatch(key):
            self.source.bad(node, f"text: the key of {{{inside}}} must be letters, digits, - and _")
        else:
            return Blank(key, label)
        return None

    def pieces(self, text: str, node: yaml.Node, heading: bool) -> tuple[str | Blank, ...]:
        between = _BLANK.split(text)  # words, inside of a blank, words, ...
        for words in between[::2]:
            if "{" in words or "}" in words:
                self.source.bad(node, f"braces that do not pair near {words.strip()[:20]!r}")
                return ()
        if heading and len(between) > 1:
            self.source.bad(node, "heading: a heading has no blanks")
            return ()
        found: list[str | Blank] = []
        for number, words in enumerate(between):
            piece = self.blank(words, node) if number % 2 else words
            if piece:
                found.append(piece)
        return tuple(found)

    def part(self, node: yaml.Node) -> Part | None:
        fields = self.source.fields(node, "a part", _PART)
        if fields is None:
            return None
        kinds = [name for name in ("heading", "text") if name in fields]
        if len(kinds) != 1:
            self.source.bad(node, "a part has either heading or text")
            return None
        kind = kinds[0]
        text = self.source.text(fields[kind], kind)
        facts = {name: self.source.text(fields[name], name) for name in ("if", "unless") if name in fields}
        if facts.get("if") is not None and facts.get("if") == facts.get("unless"):
            self.source.bad(node, f"if and unless name the same fact {facts['if']!r}: it would never stand there")
        pieces = self.pieces(text, fields[kind], kind == "heading")
        return Part(kind == "heading", pieces, facts.get("if"), facts.get("unless"), line(node))

    def parts(self, node: yaml.Node) -> tuple[Part, ...]:
        found: list[Part] = []
        first: dict[tuple[object, ...], int] = {}
        for item in self.source.items(node, "parts"):
            part = self.part(item)
            if part is None:
                continue
            same = (part.heading, part.pieces, part.when, part.unless)
            if same in first and part.pieces:
                self.source.bad(item, f"this part stands twice (line {first[same]})")
                continue
            first[same] = part.line
            found.append(part)
        return tuple(found)

    def draft(self) -> Draft | None:
        source = self.source
        root = source.root()
        fields = source.fields(root, "a draft", _DRAFT) if root is not None else None
        if fields is None:
            return None
        for name in _MUST:
            if name not in fields:
                source.bad(root or 1, f"{name} is missing")
        said = {
            name: source.text(fields[name], name) if name in fields else None for name in ("id", "title", "to", "note")
        }
        parts = self.parts(fields["parts"]) if "parts" in fields else ()
        id_, title = said["id"], said["title"]
        if id_ and not _ID.fullmatch(id_):
            source.bad(fields["id"], f"id {id_!r} must be words-with-dashes")
        elif id_ and id_ != source.file.stem:
            source.bad(fields["id"], f"id {id_!r} must be the file's name, {source.file.stem!r}")
        if not id_ or not title or not parts:
            return None
        return Draft(id_, title, said["to"], said["note"], parts, source.file.name)


def read_file(file: Path) -> tuple[Draft | None, list[str]]:
    """The draft of a file, and its mistakes."""
    source = Source(file)
    draft = _Reader(source).draft()
    return draft, source.problems


def read(folder: Path = FOLDER) -> tuple[dict[str, Draft], list[str]]:
    """All drafts by id, and every mistake with its file and line."""
    drafts: dict[str, Draft] = {}
    problems: list[str] = []
    for file in sorted(folder.glob("*.yml")):
        draft, wrong = read_file(file)
        problems += wrong
        if draft is not None:
            drafts[draft.id] = draft
    return drafts, problems


def _users(draft: Draft, guides: Iterable[Guide]) -> list[Guide]:
    return [guide for guide in guides if any(r.draft == draft.id for r in guide.results.values())]


def flaws(drafts: Mapping[str, Draft], guides: Mapping[str, Guide]) -> list[str]:
    """What is wrong between drafts and guides.

    A result must name a draft there is, and a fact a draft asks for must be noted in a guide that uses the draft. A
    draft that no guide uses yet is not checked.
    """
    found = [
        f"{guide.file}:{result.line}: {result.id}: there is no draft {result.draft!r}"
        for guide in guides.values()
        for result in guide.results.values()
        if result.draft is not None and result.draft not in drafts
    ]
    for draft in drafts.values():
        users = _users(draft, guides.values())
        noted = frozenset[str]().union(*(guide.facts for guide in users))
        for part in draft.parts if users else ():
            found += [
                f"{draft.file}:{part.line}: {field}: no choice of {', '.join(g.id for g in users)} notes {fact!r}"
                for field, fact in (("if", part.when), ("unless", part.unless))
                if fact is not None and fact not in noted
            ]
    return found
