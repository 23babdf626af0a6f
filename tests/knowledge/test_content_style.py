"""What residents read is short and plain; and what tells that it is not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legal_texts import ENTRY, GUIDE, OTHER, whole

from knowledge import style
from knowledge.guiding import reading as guides_reading
from knowledge.reading import LONGEST_SENTENCE, OTHER_WAYS, read_file
from knowledge.sentences import breaths, mean_length, sentences

MEAN = 30  # characters
TERMS = {"举证": ("拿证据",), "举证责任": ("谁拿证据",), "标的物": ()}


def test_sentences_are_short_on_average() -> None:
    entries = whole().library.entries.values()
    assert mean_length(text for e in entries for text in style.said(e)) < MEAN
    results = [r for guide in whole().guides.values() for r in guide.results.values()]
    assert mean_length(text for r in results for text in (r.position, *r.steps, *r.warnings)) < MEAN


@pytest.mark.parametrize("topic", sorted({e.topic for e in whole().library.entries.values()}))
def test_no_topic_is_much_harder_to_read_than_the_others(topic: str) -> None:
    entries = [e for e in whole().library.entries.values() if e.topic == topic]
    assert mean_length(text for e in entries for text in style.said(e)) < MEAN


def test_nothing_is_too_long_for_one_breath() -> None:
    results = [r for guide in whole().guides.values() for r in guide.results.values()]
    texts = [text for e in whole().library.entries.values() for text in style.said(e)]
    texts += [text for r in results for text in (r.position, *r.steps, *r.warnings)]
    assert [part for text in texts for part in breaths(text) if len(part) > LONGEST_SENTENCE] == []


def test_every_entry_can_be_asked_in_several_ways() -> None:
    assert [e.id for e in whole().library.entries.values() if len(e.also) < OTHER_WAYS] == []


def test_no_hard_word_of_an_entry_is_left_unexplained() -> None:
    terms, problems = style.read()
    assert problems == []
    assert style.in_entries(whole().library.entries.values(), terms) == []


def test_no_hard_word_of_a_guide_is_left_unexplained() -> None:
    assert style.in_guides(whole().guides.values(), style.read()[0]) == []


@pytest.mark.parametrize(
    ("text", "hard"),
    [
        ("单位要举证。", ["举证"]),
        ("单位要举证，就是拿证据。", []),
        ("举证责任在单位。", ["举证责任"]),  # of two that overlap the longer one
        ("举证责任在单位，就是该它拿证据。", ["举证责任"]),
        ("标的物坏了。", ["标的物"]),
        ("单位要给钱。", []),
    ],
)
def test_a_hard_word_needs_a_word_that_explains_it(text: str, hard: list[str]) -> None:
    assert style.unexplained(text, TERMS) == hard


def test_a_hard_word_is_told_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "wage.yml"
    file.write_text(ENTRY + OTHER.replace("先问清楚", "请单位举证"), encoding="utf-8")
    entries, _ = read_file(file)
    assert style.in_entries(entries, TERMS) == ["wage.yml:21: wage.late: 举证 is not explained: 拿证据"]


def test_a_question_that_explains_a_word_is_enough(tmp_path: Path) -> None:
    file = tmp_path / "wage.yml"
    text = OTHER.replace("先问清楚", "请单位举证").replace("工资发晚了怎么办", "该谁拿证据")
    file.write_text(text, encoding="utf-8")
    assert style.in_entries(read_file(file)[0], TERMS) == []


def test_a_guide_explains_a_word_once(tmp_path: Path) -> None:
    file = tmp_path / "small.yml"
    file.write_text(
        GUIDE.replace("走了也能要。", "标的物另说。").replace("还在干也能要。", "要举证，就是拿证据。"), "utf-8"
    )
    guide, problems = guides_reading.read_file(file)
    assert guide is not None and problems == []
    assert style.in_guides([guide], TERMS) == ["small.yml:18: r_left: 标的物 is not explained: say it in plain words"]


def test_a_list_of_terms_with_a_mistake_is_told(tmp_path: Path) -> None:
    file = tmp_path / "terms.yml"
    file.write_text("举证: 拿证据\n", encoding="utf-8")
    assert style.read(file)[1] == ["terms.yml:1: 举证 must have a list of explaining words, or []"]


def test_sentences_end_where_one_stops_and_breaths_where_one_pauses() -> None:
    text = "先问清楚；问不清的，打12348。行不行？\n行！"
    assert sentences(text) == ["先问清楚；问不清的，打12348", "行不行", "行"]
    assert breaths(text) == ["先问清楚", "问不清的，打12348", "行不行", "行"]


@given(st.text(max_size=60))
def test_no_character_of_a_sentence_is_lost(text: str) -> None:
    marks = "。！？；!?;\n"
    assert "".join("".join(breaths(text)).split()) == "".join(c for c in "".join(text.split()) if c not in marks)
