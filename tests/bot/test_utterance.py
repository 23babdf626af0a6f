"""What is written, as it is read aloud."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.utterance import LONGEST, counted, sentences, spelled


def said(text: str) -> str:
    return "".join(sentences(text))


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("打12348，免费。", "打幺二三四八，免费。"),
        ("报警打110！", "报警打幺幺零！"),
        ("12345是政府热线", "幺二三四五是政府热线。"),
        ("反诈专线96110", "反诈专线九六幺幺零。"),
        ("电话：0631-5201234", "电话：零六三幺，五二零幺二三四。"),
        ("手机13800138000", "手机幺三八，零零幺三，八零零零。"),
        ("工单号 600-000-017", "工单号 六零零，零零零，零幺七。"),
        ("尾号1234的卡", "尾号幺二三四的卡。"),
        ("身份证37108119400101123X", "身份证三七幺零，八幺幺九，四零零幺，零幺幺二，三X。"),
    ],
)
def test_numbers_to_call_or_note_down_are_read_digit_by_digit(written: str, heard: str) -> None:
    assert said(written) == heard


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        ("赔3,000元", "赔三千元。"),
        ("110元", "一百一十元。"),
        ("欠12345元", "欠一万二千三百四十五元。"),
        ("¥2.50", "二点五零元。"),
        ("120天以内", "一百二十天以内。"),
        ("利息3.6%", "利息百分之三点六。"),
        ("2个人，2号楼，第2条，12个", "两个人，二号楼，第二条，十二个。"),
        ("3号楼302室", "三号楼三零二室。"),
        ("3-5天", "三到五天。"),
        ("2024年5月6日", "二零二四年五月六日。"),
        ("2024-05-06", "二零二四年五月六日。"),
        ("上午8:30-11:05", "上午八点半到十一点零五分。"),
        ("下午2:00", "下午两点。"),
    ],
)
def test_amounts_dates_and_times_are_read_as_people_say_them(written: str, heard: str) -> None:
    assert said(written) == heard


def test_articles_are_read_as_they_are() -> None:
    assert said("《民法典》第一千一百六十五条") == "民法典第一千一百六十五条。"
    assert said("《民法典》第1165条") == "民法典第一千一百六十五条。"


def test_lists_are_counted_aloud() -> None:
    assert sentences("先停！\n① 钱别转。\n② 打110。") == ["先停！", "一、钱别转。", "二、打幺幺零。"]
    assert sentences("1 满意\n2 基本满意") == ["一、满意。", "二、基本满意。"]
    assert sentences("（1）身份证\n(2) 合同") == ["一、身份证。", "二、合同。"]
    assert sentences("1. 写清楚\n10、交上去") == ["一、写清楚。", "十、交上去。"]


def test_links_and_pictures_are_left_out() -> None:
    assert sentences("点这里看：\nhttps://xiaoge.example.cn/help/aB3?x=1\n看完再来。🙂") == ["点这里看。", "看完再来。"]
    assert sentences("见https://a.cn/b，不懂就问。") == ["见，不懂就问。"]
    assert sentences("https://a.cn/b") == [] and sentences("……") == [] and sentences("") == []


def test_brackets_and_quotes_become_pauses_not_sounds() -> None:
    assert said("（想找人说话，打12345）") == "想找人说话，打幺二三四五。"
    assert said("发“人工”，找真人——白天都在。") == "发人工，找真人，白天都在。"


@given(st.integers(0, 10**12 - 1))
def test_a_number_in_words_is_that_number(number: int) -> None:
    assert _value(counted(number)) == number


def _value(words: str) -> int:
    """A number in Chinese words, read back."""
    total = section = digit = 0
    for sign in words:
        if sign in "零一二三四五六七八九":
            digit = "零一二三四五六七八九".index(sign)
        elif sign in "十百千":
            section += (digit or 1) * {"十": 10, "百": 100, "千": 1000}[sign]
            digit = 0
        else:
            total = total + (section + digit) * {"万": 10**4, "亿": 10**8}[sign]
            section = digit = 0
    return total + section + digit


def test_a_number_that_has_no_words_is_refused() -> None:
    for number in (-1, 10**12):
        with pytest.raises(ValueError, match=str(number)):
            counted(number)


@given(st.text("0123456789", min_size=3, max_size=18))
def test_spelled_digits_keep_every_digit_in_order(digits: str) -> None:
    assert "".join("0123456789"["零幺二三四五六七八九".index(c)] for c in spelled(digits) if c != "，") == digits


@given(st.text(st.sampled_from("法律援助12348的，。！？；：、（）①②-./%元年月日 \nhtps:/2个"), max_size=200))
def test_whatever_is_written_is_said_in_short_sentences_without_a_digit(text: str) -> None:
    for sentence in sentences(text):
        assert len(sentence) <= LONGEST + 1
        assert sentence[-1] in "。！？" and sentence[0] not in "，。、："
        assert not re.search(r"\d|[（）“”①②\n]", sentence)


def test_a_long_sentence_is_cut_at_a_comma() -> None:
    pieces = sentences("先把合同找出来，" * 30)
    assert len(pieces) > 1 and all(piece.startswith("先把") and piece.endswith("来。") for piece in pieces)
