"""Interviews that are kept: on both databases, with the chat and the page open at once, and with guides that change."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from databases import database
from sqlalchemy import update

from common.db import now, reading, transaction
from knowledge.guiding import interview, kept
from knowledge.guiding.interview import Interview
from knowledge.guiding.kept import KEPT_DAYS, ChangedMeanwhileError, GuideChangedError
from knowledge.guiding.model import Choice, Guide, Question, Result, Turn
from knowledge.guiding.table import Kept

__all__ = ["database"]


def question(id_: str, *choices: Choice, turns: tuple[Turn, ...] = ()) -> Question:
    return Question(id_, f"{id_}？", "choice" if choices else "text", None, choices, turns, 1)


def result(id_: str) -> Result:
    return Result(id_, "这样。", ("去。",), (), (), (), (), (), (), "12348", None, None, 1)


def guide(*first: Choice) -> Guide:
    """Asks which, then the name; old people come to another result."""
    choices = first or (Choice("老人", "name", frozenset({"old"})), Choice("孩子", "name"), Choice("不是", "r_other"))
    name = question("name", turns=(Turn("old", "r_old"), Turn(None, "r_other")))
    return Guide(
        "care",
        "养老",
        "问几句。",
        (),
        "who",
        {"who": question("who", *choices), "name": name},
        {"r_old": result("r_old"), "r_other": result("r_other")},
        "care.yml",
        frozenset({"old"}),
    )


GUIDE = guide()
GUIDES = {"care": GUIDE}


def begun(owner: str | None = None) -> str:
    with transaction() as session:
        return kept.start(session, GUIDE, owner).id


def read(token: str) -> Kept:
    with reading() as session:
        found = kept.get(session, token)
    assert found is not None
    return found


def answered(token: str, choice: int = 1) -> Interview:
    with transaction() as session:
        found = kept.get(session, token)
        assert found
        after = interview.choose(GUIDE, Interview.of(found.state), choice)
        kept.save(session, found, after)
    return after


def aged(token: str, days: float) -> None:
    with transaction() as session:
        session.execute(update(Kept).where(Kept.id == token).values(changed_at=now() - timedelta(days=days)))


def test_what_was_answered_is_found_again_by_the_link(database: str) -> None:
    token = begun()
    assert kept.taken_up(GUIDES, read(token)) == (GUIDE, interview.begin(GUIDE))
    after = answered(token)
    assert kept.taken_up(GUIDES, read(token)) == (GUIDE, after)
    assert read(token).version == 2


def test_a_link_cannot_be_guessed_and_stands_whole_in_a_message(database: str) -> None:
    tokens = {begun() for _ in range(20)}
    assert len(tokens) == 20
    assert all(len(token) >= 22 and token.isascii() and token.isalnum() and token.islower() for token in tokens)


def test_times_are_aware_and_in_utc(database: str) -> None:
    found = read(begun())
    assert found.started_at == found.changed_at and found.started_at.tzinfo is UTC
    assert abs(found.started_at - datetime.now(UTC)) < timedelta(minutes=1)
    assert found.ended_at is None


@pytest.mark.parametrize("token", ["", "x", "a" * 26, "../../etc", "\x00" * 26, "％" * 26, "A" * 26, "a" * 5000])
def test_a_link_that_is_none_finds_nothing(database: str, token: str) -> None:
    begun()
    with reading() as session:
        assert kept.get(session, token) is None


def test_the_second_of_two_answers_to_one_question_is_refused(database: str) -> None:
    token = begun()
    in_the_chat, on_the_page = read(token), read(token)
    with transaction() as session:
        kept.save(session, in_the_chat, interview.choose(GUIDE, interview.begin(GUIDE), 1))
    with pytest.raises(ChangedMeanwhileError), transaction() as session:
        kept.save(session, on_the_page, interview.choose(GUIDE, interview.begin(GUIDE), 2))
    with pytest.raises(ChangedMeanwhileError), transaction() as session:
        kept.end(session, on_the_page)
    _, standing = kept.taken_up(GUIDES, read(token))
    assert [step.choice for step in standing.steps] == [0] and on_the_page.version == 1


def test_one_that_was_read_before_can_be_saved_twice_in_a_row(database: str) -> None:
    found = read(begun())
    first = interview.choose(GUIDE, interview.begin(GUIDE), 1)
    with transaction() as session:
        kept.save(session, found, first)
        kept.save(session, found, interview.say(GUIDE, first, "王桂兰"))
    again = read(found.id)
    assert (again.version, again.changed_at) == (found.version, found.changed_at) == (3, found.changed_at)
    assert interview.told(GUIDE, Interview.of(again.state)) == {"name": "王桂兰"}


def test_an_owner_goes_on_with_the_one_answered_last(database: str) -> None:
    first, second = begun("c1"), begun("c1")
    begun("c2")
    begun()
    answered(second)
    aged(first, 2)
    aged(second, 1)

    def latest(owner: str) -> str | None:
        with reading() as session:
            found = kept.latest(session, owner)
        return found.id if found else None

    assert latest("c1") == second
    with transaction() as session:
        kept.end(session, read(second))
    assert latest("c1") == first
    aged(first, KEPT_DAYS + 1)
    assert latest("c1") is None and latest("nobody") is None


def test_an_ended_one_is_still_there_and_is_taken_up_again_by_going_back(database: str) -> None:
    token = begun("c1")
    after = answered(token, 3)
    with transaction() as session:
        kept.end(session, read(token))
    ended = read(token)
    assert ended.ended_at and interview.result(GUIDE, Interview.of(ended.state))
    with transaction() as session:
        kept.save(session, ended, interview.back(GUIDE, after))
        assert kept.latest(session, "c1") is not None
    assert read(token).ended_at is None


def test_a_forgotten_one_is_gone_and_cannot_come_back(database: str) -> None:
    token, other = begun(), begun()
    before = read(token)
    with transaction() as session:
        assert kept.forget(session, token) is True
        assert kept.forget(session, token) is False
    with pytest.raises(ChangedMeanwhileError), transaction() as session:
        kept.save(session, before, interview.begin(GUIDE))
    with reading() as session:
        assert kept.get(session, token) is None and kept.get(session, other) is not None


def test_old_ones_are_not_found_and_are_purged(database: str) -> None:
    old, ended, young = begun(), begun(), begun()
    with transaction() as session:
        kept.end(session, read(ended))
    aged(old, KEPT_DAYS + 0.1)
    aged(ended, KEPT_DAYS + 5)
    aged(young, KEPT_DAYS - 0.1)
    with reading() as session:
        assert kept.get(session, old) is None and kept.get(session, young) is not None
    with transaction() as session:
        assert kept.purge(session) == 2
        assert kept.purge(session) == 0
        assert kept.purge(session, now() + timedelta(seconds=1)) == 1


def test_a_guide_with_better_words_goes_on(database: str) -> None:
    token = begun()
    after = answered(token)
    better = guide(Choice("家里的老人", "name", frozenset({"old"})), Choice("孩子", "name"), Choice("不是", "r_other"))
    assert kept.taken_up({"care": better}, read(token)) == (better, after)


CHANGED = {
    "taken away": None,
    "another first question": replace(GUIDE, start="name"),
    "a question gone": replace(GUIDE, questions={"who": GUIDE.questions["who"]}),
    "choices changed places": guide(Choice("孩子", "name"), Choice("老人", "name", frozenset({"old"}))),
    "the choice leads elsewhere": guide(Choice("老人", "r_old"), Choice("孩子", "name")),
    "words are asked instead": replace(
        GUIDE, questions={**GUIDE.questions, "who": question("who", turns=(Turn(None, "name"),))}
    ),
}


@pytest.mark.parametrize("changed", CHANGED.values(), ids=CHANGED)
def test_a_guide_that_asks_otherwise_now_says_so(database: str, changed: Guide | None) -> None:
    token = begun()
    answered(token)
    with pytest.raises(GuideChangedError, match="care"):
        kept.taken_up({"care": changed} if changed else {}, read(token))


def test_fewer_choices_than_were_answered_say_so(database: str) -> None:
    token = begun()
    answered(token, 2)
    with pytest.raises(GuideChangedError):
        kept.taken_up({"care": replace(guide(Choice("老人", "name")), facts=frozenset())}, read(token))
