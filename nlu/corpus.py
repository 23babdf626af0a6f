"""The written training corpus: one YAML file per matter type, one per conversational intent.

    type: environment.noise            (or  intent: track)
    utterances:
    - text: 楼下烧烤店的喇叭从早喊到晚        what a resident would really send
      style: plain                     who is speaking, how (STYLES)
      rule: 7                          the boundary rule of the annotation guide it exercises
      also: [dispute]                  further categories in the same message
      urgent: true                     somebody is in danger now
      entities: {time: [从早到晚]}       exact pieces of the text, by kind
    - title: 关于烧烤店扰民的问题          the subject line of a post on a message board, when it has one
      text: ...

Every mistake is reported with file and line; nothing is trained on a corpus with mistakes.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from nlu.taxonomy import ENTITY_KINDS, Taxonomy

FOLDER = Path(__file__).parent / "data"
# The shipped encoder's reading of the corpus, so that a clone trains in a minute. Made anew by 'xiaoge train --ship'.
VECTORS = FOLDER / "vectors.npz"
HELD_OUT = 5  # every fifth message, by a hash of its text
STYLES = frozenset(
    [
        "plain",
        "voice",
        "elder",
        "ne",
        "jd",
        "sc",
        "yue",
        "trad",
        "typo",
        "emoji",
        "hotline",
        "title",
        "letter",
        "short",
        "indirect",
        "boundary",
        "multi",
        "urgent",
        "seems_urgent",
    ]
)
# Intents a resident's message can have on its own ...
INTENTS = (
    "report",
    "legal_question",
    "track",
    "greet",
    "thanks",
    "affirm",
    "deny",
    "cancel",
    "human",
    "faq_bot",
    "chitchat",
    "unclear",
)
# ... and the turns that only make sense inside an intake.
ACTS = ("inform", "correct", "skip", "anonymous")
MATTER_INTENTS = ("report", "legal_question")
# Types whose messages ask for guidance (intent legal_question) rather than for action.
LEGAL_QUESTIONS = ("legal.consult", "legal.aid", "legal.mediation")
_ALLOWED = {"title", "text", "style", "rule", "also", "urgent", "entities", "intent"}


class CorpusError(ValueError):
    """The corpus has mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(f"{len(problems)} mistake(s) in the corpus:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Utterance:
    """One written message with its labels. ``type`` is None for messages that are no matter.

    ``title`` is the subject line of a message-board post, empty for messages that have none.
    """

    text: str
    intent: str
    type: str | None
    style: str
    source: str
    rule: int | None = None
    also: tuple[str, ...] = ()
    urgent: bool = False
    entities: dict[str, tuple[str, ...]] = field(default_factory=dict)
    title: str = ""

    @property
    def views(self) -> tuple[str, ...]:
        """The ways this message can reach the reader: a post comes with its title, or its title alone comes first."""
        return (f"{self.title}\n{self.text}", self.title) if self.title else (self.text,)

    @property
    def category(self) -> str:
        return self.type.split(".", 1)[0] if self.type else "none"


class Lines(yaml.SafeLoader):
    """Keeps the line of each mapping, so that a mistake can be pointed at."""


def _mapping(loader: Lines, node: yaml.MappingNode) -> dict[Any, Any]:
    data = loader.construct_mapping(node, deep=True)
    data["__line__"] = node.start_mark.line + 1
    return data


Lines.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, _mapping)


def _check(
    raw: Any, intent: str, type_: str | None, where: str, taxonomy: Taxonomy
) -> tuple[list[str], Utterance | None]:
    if not isinstance(raw, dict):
        return [f"{where}: an utterance must be a mapping with 'text' and 'style'"], None
    where = f"{where}:{raw.pop('__line__')}"
    bad = [f"{where}: unknown field {key!r}" for key in sorted(set(map(str, raw)) - _ALLOWED)]
    text = raw.get("text")
    if not isinstance(text, str) or not text.strip():
        return [*bad, f"{where}: 'text' is empty or not a text"], None
    title = raw.get("title", "")
    if not isinstance(title, str) or ("title" in raw and not title.strip()):
        return [*bad, f"{where}: 'title' is empty or not a text"], None
    if raw.get("style") not in STYLES:
        bad.append(f"{where}: unknown style {raw.get('style')!r}")
    also, entities = raw.get("also") or [], raw.get("entities") or {}
    if not isinstance(also, list) or not isinstance(entities, dict):
        return [*bad, f"{where}: 'also' must be a list, 'entities' a mapping"], None
    known = {c.code for c in taxonomy.categories}
    bad += [f"{where}: unknown category in also: {c!r}" for c in also if c not in known]
    intent = raw.get("intent", intent)
    if intent not in INTENTS + ACTS:
        bad.append(f"{where}: unknown intent {intent!r}")
    entities.pop("__line__", None)
    for kind, pieces in entities.items():
        if kind not in ENTITY_KINDS:
            bad.append(f"{where}: unknown entity kind {kind!r}")
        if not isinstance(pieces or [], list):
            bad.append(f"{where}: the entities of a kind must be a list")
            continue
        for piece in pieces or []:
            if not isinstance(piece, str) or piece not in f"{title}\n{text}":
                bad.append(f"{where}: entity {piece!r} is not a piece of the text")
    if bad:
        return bad, None
    return [], Utterance(
        text.strip(),
        intent,
        type_,
        raw["style"],
        where,
        raw.get("rule"),
        tuple(also),
        bool(raw.get("urgent")),
        {kind: tuple(pieces) for kind, pieces in entities.items() if pieces},
        title.strip(),
    )


def _read(file: Path, root: Path, taxonomy: Taxonomy) -> tuple[list[str], list[Utterance]]:
    name = str(file.relative_to(root))
    try:
        raw = yaml.load(file.read_text(encoding="utf-8"), Lines)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return [f"{name}:{mark.line + 1 if mark else 1}: not valid YAML: {getattr(error, 'problem', error)}"], []
    if not isinstance(raw, dict) or not isinstance(raw.get("utterances"), list):
        return [f"{name}:1: expected 'type' or 'intent', and a list 'utterances'"], []
    type_ = raw.get("type")
    if type_ is not None:
        if not taxonomy.has_type(type_):
            return [f"{name}:1: unknown matter type {type_!r}"], []
        intent = "legal_question" if type_ in LEGAL_QUESTIONS else "report"
    else:
        intent = str(raw.get("intent"))
        if intent not in INTENTS + ACTS:
            return [f"{name}:1: unknown intent {intent!r}"], []
    problems: list[str] = []
    utterances: list[Utterance] = []
    for item in raw["utterances"]:
        bad, utterance = _check(item, intent, type_, name, taxonomy)
        problems += bad
        if utterance:
            utterances.append(utterance)
    return problems, utterances


def load(taxonomy: Taxonomy, folder: Path = FOLDER) -> list[Utterance]:
    """Read the whole corpus in a fixed order.

    Raises:
        CorpusError: with every mistake, when there is any.
    """
    problems: list[str] = []
    utterances: list[Utterance] = []
    seen: dict[str, str] = {}
    for file in files(folder):
        bad, found = _read(file, folder, taxonomy)
        problems += bad
        for utterance in found:
            if utterance.text in seen:
                problems.append(f"{utterance.source}: same text as {seen[utterance.text]}")
            seen[utterance.text] = utterance.source
        utterances += found
    if problems:
        raise CorpusError(problems)
    return utterances


def files(folder: Path = FOLDER) -> Iterator[Path]:
    """Every corpus file below ``folder``, in a fixed order."""
    for part in ("matters", "intents"):
        yield from sorted((folder / part).rglob("*.yml"))


def held_out(utterance: Utterance) -> bool:
    """Whether a message belongs to the fifth that is left out when mixing weights and thresholds are fitted."""
    return int(hashlib.sha256(utterance.text.encode()).hexdigest(), 16) % HELD_OUT == 0
