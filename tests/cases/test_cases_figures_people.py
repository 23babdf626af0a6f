"""Figures of persons: who complains again, whose word counts, and what is not told because they are too few."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from test_cases_figures_support import Story, asked, figures, found_city, grouped

from cases.figures import privacy
from cases.figures.words import Measure
from common.db import transaction

FILED = "09-29 10:00"
TIMES = ("09-29 10:05", "09-29 11:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


def test_the_same_person_matter_and_grid_within_thirty_days_is_a_repeated_complaint(session: Session) -> None:
    Story(session, "08-30 10:00", reporter="a")
    Story(session, "09-29 10:00", reporter="a")  # thirty days to the second
    Story(session, "10-29 10:00:01", reporter="a")  # a second more
    assert figures(session, "known", "repeated") == (2, 1)
    assert grouped(session, "day", "repeated") == {"2026-09-29": (1,)}


@pytest.mark.parametrize(
    "other", [{"reporter": "b"}, {"type": "service.housing"}, {"grid": "S2CG"}, {"grid": None}, {"reporter": None}]
)
def test_another_person_matter_or_place_is_no_repeated_complaint(session: Session, other: dict[str, str]) -> None:
    Story(session, FILED, reporter="a")
    Story(session, "09-30 10:00", **{"reporter": "a", **other})
    assert figures(session, "repeated") == (0,)


def test_a_person_is_known_by_phone_as_well(session: Session) -> None:
    Story(session, FILED, reporter="a", phone="13800000000")
    Story(session, "09-30 10:00", reporter="hotline", phone="13800000000")
    Story(session, "10-01 10:00", phone="13800000000")
    Story(session, "10-02 10:00", phone="13900000000")
    assert figures(session, "known", "repeated") == (4, 2)


def test_anonymous_withdrawn_and_grid_workers_reports_are_nobodys_complaints(session: Session) -> None:
    hidden = Story(session, FILED, reporter="a")
    hidden.ticket.anonymous = True
    Story(session, FILED, reporter="a").do("withdraw", "09-29 11:00")
    for filed in (FILED, "09-30 10:00"):
        Story(session, filed, reporter="w", channel="worker")
        Story(session, filed)  # nobody knows whose
    Story(session, "09-30 10:00", reporter="a")
    assert figures(session, "filed", "known", "repeated") == (7, 1, 0)


def test_a_repeated_complaint_stays_one_when_it_is_merged_into_the_first(session: Session) -> None:
    first = Story(session, FILED, reporter="a")
    Story(session, "09-30 10:00", reporter="a").merge(first, "09-30 11:00")
    assert figures(session, "known", "repeated") == (2, 1)


def test_looking_at_one_unit_does_not_forget_what_was_told_to_another(session: Session) -> None:
    Story(session, FILED, reporter="a").to("A", "09-29 11:00")
    Story(session, "09-30 10:00", reporter="a").to("B", "09-30 11:00")
    assert figures(session, "known", "repeated", where={"unit": "B"}) == (1, 1)
    assert grouped(session, "unit", "repeated") == {"B": (1,)}


def test_who_reported_what_was_merged_is_asked_too_but_nobody_twice(session: Session) -> None:
    head = Story(session, FILED, reporter="a").to("A", "09-29 10:05")
    for reporter, phone in (("b", None), ("b", None), ("c", "13800000000"), (None, "13800000000"), ("a", None)):
        Story(session, FILED, reporter=reporter, phone=phone, grid="S2CG").merge(head, "09-29 11:00")
    for _ in range(2):
        Story(session, FILED).merge(head, "09-29 11:00")  # nobody knows by whom: each has a word
    head.do("accept", "09-29 11:00").do("finish", "10-08 09:00").do("verify", "10-08 10:00")
    head.say("satisfied", "10-09 10:00")
    assert figures(session, "closed", "asked", "evaluated") == (1, 5, 1)
    assert grouped(session, "street", "closed", "asked") == {"S1": (1, 5)}
    assert figures(session, "evaluated_rate") == (0.2,)


def test_a_word_of_who_reported_what_was_merged_counts_with_the_ticket_it_was_merged_into(session: Session) -> None:
    head = Story(session, FILED, reporter="a").to("A", "09-29 10:05")
    others = [Story(session, FILED, reporter=f"b{n}").merge(head, "09-29 11:00") for n in range(5)]
    head.do("accept", "09-29 11:00").do("finish", "10-08 09:00").do("verify", "10-08 10:00")
    others[0].say("unsatisfied", "10-08 11:00")  # handled again: no word on this outcome counts any more
    head.do("finish", "10-08 12:00").do("verify", "10-08 13:00")
    for other, score in zip(others, ("satisfied", "fair", "unsatisfied", "unsatisfied"), strict=False):
        other.say(score, "10-09 09:00")
    head.say("satisfied", "10-09 10:00").do("uphold", "10-09 11:00")
    names = ("closed", "asked", "evaluated", "satisfied", "fair", "unsatisfied", "satisfaction_rate")
    assert figures(session, *names) == (1, 6, 5, 2, 1, 2, 0.6)
    head.do("reopen", "10-12 10:00").do("finish", "10-13 09:00").do("verify", "10-13 10:00")
    head.say("satisfied", "10-13 11:00")
    assert figures(session, "closed", "asked", "evaluated") == (1, 6, 1)


def test_what_fewer_than_five_said_is_not_told(session: Session) -> None:
    for _ in range(4):
        Story(session, FILED).through("A", *TIMES)
    names = ("closed", "asked", "evaluated", "evaluated_rate", "satisfied", "fair", "unsatisfied", "satisfaction_rate")
    assert figures(session, *names) == (4, 4, 4, None, None, None, None, None)
    Story(session, FILED).through("A", *TIMES)
    assert figures(session, *names) == (5, 5, 5, 1.0, 5, 0, 0, 1.0)


def test_rates_of_what_units_do_are_told_of_a_single_ticket(session: Session) -> None:
    Story(session, FILED).through("A", *TIMES)
    assert figures(session, "verify_rate", "closed_in_limit_rate", "handle_median") == (1.0, 1.0, 214.0)


def test_what_is_not_told_of_one_group_does_not_come_out_by_subtraction(session: Session) -> None:
    for unit, people in (("A", 2), ("B", 6), ("C", 7)):
        for _ in range(people):
            Story(session, FILED).through(unit, *TIMES)
    rows = {row.keys["unit"]: row.values["satisfied"] for row in asked(session, by="unit").rows}
    assert rows == {"A": None, "B": None, "C": 7, None: 0}
    assert figures(session, "satisfied", "satisfaction_rate") == (15, 1.0)


RATE = Measure("rate", "", "rate", "", ("of",), "over", persons=True, hides=("of",))


@given(st.lists(st.integers(0, 12), max_size=8))
def test_what_is_hidden_is_of_five_persons_together_or_of_all_there_are(bases: list[int]) -> None:
    hidden = [bool(some) for some in privacy.hidden([RATE], [{"over": base} for base in bases])]
    assert all(not secret for secret, base in zip(hidden, bases, strict=True) if base == 0)
    assert all(secret for secret, base in zip(hidden, bases, strict=True) if 0 < base < privacy.LEAST)
    together = sum(base for secret, base in zip(hidden, bases, strict=True) if secret)
    assert together == 0 or together >= privacy.LEAST or together == sum(bases)
