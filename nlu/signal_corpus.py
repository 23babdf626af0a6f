"""The written corpus of the signals: what a message shows of the writer's need, beside what it is about.

    signal: slower
    heard:                                   messages that show it
    - 一条一条说
    - {text: 我老了反应慢，你讲一句停一停, also: [elderly]}     further signals in the same message
    not_heard:                               near misses, which do not
    - 你们办事太慢了
    elsewhere:                               messages of the other corpus, word for word, that show it as well
    - 慢点说我记一下

A message that no file says otherwise of shows no signal: neither the other signals' messages nor those of the
corpus of matters and intents. Every mistake is reported with file and line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

from nlu.corpus import FOLDER as CORPUS
from nlu.corpus import CorpusError

FOLDER = CORPUS / "signals"
HELD_OUT = CORPUS.parent / "held_out" / "signals"
SIGNALS = {
    "fraud_now": "a fraud is in progress on the writer or somebody beside him, or was a moment ago",
    "elderly": "the writer is old, or struggles with the phone",
    "repeat": "did not understand what was said last, wants it again",
    "slower": "wants less at a time",
    "bigger": "wants larger letters",
    "aloud": "wants to hear instead of reading",
    "normal": "wants no slowness, large letters or voice any more",
    "family": "wants one of the family to take over",
    "back": "wants to change the answer before",
    "restart": "wants to begin again",
    "later": "breaks off and will come back",
    "guide_go_on": "comes back to what was broken off",
}
PARTS = ("heard", "not_heard", "elsewhere")
FIELDS = {"text", "also"}


@dataclass(frozen=True)
class Said:
    """One message and all the signals it shows; ``written_for`` is the signal in whose file it stands."""

    text: str
    signals: frozenset[str]
    source: str
    written_for: str
    title: str = ""

    @property
    def views(self) -> tuple[str, ...]:
        """The ways this message can reach the reader: one."""
        return (self.text,)


@dataclass(frozen=True)
class SignalCorpus:
    """The messages written for the signals, and the signals of messages written for something else, by their text."""

    said: tuple[Said, ...]
    elsewhere: dict[str, frozenset[str]]


@dataclass(frozen=True)
class _Entry:
    where: str
    signal: str
    part: str
    text: str
    signals: frozenset[str]


def _also(node: yaml.Node, where: str) -> tuple[list[str], list[str]]:
    if not isinstance(node, yaml.SequenceNode):
        return [f"{where}: 'also' must be a list of signals"], []
    names = [str(item.value) for item in node.value]
    return [f"{where}: unknown signal in also: {name!r}" for name in names if name not in SIGNALS], names


def _entry(node: yaml.Node, signal: str, part: str, file: str) -> tuple[list[str], _Entry | None]:
    where = f"{file}:{node.start_mark.line + 1}"
    text, also = node, list[str]()
    problems: list[str] = []
    if isinstance(node, yaml.MappingNode):
        fields = {str(key.value): value for key, value in node.value}
        problems = [f"{where}: unknown field {name!r}" for name in sorted(set(fields) - FIELDS)]
        if "also" in fields:
            bad, also = _also(fields["also"], where)
            problems += bad
        text = fields.get("text", node)
    if not isinstance(text, yaml.ScalarNode) or not text.value.strip():
        return [*problems, f"{where}: expected a message, or 'text' and 'also'"], None
    own = () if part == "not_heard" else (signal,)
    if signal in also:
        problems.append(f"{where}: 'also' names the signal of the file, {signal!r}")
    return problems, _Entry(where, signal, part, text.value.strip(), frozenset([*own, *also]))


def _entries(file: Path) -> tuple[list[str], list[_Entry]]:
    name = f"{file.parent.name}/{file.name}"
    try:
        root = yaml.compose(file.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [f"{name}:{mark.line + 1 if mark else 1}: not valid YAML: {getattr(error, 'problem', error)}"], []
    fields = {str(k.value): (k, v) for k, v in root.value} if isinstance(root, yaml.MappingNode) else {}
    if "signal" not in fields or "heard" not in fields:
        return [f"{name}:1: expected 'signal' and the lists 'heard' and 'not_heard'"], []
    signal = str(fields.pop("signal")[1].value)
    if signal not in SIGNALS:
        return [f"{name}:1: unknown signal {signal!r}"], []
    problems: list[str] = []
    entries: list[_Entry] = []
    for part, (key, node) in fields.items():
        where = f"{name}:{key.start_mark.line + 1}"
        if part not in PARTS:
            problems.append(f"{where}: unknown part {part!r}")
        elif not isinstance(node, yaml.SequenceNode):
            problems.append(f"{where}: {part!r} must be a list of messages")
        else:
            for item in node.value:
                bad, entry = _entry(item, signal, part, name)
                problems += bad
                entries += [entry] if entry else []
    return problems, entries


def files(folder: Path = FOLDER) -> Iterator[Path]:
    """Every file of signals in ``folder``, in a fixed order."""
    yield from sorted(folder.glob("*.yml"))


def load(folder: Path = FOLDER) -> SignalCorpus:
    """Read the signals' corpus in a fixed order.

    Raises:
        CorpusError: with every mistake, when there is any.
    """
    problems: list[str] = []
    said: list[Said] = []
    elsewhere: dict[str, frozenset[str]] = {}
    seen: dict[str, str] = {}
    for file in files(folder):
        bad, entries = _entries(file)
        problems += bad
        for e in entries:
            if e.part == "elsewhere":
                elsewhere[e.text] = elsewhere.get(e.text, frozenset()) | e.signals
                continue
            if e.text in seen:
                problems.append(f"{e.where}: same text as {seen[e.text]}")
            seen[e.text] = e.where
            said.append(Said(e.text, e.signals, e.where, e.signal))
    if problems:
        raise CorpusError(problems)
    return SignalCorpus(tuple(said), elsewhere)
