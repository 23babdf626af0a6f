"""What a resident types, as the engine gets to see it."""

from __future__ import annotations

import pytest

from bot.handler import spoken


@pytest.mark.parametrize("text", ["进展", " 进展 ", "“进展”", "进展。", "進展", "「进展」！"])
def test_the_word_the_greeting_promises_asks_for_progress(text: str) -> None:
    assert spoken(text) == "/event_menu_track"


@pytest.mark.parametrize("text", ["人工", "“人工”", "人工！"])
def test_the_other_promised_word_asks_for_a_person(text: str) -> None:
    assert spoken(text) == "/event_menu_human"


@pytest.mark.parametrize("text", ["那个修路的事有进展吗", "人工费没给", "路灯坏了", ""])
def test_any_other_text_is_left_to_be_understood(text: str) -> None:
    assert spoken(text) == text


def test_a_resident_cannot_give_the_engine_its_own_commands() -> None:
    assert spoken("/event_menu_human") == "／event_menu_human"
