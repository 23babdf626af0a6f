"""Drafts: the project's own are sound, and every mistake in a file is told with its line and field."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.guiding import reading as guides
from knowledge.papers import reading
from knowledge.papers.draft import Blank

GOOD = """\
id: letter
title: 一封信
to: 人民法院
note: 交一份留一份。
parts:
  - {heading: 写信的人}
  - {text: "姓名：{name|姓名}，电话：{phone|电话}。"}
  - {text: "欠的是{amount|金额}元。", if: owed}
  - {text: "不欠。", unless: owed}
"""


def write(folder: Path, text: str, name: str = "letter.yml") -> Path:
    file = folder / name
    file.write_text(text, encoding="utf-8")
    return file


def test_the_projects_drafts_have_no_mistakes() -> None:
    drafts, problems = reading.read()
    known, wrong = guides.read()
    assert problems == [] and wrong == []
    assert reading.flaws(drafts, known) == []
    assert {r.draft for g in known.values() for r in g.results.values()} - {None} <= set(drafts)


def test_a_draft_is_read_with_its_words_blanks_and_conditions(tmp_path: Path) -> None:
    draft, problems = reading.read_file(write(tmp_path, GOOD))
    assert problems == [] and draft is not None
    assert (draft.id, draft.title, draft.to, draft.note) == ("letter", "一封信", "人民法院", "交一份留一份。")
    heading, names, owed, not_owed = draft.parts
    assert heading.heading and heading.pieces == ("写信的人",)
    assert names.pieces == ("姓名：", Blank("name", "姓名"), "，电话：", Blank("phone", "电话"), "。")
    assert (owed.when, owed.unless, not_owed.when, not_owed.unless) == ("owed", None, None, "owed")
    assert draft.keys == {"name", "phone", "amount"}


@pytest.mark.parametrize(
    ("before", "after", "told"),
    [
        ("to: 人民法院", "too: 人民法院", "letter.yml:3: unknown field 'too'"),
        ("if: owed", "when: owed", "letter.yml:8: unknown field 'when'"),
        ("{name|姓名}", "{name}", "letter.yml:7: text: the blank {name} has no label"),
        ("{name|姓名}", "{name|}", "letter.yml:7: text: the blank {name|} has no label"),
        ("{name|姓名}", "{name|姓名|全名}", "letter.yml:7: text: the blank {name|姓名|全名} has more than one |"),
        ("{name|姓名}", "{姓|姓名}", "letter.yml:7: text: the key of {姓|姓名}"),
        ("{name|姓名}", "{|姓名}", "letter.yml:7: text: the key of {|姓名}"),
        ("{amount|金额}", "{amount|金额", "letter.yml:8: braces that do not pair"),
        ("{amount|金额}", "{{amount|金额}}", "letter.yml:8: braces that do not pair"),
        ("{amount|金额}", "amount|金额}", "letter.yml:8: braces that do not pair"),
        ("heading: 写信的人", 'heading: "{name|姓名}"', "letter.yml:6: heading: a heading has no blanks"),
        ('text: "不欠。"', "heading: 不欠, text: 不欠。", "letter.yml:9: a part has either heading or text"),
        ('{text: "不欠。", unless: owed}', "{unless: owed}", "letter.yml:9: a part has either heading or text"),
        ('text: "不欠。"', 'text: ""', "letter.yml:9: text must be a text that is not empty"),
        ("unless: owed", "unless: owed, if: owed", "letter.yml:9: if and unless name the same fact 'owed'"),
        ("note:", "title: 又一封\nnote:", "letter.yml:4: 'title' stands twice (line 2)"),
        (
            '  - {text: "不欠。", unless: owed}',
            '  - {text: "不欠。"}\n  - {text: "不欠。"}',
            "letter.yml:10: this part stands twice (line 9)",
        ),
        ("id: letter", "id: other", "letter.yml:1: id 'other' must be the file's name, 'letter'"),
        ("id: letter", "id: Letter!", "letter.yml:1: id 'Letter!' must be words-with-dashes"),
        ("title: 一封信\n", "", "letter.yml:1: title is missing"),
        ("parts:", "parts: 没有\nno:", "letter.yml:5: parts must be a list"),
        ("id: letter", "id: [", "not valid YAML"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(tmp_path: Path, before: str, after: str, told: str) -> None:
    assert before in GOOD
    _, problems = reading.read(write(tmp_path, GOOD.replace(before, after, 1)).parent)
    assert any(told in problem for problem in problems), problems


def test_an_empty_file_and_a_list_are_told_too(tmp_path: Path) -> None:
    write(tmp_path, "", "empty.yml")
    write(tmp_path, "- 1", "list.yml")
    drafts, problems = reading.read(tmp_path)
    assert drafts == {}
    assert any("empty.yml:1: empty" in p for p in problems)
    assert any("list.yml:1: a draft must be a mapping" in p for p in problems)


def test_a_guide_cannot_name_a_draft_there_is_not() -> None:
    drafts, _ = reading.read()
    known, _ = guides.read()
    del drafts["payment-order"]
    (flaw,) = reading.flaws(drafts, known)
    line = known["unpaid-wages"].results["r_iou"].line
    assert flaw == f"unpaid-wages.yml:{line}: r_iou: there is no draft 'payment-order'"


def test_a_fact_that_no_guide_of_the_draft_notes_is_told() -> None:
    drafts, _ = reading.read()
    known, _ = guides.read()
    draft = drafts["payment-order"]
    part = replace(draft.parts[3], when="never_noted", unless="nor_this")
    drafts["payment-order"] = replace(draft, parts=(part,))
    found = reading.flaws(drafts, known)
    assert found == [
        f"payment-order.yml:{part.line}: if: no choice of unpaid-wages notes 'never_noted'",
        f"payment-order.yml:{part.line}: unless: no choice of unpaid-wages notes 'nor_this'",
    ]
