"""Duplicates as staff meet them: suggested when a report comes in, with reasons, and settled by a person."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select
from test_cases_duplicates_support import NOON, Bigrams, change, file

from cases import duplicates, service
from cases.actor import Actor
from cases.areas import AreaTree
from cases.duplicates import SuggestionDecidedError, SuggestionNotFoundError
from cases.merging import MergeError
from cases.model import DuplicateSuggestion, Place, TicketMeaning
from cases.workflow import IllegalTransitionError
from common.db import reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")
OPERATOR = Actor("operator", "op1")
LIFT = ("3号楼2单元电梯坏了，老人下不了楼", "hazard.elevator")
LIFT_AGAIN = ("电梯又坏了两天没人修，老人下不了楼", "hazard.elevator")
DRY = ("停水一天了，家里一滴水都没有", "service.utility")
DRY_TOO = ("怎么停水了，家里没水做饭，一滴水都没有", "service.utility")
Told = dict[str, Any]


def suggested(number: str, **more: Any) -> list[tuple[str, float, Told, int]]:
    """Number, score, reasons and id of what is suggested for a ticket."""
    with transaction() as session:
        ticket = service.get(session, number)
        found = duplicates.suggest(session, ticket, Bigrams(), more.pop("at", NOON), **more)
        return [(s.ticket.number, s.score, s.why, s.id) for s in found]


def numbers(number: str, **more: Any) -> list[str]:
    return [found[0] for found in suggested(number, **more)]


def decide(suggestion: int, merged: bool, by: Actor = OPERATOR) -> None:
    with transaction() as session:
        duplicates.decide(session, suggestion, merged, by)


def remembered(number: str) -> None:
    """What the worker does after filing."""
    with transaction() as session:
        duplicates.remember(session, service.get(session, number), Bigrams())


def lifts() -> tuple[str, str]:
    """Two residents tell of one lift."""
    first = file(*LIFT, "幸福里3号楼", ago=1)
    remembered(first)
    return first, file(*LIFT_AGAIN, "老纺织厂宿舍3栋")


def test_a_second_residents_report_is_suggested_with_reasons_a_person_can_read() -> None:
    first, second = lifts()
    [(number, score, why, _)] = suggested(second)
    assert number == first
    assert 0.5 < score <= 1
    assert why["地点"] == "同一地点（幸福里），同一栋楼（3号）"
    assert why["时间"] == "一天内"
    assert why["事项"] == "同类事项（电梯与特种设备）"
    assert "电梯" in why["说法"]
    assert why["结论"].startswith("很可能是同一件事")
    assert "反映人" not in why
    assert "注意" not in why


def test_lifts_in_two_buildings_are_two_matters_but_no_water_in_two_buildings_is_one() -> None:
    lift, water = file(*LIFT, "幸福里3号楼"), file(*DRY, "幸福里3号楼")
    remembered(lift)
    remembered(water)
    assert numbers(file("5号楼电梯坏了，老人下不了楼", "hazard.elevator", "幸福里5号楼")) == []
    assert numbers(file(*DRY_TOO, "幸福里5号楼")) == [water]


def test_the_same_words_from_another_part_of_the_city_are_another_matter() -> None:
    with reading() as session:
        streets = {p.name: AreaTree.of(session).above(p.grid)["street"].code for p in session.scalars(select(Place))}
    far = next(
        name for name, street in sorted(streets.items()) if street != streets["幸福里"] and name.endswith("小区")
    )
    remembered(file(*DRY, "幸福里"))
    assert numbers(file(*DRY, far)) == []


def test_what_happened_long_apart_is_not_one_matter() -> None:
    remembered(file(*DRY, "幸福里", ago=30))
    assert numbers(file(*DRY_TOO, "幸福里")) == []


def test_asking_again_gives_the_same_suggestion_and_stores_it_once() -> None:
    _, second = lifts()
    assert suggested(second) == suggested(second)
    with reading() as session:
        assert len(session.scalars(select(DuplicateSuggestion)).all()) == 1


def test_asked_from_either_side_a_pair_is_one_suggestion() -> None:
    first, second = lifts()
    [(_, _, _, one)] = suggested(second)
    [(number, _, _, other)] = suggested(first)
    assert (number, one) == (second, other)


def test_asked_by_four_at_once_it_is_stored_once() -> None:
    first, second = lifts()
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(numbers, [second] * 4)) == [[first]] * 4
    with reading() as session:
        assert len(session.scalars(select(DuplicateSuggestion)).all()) == 1
        assert len(session.scalars(select(TicketMeaning)).all()) == 2


def test_a_pair_found_different_is_never_suggested_again() -> None:
    first, second = lifts()
    decide(suggested(second)[0][3], merged=False)
    assert numbers(second) == numbers(first) == []


def test_merged_the_newer_follows_the_older_and_a_third_is_compared_with_both() -> None:
    first, second = lifts()
    decide(suggested(second)[0][3], merged=True)
    with reading() as session:
        assert service.head_of(session, service.get(session, second)).number == first
    [(number, _, why, _)] = suggested(file("电梯坏了没人修，老人下不了楼", "hazard.elevator", "幸福里小区3号楼"))
    assert number == first
    assert "已并入的1件" in why["结论"]


def test_what_was_withdrawn_is_not_suggested_and_what_ended_has_no_suggestions() -> None:
    first, second = lifts()
    with transaction() as session:
        service.act(session, first, "withdraw", actor=OPERATOR)
    assert numbers(second) == numbers(first) == []


def test_a_closed_ticket_is_suggested_for_a_week_as_one_to_be_reopened_first() -> None:
    first, second = lifts()
    change(first, status="closed", closed_at=NOON - timedelta(days=6))
    [(number, _, why, suggestion)] = suggested(second)
    assert number == first
    assert "先重新办理" in why["注意"]
    with pytest.raises(MergeError, match="still open"):
        decide(suggestion, merged=True)
    with transaction() as session:
        service.act(session, first, "reopen", actor=OPERATOR, note="又有人反映")
    decide(suggestion, merged=True)
    with reading() as session:
        assert service.get(session, second).status == "merged"


def test_after_a_week_a_closed_ticket_is_another_matter() -> None:
    first, second = lifts()
    change(first, status="closed", closed_at=NOON - timedelta(days=8))
    assert numbers(second) == []


def test_the_same_persons_second_message_is_suggested_and_told_to_be_theirs() -> None:
    first = file(*LIFT, "幸福里3号楼", ago=1, reporter="wx-7")
    [(number, _, why, _)] = suggested(file("昨天说的电梯还没修好", "hazard.elevator", "幸福里3号楼", reporter="wx-7"))
    assert number == first
    assert "同一人" in why["反映人"]


@pytest.mark.parametrize("unknown", [0, 1])
def test_reasons_never_tell_that_an_anonymous_report_is_somebodys(unknown: int) -> None:
    common: Told = {"reporter": "wx-7", "phone": "13912345678"}
    file(*LIFT, "幸福里3号楼", ago=1, anonymous=unknown == 0, **common)
    [(_, _, why, _)] = suggested(file(*LIFT_AGAIN, "幸福里3号楼", anonymous=unknown == 1, **common))
    assert "反映人" not in why
    assert not any(said in str(why) for said in common.values())


def test_only_those_who_may_merge_decide_and_only_once() -> None:
    _, second = lifts()
    [(_, _, _, suggestion)] = suggested(second)
    for merged in (True, False):
        with pytest.raises(IllegalTransitionError, match="not by resident"):
            decide(suggestion, merged, Actor("resident", "wx-7"))
    decide(suggestion, merged=False)
    with pytest.raises(SuggestionDecidedError, match="'different' by op1"):
        decide(suggestion, merged=True)
    with pytest.raises(SuggestionNotFoundError, match="no suggestion 999"):
        decide(999, merged=True)


def test_what_waits_for_a_person_is_listed_by_area_until_decided_or_ended() -> None:
    first, second = lifts()
    suggestion = suggested(second)[0][3]

    def waiting(area: str | None = None) -> list[tuple[int, str, str]]:
        with reading() as session:
            return [(s.id, s.of.number, s.ticket.number) for s in duplicates.pending(session, area)]

    assert waiting() == waiting("S0101G1") == waiting("S0101") == [(suggestion, second, first)]
    assert waiting("S0102") == []
    with transaction() as session:
        service.act(session, second, "withdraw", actor=OPERATOR)
    assert waiting() == []


def test_at_most_so_many_are_suggested_the_likeliest_first() -> None:
    for _ in range(3):
        remembered(file(*LIFT, "幸福里3号楼"))
    new = file(*LIFT_AGAIN, "幸福里3号楼")
    found = suggested(new)
    assert [f[1] for f in found] == sorted((f[1] for f in found), reverse=True)
    assert len(found) == 3
    assert [f[0] for f in suggested(new, limit=2)] == [f[0] for f in found[:2]]
    assert suggested(new, limit=0) == []


def test_a_meaning_is_made_once_and_again_for_another_encoder() -> None:
    number, first, second = file(*LIFT, "幸福里3号楼"), Bigrams(), Bigrams("better", 32)
    for encoder in (first, first, second, second):
        with transaction() as session:
            made = duplicates.remember(session, service.get(session, number), encoder)
            assert made.shape == (encoder.dim,)
            assert float(made @ made) == pytest.approx(1, abs=0.01)
    assert (len(first.asked), len(second.asked)) == (1, 1)


def test_a_broken_meaning_is_made_anew() -> None:
    number, encoder = file(*LIFT, "幸福里3号楼"), Bigrams()
    with transaction() as session:
        ticket = service.get(session, number)
        duplicates.remember(session, ticket, encoder)
        session.get_one(TicketMeaning, ticket.id).vector = b"torn"
        session.flush()
        assert duplicates.remember(session, ticket, encoder).shape == (encoder.dim,)


def test_tickets_remembered_by_another_encoder_or_not_at_all_are_still_found() -> None:
    first = file(*LIFT, "幸福里3号楼")
    with transaction() as session:
        duplicates.remember(session, service.get(session, first), Bigrams("other"))
    second = file(*LIFT, "幸福里3号楼")
    assert set(numbers(file("3号楼2单元电梯坏了", "hazard.elevator", "幸福里3号楼2单元"))) == {first, second}


def test_the_package_loads_no_model() -> None:
    code = "import cases.duplicates, sys; sys.exit('onnxruntime' in sys.modules or 'nlu.understand.encoder' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
