"""A ticket's clock: what is owed by when, from filing to the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cases.clock import limits as clock
from cases.clock import time as working
from cases.clock.calendar import LIBRARY
from cases.clock.dues import DUES, is_soon, open_dues
from cases.clock.limits import DEFAULT, Limits
from cases.clock.time import WorkingHours, WorkingTime
from cases.model import CatalogueRow, Ticket

SHANGHAI = ZoneInfo("Asia/Shanghai")
SECOND = timedelta(seconds=1)


@pytest.fixture(autouse=True)
def usual() -> Iterator[None]:
    working.use(WorkingTime(LIBRARY, WorkingHours(), SHANGHAI))
    yield
    working.use(None)


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


FILED = at("09-29 10:00")
VERIFY, FEEDBACK, CLOSE = at("09-30 17:30"), at("10-08 17:30"), at("10-21 17:30")


def filed(limits: Limits = DEFAULT, urgent: bool = False, moment: datetime = FILED) -> Ticket:
    ticket = Ticket(created_at=moment, urgent=urgent, status="dispatched")
    clock.start(ticket, limits, moment)
    return ticket


def dues(ticket: Ticket) -> tuple[datetime | None, datetime | None, datetime | None]:
    return ticket.verify_due, ticket.feedback_due, ticket.close_due


def test_by_default_a_matter_is_verified_in_1_fed_back_in_2_and_closed_in_12_working_days() -> None:
    ticket = filed()
    assert dues(ticket) == (VERIFY, FEEDBACK, CLOSE)
    assert ticket.next_due == VERIFY
    assert ticket.next_due is not None
    assert ticket.next_due.tzinfo is UTC
    assert (ticket.verified_at, ticket.feedback_at, ticket.finished_at, ticket.warned, ticket.overdue) == (None,) * 5


def test_the_catalogues_limits_are_taken() -> None:
    row = CatalogueRow(verify_days=2, feedback_days=3, close_days=5, urgent_hours=6)
    limits = Limits.from_row(row)
    assert dues(filed(limits)) == (at("10-08 17:30"), at("10-09 17:30"), at("10-12 17:30"))
    assert filed(limits, urgent=True).close_due == at("09-29 16:00")


def test_an_urgent_ticket_goes_by_the_clock_day_and_night() -> None:
    ticket = filed(urgent=True, moment=at("10-01 22:30"))
    assert dues(ticket) == (at("10-02 00:30"), at("10-02 10:30"), at("10-02 22:30"))


def test_nothing_is_due_later_than_what_comes_after_it() -> None:
    assert dues(filed(Limits(3, 2, 1, 24))) == (VERIFY, VERIFY, VERIFY)
    ticket = filed(Limits(1, 2, 12, 1), urgent=True)
    assert dues(ticket) == (at("09-29 10:30"), at("09-29 10:30"), at("09-29 11:00"))


def test_limits_that_are_none_are_refused_all_at_once() -> None:
    with pytest.raises(
        ValueError, match=r"verify_days must be 1 to 366, not 0; close_days .* not 400; urgent_hours .* -1"
    ):
        Limits(0, 2, 400, -1)


def test_a_moment_without_zone_is_refused_and_changes_nothing() -> None:
    ticket = Ticket(created_at=FILED, urgent=True, status="dispatched")
    with pytest.raises(ValueError, match="no time zone"):
        clock.start(ticket, DEFAULT, datetime(2026, 9, 29))
    assert dues(ticket) == (None, None, None)


def test_what_is_done_is_owed_no_more() -> None:
    ticket = filed()
    clock.verified(ticket, at("09-29 11:00"))
    assert ticket.next_due == FEEDBACK
    clock.fed_back(ticket, at("09-29 12:00"))
    assert ticket.next_due == CLOSE
    clock.finished(ticket, at("09-29 13:00"))
    assert ticket.next_due is None
    assert clock.state_of(ticket, CLOSE + SECOND) == "done"
    assert [ticket.verified_at, ticket.feedback_at, ticket.finished_at] == [at(f"09-29 {h}:00") for h in (11, 12, 13)]


def test_only_the_first_time_counts() -> None:
    ticket = filed()
    for moment in (at("09-29 11:00"), at("09-29 12:00")):
        clock.verified(ticket, moment)
    for moment in (at("09-29 13:00"), at("09-29 14:00")):
        clock.fed_back(ticket, moment)
    assert (ticket.verified_at, ticket.feedback_at) == (at("09-29 11:00"), at("09-29 13:00"))


def test_who_gives_feedback_has_verified_and_who_finishes_has_done_both() -> None:
    moment = at("09-29 11:00")
    ticket = filed()
    clock.fed_back(ticket, moment)
    assert (ticket.verified_at, ticket.next_due) == (moment, CLOSE)
    ticket = filed()
    clock.finished(ticket, moment)
    assert (ticket.verified_at, ticket.feedback_at, ticket.finished_at) == (moment, moment, moment)


def test_a_suspended_ticket_owes_nothing_meanwhile() -> None:
    ticket = filed()
    clock.suspend(ticket, at("09-30 16:30"))
    assert ticket.next_due is None
    assert clock.state_of(ticket, CLOSE + timedelta(days=99)) == "paused"
    clock.verified(ticket, at("10-08 09:00"))
    clock.extend(ticket, 1, at("10-08 09:00"))
    assert ticket.next_due is None
    clock.suspend(ticket, at("10-09 09:00"))
    assert ticket.suspended_at == at("09-30 16:30")


def test_what_was_left_is_left_again_in_working_time() -> None:
    ticket = filed()
    clock.suspend(ticket, at("09-30 16:30"))
    clock.resume(ticket, at("10-11 12:00"))  # a Sunday; 1, 10 and 100 working hours were left
    assert dues(ticket) == (at("10-12 09:30"), at("10-13 09:30"), at("10-27 09:30"))
    assert (ticket.suspended_at, ticket.next_due) == (None, at("10-12 09:30"))


def test_a_pause_without_working_time_moves_nothing() -> None:
    ticket = filed()
    clock.suspend(ticket, at("09-30 17:30"))
    clock.resume(ticket, at("10-08 08:30"))
    assert dues(ticket)[1:] == (FEEDBACK, CLOSE)


def test_an_urgent_ticket_has_left_by_the_clock_what_was_left() -> None:
    ticket = filed(urgent=True)
    clock.verified(ticket, at("09-29 10:30"))
    clock.suspend(ticket, at("09-29 11:00"))
    clock.resume(ticket, at("10-02 03:00"))
    assert dues(ticket) == (at("09-29 12:00"), at("10-02 14:00"), at("10-03 02:00"))
    assert ticket.next_due == ticket.feedback_due


def test_what_was_missed_stays_missed() -> None:
    ticket = filed()
    clock.suspend(ticket, at("10-08 09:00"))
    clock.resume(ticket, at("10-09 09:00"))
    assert dues(ticket) == (VERIFY, at("10-09 17:30"), at("10-22 17:30"))
    assert ticket.next_due == VERIFY
    assert clock.state_of(ticket, at("10-09 09:00")) == "overdue"


def test_resuming_or_unfinishing_what_runs_changes_nothing() -> None:
    ticket = filed()
    clock.resume(ticket, at("10-09 09:00"))
    clock.unfinished(ticket, at("10-09 09:00"))
    assert (dues(ticket), ticket.next_due) == ((VERIFY, FEEDBACK, CLOSE), VERIFY)


def test_the_time_of_a_check_that_fails_is_not_the_units() -> None:
    ticket = filed()
    clock.finished(ticket, at("10-21 16:30"))
    clock.unfinished(ticket, at("10-23 10:00"))
    assert (ticket.finished_at, ticket.close_due, ticket.next_due) == (None, at("10-23 11:00"), at("10-23 11:00"))
    assert dues(ticket)[:2] == (VERIFY, FEEDBACK)
    assert ticket.feedback_at == at("10-21 16:30")


def test_without_a_moment_the_check_counts() -> None:
    ticket = filed()
    clock.finished(ticket, at("10-21 16:30"))
    clock.unfinished(ticket)
    assert (ticket.finished_at, ticket.next_due) == (None, CLOSE)


def test_a_reclassified_ticket_has_the_whole_time_again_for_what_is_not_done() -> None:
    ticket = filed()
    clock.verified(ticket, at("09-29 11:00"))
    ticket.warned, ticket.overdue = "feedback", "feedback"
    clock.restart(ticket, Limits(1, 1, 2, 24), at("10-09 09:00"))
    assert dues(ticket) == (VERIFY, at("10-10 17:30"), at("10-12 17:30"))
    assert (ticket.verified_at, ticket.next_due) == (at("09-29 11:00"), at("10-10 17:30"))
    assert (ticket.warned, ticket.overdue) == (None, None)


def test_a_ticket_that_turns_out_urgent_goes_by_the_clock() -> None:
    ticket = filed()
    ticket.urgent = True
    clock.restart(ticket, DEFAULT, at("09-29 12:00"))
    assert dues(ticket) == (at("09-29 14:00"), at("09-30 00:00"), at("09-30 12:00"))


@pytest.mark.parametrize(
    "status", ["collected", "verifying", "evaluating", "contested", "closed", "merged", "withdrawn"]
)
def test_reclassifying_what_owes_nothing_does_not_start_its_clock(status: str) -> None:
    ticket = filed()
    clock.stop(ticket)
    ticket.status = status
    clock.restart(ticket, DEFAULT, at("10-12 09:00"))
    assert (dues(ticket), ticket.next_due) == ((VERIFY, FEEDBACK, CLOSE), None)
    ticket.status = "handling"
    clock.finished(ticket, at("10-12 10:00"))
    clock.restart(ticket, DEFAULT, at("10-12 11:00"))
    assert (dues(ticket), ticket.next_due) == ((VERIFY, FEEDBACK, CLOSE), None)


def test_a_ticket_reclassified_while_suspended_has_its_new_time_when_resumed() -> None:
    ticket = filed()
    ticket.status = "suspended"
    clock.suspend(ticket, at("09-30 09:00"))
    clock.restart(ticket, DEFAULT, at("10-08 09:00"))
    assert ticket.next_due is None
    clock.resume(ticket, at("10-12 09:00"))
    fresh = filed(moment=at("10-12 09:00"))
    assert dues(ticket) == dues(fresh)


def test_a_reopened_ticket_is_to_be_closed_anew() -> None:
    ticket = filed()
    clock.finished(ticket, at("09-30 09:00"))
    ticket.status = "evaluating"
    clock.stop(ticket)
    clock.restart(ticket, DEFAULT, at("10-08 09:00"), anew=True)
    close = filed(moment=at("10-08 09:00")).close_due
    assert (ticket.finished_at, ticket.close_due, ticket.next_due) == (None, close, close)
    assert ticket.feedback_at == at("09-30 09:00")


def test_a_ticket_taken_out_of_another_owes_again_what_was_not_done() -> None:
    ticket = filed()
    clock.suspend(ticket, at("09-29 12:00"))
    ticket.status = "merged"
    clock.stop(ticket)
    clock.restart(ticket, DEFAULT, at("10-08 09:00"), anew=True)
    fresh = filed(moment=at("10-08 09:00"))
    assert (dues(ticket), ticket.next_due, ticket.suspended_at) == (dues(fresh), fresh.next_due, None)


def test_an_extension_adds_working_days_to_the_time_to_close_only() -> None:
    ticket = filed()
    clock.extend(ticket, 3, at("10-20 09:00"))
    assert dues(ticket) == (VERIFY, FEEDBACK, at("10-26 17:30"))
    assert ticket.next_due == VERIFY
    clock.finished(ticket, at("10-21 09:00"))
    with pytest.raises(ValueError, match="at least one working day"):
        clock.extend(ticket, 0, at("10-21 09:00"))
    unclocked = Ticket(created_at=FILED, urgent=False, status="dispatched")
    clock.extend(unclocked, 3, FILED)
    assert unclocked.close_due is None


@pytest.mark.parametrize(
    ("decided", "fed_back", "warned", "overdue"),
    [
        ("10-22 09:00", True, None, None),
        ("10-22 09:00", False, "feedback", "feedback"),  # still open and missed: not to be missed again
        ("10-27 09:00", True, "close", "close"),  # too late to help
    ],
)
def test_an_extension_clears_a_missed_closing_if_it_comes_in_time(
    decided: str, fed_back: bool, warned: str | None, overdue: str | None
) -> None:
    ticket = filed()
    clock.verified(ticket, FILED)
    if fed_back:
        clock.fed_back(ticket, FILED)
    ticket.warned = ticket.overdue = "close"
    clock.extend(ticket, 3, at(decided))
    assert (ticket.warned, ticket.overdue) == (warned, overdue)


def test_an_extension_granted_while_suspended_counts_from_the_suspension() -> None:
    ticket = filed()
    clock.fed_back(ticket, FILED)
    ticket.overdue = "close"
    clock.suspend(ticket, at("10-22 09:00"))
    clock.extend(ticket, 3, at("11-20 09:00"))
    assert ticket.overdue is None
    clock.resume(ticket, at("11-20 09:00"))
    assert clock.state_of(ticket, at("11-20 09:00")) == "ok"


def test_an_ended_ticket_owes_nothing_and_keeps_its_due_times() -> None:
    ticket = filed()
    clock.stop(ticket)
    clock.verified(ticket, at("10-30 09:00"))
    assert (dues(ticket), ticket.next_due) == ((VERIFY, FEEDBACK, CLOSE), None)
    assert clock.state_of(ticket, at("10-30 09:00")) == "done"


def test_before_its_clock_starts_a_ticket_is_in_time() -> None:
    assert clock.state_of(Ticket(created_at=FILED, urgent=False, status="collected"), CLOSE) == "ok"


def first_soon(ticket: Ticket) -> dict[str, datetime]:
    """From when on each due time is near, to the minute."""
    found: dict[str, datetime] = {}
    for name, due in open_dues(ticket):
        moment = due
        while is_soon(ticket, due, moment):
            moment -= timedelta(minutes=1)
        found[name] = moment
    return found


def test_a_due_time_is_near_when_a_fifth_of_its_time_is_left_and_less_than_a_day() -> None:
    ticket = filed()
    assert first_soon(ticket) == {
        "verify": at("09-30 14:12"),
        "feedback": at("10-08 12:24"),
        "close": at("10-21 08:30"),
    }
    assert clock.state_of(ticket, at("09-30 14:12")) == "ok"
    assert clock.state_of(ticket, at("09-30 14:12") + SECOND) == "soon"
    assert clock.state_of(ticket, VERIFY) == "soon"
    assert clock.state_of(ticket, VERIFY + SECOND) == "overdue"


def test_an_urgent_ticket_is_near_by_the_clock() -> None:
    assert first_soon(filed(urgent=True)) == {
        "verify": at("09-29 11:36"),
        "feedback": at("09-29 19:36"),
        "close": at("09-30 05:12"),
    }


def test_after_a_reopening_the_warning_comes_earlier_but_within_the_last_working_day() -> None:
    ticket = filed(Limits(1, 2, 3, 24))
    clock.finished(ticket, at("10-09 09:00"))
    clock.restart(ticket, Limits(1, 2, 3, 24), at("12-01 10:00"), anew=True)
    assert first_soon(ticket) == {"close": at("12-04 08:30")}


def test_the_example_of_the_documentation_is_what_happens() -> None:
    text = (Path(__file__).parents[2] / "docs/clock.md").read_text(encoding="utf-8")
    told = re.findall(r"^\| (verify|feedback|close) \| 2026-(\S+ \S+) \| 2026-(\S+ \S+) \|", text, re.M)
    ticket = filed()
    assert {name: at(near) for name, near, _ in told} == first_soon(ticket)
    assert [(name, at(due)) for name, _, due in told] == open_dues(ticket)
    clock.suspend(ticket, at("10-09 15:00"))
    clock.resume(ticket, at("10-12 09:00"))
    assert ticket.close_due is not None
    assert f"{ticket.close_due.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" in text


moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(SHANGHAI))
limits = st.builds(Limits, *(st.integers(1, 20),) * 3, st.integers(1, 72))
# What the workflow allows in a state, and where it leads.
STEPS = {
    "handling": {
        "verified": "handling",
        "fed_back": "handling",
        "finished": "verifying",
        "suspend": "suspended",
        "extend": "handling",
        "restart": "handling",
        "stop": "merged",
    },
    "suspended": {
        "fed_back": "suspended",
        "resume": "handling",
        "extend": "suspended",
        "restart": "suspended",
        "stop": "merged",
    },
    "verifying": {"unfinished": "handling", "restart": "verifying", "stop": "evaluating"},
    "evaluating": {"anew": "handling", "restart": "evaluating"},
    "merged": {"anew": "handling", "restart": "merged"},
}


def take(ticket: Ticket, step: str, moment: datetime, other: Limits) -> None:
    if step == "extend":
        clock.extend(ticket, other.verify_days, moment)
    elif step in ("restart", "anew"):
        clock.restart(ticket, other, moment, anew=step == "anew")
    elif step == "stop":
        clock.stop(ticket)
    else:
        getattr(clock, step)(ticket, moment)
    ticket.status = STEPS[ticket.status][step]


@given(moments, limits, st.booleans(), st.data())
def test_whatever_happens_next_due_is_the_nearest_open_one(
    start: datetime, first: Limits, urgent: bool, data: st.DataObject
) -> None:
    moment, ticket = start, filed(first, urgent, start)
    ticket.status = "handling"
    for _ in range(data.draw(st.integers(0, 10))):
        moment += data.draw(st.timedeltas(timedelta(), timedelta(days=9)))
        before = dict(open_dues(ticket))
        step = data.draw(st.sampled_from(sorted(STEPS[ticket.status])))
        take(ticket, step, moment, data.draw(limits))
        left = open_dues(ticket)
        assert [name for name, _ in left] == list(DUES[len(DUES) - len(left) :])
        assert [due for _, due in left] == sorted(due for _, due in left)
        assert ticket.next_due == (left[0][1] if ticket.status == "handling" else None)
        if step not in ("restart", "anew"):
            assert all(due >= before.get(name, due) for name, due in left)  # time is never taken away


@given(
    moments,
    limits,
    st.booleans(),
    st.timedeltas(timedelta(), timedelta(days=30)),
    st.timedeltas(timedelta(), timedelta(days=30)),
)
def test_a_pause_takes_nothing_and_gives_nothing(
    start: datetime, given_: Limits, urgent: bool, until: timedelta, pause: timedelta
) -> None:
    ticket = filed(given_, urgent, start)
    before, since = dict(open_dues(ticket)), start + until
    clock.suspend(ticket, since)
    clock.resume(ticket, since + pause)
    for name, due in open_dues(ticket):
        if before[name] < since:
            assert due == before[name]
        elif urgent:
            assert due - (since + pause) == before[name] - since
        else:
            assert due >= before[name]
            assert working.working_seconds_between(since + pause, due) == working.working_seconds_between(
                since, before[name]
            )


@given(moments, limits, st.booleans(), st.timedeltas(timedelta(), timedelta(days=30)))
def test_an_earlier_due_time_is_near_whenever_a_later_one_is(
    start: datetime, given_: Limits, urgent: bool, passed: timedelta
) -> None:
    ticket, moment = filed(given_, urgent, start), start + passed
    near = [is_soon(ticket, due, moment) for _, due in open_dues(ticket) if due >= moment]
    assert near == sorted(near, reverse=True)
