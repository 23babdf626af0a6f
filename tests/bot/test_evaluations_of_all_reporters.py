"""Everyone who reported a matter hears its outcome in the chat, is asked, and can answer. On both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from databases import city_database  # noqa: F401
from sqlalchemy import select

from bot import conversations, evaluating, progress
from bot.model import Conversation, Outbound
from cases import evaluations, numbers, service
from cases.service import Actor, NewTicket
from common.db import now, reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")
OPERATOR, WORKER, DEPARTMENT, SUPERVISOR = (Actor(role) for role in ("operator", "worker", "department", "supervisor"))


@pytest.fixture(autouse=True)
def _from_now_on(city_database: str) -> None:  # noqa: F811
    progress.tell_residents()  # sets the cursor: the past is not told


def resident(name: str) -> str:
    with transaction() as session:
        return conversations.open_for(session, "web", name).id


def file(who: str, anonymous: bool = False) -> str:
    with transaction() as session:
        new = NewTicket(
            "楼下烧烤摊半夜吵",
            "environment",
            "environment.noise",
            "web",
            place="幸福里3号楼",
            reporter=who,
            anonymous=anonymous,
        )
        return service.file_ticket(session, new).number


def merge(number: str, into: str) -> None:
    with transaction() as session:
        service.merge(session, number, into, actor=OPERATOR)


def checked(head: str) -> None:
    with transaction() as session:
        if service.get(session, head).status == "dispatched":
            service.act(session, head, "accept", actor=DEPARTMENT)
        service.act(session, head, "finish", actor=DEPARTMENT, note="摊子已劝离")
        service.act(session, head, "verify", actor=WORKER)


def heard(who: str) -> list[str]:
    """What the resident was told since last asked."""
    progress.tell_residents()
    with transaction() as session:
        rows = session.scalars(
            select(Outbound).where(Outbound.conversation_id == who, Outbound.status == "waiting").order_by(Outbound.id)
        ).all()
        for row in rows:
            row.status = "sent"
        return [str(row.payload["text"]) for row in rows]


def answer(who: str, text: str) -> list[str]:
    with transaction() as session:
        return [str(p["text"]) for p in evaluating.take(session, session.get_one(Conversation, who), text)]


def asked(who: str) -> str | None:
    with reading() as session:
        return (session.get_one(Conversation, who).evaluating or {}).get("number")


def standing(number: str) -> tuple[str, str | None]:
    with reading() as session:
        ticket = service.get(session, number)
        return ticket.status, ticket.score


def case(*who: str) -> list[str]:
    """Tickets of these residents, all merged into the first one, which was handled and checked."""
    head, *others = [file(one) for one in who]
    for other in others:
        merge(other, head)
    checked(head)
    return [head, *others]


def test_all_reporters_hear_the_outcome_with_their_own_number_and_are_asked() -> None:
    first, second = resident("a"), resident("b")
    head, other = case(first, second)
    for who, number in ((first, head), (second, other)):
        told = heard(who)[-1]
        assert numbers.spoken(number) in told
        assert "摊子已劝离" in told
        assert "3 不满意" in told
        assert asked(who) == number


def test_the_answer_of_one_whose_report_was_merged_counts() -> None:
    first, second = resident("a"), resident("b")
    head, other = case(first, second)
    heard(first), heard(second)
    [again] = answer(second, "3，还是天天半夜吵得睡不着")
    assert numbers.spoken(other) in again and "重新办" in again
    assert (standing(head)[0], asked(second)) == ("handling", None)
    assert "办理中" in heard(first)[-1]  # it was not their word
    assert heard(second) == []  # it was, and was answered
    assert answer(first, "1") == []  # it is being handled again: there is no outcome now
    checked(head)
    assert "3 不满意" in heard(second)[-1] and "3 不满意" in heard(first)[-1]
    assert "谢谢" in answer(second, "1")[0]
    assert (standing(head)[0], standing(other)) == ("evaluating", ("merged", "satisfied"))
    assert "谢谢" in answer(first, "满意")[0]
    assert standing(head) == ("closed", "satisfied")


def test_a_bad_word_after_another_reporter_closed_it_still_counts() -> None:
    first, second, third = resident("a"), resident("b"), resident("c")
    head, *_ = case(first, second, third)
    heard(first)
    answer(first, "1")
    assert standing(head)[0] == "closed"
    assert answer(second, "不满意") == ["对不住，没办到您心里去。哪儿没办好？您说一句，我让他们接着办。"]
    assert "重新办" in answer(second, "昨晚又吵到两点")[0]
    assert standing(head)[0] == "handling"
    assert "办理中" in heard(first)[-1]
    assert "退回去重新办" in heard(third)[-1]


def test_what_the_supervisor_decides_is_told_to_all() -> None:
    first, second = resident("a"), resident("b")
    head, _ = case(first, second)
    heard(first)
    answer(second, "3 还在吵，一点没变")
    checked(head)
    heard(first)
    assert "督查" in answer(second, "3 还在吵，一点没变")[0]
    assert "谢谢" in answer(first, "1")[0]
    assert standing(head) == ("contested", "satisfied")
    with transaction() as session:
        service.act(session, head, "uphold", actor=SUPERVISOR, note="现场看过，没有摆摊")
    assert all("现场看过" in heard(who)[-1] for who in (first, second))


def test_who_reported_it_twice_is_told_and_asked_once() -> None:
    first, second = resident("a"), resident("b")
    head, _, other, _ = case(first, first, second, second)
    assert [sum("3 不满意" in text for text in heard(who)) for who in (first, second)] == [1, 1]
    assert (asked(first), asked(second)) == (head, other)


def test_whose_report_is_merged_into_a_checked_ticket_hears_the_outcome_at_once() -> None:
    first, second = resident("a"), resident("b")
    head = file(first)
    checked(head)
    other = file(second)
    merge(other, head)
    told = heard(second)
    assert ["并到一起办" in text for text in told] == [True, True]
    assert "摊子已劝离" in told[-1] and asked(second) == other


def test_an_anonymous_reporter_is_asked_and_answers_without_a_name() -> None:
    first, second = resident("a"), resident("b")
    head, other = file(first), file(second, anonymous=True)
    merge(other, head)
    checked(head)
    heard(second)
    assert "谢谢" in answer(second, "2")[0]
    with reading() as session:
        [kept] = service.get(session, other).evaluations
        assert (kept.score, kept.actor, service.get(session, other).events[-1].actor) == ("fair", None, None)


def test_a_short_message_long_after_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    first, second = resident("a"), resident("b")
    head, other = case(first, second)
    heard(first)
    answer(first, "1")
    later = now() + timedelta(days=evaluations.LAPSE_DAYS, minutes=1)
    monkeypatch.setattr(evaluating, "now", lambda: later)
    assert (answer(second, "不满意，又来了"), asked(second)) == ([], None)
    assert (standing(head), standing(other)) == (("closed", "satisfied"), ("merged", None))
