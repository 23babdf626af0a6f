"""Labelled files: every mistake is named with file and line, and nothing is measured on a file with mistakes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nlu.measure import labelled
from nlu.taxonomy import taxonomy

GOOD = {"id": "1", "title": "路灯", "text": "和平路路灯不亮", "category": "environment", "type": "environment.facility"}


def written(folder: Path, *rows: object) -> Path:
    file = folder / "set.jsonl"
    file.write_text("\n".join(r if isinstance(r, str) else json.dumps(r, ensure_ascii=False) for r in rows), "utf-8")
    return file


def problems(file: Path) -> list[str]:
    with pytest.raises(labelled.LabelledError) as caught:
        labelled.read(file, taxonomy())
    return caught.value.problems


def test_json_lines_are_read_with_their_labels(tmp_path: Path) -> None:
    row = {**GOOD, "urgent": False, "also": ["service"], "intent": "report", "entities": {"place": ["和平路"]}}
    [message] = labelled.read(written(tmp_path, row), taxonomy())
    assert message.whole == "路灯\n和平路路灯不亮"
    assert message.also == ("service",)
    assert message.entities == {"place": ("和平路",)}
    assert message.urgent is False


def test_yaml_lists_are_read_too(tmp_path: Path) -> None:
    file = tmp_path / "set.yml"
    file.write_text("- id: a\n  text: 谢谢啊\n  intent: thanks\n  category: none\n  type:\n  entities: {}\n", "utf-8")
    [message] = labelled.read(file, taxonomy())
    assert (message.category, message.type, message.intent, message.entities) == ("none", None, "thanks", {})


def test_all_mistakes_are_listed_with_their_lines(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        GOOD,
        "{not json",
        {**GOOD, "category": "weather"},
        {**GOOD, "type": "hazard.fire"},
        {**GOOD, "type": "environment.unicorn"},
        {**GOOD, "text": "  "},
        {**GOOD, "entities": {"place": ["解放路"], "colour": ["路灯"]}},
        {**GOOD, "also": ["nothing"], "intent": "sing", "urgent": "yes", "colour": 1},
        [1],
    )
    assert problems(file) == [
        "set.jsonl:2: not JSON",
        "set.jsonl:3: unknown category 'weather'",
        "set.jsonl:4: matter type 'hazard.fire' is not of category 'environment'",
        "set.jsonl:5: unknown matter type 'environment.unicorn'",
        "set.jsonl:6: 'text' is empty or not a text",
        "set.jsonl:7: entity '解放路' is not a piece of the text",
        "set.jsonl:7: unknown entity kind 'colour'",
        "set.jsonl:8: unknown field 'colour'",
        "set.jsonl:8: unknown intent 'sing'",
        "set.jsonl:8: 'urgent' must be true or false",
        "set.jsonl:8: unknown category in also: 'nothing'",
        "set.jsonl:9: expected an object",
    ]


def test_yaml_mistakes_carry_the_line_of_the_entry(tmp_path: Path) -> None:
    file = tmp_path / "set.yml"
    file.write_text("- text: 路灯\n  category: environment\n- text: 路灯\n  category: sea\n", "utf-8")
    assert problems(file) == ["set.yml:3: unknown category 'sea'"]
    file.write_text("- text: [路灯\n", "utf-8")
    assert problems(file)[0].startswith("set.yml:")


def test_a_missing_an_empty_and_a_foreign_file_are_refused(tmp_path: Path) -> None:
    assert "there is no file" in problems(tmp_path / "nowhere.jsonl")[0]
    assert problems(written(tmp_path)) == ["set.jsonl: there are no messages in it"]
    file = tmp_path / "set.jsonl"
    file.write_bytes("路灯不亮\n路灯".encode("gbk"))
    assert problems(file) == ["set.jsonl:1: not UTF-8"]


def test_a_line_separator_inside_a_text_does_not_end_the_line(tmp_path: Path) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(json.dumps({**GOOD, "text": "一\u2028二"}, ensure_ascii=False), "utf-8")
    assert len(labelled.read(file, taxonomy())) == 1
