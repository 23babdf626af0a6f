"""The written rules: ``rules.yml`` beside this module, and a city's own file of the same name laid over it.

``docs/risk.md`` tells how they are written. All mistakes of both files are listed before anything is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import yaml

from cases.risk.conditions import (
    All,
    AtLeast,
    BadEvaluation,
    Case,
    Condition,
    Earlier,
    Matter,
    Merged,
    NoneOf,
    Some,
    TicketsAtPlace,
    TicketsOfPerson,
    Together,
    Urgent,
    Words,
    cheapest_first,
    clause_span,
)
from cases.risk.facts import Reach
from cases.risk.rhythm import Rhythm, Wait
from cases.workflow import ACTIONS
from common.nodes import Source, line
from common.settings import settings
from nlu.taxonomy import taxonomy

HERE = Path(__file__).parent
FILE = "rules.yml"
BAD = ("yellow", "red")
PERSON = "person"  # stands where a rule's id would, for a grade a person has set
MOST_DAYS, MOST_TIMES = 366, 50
_ID = re.compile(r"[a-z][a-z0-9-]*", re.ASCII)
_SPECIAL = re.compile(r"[\\.^$*+?{}\[\]|()<]")  # signs that make a pattern more than a plain word
_LIST = re.compile(r"<([a-z][a-z0-9_]*)>", re.ASCII)
_NEVER = r"(?!)"
_CHINESE = re.compile(r"[\u4e00-\u9fff]")
_SAME = ("type", "category", "any")
_WAITS = {"hours": 240, "days": 366, "working_days": 60}
_PARTS = ("rhythm", "lists", "figures", "asides", "rules")
_RULE = ("id", "name", "grade", "why", "do", "when", "off")


class RulesError(ValueError):
    """The rules have mistakes; ``problems`` lists them all, each with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the risk rules were not read:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Rule:
    """One rule: what it is called, which grade it gives, why (told to staff), and what to do first."""

    id: str
    name: str
    grade: str
    why: str
    do: str | None
    when: Condition

    @property
    def reason(self) -> str:
        """As it is kept with a ticket."""
        return f"{self.id}: {self.why}"


@dataclass(frozen=True)
class Rulebook:
    """All rules in the order they are written, what no rule reads, and how grades are followed up.

    ``figures``: turns of phrase; ``asides``: words that make a whole clause one about something else.
    """

    rules: tuple[Rule, ...]
    figures: re.Pattern[str]
    asides: re.Pattern[str]
    rhythms: dict[str, Rhythm]
    reach: Reach

    def plain(self, text: str) -> str:
        """``text`` without what no rule reads. Blanks stand for it, so that nothing comes to stand together."""
        text = self.figures.sub(lambda match: " " * len(match[0]), text)
        match = self.asides.search(text)
        while match:
            start, end = clause_span(text, match.start(), match.end())
            text = text[:start] + " " * (end - start) + text[end:]
            match = self.asides.search(text, end)
        return text

    def firing(self, case: Case) -> list[Rule]:
        """The rules that hold for a case, red ones first."""
        return sorted((r for r in self.rules if r.when.holds(case)), key=lambda r: r.grade != "red")

    def rule(self, id_: str) -> Rule | None:
        """The rule of this id, if there still is one."""
        return next((r for r in self.rules if r.id == id_), None)


@dataclass
class _Draft:
    """What was read so far; of lists and rules the later file's win."""

    lists: dict[str, tuple[Source, yaml.Node]] = field(default_factory=dict)
    unread: dict[str, list[tuple[Source, yaml.Node]]] = field(default_factory=lambda: {"figures": [], "asides": []})
    rules: dict[str, tuple[Source, yaml.Node]] = field(default_factory=dict)
    rhythms: dict[str, Rhythm] = field(default_factory=dict)
    parts: dict[str, str] = field(default_factory=dict)  # lists spelt out as pieces of a pattern
    person_days: int = 0
    place_days: int = 0
    place_types: set[str] = field(default_factory=set)


def _collect(draft: _Draft, source: Source) -> None:
    """Take a file's parts into the draft; what they say is read when all files are in."""
    root = source.root()
    parts = source.fields(root, "the file", _PARTS) if root is not None else None
    if parts is None:
        return
    if "lists" in parts:
        for name, key, value in source.pairs(parts["lists"], "lists"):
            if not _LIST.fullmatch(f"<{name}>"):
                source.bad(key, f"a list is named by small letters, digits and _, not {name!r}")
            draft.lists[name] = (source, value)
    for name, nodes in draft.unread.items():
        if name in parts:
            nodes.append((source, parts[name]))
    if "rhythm" in parts:
        for grade, node in (source.fields(parts["rhythm"], "rhythm", BAD) or {}).items():
            draft.rhythms[grade] = _rhythm(source, node)
    seen: dict[str, int] = {}
    for node in source.items(parts["rules"], "rules") if "rules" in parts else []:
        found = source.fields(node, "a rule", _RULE)
        if found is None:
            continue
        if "id" not in found:
            source.bad(node, "the rule has no id")
            continue
        id_ = source.text(found["id"], "id")
        if not _ID.fullmatch(id_) or id_ == PERSON:
            source.bad(found["id"], f"an id is small letters, digits and -, and not {PERSON!r}: {id_!r}")
        if id_ in seen:
            source.bad(found["id"], f"the id {id_!r} is used twice (line {seen[id_]})")
            continue
        seen[id_] = line(found["id"])
        if "off" in found:
            _switch_off(draft, source, id_, found)
        else:
            draft.rules[id_] = (source, node)


def _switch_off(draft: _Draft, source: Source, id_: str, found: dict[str, yaml.Node]) -> None:
    if found["off"].value != "true" or set(found) != {"id", "off"}:
        source.bad(found["off"], "a rule is switched off by its id and 'off: true', nothing else")
    elif id_ not in draft.rules:
        source.bad(found["id"], f"there is no rule {id_!r} to switch off")
    else:
        del draft.rules[id_]


def _wait(source: Source, node: yaml.Node) -> Wait:
    found = source.fields(node, "a time", tuple(_WAITS))
    if found is None or len(found) != 1:
        source.bad(node, f"a time is one of {', '.join(_WAITS)} with a number, such as {{days: 7}}")
        return Wait("days", 1)
    (unit, value), *_ = found.items()
    return Wait(unit, source.number(value, unit, 1, _WAITS[unit]))


def _rhythm(source: Source, node: yaml.Node) -> Rhythm:
    fields = ("who", "first", "then")
    found = source.fields(node, "a rhythm", fields)
    if found is None or set(found) != set(fields):
        source.bad(node, f"a rhythm has {', '.join(fields)}")
        return Rhythm((), Wait("days", 1), (Wait("days", 1),))
    roles = ACTIONS["visit"].roles
    return Rhythm(
        tuple(source.one_of(n, "a role that visits", roles) for n in source.items(found["who"], "who")),
        _wait(source, found["first"]),
        tuple(_wait(source, n) for n in source.items(found["then"], "then")),
    )


def _spelt(draft: _Draft, source: Source, node: yaml.Node) -> str:
    """A pattern with the lists it names put in."""
    text = source.text(node, "a pattern")
    for name in _LIST.findall(text):
        if name not in draft.parts:
            known = ", ".join(sorted(draft.parts)) or "none so far"
            source.bad(node, f"there is no list <{name}> above this one; there are: {known}")
    if not _SPECIAL.search(text):
        return text
    text = _LIST.sub(lambda match: draft.parts.get(match[1], _NEVER), text)
    try:
        made = re.compile(text)
    except re.error as error:
        source.bad(node, f"no regular expression: {error}")
        return _NEVER
    if made.groups:
        source.bad(node, "write (?:...) instead of (...)")
    if made.search(""):
        source.bad(node, "the pattern fits every text")
    return text


def _pattern(draft: _Draft, source: Source, node: yaml.Node, what: str) -> re.Pattern[str]:
    """All patterns of a list as one."""
    pieces = [_spelt(draft, source, item) for item in source.items(node, what)]
    return re.compile("|".join(pieces) or _NEVER)


def _matter(source: Source, node: yaml.Node) -> Matter:
    known = {c.code for c in taxonomy().categories} | {t.code for t in taxonomy()}
    codes = []
    for item in source.items(node, "types"):
        code = source.text(item, "a type")
        if code not in known:
            source.bad(item, f"{code!r} is no category or matter type")
        codes.append(code)
    return Matter(frozenset(codes))


class _Conditions:
    """Reads what a rule asks for. One method for each kind of condition, named as it is written."""

    def __init__(self, draft: _Draft, source: Source) -> None:
        self.draft, self.source = draft, source
        self.kinds: dict[str, Callable[[yaml.Node], Condition]] = {
            "words": lambda node: self.words(node, None),
            "types": lambda node: _matter(source, node),
            "urgent": lambda node: Urgent(source.one_of(node, "urgent", ("true", "false")) == "true"),
            "returned": lambda node: AtLeast("returns", source.number(node, "returned", 1, MOST_TIMES)),
            "reopened": lambda node: AtLeast("reopenings", source.number(node, "reopened", 1, MOST_TIMES)),
            "merged": lambda node: Merged(source.one_of(node, "merged", BAD)),
            "tickets_of_person": self.tickets_of_person,
            "tickets_at_place": self.tickets_at_place,
            "bad_evaluation": self.bad_evaluation,
            "earlier": self.earlier,
            "together": self.together,
            "all": lambda node: All(self.several(node, "all")),
            "any": lambda node: Some(self.several(node, "any")),
            "none": lambda node: NoneOf(self.several(node, "none")),
        }

    def read(self, node: yaml.Node) -> Condition:
        """A mapping of conditions, all of which must hold."""
        found = self.source.fields(node, "a condition", (*self.kinds, "unless"))
        if not found:
            if found is not None:
                self.source.bad(node, "the condition is empty, it would always hold")
            return All(())
        unless = found.pop("unless", None)
        if unless is not None and "words" not in found:
            self.source.bad(unless, "'unless' belongs to 'words' in the same place")
        parts = [self.words(v, unless) if k == "words" else self.kinds[k](v) for k, v in found.items()]
        return parts[0] if len(parts) == 1 else All(cheapest_first(parts))

    def several(self, node: yaml.Node, what: str) -> tuple[Condition, ...]:
        return cheapest_first([self.read(item) for item in self.source.items(node, what)])

    def words(self, node: yaml.Node, unless: yaml.Node | None) -> Words:
        return Words(
            _pattern(self.draft, self.source, node, "words"),
            _pattern(self.draft, self.source, unless, "unless") if unless is not None else None,
        )

    def together(self, node: yaml.Node) -> Condition:
        parts = [self.read(item) for item in self.source.items(node, "together")]
        words = tuple(p for p in parts if isinstance(p, Words))
        if len(words) != len(parts) or len(words) < 2:
            self.source.bad(node, "'together' takes two or more 'words', each with its own 'unless', and nothing else")
            return All(())
        return Together(words)

    def facts(self, node: yaml.Node, what: str, names: tuple[str, ...]) -> dict[str, yaml.Node]:
        """The fields of a fact, all of which are needed; empty when some are missing."""
        found = self.source.fields(node, what, names)
        if found is None:
            return {}
        missing = [name for name in names if name not in found]
        if missing:
            self.source.bad(node, f"{what} lacks {', '.join(missing)}")
        return {} if missing else found

    def days(self, found: dict[str, yaml.Node]) -> int:
        return self.source.number(found["days"], "days", 1, MOST_DAYS)

    def tickets_of_person(self, node: yaml.Node) -> Condition:
        if not (found := self.facts(node, "tickets_of_person", ("at_least", "days", "same"))):
            return All(())
        days = self.days(found)
        self.draft.person_days = max(self.draft.person_days, days)
        least = self.source.number(found["at_least"], "at_least", 2, MOST_TIMES)
        return TicketsOfPerson(least, days, self.source.one_of(found["same"], "same", _SAME))

    def tickets_at_place(self, node: yaml.Node) -> Condition:
        if not (found := self.facts(node, "tickets_at_place", ("at_least", "days", "within", "types"))):
            return All(())
        days, matter = self.days(found), _matter(self.source, found["types"])
        self.draft.place_days = max(self.draft.place_days, days)
        self.draft.place_types |= {t.code for t in taxonomy() if {t.code, t.category} & matter.codes}
        least = self.source.number(found["at_least"], "at_least", 2, MOST_TIMES)
        within = self.source.one_of(found["within"], "within", ("dwelling", "building"))
        return TicketsAtPlace(least, days, matter, within)

    def bad_evaluation(self, node: yaml.Node) -> Condition:
        if not (found := self.facts(node, "bad_evaluation", ("days", "same"))):
            return All(())
        days = self.days(found)
        self.draft.person_days = max(self.draft.person_days, days)
        return BadEvaluation(days, self.source.one_of(found["same"], "same", _SAME))

    def earlier(self, node: yaml.Node) -> Condition:
        if not (found := self.facts(node, "earlier", ("grade", "days", "of"))):
            return All(())
        days = self.days(found)
        of = self.source.one_of(found["of"], "of", ("person", "place"))
        if of == "person":
            self.draft.person_days = max(self.draft.person_days, days)
        else:
            self.draft.place_days = max(self.draft.place_days, days)
        return Earlier(self.source.one_of(found["grade"], "grade", BAD), days, of)


def _rule(draft: _Draft, source: Source, id_: str, node: yaml.Node) -> Rule | None:
    found = {str(k.value): v for k, v in node.value}
    missing = [name for name in ("name", "grade", "why", "when") if name not in found]
    if missing:
        source.bad(node, f"the rule {id_!r} lacks {', '.join(missing)}")
    said = {n: source.text(found[n], f"{n} of {id_!r}") for n in ("name", "why", "do") if n in found}
    for name, text in said.items():
        if text and not _CHINESE.search(text):
            source.bad(found[name], f"{name} of {id_!r} is read by staff: write it in Chinese")
    grade = source.one_of(found["grade"], f"grade of {id_!r}", BAD) if "grade" in found else ""
    when = _Conditions(draft, source).read(found["when"]) if "when" in found else All(())
    return None if missing else Rule(id_, said["name"], grade, said["why"], said.get("do"), when)


def _group(pattern: re.Pattern[str]) -> str:
    return f"(?:{pattern.pattern})"


def load(folder: Path | None = None) -> Rulebook:
    """The rules, with a city's own laid over them.

    Args:
        folder: holds the city's ``rules.yml``: its rules and lists win over those of the same name, its figures and
            asides are added, its rhythms replace a grade's; None if the city has none.

    Raises:
        RulesError: listing every mistake of both files.
    """
    draft = _Draft()
    sources = [Source(HERE / FILE), *([Source(folder / FILE)] if folder is not None else [])]
    for source in sources:
        _collect(draft, source)
    for name, (source, node) in draft.lists.items():
        draft.parts[name] = _group(_pattern(draft, source, node, f"the list {name!r}"))
    unread = {
        name: re.compile("|".join(_pattern(draft, source, node, name).pattern for source, node in nodes) or _NEVER)
        for name, nodes in draft.unread.items()
    }
    rules = [_rule(draft, source, id_, node) for id_, (source, node) in draft.rules.items()]
    if problems := [p for source in sources for p in source.problems]:
        raise RulesError(problems)
    return Rulebook(
        rules=tuple(r for r in rules if r is not None),
        figures=unread["figures"],
        asides=unread["asides"],
        rhythms=draft.rhythms,
        reach=Reach(draft.person_days, draft.place_days, tuple(sorted(draft.place_types))),
    )


_in_use: Rulebook | None = None


@lru_cache(maxsize=1)
def _by_default() -> Rulebook:
    folder = settings().var / "risk"
    return load(folder if (folder / FILE).exists() else None)


def rulebook() -> Rulebook:
    """The process's: what :func:`use` named, or else the shipped rules with ``risk/rules.yml`` of the var folder.

    Raises:
        RulesError: these have mistakes. Call this at start-up, so that it is heard of then.
    """
    return _in_use or _by_default()


def use(book: Rulebook | None) -> None:
    """Have the process grade by other rules; None goes back to the usual."""
    global _in_use
    _in_use = book
    _by_default.cache_clear()
