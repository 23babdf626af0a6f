"""The variants change the spelling and keep the message."""

from __future__ import annotations

import pytest

from nlu import corpus
from nlu.taxonomy import taxonomy
from nlu.text import retyped as v
from nlu.text.normalise import for_model
from nlu.text.sound import sound

TEXT = "幸福里3号楼楼下烧烤店，半夜12点还在吵，wifi都没信号！"


def test_width_script_emoji_and_spaces_are_undone_by_normalising() -> None:
    plain = for_model(TEXT)
    for change in (v.full_width, v.traditional, v.emoji, v.spaces):
        assert change(TEXT) != TEXT
        assert for_model(change(TEXT)) == plain


def test_dropped_punctuation_leaves_the_words() -> None:
    assert v.no_punctuation(TEXT) == "幸福里3号楼楼下烧烤店半夜12点还在吵wifi都没信号"
    assert v.no_punctuation("？！") == "？！"


@pytest.fixture(scope="module")
def typos() -> v.Variant:
    return v.homophone_typos(v.homophones(u.text for u in corpus.load(taxonomy())))


def test_one_character_in_ten_sounds_the_same_but_is_another(typos: v.Variant) -> None:
    text = "我们小区楼下的烧烤店天天半夜吵得老人睡不着觉"
    changed = typos(text)
    places = [i for i, (a, b) in enumerate(zip(text, changed, strict=True)) if a != b]
    assert len(places) == len(text) // 10
    assert all(sound(text[i]) == sound(changed[i]) for i in places)


def test_variants_are_the_same_every_time(typos: v.Variant) -> None:
    assert all(change(TEXT) == change(TEXT) for change in (v.emoji, v.spaces, typos))
