"""Whatever a channel delivers: the rules never fail, and every entity is an exact piece of it."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from nlu.taxonomy import ENTITY_KINDS
from nlu.understand.pipeline import Pipeline

PIECES = [
    "幸福裡３號樓",
    "2单元501",
    "一三九一二三四五六七八",
    "600-000-017",
    "昨晚十一点多",
    "欠我３２００元",
    "李家屯东头老王家",
    "云溪鸿运物业公司",
    "我叫王秀兰",
    "[捂脸]",
    "😀",
    "①",
    "\x00",
    "\ud83d",
    "　",
    "\n",
    "，",
    "和",
    "的",
]
ANY = st.characters(exclude_categories=())
MIXED = st.lists(st.one_of(st.sampled_from(PIECES), st.text(ANY, max_size=6)), max_size=12).map("".join)


@given(text=MIXED)
@settings(deadline=None, max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_entities_of_any_text_are_exact_pieces_of_it(pipeline: Pipeline, text: str) -> None:
    last = 0
    for entity in pipeline.entities(text):
        assert entity.kind in ENTITY_KINDS
        assert last <= entity.start < entity.end <= len(text)
        assert entity.text == text[entity.start : entity.end]
        assert entity.text.strip() == entity.text != ""
        last = entity.end


def test_entities_behind_emoji_and_full_width_keep_their_place_in_the_original(pipeline: Pipeline) -> None:
    text = "😀[捂脸]幸福裡３號樓　２单元，電話１３９１２３４５６７８"
    found = {e.kind: text[e.start : e.end] for e in pipeline.entities(text)}
    assert found == {"place": "幸福裡３號樓　２单元", "phone": "１３９１２３４５６７８"}


def test_overlapping_finds_are_settled_by_kind(pipeline: Pipeline) -> None:
    found = [(e.kind, e.text) for e in pipeline.entities("人民医院楼顶有人，市人社局不管，电话13912345678")]
    assert found == [("place", "人民医院楼顶"), ("org", "市人社局"), ("phone", "13912345678")]
