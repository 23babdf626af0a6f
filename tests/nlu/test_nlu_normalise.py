"""One spelling for the many ways of a phone, and the way back to the original."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nlu.text.normalise import clean, for_model, normalise

PIECES = [
    "幸福裡３號樓",
    "①②",
    "[捂脸]",
    "[紧急]",
    "😀",
    "👨‍👩‍👧",
    "\x00",
    "\ud83d",
    "\udc00",
    "，",
    ",",
    "　",
    "\n",
    "lI|O0",
]
ANY = st.characters(exclude_categories=())  # surrogates and unassigned characters, too
MIXED = st.lists(st.one_of(st.sampled_from(PIECES), st.text(ANY, max_size=8)), max_size=12).map("".join)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("１２３４５６７８９０", "1234567890"),
        ("ＡＢＣａｂｃ＃－", "ABCabc#-"),
        ("幸福裡３號樓", "幸福里3号楼"),
        ("鄰居裝修太吵，睡不好覺", "邻居装修太吵，睡不好觉"),
        ("路灯不亮[捂脸][流泪]快来修", "路灯不亮 快来修"),
        ("[紧急]【求助】漏水", "[紧急]【求助】漏水"),
        ("垃圾😡😡没人收🗑️", "垃圾 没人收"),
        ("一家👨‍👩‍👧三口", "一家 三口"),
        ("①路灯坏了②井盖丢了", "1路灯坏了2井盖丢了"),
        ("吵死了,管不管?快!", "吵死了，管不管？快！"),
        ("幸福里　3号楼\t2单元\r\n501", "幸福里 3号楼 2单元 501"),
        ("  \n在吗  ", "在吗"),
        ("煤\u200b气\ufeff味", "煤 气 味"),
        ("断\x00电\x07了", "断 电 了"),
        ("断\ud83d电", "断 电"),
        ("😀[捂脸]\u200d", ""),
        ("", ""),
    ],
)
def test_many_spellings_become_one(written: str, read: str) -> None:
    assert normalise(written).text == read


@pytest.mark.parametrize(
    ("original", "piece", "expected"),
    [
        ("我住幸福裡３號樓，快來", "幸福里3号楼", "幸福裡３號樓"),
        ("😀😀人民路[捂脸]路燈壞了", "路灯", "路燈"),
        ("①路灯\n②　井蓋", "井盖", "井蓋"),
        ("\ud83d１３９１２３４５６７８", "13912345678", "１３９１２３４５６７８"),
        ("煤\u200b氣味", "煤 气", "煤\u200b氣"),
    ],
)
def test_a_span_leads_back_to_what_was_written(original: str, piece: str, expected: str) -> None:
    normal = normalise(original)
    begin = normal.text.index(piece)
    start, end = normal.original_span(begin, begin + len(piece))
    assert original[start:end] == expected


def test_an_empty_span_is_refused() -> None:
    with pytest.raises(ValueError, match="empty span 2:2"):
        normalise("路灯不亮").original_span(2, 2)


def test_spaces_between_chinese_words_are_no_words() -> None:
    assert for_model("路 灯 不 亮 ， 在 3 号楼") == "路灯不亮，在 3 号楼"


@given(MIXED)
@settings(deadline=None, max_examples=300)
def test_any_text_is_normalised_with_a_rising_map_into_it(text: str) -> None:
    normal = normalise(text)
    assert len(normal.origin) == len(normal.text)
    assert all(0 <= i < len(text) for i in normal.origin)
    assert all(a < b for a, b in zip(normal.origin, normal.origin[1:], strict=False))
    assert normal.text == normal.text.strip()
    assert "  " not in normal.text
    normal.text.encode("utf-8")


@given(MIXED)
@settings(deadline=None, max_examples=300)
def test_cleaned_text_can_be_stored_and_loses_nothing_else(text: str) -> None:
    cleaned = clean(text)
    assert "\x00" not in cleaned
    assert json.loads(json.dumps(cleaned).encode("utf-8")) == cleaned
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned
    left = iter(text)
    assert all(c in left for c in cleaned)  # a subsequence of the original


@pytest.mark.parametrize(
    ("raw", "kept"),
    [("漏\x00水", "漏水"), ("漏\ud83d水\udc00", "漏水"), ("漏\n水\t了😀", "漏\n水\t了😀"), ("\x1b[31m急", "[31m急")],
)
def test_clean_drops_control_signs_and_lone_surrogates_only(raw: str, kept: str) -> None:
    assert clean(raw) == kept
