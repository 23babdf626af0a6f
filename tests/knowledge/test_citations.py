"""Citations: read as they are written, and their numbers understood."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.citations import Citation, number, parse

DIGITS = "零一二三四五六七八九"


def in_words(value: int) -> str:
    """1067 → 一千零六十七, as laws number their articles."""
    words, gap = "", False
    for unit, size in (("千", 1000), ("百", 100), ("十", 10), ("", 1)):
        digit = value // size % 10
        if digit:
            words += ("零" if gap and words else "") + DIGITS[digit] + unit
        gap = digit == 0
    return words[1:] if words.startswith("一十") else words


@given(st.integers(1, 1999))
def test_an_article_is_the_number_it_is_written_with(value: int) -> None:
    assert number(f"第{in_words(value)}条") == value


@pytest.mark.parametrize(
    ("article", "value"),
    [("第一条", 1), ("第十条", 10), ("第一百一十条", 110), ("第一千二百六十条", 1260), ("第二百零五条", 205)],
)
def test_numbers_of_laws(article: str, value: int) -> None:
    assert number(article) == value


def test_an_inserted_article_counts_as_the_one_before_it() -> None:
    assert number("第十七条之一") == 17


@pytest.mark.parametrize("text", ["第条", "条", "第3条", "五条", ""])
def test_what_is_no_article_is_zero(text: str) -> None:
    assert number(text) == 0


@pytest.mark.parametrize(
    "text",
    [
        "民法典第一千零六十七条",
        "最高人民法院关于审理劳动争议案件适用法律问题的解释（一）第二条",
        "第三次法律第五条",
        "某法第十七条之一",
    ],
)
def test_a_citation_is_written_as_it_was_read(text: str) -> None:
    found = parse(text)
    assert found is not None and str(found) == text


def test_law_and_article_are_told_apart() -> None:
    assert parse(" 民法典第九条 ") == Citation("民法典", "第九条")


@pytest.mark.parametrize("text", ["民法典", "第九条", "民法典第9条", "民法典第九条第一款", "民法典 第九", ""])
def test_what_is_no_citation_is_none(text: str) -> None:
    assert parse(text) is None


@given(st.text(max_size=30))
def test_any_text_is_read_without_an_error(text: str) -> None:
    found = parse(text)
    assert found is None or str(found) == text.strip()
