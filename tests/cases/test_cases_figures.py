"""Figures of small histories, each worked out by hand: what counts, where, and what does not.

In 2026 the 1st to 7th of October are days off, and Saturday the 10th is worked. Work is from 8:30 to 17:30. What is filed
on Tuesday 29 September at 10:00 is to be verified by 09-30 17:30, fed back on by 10-08 17:30, closed by 10-21 17:30.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from sqlalchemy.orm import Session
from test_cases_figures_support import SHANGHAI, Story, asked, at, figures, found_city, grouped

from cases.figures import FigureError, Question, privacy, query
from common.db import transaction

FILED = "09-29 10:00"
DISPATCHED = "09-29 10:05"


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


@pytest.fixture
def of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of persons are told however few there are."""
    monkeypatch.setattr(privacy, "LEAST", 1)


def test_a_due_time_is_met_at_its_very_moment_and_missed_a_second_later(session: Session) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-30 17:30:00")
    Story(session, FILED).through("A", DISPATCHED, "09-30 17:30:01")
    assert figures(session, "verify_fell", "verify_met", "verify_rate") == (2, 1, 0.5)


def test_what_nobody_has_done_when_its_time_is_past_is_late(session: Session) -> None:
    Story(session, FILED)
    names = ("verify_fell", "verify_met", "feedback_fell", "feedback_met", "close_fell", "close_met", "close_rate")
    assert figures(session, *names) == (1, 0, 1, 0, 1, 0, 0.0)


def test_a_due_time_that_is_still_ahead_does_not_count_yet_even_if_it_was_met(session: Session) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00")
    assert figures(session, "verify_fell", "verify_rate", at=at("09-30 17:30")) == (0, None)
    assert figures(session, "verify_fell", "verify_rate", at=at("09-30 17:30:01")) == (1, 1.0)


def test_each_due_time_counts_in_the_period_it_falls_in(session: Session) -> None:
    Story(session, FILED)
    names = ("verify_fell", "feedback_fell", "close_fell")
    assert figures(session, *names, since="09-30", until="10-01") == (1, 0, 0)
    assert figures(session, *names, since="10-01", until="10-09") == (0, 1, 0)
    assert figures(session, *names, since="10-09", until="10-22") == (0, 0, 1)
    assert grouped(session, "day", *names) == {
        "2026-09-30": (1, 0, 0),
        "2026-10-08": (0, 1, 0),
        "2026-10-21": (0, 0, 1),
    }


CLOSE = ("close_fell", "close_met", "close_met_plain")


def test_an_extended_ticket_is_judged_by_its_new_due_time_and_beside_it_by_the_old_one(session: Session) -> None:
    # Three working days after Wednesday 21 October: Monday the 26th.
    for finished in ("10-20 09:00", "10-23 09:00", "10-27 09:00"):
        Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").extend("10-15 09:00", 3).do("finish", finished)
    assert figures(session, *CLOSE, "close_rate", "close_plain_rate", "extended") == (3, 2, 1, 2 / 3, 1 / 3, 3)
    assert grouped(session, "day", "close_fell") == {"2026-10-26": (3,)}


def test_an_urgent_ticket_without_its_extension_is_due_at_its_hour_not_at_the_end_of_the_day(session: Session) -> None:
    # Due after 24 hours, 09-30 10:00; one working day more is Thursday 8 October, 17:30.
    for finished in ("09-30 09:00", "09-30 15:00"):
        Story(session, FILED, urgent=True).through("A", DISPATCHED, "09-29 11:00").extend("09-29 12:00", 1).do(
            "finish", finished
        )
    assert figures(session, *CLOSE) == (2, 2, 1)


def test_a_suspension_moves_the_due_time_without_the_extension_as_well(session: Session) -> None:
    # Suspended for 12 working hours: due 10-23 11:30. Two working days more: Tuesday the 27th.
    for finished in ("10-23 11:00", "10-23 12:00"):
        story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00")
        story.do("suspend", "10-09 15:00").do("resume", "10-12 09:00").extend("10-13 09:00", 2).do("finish", finished)
    assert figures(session, *CLOSE) == (2, 2, 1)
    assert grouped(session, "day", "close_fell") == {"2026-10-27": (2,)}


def test_an_extension_before_a_reopening_is_over_with_it(session: Session) -> None:
    story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").extend("10-15 09:00", 3)
    story.do("finish", "10-23 09:00").do("verify", "10-23 10:00").say("unsatisfied", "10-23 11:00")
    story.do("finish", "10-27 09:00")  # within twelve working days of the 23rd
    assert figures(session, *CLOSE, until="12-01") == (1, 1, 1)


def test_after_a_failed_check_the_time_it_took_is_not_the_units(session: Session) -> None:
    # Finished on 10-20 at 16:00 with 10.5 working hours left, which are left again on the 22nd at 10:00: 10-23 11:30.
    for finished in ("10-23 11:00", "10-23 12:00"):
        story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "10-20 16:00")
        story.do("redo", "10-22 10:00").extend("10-22 11:00", 1).do("finish", finished)
    assert figures(session, *CLOSE) == (2, 2, 1)


def test_when_the_clock_does_not_come_to_the_due_time_the_granted_days_are_taken_back(session: Session) -> None:
    # By other limits than the catalogue has now it was due on 10-22; three working days more are the 27th.
    for finished in ("10-22 17:30", "10-23 08:30"):
        story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").extend("10-15 09:00", 3)
        story.ticket.close_due = at("10-27 17:30")
        story.do("finish", finished)
    assert figures(session, *CLOSE) == (2, 2, 1)


def test_a_suspended_ticket_owes_nothing_meanwhile_and_later_what_was_left(session: Session) -> None:
    story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").do("feedback", "09-29 12:00")
    story.do("suspend", "10-09 15:00")
    assert figures(session, *CLOSE) == (0, 0, 0)
    story.do("resume", "10-12 09:00").do("finish", "10-23 11:30")
    assert figures(session, *CLOSE) == (1, 1, 1)
    assert grouped(session, "day", "close_fell") == {"2026-10-23": (1,)}


def test_what_was_missed_before_a_suspension_stays_missed(session: Session) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").do("suspend", "10-22 09:00")
    assert figures(session, *CLOSE) == (1, 0, 0)


def test_withdrawn_and_refused_tickets_are_filed_and_nothing_else(session: Session) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").do("withdraw", "10-30 09:00")
    Story(session, FILED).do("refuse", "10-30 09:00")
    names = ("filed", "withdrawn", "refused", "verify_fell", "close_fell", "closed", "open", "accept_count", "no_clock")
    assert figures(session, *names) == (2, 1, 1, 0, 0, 0, 0, 0, 0)


def test_merged_tickets_count_as_reports_and_their_head_once_as_handled(session: Session) -> None:
    head = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00")
    for _ in range(2):
        Story(session, FILED).through("B", DISPATCHED, "09-29 11:30").merge(head, "09-29 12:00")
    head.do("finish", "10-09 09:00").do("verify", "10-09 10:00").say("satisfied", "10-09 11:00")
    names = (
        "filed",
        "merged",
        "closed",
        "close_fell",
        "close_met",
        "handle_count",
        "accept_count",
        "evaluated",
        "open",
    )
    assert figures(session, *names) == (3, 2, 1, 1, 1, 1, 1, 1, 0)
    assert grouped(session, "unit", "merged", "closed") == {"A": (0, 1), "B": (2, 0)}


def test_a_ticket_taken_out_of_another_is_handled_for_itself_again(session: Session) -> None:
    head = Story(session, FILED)
    story = Story(session, FILED).merge(head, "09-29 12:00").do("split", "10-09 09:00")
    story.ticket.merged_into = None
    story.through("B", "10-09 11:00", "10-09 12:00")
    # The wait that the merging broke off is none; the one after the split was two hours.
    assert figures(session, "dispatch_count", "dispatch_median") == (1, 2.0)
    assert grouped(session, "unit", "accept_count", "accept_median") == {"B": (1, 1.0)}


@pytest.mark.usefixtures("of_few")
def test_a_reopened_ticket_counts_at_its_last_closing_by_the_last_word_and_the_last_due_time(session: Session) -> None:
    story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")
    assert grouped(session, "day", "closed", "satisfied") == {"2026-10-09": (1, 1)}
    story.do("reopen", "10-12 09:00")
    names = ("closed", "evaluated", "reopened", "open", "close_fell")
    assert figures(session, *names, at=at("10-13 09:00")) == (0, 0, 1, 1, 0)
    # Twelve working days after Monday the 12th: Wednesday the 28th.
    story.do("finish", "10-20 09:00").do("verify", "10-20 10:00").say("fair", "10-21 10:00")
    assert grouped(session, "day", "closed", "satisfied", "fair", "close_met") == {
        "2026-10-21": (1, 0, 1, 0),
        "2026-10-28": (0, 0, 0, 1),
    }
    # Both rounds took their time: 190 hours from accepting to finishing, and 192 from reopening.
    assert figures(session, "handle_count", "handle_median") == (2, (214 + 192) / 2)


def test_who_returned_a_ticket_answers_for_nothing_after_that(session: Session) -> None:
    story = Story(session, FILED).to("A", DISPATCHED).do("return", "09-29 14:05")
    story.to("B", "09-29 15:05").do("accept", "10-08 10:05")
    assert grouped(session, "unit", "verify_fell", "verify_met", "feedback_fell") == {"B": (1, 0, 1)}
    assert grouped(session, "unit", "returned") == {"A": (1,)}
    hours = grouped(
        session, "unit", "dispatch_count", "dispatch_median", "accept_count", "accept_median", "accept_median_worked"
    )
    # A had it for 4 hours; B for 8 days 19 hours, of which it worked 2:25 on the 29th, 9 on the 30th, 1:35 on the 8th.
    assert hours == {"A": (0, None, 1, 4.0, 4.0), "B": (0, None, 1, 211.0, 13.0), None: (2, 65 / 120, 0, None, None)}


def test_a_due_time_that_passes_while_nobody_has_the_ticket_is_no_units(session: Session) -> None:
    Story(session, FILED).to("A", DISPATCHED).do("return", "09-29 14:00").to("B", "10-08 09:00").do(
        "accept", "10-08 09:30"
    )
    Story(session, FILED).to("A", "10-08 09:00").do("accept", "10-08 09:30")
    assert grouped(session, "unit", "verify_fell", "verify_met") == {None: (2, 0)}


def test_what_was_met_counts_for_the_unit_that_did_it_whoever_has_the_ticket_later(session: Session) -> None:
    story = Story(session, FILED).through("A", DISPATCHED, "09-29 11:00").do("return", "09-29 12:00")
    story.through("B", "09-29 13:00", "09-29 14:00", "10-08 09:00")
    assert grouped(session, "unit", "verify_met", "feedback_met", "close_met") == {"A": (1, 0, 0), "B": (0, 1, 1)}


def test_redispatching_ends_a_units_time_and_dispatching_to_the_same_one_does_not(session: Session) -> None:
    Story(session, FILED).to("A", "09-29 10:00").to("B", "09-29 12:00").do("accept", "09-29 13:00")
    Story(session, FILED).to("C", "09-29 10:00").to("C", "09-29 12:00").do("accept", "09-29 13:00")
    found = grouped(session, "unit", "accept_count", "accept_median")
    assert found == {"A": (1, 2.0), "B": (1, 1.0), "C": (1, 3.0)}


def test_a_reclassified_ticket_counts_as_what_it_is_now_with_its_new_due_times(session: Session) -> None:
    Story(session, FILED).correct("service.housing", "09-30 09:00")
    assert grouped(session, "category", "filed", "verify_fell") == {"service": (1, 1)}
    assert grouped(session, "type", "filed") == {"service.housing": (1,)}
    assert grouped(session, "day", "verify_fell") == {"2026-10-08": (1,)}


def test_tickets_from_before_the_clock_are_left_out_of_the_rates_and_counted_by_themselves(session: Session) -> None:
    story = Story(session, FILED, clocked=False).through("A", DISPATCHED, "09-29 11:00", "10-09 09:00")
    story.do("verify", "10-09 10:00").say("satisfied", "10-09 11:00")
    story.ticket.finished_at = story.ticket.verified_at = None
    names = ("filed", "no_clock", "verify_fell", "close_fell", "closed", "closed_judged", "closed_in_limit_rate")
    assert figures(session, *names) == (1, 1, 0, 0, 1, 0, None)
    assert figures(session, "handle_count", "evaluated") == (1, 1)


def test_closed_within_the_limit_goes_by_when_the_unit_finished_not_by_when_the_resident_spoke(
    session: Session,
) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "10-21 17:30", "10-22 10:00", "10-29 10:00")
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "10-22 09:00", "10-22 10:00", "10-29 10:00")
    names = ("closed", "closed_judged", "closed_in_limit", "closed_in_limit_rate")
    assert figures(session, *names) == (2, 2, 1, 0.5)


@pytest.mark.usefixtures("of_few")
def test_satisfaction_is_of_those_who_spoke_by_their_last_word(session: Session) -> None:
    times = ("09-29 10:05", "09-29 11:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")
    Story(session, FILED).through("A", *times, score="satisfied")
    Story(session, FILED).through("A", *times, score="fair")
    Story(session, FILED).through("A", *times, score=None)  # nobody said a word
    angry = Story(session, FILED).through("A", *times, score="unsatisfied")
    angry.do("finish", "10-12 09:00").do("verify", "10-12 10:00").say("unsatisfied", "10-12 11:00").do(
        "uphold", "10-13 09:00"
    )
    pleased = Story(session, FILED).through("A", *times, score="unsatisfied")
    pleased.do("finish", "10-12 09:00").do("verify", "10-12 10:00").say("satisfied", "10-12 11:00")
    names = ("closed", "evaluated", "evaluated_rate", "satisfied", "fair", "unsatisfied", "satisfaction_rate")
    assert figures(session, *names) == (5, 4, 0.8, 2, 1, 1, 0.75)


def test_days_and_weeks_are_local_ones(session: Session) -> None:
    for filed in ("09-29 23:59:59", "09-30 00:00:00", "10-04 23:59:59", "10-05 00:00:00"):
        Story(session, filed)
    days = {"2026-09-29": (1,), "2026-09-30": (1,), "2026-10-04": (1,), "2026-10-05": (1,)}
    assert grouped(session, "day", "filed") == days
    assert grouped(session, "week", "filed") == {"2026-W40": (3,), "2026-W41": (1,)}
    assert figures(session, "filed", since="09-30", until="10-05") == (2,)


def test_all_days_of_the_period_are_told_of_as_far_as_they_have_begun(session: Session) -> None:
    Story(session, FILED)
    table = asked(session, since="09-28", until="10-10", by="day", at=at("10-02 08:00"))
    assert [row.keys["day"] for row in table.rows] == [
        "2026-09-28",
        "2026-09-29",
        "2026-09-30",
        "2026-10-01",
        "2026-10-02",
    ]
    weeks = query(session, Question(date(2026, 12, 28), date(2027, 1, 5), "week", at=datetime(2027, 2, 1, tzinfo=UTC)))
    assert [row.keys["week"] for row in weeks.rows] == ["2026-W53", "2027-W01"]


def test_a_period_may_be_bounded_by_moments(session: Session) -> None:
    Story(session, FILED)
    moments = (at("09-29 10:00"), at("09-29 10:01"))
    assert query(session, Question(*moments, at=at("12-31 12:00"))).total.values["filed"] == 1
    assert query(session, Question(moments[1], at("09-29 11:00"), at=at("12-31 12:00"))).total.values["filed"] == 0


def test_medians_and_percentiles_of_the_steps(session: Session) -> None:
    for dispatched in ("09-29 11:00", "09-29 12:00", "09-29 16:00"):
        Story(session, FILED).to("A", dispatched)
    # 1, 2 and 6 hours: nine tenths lie four fifths of the way from 2 to 6.
    names = ("dispatch_count", "dispatch_median", "dispatch_p90")
    assert figures(session, *names) == (3, 2.0, pytest.approx(5.2))


def test_every_step_is_told_by_the_clock_and_in_working_hours(session: Session) -> None:
    story = Story(session, FILED).to("A", "09-29 10:30").do("accept", "09-30 09:30")
    story.do("finish", "10-08 09:30").do("verify", "10-08 18:00").say("satisfied", "10-10 08:00")
    found = {
        step: figures(session, f"{step}_median", f"{step}_median_worked")
        for step in ("dispatch", "accept", "handle", "verify", "evaluate")
    }
    assert found == {
        "dispatch": (0.5, 0.5),
        "accept": (23.0, 8.0),  # 10:30 to 17:30, 8:30 to 9:30
        "handle": (192.0, 9.0),  # seven days off between
        "verify": (8.5, 8.0),
        "evaluate": (38.0, 9.0),  # Friday's working day
    }


def test_suspended_time_is_nobodys(session: Session) -> None:
    story = Story(session, FILED).through("A", "09-29 10:00", "09-29 10:00")
    story.do("suspend", "09-29 12:00").do("resume", "09-30 12:00").do("finish", "09-30 15:00")
    assert figures(session, "handle_count", "handle_median", "handle_median_worked") == (1, 5.0, 5.0)


def test_a_failed_check_ends_the_checking_and_begins_another_handling(session: Session) -> None:
    story = Story(session, FILED).through("A", "09-29 10:00", "09-29 10:00", "09-29 12:00")
    story.do("redo", "09-29 13:00").do("finish", "09-29 17:00").do("verify", "09-29 17:30")
    assert figures(session, "handle_count", "handle_median") == (2, 3.0)
    assert figures(session, "verify_count", "verify_median") == (2, 0.75)


def test_waiting_for_a_word_counts_when_the_resident_spoke_only(session: Session) -> None:
    times = ("09-29 10:00", "09-29 10:00", "09-29 12:00", "09-29 13:00")
    Story(session, FILED).through("A", *times).say("satisfied", "09-29 14:00")
    Story(session, FILED).through("A", *times).say("unsatisfied", "09-29 16:00")
    Story(session, FILED).through("A", *times).do("lapse", "10-09 13:00")
    Story(session, FILED).through("A", *times).do("reopen", "09-29 17:00")  # a supervisor did
    assert figures(session, "evaluate_count", "evaluate_median") == (2, 2.0)


def test_a_stay_counts_in_the_period_it_ends_in(session: Session) -> None:
    Story(session, FILED).through("A", "09-29 10:30", "10-08 09:00")
    names = ("dispatch_count", "accept_count")
    assert figures(session, *names, until="10-01") == (1, 0)
    assert figures(session, *names, since="10-01") == (0, 1)
    assert figures(session, *names, since="10-09") == (0, 0)
    assert grouped(session, "day", *names) == {"2026-09-29": (1, 0), "2026-10-08": (0, 1)}


BACKLOG = ("open", "open_3", "open_7", "open_15", "open_30", "open_older")


def test_the_backlog_by_age_counts_full_days_since_filing(session: Session) -> None:
    for filed in ("10-28 00:00:01", "10-28 00:00", "10-24 00:00:01", "10-24 00:00", "10-16 00:00", "10-01 00:00"):
        Story(session, filed)
    # On the 31st at midnight: less than three days, three, less than seven, seven, fifteen, thirty.
    assert figures(session, *BACKLOG, until="10-31") == (6, 1, 2, 1, 1, 1)


def test_the_backlog_is_what_it_was_when_the_period_ended(session: Session) -> None:
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")
    Story(session, FILED).do("withdraw", "10-02 09:00")
    reopened = Story(session, FILED).through(
        "B", DISPATCHED, "09-29 11:00", "09-30 09:00", "09-30 10:00", "09-30 11:00"
    )
    reopened.do("reopen", "10-12 09:00")
    Story(session, "10-13 09:00")
    assert figures(session, "open", until="09-30") == (3,)
    assert figures(session, "open", until="10-01") == (2,)
    assert figures(session, "open", until="10-03") == (1,)
    assert figures(session, "open", until="10-10") == (0,)
    assert figures(session, "open") == (2,)
    assert grouped(session, "unit", "open", until="10-01") == {"A": (1,), None: (1,)}
    assert grouped(session, "unit", "open") == {"B": (1,), None: (1,)}


def test_by_day_the_backlog_is_that_of_the_end_of_the_day(session: Session) -> None:
    Story(session, "09-20 10:00")  # before the period
    Story(session, FILED).through("A", DISPATCHED, "09-29 11:00", "09-30 09:00", "09-30 10:00", "10-01 10:00")
    Story(session, "09-30 10:00").do("withdraw", "09-30 12:00")
    returned = Story(session, "09-30 10:00").to("A", "09-30 11:00").do("return", "10-01 10:00")
    table = asked(session, since="09-28", until="10-03", by="day")
    assert [row.values["open"] for row in table.rows] == [1, 2, 3, 2, 2]
    assert table.rows[0].values["open_3"] is None
    assert (table.total.values["open"], table.total.values["open_7"]) == (2, 0)
    assert table.total.values["open_3"] == 1
    returned.to("B", "10-02 09:00")
    mine = asked(session, since="09-28", until="10-03", by="day", where={"unit": "A"})
    assert [row.values["open"] for row in mine.rows] == [0, 1, 2, 0, 0]
    assert grouped(session, "week", "open", since="09-21", until="10-03") == {"2026-W39": (1,), "2026-W40": (2,)}


def test_whatever_happened_is_counted_as_often_as_it_happened(session: Session) -> None:
    story = Story(session, FILED, urgent=True).to("A", DISPATCHED).do("return", "09-29 11:00").to("A", "09-29 12:00")
    story.do("return", "09-29 13:00").to("B", "09-29 14:00").do("supervise", "09-29 15:00").do("accept", "09-29 16:00")
    story.extend("09-29 16:30", 1).do("finish", "09-30 09:00").do("verify", "09-30 10:00").say(
        "unsatisfied", "10-01 10:00"
    )
    names = ("urgent", "returned", "supervised", "extended", "reopened")
    assert figures(session, *names) == (1, 2, 1, 1, 1)
    assert grouped(session, "unit", *names) == {"A": (0, 2, 0, 0, 0), "B": (1, 0, 1, 1, 1)}
    assert figures(session, *names, since="10-01") == (0, 0, 0, 0, 1)


@pytest.mark.parametrize("by", ["county", "street", "community", "grid", "unit", "category", "type", "channel", "risk"])
def test_looking_at_one_group_gives_its_row(session: Session, by: str) -> None:
    times = (DISPATCHED, "09-29 11:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")
    Story(session, FILED).through("A", *times)
    other = Story(session, FILED, grid=None, category="service", type=None, channel="web", risk="red")
    other.to("A", DISPATCHED).do("return", "09-29 12:00").through("B", "09-30 10:00", "09-30 18:00", "10-22 09:00")
    Story(session, FILED, grid="S2CG").to("C", DISPATCHED).to("B", "09-29 14:00")
    table = asked(session, by=by)
    assert len(table.rows) > 1 or by in {"category", "county"}
    for row in table.rows:
        alone = asked(session, where={by: row.keys[by]})
        assert alone.total.values == row.values
    every = asked(session, where={by: [row.keys[by] for row in table.rows]})
    assert every.total.values == table.total.values == asked(session).total.values


def test_groupings_can_be_combined(session: Session) -> None:
    Story(session, FILED).to("A", DISPATCHED)
    Story(session, FILED, grid="S2CG").to("A", DISPATCHED)
    Story(session, "10-01 10:00").to("B", "10-01 11:00")
    table = asked(session, by=("street", "unit"))
    filed = [(row.keys["street"], row.keys["unit"], row.values["filed"]) for row in table.rows if row.values["filed"]]
    assert filed == [("S1", "A", 1), ("S1", "B", 1), ("S2", "A", 1)]
    daily = asked(session, by=("street", "day"))
    told = {(row.keys["street"], row.keys["day"]): row.values["open"] for row in daily.rows if row.values["filed"]}
    assert told == {("S1", "2026-09-29"): 1, ("S1", "2026-10-01"): 2, ("S2", "2026-09-29"): 1}


def test_rows_are_named_and_what_belongs_nowhere_comes_last(session: Session) -> None:
    Story(session, FILED).to("A", DISPATCHED)
    Story(session, FILED, grid=None)
    table = asked(session, by="street")
    assert [row.names["street"] for row in table.rows] == ["文峰街道", "未定位"]
    assert [row.names["unit"] for row in asked(session, by="unit").rows] == ["城市管理局", "未分派"]
    assert [row.names["category"] for row in asked(session, by="category").rows] == ["市容环境治理"]
    assert [row.names["risk"] for row in asked(session, by="risk").rows] == ["绿"]


def test_only_the_parts_asked_for_are_told(session: Session) -> None:
    table = asked(session, parts=("filing", "backlog"))
    assert [column.key for column in table.columns] == ["filed", "urgent", "no_clock", *BACKLOG]


def test_of_nothing_there_are_counts_of_zero_and_no_rates(session: Session) -> None:
    table = asked(session, by="street")
    assert table.rows == ()
    kinds = {column.key: column.kind for column in table.columns}
    values = {kinds[key]: value for key, value in table.total.values.items()}
    assert values == {"count": 0, "rate": None, "hours": None}


def test_a_period_that_has_not_begun_has_no_figures(session: Session) -> None:
    Story(session, FILED)
    assert figures(session, "filed", "open", "close_fell", since="11-01", until="12-01", at=at("10-01 09:00")) == (
        0,
        1,
        0,
    )
    assert asked(session, since="11-01", until="12-01", at=at("10-01 09:00"), by="day").rows == ()


def test_every_mistake_of_a_question_is_told_at_once(session: Session) -> None:
    with pytest.raises(FigureError) as caught:
        query(
            session,
            Question(
                date(2026, 10, 2),
                date(2026, 10, 2),
                ("street", "moon", "street"),
                {"day": "2026-10-01", "sea": None},
                area="MARS",
                parts=("filing", "tides"),
            ),
        )
    assert [p.split(";")[0] for p in caught.value.problems] == [
        "the period is empty: since 2026-10-02 until 2026-10-02",
        "nothing can be grouped by 'moon'",
        "grouped by 'street' twice",
        "tickets cannot be narrowed by 'day'",
        "tickets cannot be narrowed by 'sea'",
        "there is no part 'tides'",
        "there is no area 'MARS'",
    ]
    with pytest.raises(FigureError, match="has no time zone"):
        query(session, Question(datetime(2026, 10, 1), date(2026, 10, 2)))


def test_the_table_says_what_it_is_of(session: Session) -> None:
    table = asked(session, by="street")
    assert (table.since, table.until, table.at) == (at("09-01 00:00"), at("11-01 00:00"), at("12-31 12:00"))
    assert table.zone == SHANGHAI
    assert [(c.key, c.kind, c.heading) for c in table.columns[:3]] == [
        ("street", "name", "镇街"),
        ("street", "code", "镇街代码"),
        ("filed", "count", "上报"),
    ]
