"""An interview: answered, gone back in, kept over night, and refused what is no answer."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from legal_texts import GUIDE

from knowledge.guiding import interview
from knowledge.guiding.interview import Interview, Step
from knowledge.guiding.model import Guide
from knowledge.guiding.reading import read


@pytest.fixture
def guide(tmp_path: Path) -> Guide:
    (tmp_path / "small.yml").write_text(GUIDE, encoding="utf-8")
    guides, problems = read(tmp_path)
    assert problems == []
    return guides["small"]


def test_it_begins_at_the_first_question(guide: Guide) -> None:
    begun = interview.begin(guide)
    asked = interview.question(guide, begun)
    assert asked is not None and asked.ask == "您还在那儿干活吗？"
    assert interview.result(guide, begun) is None
    assert interview.facts(guide, begun) == frozenset()


def test_a_choice_notes_its_facts_and_a_later_turn_goes_by_them(guide: Guide) -> None:
    here = interview.choose(guide, interview.begin(guide), 1)
    assert interview.facts(guide, here) == frozenset({"still"})
    assert interview.say(guide, here, "三千").at == "r_still"
    other = interview.choose(guide, interview.begin(guide), 2)
    assert interview.say(guide, other, "三千").at == "r_left"


def test_a_skipped_answer_stays_a_blank(guide: Guide) -> None:
    here = interview.say(guide, interview.choose(guide, interview.begin(guide), 1), "  ")
    assert interview.told(guide, here) == {}
    assert interview.result(guide, here) is not None


def test_what_was_said_is_kept_under_its_question(guide: Guide) -> None:
    here = interview.say(guide, interview.choose(guide, interview.begin(guide), 1), " 三千块 ")
    assert interview.told(guide, here) == {"amount": "三千块"}


def test_a_long_answer_is_cut(guide: Guide) -> None:
    here = interview.say(guide, interview.choose(guide, interview.begin(guide), 1), "多" * 1000)
    assert interview.told(guide, here)["amount"] == "多" * interview.LONGEST_ANSWER


def test_another_answer_after_going_back_forgets_the_first(guide: Guide) -> None:
    here = interview.choose(guide, interview.begin(guide), 1)
    again = interview.choose(guide, interview.back(guide, here), 2)
    assert interview.facts(guide, again) == frozenset()
    assert len(again.steps) == 1


def test_back_at_the_first_question_changes_nothing(guide: Guide) -> None:
    begun = interview.begin(guide)
    assert interview.back(guide, begun) == begun


@pytest.mark.parametrize("number", [0, 3, -1, 100])
def test_a_number_that_is_no_choice_is_refused(guide: Guide, number: int) -> None:
    with pytest.raises(ValueError, match=f"there has 2 choices, no number {number}"):
        interview.choose(guide, interview.begin(guide), number)


def test_words_are_refused_where_a_choice_is_wanted(guide: Guide) -> None:
    with pytest.raises(ValueError, match="there wants one of its choices"):
        interview.say(guide, interview.begin(guide), "还在")


def test_it_is_taken_up_again_as_it_was_stored(guide: Guide) -> None:
    here = interview.say(guide, interview.choose(guide, interview.begin(guide), 1), "三千")
    stored = json.loads(json.dumps(here.stored(), ensure_ascii=False))
    assert Interview.of(stored) == here


def test_an_answer_leaves_the_interview_before_it_as_it_was(guide: Guide) -> None:
    begun = interview.begin(guide)
    interview.choose(guide, begun, 1)
    assert begun == Interview("small", "there", ())


def test_an_interview_of_a_guide_that_changed_does_not_fit(guide: Guide) -> None:
    assert not interview.fits(guide, Interview("small", "gone"))
    assert not interview.fits(guide, Interview("small", "amount", (Step("gone", 0, "还在"),)))
