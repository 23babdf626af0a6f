"""Tables of words: which subjects a report speaks of (``subjects.yml``) and what is wrong with them (``troubles.yml``)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

HERE = Path(__file__).parent
GAP = "…"
BETWEEN = 6  # characters at most between the two halves of a wording
_BREAK = re.compile(r"[，。！？；：\s]")


class LexiconError(ValueError):
    """A table of words is wrong; the message lists every mistake with its line."""


@dataclass(frozen=True)
class Lexicon:
    """Wordings by their first character: first half, second half (or nothing), the entry they stand under."""

    entries: tuple[str, ...]
    starts: dict[str, tuple[tuple[str, str, str], ...]]

    def of(self, text: str) -> frozenset[str]:
        """The entries of which a normalised text has a wording."""
        return frozenset(self._found(text))

    def _found(self, text: str) -> Iterator[str]:
        for at, char in enumerate(text):
            for first, second, entry in self.starts.get(char, ()):
                if not text.startswith(first, at):
                    continue
                after = at + len(first)
                if not second or second in _BREAK.split(text[after : after + BETWEEN + len(second)], maxsplit=1)[0]:
                    yield entry


def _words(file: Path, name: str, node: yaml.Node, problems: list[str]) -> Iterator[tuple[str, str, str]]:
    if not isinstance(node, yaml.SequenceNode) or not node.value:
        problems.append(f"{file.name}:{node.start_mark.line + 1}: {name} needs a list of words")
        return
    for word in node.value:
        first, gap, second = str(word.value).partition(GAP)
        if not first or bool(gap) != bool(second):
            where = f"{file.name}:{word.start_mark.line + 1}"
            problems.append(f"{where}: {name}: {word.value!r} is neither a word nor two with {GAP} between them")
            continue
        yield first, second, name


def load(file: Path) -> Lexicon:
    """Read a table of words: a mapping of entries to lists.

    Raises:
        LexiconError: listing every mistake.
    """
    root = yaml.compose(file.read_text(encoding="utf-8"))
    if not isinstance(root, yaml.MappingNode):
        raise LexiconError(f"{file.name}:1: must be a mapping of entries to lists of words")
    problems: list[str] = []
    starts: dict[str, list[tuple[str, str, str]]] = {}
    names: list[str] = []
    for key, value in root.value:
        if key.value in names:
            problems.append(f"{file.name}:{key.start_mark.line + 1}: {key.value} stands twice")
        names.append(str(key.value))
        for wording in _words(file, str(key.value), value, problems):
            starts.setdefault(wording[0][0], []).append(wording)
    if problems:
        raise LexiconError("the table of words has mistakes:\n  " + "\n  ".join(problems))
    return Lexicon(tuple(names), {char: tuple(words) for char, words in starts.items()})


@lru_cache(maxsize=1)
def subjects() -> Lexicon:
    """The things reports are about, read once."""
    return load(HERE / "subjects.yml")


@lru_cache(maxsize=1)
def troubles() -> Lexicon:
    """What can be wrong with a thing, read once."""
    return load(HERE / "troubles.yml")
