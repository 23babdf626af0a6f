"""Figures of areas of any level, also when areas move and units are renamed; months, weeks and periods in one another."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from test_cases_figures_support import SHANGHAI, Story, asked, at, figures, found_city, grouped

from cases import audit
from cases.figures import Question, privacy, query
from cases.model import Area, Unit
from common import db
from common.db import transaction

FILED = "09-29 10:00"
SUMMED = ("filed", "known", "closed", "closed_in_limit", "asked", "verify_fell", "verify_met", "close_fell", "returned")


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


@pytest.fixture
def of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of persons are told however few there are."""
    monkeypatch.setattr(privacy, "LEAST", 1)


def somewhere(session: Session) -> None:
    """Tickets in every area, in a street only, in the county only, and nowhere."""
    for grid in ("S1CG", "S1CG", "S2CG", None):
        Story(session, FILED, grid=grid).through("A", "09-29 11:00", "09-29 12:00", "09-30 09:00", "09-30 10:00")
    street = Story(session, FILED, grid="S1CG").ticket
    street.grid = street.community = None
    county = Story(session, FILED, grid="S2CG").ticket
    county.grid = county.community = county.street = None
    session.flush()


@pytest.mark.usefixtures("of_few")
def test_an_areas_figures_are_those_of_its_children_and_its_own(session: Session) -> None:
    somewhere(session)
    columns = [c.key for c in asked(session).columns if c.kind == "count"]
    for area, below, children in (
        ("YX", "street", ("S1", "S2")),
        ("S1", "community", ("S1C",)),
        ("S1C", "grid", ("S1CG",)),
    ):
        whole = asked(session, area=area).total.values
        own = asked(session, area=area, where={below: None}).total.values
        parts = [asked(session, area=child).total.values for child in children]
        assert {c: own[c] + sum(part[c] for part in parts) for c in columns} == {c: whole[c] for c in columns}
    assert [figures(session, "filed", area=area)[0] for area in ("YX", "S1", "S2", "S1C", "S1CG")] == [5, 3, 1, 2, 2]


def test_in_the_city_lies_everything_also_what_is_not_located(session: Session) -> None:
    session.add(Area(code="CITY", parent=None, level="city", name="云溪", aliases=[], shape=None))
    session.flush()
    audit.log(session, "system", "city.load", "test", "")
    somewhere(session)
    assert asked(session, area="CITY").total == asked(session).total
    assert figures(session, "filed", area="CITY") == (6,)


def test_an_area_and_a_narrowing_hold_together(session: Session) -> None:
    somewhere(session)
    assert figures(session, "filed", area="S1", where={"street": ["S1", "S2"]}) == (3,)
    assert figures(session, "filed", "open", "handle_count", area="S1", where={"street": "S2"}) == (0, 0, 0)
    assert figures(session, "filed", area="S1", where={"unit": "A"}) == (2,)


def test_an_area_that_moves_takes_its_name_along_and_leaves_its_past_where_it_was(session: Session) -> None:
    Story(session, FILED)
    moved = session.get_one(Area, "S1C")
    moved.parent, moved.name = "S2", "新幸福社区"
    session.flush()
    audit.log(session, "system", "city.load", "test", "")
    later = Story(session, "10-09 10:00").ticket
    later.street = "S2"  # as it is placed now
    session.flush()
    assert grouped(session, "street", "filed") == {"S1": (1,), "S2": (1,)}
    assert figures(session, "filed", area="S1") == figures(session, "filed", area="S2") == (1,)
    assert figures(session, "filed", area="S1C") == (2,)
    assert [row.names["community"] for row in asked(session, by="community").rows] == ["新幸福社区"]


def test_a_renamed_unit_keeps_its_figures_under_its_new_name(session: Session) -> None:
    Story(session, FILED).to("A", "09-29 11:00")
    session.get_one(Unit, "A").name = "综合行政执法局"
    Story(session, FILED).to("A", "09-29 11:00")
    (row,) = asked(session, by="unit").rows[:1]
    assert (row.keys["unit"], row.names["unit"], row.values["filed"]) == ("A", "综合行政执法局", 2)


def test_months_are_local_ones(session: Session) -> None:
    for filed in ("09-30 23:59:59", "10-01 00:00", "10-31 23:59:59"):
        Story(session, filed).to("A", filed)
    assert grouped(session, "month", "filed", "dispatch_count") == {"2026-09": (1, 1), "2026-10": (2, 2)}
    rows = query(session, Question(date(2026, 11, 30), date(2027, 1, 2), "month", at=at("12-31 23:00"))).rows
    assert [(row.keys["month"], row.values["open"]) for row in rows] == [("2026-11", 3), ("2026-12", 3)]


def test_a_ticket_that_crosses_the_end_of_the_period_counts_on_each_side_for_what_happened_there(
    session: Session,
) -> None:
    Story(session, FILED).through("A", "09-29 11:00", "09-30 09:00", "10-08 09:00", "10-08 10:00", "10-09 10:00")
    names = ("filed", "closed", "verify_met", "feedback_met", "accept_count", "handle_count", "open")
    assert figures(session, *names, until="10-01") == (1, 0, 1, 0, 1, 0, 1)
    assert figures(session, *names, since="10-01") == (0, 1, 0, 1, 0, 1, 0)


def test_a_history_with_its_lines_in_the_wrong_order_has_no_negative_hours(session: Session) -> None:
    story = Story(session, FILED).to("A", "09-29 12:00").do("accept", "09-29 11:00")
    story.do("suspend", "09-29 10:30").do("resume", "09-29 10:00").do("finish", "09-29 13:00")
    Story(session, FILED).to("B", "09-29 12:00").do("accept", "09-29 11:00")
    for row in asked(session, by="unit").rows:
        assert all(row.values[f"{step}_median"] in {None, 0.0, 1.0, 2.0, 3.0} for step in ("accept", "handle"))
    assert {row.keys["unit"]: row.values["accept_median"] for row in asked(session, by="unit").rows}["B"] == 0.0


@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.tuples(st.integers(0, 800), *[st.integers(1, 200)] * 5), min_size=1, max_size=5))
def test_a_period_is_the_sum_of_its_weeks(database: str, lives: list[tuple[int, ...]]) -> None:
    with Session(db.engine()) as session:
        found_city(session)
        for filed, *later in lives:
            moment = at("09-20 08:00") + timedelta(hours=filed)
            story = Story(session, f"{moment:%m-%d %H:%M}", reporter="abc"[filed % 3])
            for action, hours in zip(("dispatch", "accept", "finish", "verify", "lapse"), later, strict=True):
                moment += timedelta(hours=hours)
                story.do(action, moment, "A" if action == "dispatch" else None)
        mondays = [date(2026, 9, 21) + timedelta(weeks=n) for n in range(8)]
        end = at("12-31 12:00").astimezone(SHANGHAI)
        whole = query(session, Question(mondays[0], mondays[-1], at=end)).total.values
        weeks = [query(session, Question(a, b, at=end)).total.values for a, b in pairwise(mondays)]
        grouping = query(session, Question(mondays[0], mondays[-1], "week", at=end)).rows
        counts = ("dispatch_count", "accept_count", "handle_count", "verify_count")
        for name in (*SUMMED, *counts):
            assert sum(week[name] or 0 for week in weeks) == whole[name], name
        assert [row.values["open"] for row in grouping] == [week["open"] for week in weeks]
        assert whole["open"] == weeks[-1]["open"]
        for week in weeks:
            assert all(value is None or value >= 0 for value in week.values())
        session.rollback()
