"""Several reports of one matter become one case, and everyone who reported it keeps their ticket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cases import history, service
from cases.service import Actor, MergeError, NewTicket
from cases.workflow import IllegalTransitionError
from common.db import reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")
NOISE = NewTicket("楼下烧烤摊半夜吵", "environment", "environment.noise", "web", place="幸福里3号楼", reporter="r1")
OPERATOR = Actor("operator", "op1")


def file(reporter: str, **changes: object) -> str:
    with transaction() as session:
        return service.file_ticket(session, replace(NOISE, reporter=reporter, **changes)).number  # type: ignore[arg-type]


def merge(number: str, into: str) -> None:
    with transaction() as session:
        service.merge(session, number, into, actor=OPERATOR)


def test_the_merged_ticket_owes_nothing_and_both_histories_say_so() -> None:
    head, other = file("r1"), file("r2")
    merge(other, head)
    with reading() as session:
        ticket, main = service.get(session, other), service.get(session, head)
        assert (ticket.status, ticket.merged_into, ticket.next_due) == ("merged", main.id, None)
        assert main.status == "dispatched"
        assert ticket.events[-1].action == "merge"
        assert main.events[-1].data == {"merged": other}
        assert [t.number for t in service.followers(session, main)] == [other]
        assert service.head_of(session, ticket).number == head
        assert history.verify(session)[1] == []


def test_those_who_followed_a_merged_ticket_follow_the_new_head() -> None:
    first, second, third = file("r1"), file("r2"), file("r3")
    merge(third, second)
    merge(second, first)
    with reading() as session:
        assert [t.number for t in service.followers(session, service.get(session, first))] == [second, third]


def test_an_urgent_report_makes_the_head_urgent() -> None:
    head, other = file("r1"), file("r2", urgent=True)
    merge(other, head)
    with reading() as session:
        assert service.get(session, head).urgent


def test_a_ticket_taken_out_again_is_looked_at_by_a_person_with_its_whole_time() -> None:
    head, other = file("r1"), file("r2")
    merge(other, head)
    with transaction() as session:
        service.act(session, other, "split", actor=OPERATOR, note="不是一回事")
    with reading() as session:
        ticket = service.get(session, other)
        assert (ticket.status, ticket.merged_into, ticket.needs_review) == ("registered", None, True)
        assert ticket.next_due is not None


def test_what_cannot_be_merged_is_refused_and_nothing_changes() -> None:
    head, other, closed = file("r1"), file("r2"), file("r3")
    with transaction() as session:
        service.act(session, closed, "withdraw", actor=Actor("resident", "r3"))
    with pytest.raises(MergeError, match="itself"):
        merge(head, head)
    with pytest.raises(MergeError, match="still open"):
        merge(other, closed)
    with pytest.raises(IllegalTransitionError, match="not by department"), transaction() as session:
        service.merge(session, other, head, actor=Actor("department"))
    with reading() as session:
        assert {service.get(session, n).status for n in (head, other)} == {"dispatched"}
