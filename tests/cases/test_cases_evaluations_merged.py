"""Everyone whose report was merged into a ticket has a word on its outcome, and the worst one decides."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Barrier

import pytest
from sqlalchemy import func, select

from cases import evaluations, history, moves, service
from cases.model import Evaluation, Ticket
from cases.moves import REOPENABLE_DAYS
from cases.service import Actor, NewTicket, ScoreError
from cases.workflow import IllegalTransitionError
from common.db import now, reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")
OPERATOR, WORKER, DEPARTMENT, SUPERVISOR = (Actor(role) for role in ("operator", "worker", "department", "supervisor"))


def file(reporter: str | None) -> str:
    with transaction() as session:
        new = NewTicket(
            "楼下烧烤摊半夜吵", "environment", "environment.noise", "web", place="幸福里3号楼", reporter=reporter
        )
        return service.file_ticket(session, new).number


def case(*reporters: str | None) -> list[str]:
    """Tickets of these reporters, all merged into the first one, which was handled and checked."""
    head, *others = [file(reporter) for reporter in reporters]
    with transaction() as session:
        for other in others:
            service.merge(session, other, head, actor=OPERATOR)
    again(head, accept=True)
    return [head, *others]


def again(head: str, accept: bool = False) -> None:
    with transaction() as session:
        if accept:
            service.act(session, head, "accept", actor=DEPARTMENT)
        service.act(session, head, "finish", actor=DEPARTMENT, note="已劝离")
        service.act(session, head, "verify", actor=WORKER)


def say(number: str, score: str, who: str | None, reason: str | None = None, at: datetime | None = None) -> str:
    """Evaluate; the number of the ticket the word is kept with."""
    bad = "还在吵" if score == "unsatisfied" else None
    with transaction() as session:
        return service.evaluate(
            session, number, score, actor=Actor("resident", who), channel="web", reason=reason or bad, at=at
        ).number


def standing(number: str) -> tuple[str, str | None]:
    with reading() as session:
        ticket = service.get(session, number)
        return ticket.status, ticket.score


def words(number: str) -> list[tuple[str, int]]:
    with reading() as session:
        return [(e.score, e.round) for e in service.get(session, number).evaluations]


def sound() -> None:
    with reading() as session:
        assert history.verify(session)[1] == []


def test_a_good_word_of_another_is_kept_with_their_ticket_and_leaves_the_first_reporter_theirs() -> None:
    head, other = case("r1", "r2")
    assert say(other, "fair", "r2") == other
    assert standing(head) == ("evaluating", None)
    assert standing(other) == ("merged", "fair")
    assert say(head, "satisfied", "r1") == head
    assert (standing(head), words(head), words(other)) == (("closed", "satisfied"), [("satisfied", 1)], [("fair", 1)])
    sound()


def test_a_bad_word_of_another_has_it_handled_again_and_the_next_goes_to_a_supervisor() -> None:
    head, other, third = case("r1", "r2", "r3")
    say(third, "satisfied", "r3")
    say(other, "unsatisfied", "r2")
    with reading() as session:
        ticket = service.get(session, head)
        assert (ticket.status, ticket.reopenings, ticket.finished_at) == ("handling", 1, None)
        assert ticket.next_due is not None
        line = ticket.events[-1]
        assert (line.action, line.role, line.note) == ("reopen", "resident", "不满意：还在吵")
        assert line.data == {"score": "unsatisfied", "from": other}
        assert line.actor is None  # who reported it too is not the first reporter's to know
    assert standing(third) == ("merged", None)  # their word was of the outcome before
    again(head)
    say(third, "unsatisfied", "r3")
    assert (standing(head), standing(third)) == (("contested", None), ("merged", "unsatisfied"))
    assert (words(head), words(other), words(third)) == (
        [],
        [("unsatisfied", 1)],
        [("satisfied", 1), ("unsatisfied", 2)],
    )
    with transaction() as session:
        service.act(session, head, "uphold", actor=SUPERVISOR, note="现场看过，没有摆摊")
    assert standing(head) == ("closed", None)
    sound()


@pytest.mark.parametrize("bad_first", [True, False])
def test_one_bad_word_among_good_ones_decides_whoever_speaks_first(bad_first: bool) -> None:
    head, other = case("r1", "r2")
    if bad_first:
        say(other, "unsatisfied", "r2")
        with pytest.raises(IllegalTransitionError, match="evaluate"):
            say(head, "satisfied", "r1")  # it is being handled again: there is no outcome now
    else:
        say(head, "satisfied", "r1")
        assert standing(head) == ("closed", "satisfied")
        say(other, "unsatisfied", "r2")
    assert standing(head) == ("handling", None)
    sound()


def test_who_is_satisfied_does_not_end_a_supervisors_review() -> None:
    head, other, third = case("r1", "r2", "r3")
    say(other, "unsatisfied", "r2")
    again(head)
    say(other, "unsatisfied", "r2")
    say(head, "satisfied", "r1")
    say(third, "unsatisfied", "r3")
    assert standing(head) == ("contested", "satisfied")
    assert [standing(n)[1] for n in (other, third)] == ["unsatisfied", "unsatisfied"]
    with transaction() as session:
        service.act(session, head, "reopen", actor=SUPERVISOR, note="晚上再去看")
    assert [standing(n) for n in (head, other, third)] == [("handling", None), ("merged", None), ("merged", None)]
    sound()


def test_a_second_bad_word_after_the_first_reporter_closed_it_goes_to_a_supervisor_too() -> None:
    head, other = case("r1", "r2")
    say(head, "unsatisfied", "r1")
    again(head)
    say(head, "satisfied", "r1")
    say(other, "unsatisfied", "r2")
    with reading() as session:
        ticket = service.get(session, head)
        assert (ticket.status, ticket.closed_at, ticket.next_due) == ("contested", None, None)
    sound()


def test_who_speaks_twice_of_one_outcome_has_one_word_the_last() -> None:
    head, other = case("r1", "r2")
    say(other, "satisfied", "r2")
    say(other, "fair", "r2")
    assert words(other) == [("fair", 1)]
    say(other, "unsatisfied", "r2", "又来摆了")
    assert (words(other), standing(head)[0]) == ([("unsatisfied", 1)], "handling")
    again(head)
    say(other, "satisfied", "r2")
    assert words(other) == [("unsatisfied", 1), ("satisfied", 2)]
    with reading() as session:
        assert [e.action for e in service.get(session, other).events].count("rate") == 4  # the history keeps all


def test_a_persons_several_reports_have_one_word() -> None:
    head, own, second, other, unknown = case("r1", "r1", "r2", "r2", None)
    assert say(other, "fair", "r2") == second
    assert say(unknown, "fair", None) == unknown
    assert say(own, "satisfied", "r1") == head
    assert [standing(n)[1] for n in (head, own, second, other, unknown)] == ["satisfied", None, "fair", None, "fair"]
    with reading() as session:
        assert session.scalar(select(func.count()).select_from(Evaluation)) == 3


def test_a_word_is_taken_for_a_month_after_closing_then_it_is_a_new_ticket() -> None:
    head, other = case("r1", "r2")
    say(head, "satisfied", "r1")
    with pytest.raises(IllegalTransitionError, match="new ticket"):
        say(other, "unsatisfied", "r2", at=now() + timedelta(days=REOPENABLE_DAYS + 1, hours=1))
    assert (standing(head), words(other)) == (("closed", "satisfied"), [])
    say(other, "unsatisfied", "r2", at=now() + timedelta(days=REOPENABLE_DAYS - 1))
    assert standing(head)[0] == "handling"


def test_silence_of_the_first_reporter_closes_it_and_the_others_words_stay() -> None:
    head, other = case("r1", "r2")
    say(other, "satisfied", "r2")
    with transaction() as session:
        evaluations.lapse(session, now() + timedelta(days=evaluations.LAPSE_DAYS + 1))
    assert (standing(head), standing(other)) == (("closed", None), ("merged", "satisfied"))


def test_what_cannot_be_said_is_refused_with_the_reason_and_nothing_is_kept() -> None:
    head, other = file("r1"), file("r2")
    with transaction() as session:
        service.merge(session, other, head, actor=OPERATOR)
    with pytest.raises(IllegalTransitionError, match=r"nothing to evaluate while .* is 'dispatched' \(已分派\)"):
        say(other, "satisfied", "r2")
    again(head, accept=True)
    with pytest.raises(IllegalTransitionError, match="their own"):
        say(other, "unsatisfied", "r1")
    with pytest.raises(ScoreError, match="reason"):
        say(other, "unsatisfied", "r2", " ")
    with pytest.raises(IllegalTransitionError, match="not by department"), transaction() as session:
        service.evaluate(session, other, "fair", actor=DEPARTMENT, channel="web")
    assert (standing(head), standing(other), words(other)) == (("evaluating", None), ("merged", None), [])
    sound()


def test_an_operator_takes_down_what_another_reporter_said_on_the_phone() -> None:
    head, other = case("r1", "r2")
    with transaction() as session:
        who = Actor("operator", "op1")
        service.evaluate(session, other, "unsatisfied", actor=who, channel="phone", reason="还在吵")
    with reading() as session:
        assert (service.get(session, head).status, service.get(session, head).events[-1].actor) == ("handling", "op1")


def test_a_report_taken_out_again_has_no_word_yet_on_its_own_outcome() -> None:
    head, other = case("r1", "r2")
    say(other, "satisfied", "r2")
    with transaction() as session:
        service.act(session, other, "split", actor=OPERATOR, note="不是一回事")
    assert standing(other) == ("registered", None)
    with transaction() as session:
        service.act(session, other, "dispatch", actor=OPERATOR, unit=service.get(session, head).unit)
    again(other, accept=True)
    say(other, "fair", "r2")
    assert (standing(other), words(other)) == (("closed", "fair"), [("satisfied", 1), ("fair", 1)])


def test_who_had_it_handled_again_counts_as_dissatisfied_like_the_first_reporter() -> None:
    _, other = case("r1", "r2")
    say(other, "unsatisfied", "r2")
    with reading() as session:
        assert service.get(session, other).reopenings == 1  # what the rules of risk look at


def test_what_others_wait_for_is_not_the_first_reporters_alone_to_withdraw() -> None:
    head, mine, other = file("r1"), file("r1"), file("r2")
    with transaction() as session:
        service.merge(session, mine, head, actor=OPERATOR)
        service.merge(session, other, head, actor=OPERATOR)
    with pytest.raises(IllegalTransitionError, match="others reported the same"), transaction() as session:
        service.act(session, head, "withdraw", actor=Actor("resident", "r1"))
    assert standing(head)[0] == "dispatched"
    with transaction() as session:
        service.act(session, other, "split", actor=OPERATOR, note="不是一回事")
        service.act(session, head, "withdraw", actor=Actor("resident", "r1"))  # only their own follows it
    assert standing(head)[0] == "withdrawn"


def test_two_who_speak_at_once_the_worse_word_decides() -> None:
    for _ in range(3):
        head, other = case("r1", "r2")
        together = Barrier(2)

        def speak(number: str, score: str, who: str, gate: Barrier = together) -> str:
            gate.wait()
            try:
                return say(number, score, who)
            except IllegalTransitionError:  # it is being handled again already
                return "late"

        with ThreadPoolExecutor(2) as pool:
            pleased = pool.submit(speak, head, "satisfied", "r1")
            displeased = pool.submit(speak, other, "unsatisfied", "r2")
        assert (pleased.result() in (head, "late"), displeased.result()) == (True, other)
        assert (standing(head), standing(other)) == (("handling", None), ("merged", None))
    sound()


def test_a_report_merged_or_split_while_a_word_is_on_its_way_is_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    head, other = case("r1", "r2")

    def locked(session: object, number: str, version: int | None = None) -> Ticket:
        ticket = moves.open_for_change(session, number, version)  # type: ignore[arg-type]
        if number == other:
            ticket.merged_into = None  # as somebody else's commit between reading and locking would have it
        return ticket

    monkeypatch.setattr(evaluations, "open_for_change", locked)
    with pytest.raises(service.StaleTicketError, match="split off meanwhile: read it again"):
        say(other, "satisfied", "r2")
    monkeypatch.undo()
    assert (standing(head), words(other)) == (("evaluating", None), [])
