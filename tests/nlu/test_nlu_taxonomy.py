"""The taxonomy: complete as shipped, and every mistake in a changed one is told."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml

from nlu import taxonomy as module
from nlu.taxonomy import MAX_FOLLOWUPS, ORDER, TaxonomyError, load, taxonomy


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped taxonomy, to be spoilt."""
    for file in module.HERE.glob("*.yml"):
        shutil.copy(file, tmp_path)
    return tmp_path


def test_ten_categories_and_seventy_seven_types() -> None:
    loaded = taxonomy()
    assert [c.code for c in loaded.categories] == list(ORDER)
    codes = [t.code for t in loaded]
    assert len(codes) == len(set(codes)) == 77
    assert all(t.category == c.code for c in loaded.categories for t in c.types)


def test_every_type_can_be_told_to_a_resident() -> None:
    for matter in taxonomy():
        assert 2 <= len(matter.plain) <= 14, matter.code
        assert len(matter.followups) <= MAX_FOLLOWUPS
        assert all(f.ask.endswith(("？", "。")) for f in matter.followups), matter.code
        assert all(2 <= len(f.choices) <= 6 for f in matter.followups if f.kind == "choice"), matter.code


def test_plain_names_are_told_apart() -> None:
    names = [t.plain for t in taxonomy()]
    assert len(set(names)) == len(names)


def test_types_are_found_by_code_and_unknown_ones_refused() -> None:
    assert taxonomy().type("environment.noise").category == "environment"
    assert taxonomy().has_type("hazard.gas")
    assert not taxonomy().has_type("hazard.nothing")
    with pytest.raises(KeyError, match=r"hazard\.nothing"):
        taxonomy().type("hazard.nothing")
    with pytest.raises(KeyError, match="known: party"):
        taxonomy().category("nothing")


def test_every_mistake_of_every_file_is_told_at_once(folder: Path) -> None:
    (folder / "party.yml").unlink()
    hazard = yaml.safe_load((folder / "hazard.yml").read_text(encoding="utf-8"))
    first, second = hazard["types"][:2]
    first["code"] = "danger.fire"
    first["urgency"] = "often"
    first["safety"] = "flood"
    first["name"] = " "
    second["followups"][0]["kind"] = "choices"
    second["followups"][1]["filled_by"] = ["colour"]
    second["followups"][2]["key"] = second["followups"][1]["key"]
    second["examples_of"] = "one text"
    hazard["types"].append(dict(hazard["types"][3]))
    (folder / "hazard.yml").write_text(yaml.safe_dump(hazard, allow_unicode=True), encoding="utf-8")
    legal = yaml.safe_load((folder / "legal.yml").read_text(encoding="utf-8"))
    legal["types"][0]["followups"] = [{"key": f"k{i}", "ask": "几个？", "kind": "number"} for i in range(4)]
    legal["types"][0]["place"] = "perhaps"
    legal["types"][1]["followups"][0]["key"] = "matter"
    (folder / "legal.yml").write_text(yaml.safe_dump(legal, allow_unicode=True), encoding="utf-8")
    (folder / "care.yml").write_text("code: care\nname: [\n", encoding="utf-8")
    with pytest.raises(TaxonomyError) as error:
        load(folder)
    told = str(error.value)
    for expected in (
        "party.yml: missing",
        "hazard.yml: danger.fire: the code must start with 'hazard.'",
        "hazard.yml: danger.fire: 'urgency' is 'often'; allowed: normal, soon, urgent",
        "hazard.yml: danger.fire: 'safety' is 'flood'",
        "hazard.yml: danger.fire: 'name' must be a text that is not empty",
        "followups[1]: 'kind' is 'choices'",
        "followups[2]: 'filled_by' is 'colour'",
        "two follow-ups share a key",
        "'examples_of' must be a list of texts",
        f"type '{hazard['types'][3]['code']}' is defined twice",
        "4 follow-ups; at most 3",
        "'place' is 'perhaps'",
        "the follow-up key 'matter' is taken by the intake",
        "care.yml: line",
    ):
        assert expected in told, expected


@pytest.mark.parametrize(
    "content", ["", "[]", "just words", "code: care\nname: 关爱\nshort: x\ndefinition: y\ntypes: 5\n"]
)
def test_a_file_of_another_shape_is_told_and_not_a_crash(folder: Path, content: str) -> None:
    (folder / "care.yml").write_text(content, encoding="utf-8")
    with pytest.raises(TaxonomyError, match=r"care\.yml"):
        load(folder)
