"""Every response the actions name exists, gets the values it shows, and is short enough to be read."""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from itertools import product

import pytest
import yaml
from rasa_sdk import Action

from common.settings import ROOT
from nlu.taxonomy import SAFETY_KINDS, taxonomy

RESPONSES: dict[str, str] = {
    name: texts[0]["text"]
    for name, texts in yaml.safe_load((ROOT / "bot/dialogue/domain/responses.yml").read_text(encoding="utf-8"))[
        "responses"
    ].items()
}
FILES = sorted((ROOT / "actions").rglob("*.py"))
CITY = {"city", "hours", "hotline"}  # what **_city() passes
LONGEST = 600
# What the variable parts of composed names may be.
VALUES = {
    "utter_safety_": {*SAFETY_KINDS, "general"},
    "utter_took_": {"photo", "pin", "queued", "corrected", "noted", "anonymous", "review"},
    "utter_unreadable_": {"voice", "long", "media"},
    "utter_bigger_": {"web", "wechat"},
}


def names(node: ast.AST) -> set[str]:
    """Response names in an expression, composed ones spelt out."""
    found: set[str] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.JoinedStr):
            prefix = part.values[0].value if isinstance(part.values[0], ast.Constant) else ""
            found |= {f"{prefix}{value}" for value in VALUES.get(str(prefix), ())}
        elif isinstance(part, ast.Constant) and re.fullmatch(r"utter_\w+[^_]", str(part.value)):
            found.add(str(part.value))
    return found


def calls() -> Iterator[tuple[str, set[str], set[str]]]:
    """Where, which responses, which values: every ``utter_message(response=...)`` of the actions."""
    for file in FILES:
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for function in [n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)]:
            assigned = {
                target.id: node.value
                for node in ast.walk(function)
                if isinstance(node, ast.Assign)
                for target in node.targets
                if isinstance(target, ast.Name)
            }
            for call in [n for n in ast.walk(function) if isinstance(n, ast.Call)]:
                given = {k.arg: k.value for k in call.keywords}
                if not str(getattr(call.func, "attr", "")).startswith("utter_message") or "response" not in given:
                    continue
                where = given["response"]
                which = names(where) | {
                    name
                    for part in ast.walk(where)
                    if isinstance(part, ast.Name) and part.id in assigned
                    for name in names(assigned[part.id])
                }
                passed = {str(k) for k in given if k} | (CITY if None in given else set())
                yield f"{file.relative_to(ROOT)}:{call.lineno}", which, passed


def variables(text: str) -> set[str]:
    return set(re.findall(r"\{(\w+)\}", text))


def test_every_response_named_in_the_actions_exists() -> None:
    named = {name for file in FILES for name in names(ast.parse(file.read_text(encoding="utf-8")))}
    assert len(named) > 50
    assert named - RESPONSES.keys() == set()


def test_every_call_is_understood_by_this_test() -> None:
    unknown = [where for where, which, _ in calls() if not which]
    assert [w.split(":")[0] for w in unknown] == ["actions/talk.py"]  # _Says: its subclasses name the response


def test_every_value_a_response_shows_is_passed_by_its_caller() -> None:
    checked = list(calls())
    assert len(checked) > 30
    lacking = [
        f"{where}: {name} shows {{{variable}}}"
        for where, which, passed in checked
        for name in which
        for variable in variables(RESPONSES.get(name, "")) - passed
    ]
    assert lacking == []


def test_what_only_says_a_response_shows_the_city_at_most() -> None:
    tree = ast.parse((ROOT / "actions/talk.py").read_text(encoding="utf-8"))
    said = {
        name
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for name in names(statement)
    }
    assert {"utter_welcome", "utter_about_me"} <= said
    assert all(variables(RESPONSES[name]) <= CITY for name in said)


def test_every_response_is_used() -> None:
    sources = [*FILES, *(ROOT / "bot").rglob("*.py"), *(ROOT / "bot/dialogue/rules").rglob("*.yml")]
    text = "\n".join(file.read_text(encoding="utf-8") for file in sources)
    composed = {f"{prefix}{value}" for prefix, values in VALUES.items() for value in values}
    assert [name for name in RESPONSES if name not in composed and name not in text] == []


def test_what_the_intake_took_is_said() -> None:
    """Each thing ``interpret.take`` notes down is answered with a response or handled by name in the form."""
    source = (ROOT / "actions/intake/interpret.py").read_text(encoding="utf-8")
    noted = set(re.findall(r'say\.append\("(\w+)"\)', source))
    form = (ROOT / "actions/form.py").read_text(encoding="utf-8")
    elsewhere = {"urgent", "tell_again", "next"}  # said by the safety line, by the question, by the next matter
    assert noted - VALUES["utter_took_"] - elsewhere == {n for n in ("several", "what_is_wrong") if f'"{n}"' in form}


@pytest.mark.parametrize("kind", sorted({t.safety for t in taxonomy() if t.safety} | {"general"}))
def test_every_kind_of_danger_has_a_safety_line_with_a_number_to_call(kind: str) -> None:
    assert re.search(r"1\d\d", RESPONSES[f"utter_safety_{kind}"])


@pytest.mark.parametrize("name", RESPONSES)
def test_a_response_is_short_and_polite(name: str) -> None:
    text = RESPONSES[name]
    assert 0 < len(text) <= LONGEST
    assert "你" not in text, "residents are addressed with 您"
    assert text == text.strip()


@pytest.mark.parametrize(("prefix", "value"), [(p, v) for p, vs in VALUES.items() for p, v in product([p], sorted(vs))])
def test_composed_names_exist(prefix: str, value: str) -> None:
    assert prefix + value in RESPONSES


def test_the_actions_of_the_domain_are_those_there_are() -> None:
    domain = yaml.safe_load((ROOT / "bot/dialogue/domain/domain.yml").read_text(encoding="utf-8"))
    for file in FILES:  # an action is there once its module is imported
        importlib.import_module(".".join(file.relative_to(ROOT).with_suffix("").parts))

    def leaves(kind: type[Action]) -> Iterator[type[Action]]:
        below = kind.__subclasses__()
        if not below:
            yield kind
        for one in below:
            yield from leaves(one)

    own = {k().name() for k in leaves(Action) if k.__module__.startswith("actions.")}
    assert own == set(domain["actions"])
