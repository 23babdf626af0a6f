"""The resident's word on the outcome, and what follows from it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cases import evaluations, service
from cases.service import Actor, NewTicket, ScoreError
from cases.workflow import IllegalTransitionError
from common.db import now, reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")
RESIDENT = Actor("resident", "r1")


def checked(code: str | None = None) -> str:
    """A ticket that has been handled and checked."""
    with transaction() as session:
        new = NewTicket(
            "路灯坏了", "environment", "environment.facility", "web", place="幸福里3号楼", reporter="r1", code=code
        )
        number = service.file_ticket(session, new).number
    again(number, accept=True)
    return number


def again(number: str, accept: bool = False) -> None:
    with transaction() as session:
        if accept:
            service.act(session, number, "accept", actor=Actor("department"))
        service.act(session, number, "finish", actor=Actor("department"), note="换了灯泡")
        service.act(session, number, "verify", actor=Actor("worker"))


def evaluate(number: str, score: str, reason: str | None = None, actor: Actor = RESIDENT) -> str:
    with transaction() as session:
        return service.evaluate(session, number, score, actor=actor, channel="web", reason=reason).status


@pytest.mark.parametrize("score", ["satisfied", "fair"])
def test_a_good_word_closes_the_ticket(score: str) -> None:
    number = checked()
    assert evaluate(number, score) == "closed"
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.score, ticket.next_due) == (score, None)
        assert ticket.closed_at is not None
        assert [(e.score, e.round) for e in ticket.evaluations] == [(score, 1)]


def test_the_first_bad_word_sends_it_back_the_second_goes_to_a_supervisor() -> None:
    number = checked()
    assert evaluate(number, "unsatisfied", "灯还是不亮") == "handling"
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.reopenings, ticket.score, ticket.finished_at) == (1, None, None)
        assert ticket.next_due is not None
    again(number)
    assert evaluate(number, "unsatisfied", "又灭了") == "contested"
    with transaction() as session:
        service.act(session, number, "uphold", actor=Actor("supervisor", "s1"), note="现场看过，灯亮着")
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.status, ticket.score) == ("closed", "unsatisfied")
        assert [(e.score, e.round) for e in ticket.evaluations] == [("unsatisfied", 1), ("unsatisfied", 2)]


def test_a_supervisor_may_have_it_done_again() -> None:
    number = checked()
    evaluate(number, "unsatisfied", "灯还是不亮")
    again(number)
    evaluate(number, "unsatisfied", "又灭了")
    with transaction() as session:
        service.act(session, number, "reopen", actor=Actor("supervisor", "s1"), note="重新排查线路")
    with reading() as session:
        assert service.get(session, number).status == "handling"


def test_a_bad_word_owes_its_reason_and_a_score_must_exist() -> None:
    number = checked()
    with pytest.raises(ScoreError, match="reason"):
        evaluate(number, "unsatisfied", "  ")
    with pytest.raises(ScoreError, match="satisfied, fair, unsatisfied"):
        evaluate(number, "superb")
    with pytest.raises(IllegalTransitionError, match="their own"):
        evaluate(number, "satisfied", actor=Actor("resident", "somebody"))
    with reading() as session:
        assert service.get(session, number).evaluations == []


def test_silence_closes_it_without_a_score() -> None:
    number = checked()
    with transaction() as session:
        assert evaluations.lapse(session, now() + timedelta(days=evaluations.LAPSE_DAYS - 1)) == 0
        assert evaluations.lapse(session, now() + timedelta(days=evaluations.LAPSE_DAYS + 1)) == 1
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.status, ticket.score, ticket.evaluations) == ("closed", None, [])


def test_number_and_code_together_find_an_anonymous_ticket() -> None:
    code = service.new_code()
    number, other = checked(code), checked()
    with reading() as session:
        assert service.look_up(session, number, f" {code} ") is not None
        assert service.look_up(session, number, "x" + code[1:]) is None
        assert service.look_up(session, other, code) is None
        assert code not in str(service.get(session, number).code_hash)


def test_a_resident_may_reopen_for_a_month() -> None:
    number = checked()
    evaluate(number, "satisfied")
    with pytest.raises(IllegalTransitionError, match="new ticket"), transaction() as session:
        service.act(session, number, "reopen", actor=RESIDENT, note="又坏了", at=now() + timedelta(days=31))
    with transaction() as session:
        service.act(session, number, "reopen", actor=RESIDENT, note="又坏了", at=now() + timedelta(days=29))
