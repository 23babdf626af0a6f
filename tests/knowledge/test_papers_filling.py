"""Filling a draft: what was said goes in so that the sentence reads right; everything else stays a blank."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.papers import reading
from knowledge.papers.draft import Blank, Draft, Part
from knowledge.papers.filling import Answer, fill
from knowledge.papers.fitting import clean, fit

DRAFTS, _ = reading.read()


def part(*pieces: str | Blank, when: str | None = None, unless: str | None = None, heading: bool = False) -> Part:
    return Part(heading, pieces, when, unless, 1)


def draft(*parts: Part) -> Draft:
    return Draft("letter", "信", None, None, parts, "letter.yml")


OWED = draft(part("欠我的工资共", Blank("amount", "金额"), "元，催过", Blank("times", "几"), "次。"))


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("三万块", "30000"),
        ("3万元", "30000"),
        ("3万5", "35000"),
        ("三万五", "35000"),
        ("1.5万", "15000"),
        ("3w", "30000"),
        ("30,000", "30000"),
        ("１２００元", "1200"),
        ("￥500.50", "500.5"),
        ("12块5", "12.5"),
        ("三千块钱吧", "3000"),
        ("欠我三万块", "30000"),
        ("一共12345678元", "12345678"),
        ("大概2000", "约2000"),
        ("2000左右", "约2000"),
        ("差不多得有一万二", "约12000"),
        ("两三千", "两三千"),
        ("两三千块", "两三千"),
        ("三万多块钱", "三万多"),
        ("好几万", "好几万"),
        ("五千到六千块", "5000到6000"),
        ("5000-6000", "5000到6000"),
    ],
)
def test_money_stands_before_yuan_without_saying_it_twice(said: str, shown: str) -> None:
    filled = fill(OWED, frozenset(), {"amount": said})
    assert filled.answers == (Answer("amount", shown),)


@pytest.mark.parametrize("said", ["一个月两千，三个月", "每月3000", "还有5000没算", "12月的工资3000", "欠薪的1/3"])
def test_money_that_is_more_than_a_number_stays_a_blank_that_reminds_of_what_was_said(said: str) -> None:
    filled = fill(OWED, frozenset(), {"amount": said})
    assert filled.answers == ()
    assert filled.blanks[0] == Blank("amount", "金额", said)


def test_a_guess_is_not_called_a_guess_twice() -> None:
    assert fit("大概2000", "金额", "每月收入约", "元") == "2000"


def test_having_nothing_is_an_answer_only_where_it_can_be_one() -> None:
    assert fit("没有", "金额，没有就写零", "每月收入约", "元") == "0"
    assert fit("没有", "金额", "请求支付工资", "元") is None


@pytest.mark.parametrize(
    ("said", "label", "before", "after", "shown"),
    [
        ("三口人", "几", "家人", "口，", "3"),
        ("我们三个", "几", "家人", "口，", "3"),
        ("72周岁", "岁数", "年龄", "岁。", "72"),
        ("七十二了", "岁数", "年龄", "岁。", "72"),
        ("老两口加个孙子", "几", "家人", "口，", None),
        ("我叫张三。", "姓名", "姓名：", "，性别", "张三"),
        ("叶明", "姓名", "姓名：", "，性别", "叶明"),
        ("张起", "姓名", "请", "做执行人", "张起"),
        ("去年五月离开", "离开的日子", "申请人", "离开。", "去年五月"),
        ("从2020年三月起", "什么时候", "被告从", "起不尽责任", "2020年三月"),
        ("大前年冬天", "日期", "最近一次在", "：", "大前年冬天"),
        ("在镇上", "干活的地方", "地点在", "，做", "镇上"),
    ],
)
def test_an_answer_reads_on_with_the_words_round_it(
    said: str, label: str, before: str, after: str, shown: str | None
) -> None:
    assert fit(said, label, before, after) == shown


@pytest.mark.parametrize(
    "said", ["不知道", "我也不知道啊", "记不清了", "忘了", "跳过", "……", "  ", "😀", "\u200b\u202e"]
)
def test_not_knowing_stays_a_blank(said: str) -> None:
    filled = fill(OWED, frozenset(), {"amount": said, "times": said})
    assert filled.answers == ()
    assert filled.blanks == (Blank("amount", "金额"), Blank("times", "几"))


def test_a_skipped_answer_stays_a_blank_and_an_answered_one_is_told_apart() -> None:
    filled = fill(DRAFTS["support-complaint"], frozenset(), {"name": "张秀英"})
    assert {a.key for a in filled.answers} == {"name"}
    left = {b.key for b in filled.blanks}
    assert {"id_number", "signature", "signing_date", "monthly"} <= left and "name" not in left


def test_an_answer_fills_every_blank_of_its_key() -> None:
    filled = fill(DRAFTS["labour-arbitration"], frozenset(), {"amount": "三万"})
    assert [a.said for a in filled.answers] == ["30000", "30000"]


def test_parts_stand_by_the_facts_noted() -> None:
    letter = draft(
        part("总在"), part("有才在", when="a"), part("没有才在", unless="a"), part("两样", when="a", unless="b")
    )

    def shown(*facts: str) -> list[str]:
        return [p.text for p in fill(letter, frozenset(facts), {}).parts]

    assert shown() == ["总在", "没有才在"]
    assert shown("a") == ["总在", "有才在", "两样"]
    assert shown("a", "b") == ["总在", "有才在"]


def test_a_heading_with_nothing_under_it_is_left_out() -> None:
    letter = draft(
        part("一", heading=True),
        part("文", when="a"),
        part("二", heading=True),
        part("总在"),
        part("三", heading=True),
        part("末", when="a"),
    )
    assert [p.text for p in fill(letter, frozenset(), {}).parts] == ["二", "总在"]
    assert [p.text for p in fill(letter, frozenset({"a"}), {}).parts] == ["一", "文", "二", "总在", "三", "末"]


def test_what_was_said_is_never_read_as_a_form() -> None:
    letter = draft(part("经过：", Blank("story", "经过"), "。"))
    filled = fill(letter, frozenset(), {"story": "{amount|金额}<w:p/>&amp;x"})
    assert filled.answers == (Answer("story", "{amount|金额}<w:p/>&amp;x"),)
    assert filled.blanks == ()


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=80))
def test_no_answer_brings_in_what_cannot_be_seen_or_breaks_the_line(said: str) -> None:
    shown = clean(said)
    assert shown == clean(shown)
    assert shown.isprintable() and "\n" not in shown


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(DRAFTS)), st.text(max_size=40), st.sets(st.sampled_from(["site", "left", "death", "poor"]))
)
def test_every_blank_is_either_filled_or_left(name: str, said: str, facts: set[str]) -> None:
    form = DRAFTS[name]
    filled = fill(form, frozenset(facts), dict.fromkeys(form.keys, said))
    stand = [p for p in form.parts if p.holds(frozenset(facts))]
    assert len(filled.answers) + len(filled.blanks) == sum(isinstance(x, Blank) for p in stand for x in p.pieces)
