"""Laws of the figures, on histories nobody thought of: compared with what plain Python makes of the same lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session
from test_cases_figures_support import SHANGHAI, Story, asked, at, found_city

from cases import workflow
from cases.clock.calendar import LIBRARY
from cases.clock.time import WorkingHours, WorkingTime
from cases.figures import DIMENSIONS, Question, Row, privacy, query
from cases.figures.ask import TIMES
from cases.figures.hours import Working, summary
from cases.figures.moments import day_name, days_of, local_day, offsets, seconds, week_name, week_of
from cases.figures.stays import Line, stays
from cases.figures.tally import Hours
from cases.figures.words import STEPS
from cases.model import Ticket, TicketEvent
from common import db

WORKING = WorkingTime(LIBRARY, WorkingHours(), SHANGHAI)
BEGIN, END = at("09-25 00:00"), at("11-01 00:00")
moments = st.integers(
    int(datetime(2024, 1, 1, tzinfo=UTC).timestamp()), int(datetime(2028, 1, 1, tzinfo=UTC).timestamp())
)
DONE_BY_STORY = ("evaluate", "contest", "grant_extension", "correct")
CHOSEN = (
    *"dispatch refuse return accept feedback suspend resume finish redo verify lapse reopen uphold withdraw merge".split(),
    *"split note supervise".split(),
    *DONE_BY_STORY,
)
WEIGHT = {"refuse": 0, "withdraw": 0, "merge": 0, "supervise": 0}  # as often as others they would end every story early


def aware(moment: int) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


@settings(deadline=None)  # a year's calendar is made when it is first needed
@given(st.lists(st.tuples(moments, moments), min_size=1, max_size=20))
def test_many_working_times_at_once_are_what_the_clock_says_of_each(pairs: list[tuple[int, int]]) -> None:
    begins, ends = np.array([sorted(pair) for pair in pairs]).T
    hours = Working(WORKING, int(begins.min()), int(ends.max())).hours(begins, ends)
    expected = [WORKING.between(aware(a), aware(b)).total_seconds() for a, b in zip(begins, ends, strict=True)]
    assert hours.worked.tolist() == expected
    assert (hours.worked <= hours.clock).all()


@given(st.lists(st.integers(0, 10**6), min_size=1, max_size=30))
def test_half_of_the_times_are_no_longer_than_the_median_and_nine_tenths_than_the_ninetieth_percentile(
    times: list[int],
) -> None:
    found = summary([Hours(np.array(times), np.array(times))])
    middle, most = found["median"] * 3600 + 1e-6, found["p90"] * 3600 + 1e-6
    assert sum(t <= middle for t in times) * 2 >= len(times)
    assert sum(t <= most for t in times) >= int(len(times) * 0.9)
    assert min(times) / 3600 <= found["median"] <= found["p90"] <= max(times) / 3600 + 1e-9


@given(moments)
def test_days_and_weeks_have_the_names_the_calendar_gives_them(moment: int) -> None:
    day = aware(moment).astimezone(SHANGHAI).date()
    number = days_of(aware(moment), aware(moment + 1), SHANGHAI)[0]
    assert day_name(number) == day.isoformat()
    year, week, _ = day.isocalendar()
    assert week_name(week_of(number)) == f"{year}-W{week:02}"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Europe/Berlin", "America/St_Johns"])
def test_the_databases_know_the_local_day_of_a_moment_also_where_clocks_are_changed(database: str, zone: str) -> None:
    place = ZoneInfo(zone)
    changes = [datetime(2026, month, day, tzinfo=place) for month, day in ((3, 8), (3, 29), (10, 25), (11, 1))]
    tried = [
        change + timedelta(hours=h, microseconds=us) for change in changes for h in range(25) for us in (0, 999_999)
    ]
    with rolled_back() as session:
        for moment in tried:
            Story(session, "09-25 00:00").ticket.created_at = moment
        session.flush()
        distances = offsets(place, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC))
        query = select(Ticket.created_at, seconds(Ticket.created_at), local_day(Ticket.created_at, distances))
        for moment, whole, day in session.execute(query):
            assert whole == int(moment.timestamp())
            assert day_name(day) == moment.astimezone(place).date().isoformat()


@pytest.fixture
def of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures of persons are told however few there are: else they would not add up."""
    monkeypatch.setattr(privacy, "LEAST", 1)


@contextmanager
def rolled_back() -> Iterator[Session]:
    with Session(db.engine()) as session:
        found_city(session)
        yield session
        session.rollback()


Plot = tuple[int, list[tuple[int, int]]]
plots = st.lists(
    st.tuples(st.integers(0, 400), st.lists(st.tuples(st.integers(0, 99), st.integers(0, 300)), max_size=14)),
    min_size=1,
    max_size=4,
)


def act_out(session: Session, plot: Plot) -> None:
    """A ticket to which one possible thing after the other happens, chosen by numbers, some quarter hours apart."""
    filed, steps = plot
    moment = BEGIN + timedelta(minutes=15 * filed)
    story = Story(session, f"{moment:%m-%d %H:%M}", grid=("S1CG", "S2CG", None)[filed % 3], urgent=filed % 5 == 0)
    for choice, later in steps:
        ticket = story.ticket
        possible = [t.action for t in workflow.TRANSITIONS if ticket.status in t.before and t.action in CHOSEN]
        possible = [a for a in possible if a not in WEIGHT or choice > 90]
        if ticket.supervised:
            possible = [a for a in possible if a != "supervise"]
        if not possible:
            return
        moment += timedelta(minutes=15 * later)
        action = possible[choice % len(possible)]
        if action in {"evaluate", "contest"}:
            story.say(("satisfied", "fair", "unsatisfied")[choice % 3], moment)
        elif action == "grant_extension":
            story.extend(moment, 1 + choice % 3)
        elif action == "correct":
            story.correct(("service.housing", "environment.noise")[choice % 2], f"{moment:%m-%d %H:%M}")
        else:
            story.do(action, moment, "ABC"[choice % 3] if action == "dispatch" else None)


def lines_of(session: Session) -> list[tuple[Ticket, list[TicketEvent]]]:
    """All tickets with their lines, as plain Python sees them."""
    session.flush()
    session.expire_all()
    return [(ticket, list(ticket.events)) for ticket in session.scalars(select(Ticket).order_by(Ticket.id))]


def in_period(moment: datetime | None) -> bool:
    return moment is not None and BEGIN <= moment < END


def unit_at(events: list[TicketEvent], moment: datetime) -> str | None:
    return [e.unit for e in events if e.at <= moment][-1]


def handled(ticket: Ticket) -> bool:
    return ticket.status not in {"withdrawn", "refused", "merged"}


def expected_by_unit(tickets: list[tuple[Ticket, list[TicketEvent]]]) -> dict[str | None, Counter[str]]:
    """On-time figures, returns and what is open, read line by line."""
    found: dict[str | None, Counter[str]] = {unit: Counter() for unit in ("A", "B", "C", None)}
    for ticket, events in tickets:
        for name, due, done in (
            ("verify", ticket.verify_due, ticket.verified_at),
            ("feedback", ticket.feedback_due, ticket.feedback_at),
            ("close", ticket.close_due, ticket.finished_at),
        ):
            paused = done is None and ticket.suspended_at is not None and ticket.suspended_at <= due
            if in_period(due) and handled(ticket) and not paused:
                met = done is not None and done <= due
                unit = unit_at(events, done if met else due)
                found[unit].update({f"{name}_fell": 1, f"{name}_met": int(met)})
        for before, event in pairwise(events):
            if event.action == "return" and in_period(event.at):
                found[before.unit]["returned"] += 1
        happened = [e for e in events if e.at < END]
        if happened and happened[-1].after in workflow.OPEN:
            found[happened[-1].unit]["open"] += 1
    return found


def expected_stays(tickets: list[tuple[Ticket, list[TicketEvent]]]) -> Counter[tuple[str, str | None, float, float]]:
    """All stays that ended in the period, with their times in hours."""
    found: Counter[tuple[str, str | None, float, float]] = Counter()
    for ticket, events in tickets:
        told = [Line(int(e.at.timestamp()), e.action, e.after or "", e.unit, "score" in (e.data or {})) for e in events]
        for stay in stays(told) if handled(ticket) else ():
            if in_period(aware(stay.end)):
                clock = sum(b - a for a, b in stay.spans)
                worked = sum(WORKING.between(aware(a), aware(b)).total_seconds() for a, b in stay.spans)
                found[stay.step, stay.unit, round(clock / 3600, 6), round(worked / 3600, 6)] += 1
    return found


HEALTH = settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@HEALTH
@given(plots)
def test_the_databases_count_what_plain_python_counts(database: str, plots: list[Plot]) -> None:
    with rolled_back() as session:
        for plot in plots:
            act_out(session, plot)
        tickets = lines_of(session)
        rows = {row.keys["unit"]: row.values for row in ask(session, "unit")}
        for unit, counts in expected_by_unit(tickets).items():
            values = rows.get(unit, {})
            assert {k: v for k, v in counts.items() if v} == {k: values.get(k) for k, v in counts.items() if v}
            assert {k: values.get(k, 0) or 0 for k in counts} == dict(counts)
        by_step = Counter[tuple[str, str | None]]()
        for (step, unit, _, _), number in expected_stays(tickets).items():
            by_step[step, unit] += number
        told = {(step, unit): values[f"{step}_count"] for unit, values in rows.items() for step in STEPS}
        assert {k: v for k, v in told.items() if v} == dict(by_step)
        check_times(session, tickets)
        check_backlog(session, tickets)


def ask(session: Session, *by: str) -> tuple[Row, ...]:
    return query(session, Question(BEGIN, END, by, at=at("12-31 12:00"))).rows


def check_times(session: Session, tickets: list[tuple[Ticket, list[TicketEvent]]]) -> None:
    """Medians and percentiles of each unit's steps are those of the stays that plain Python finds."""
    expected = expected_stays(tickets)
    for row in ask(session, "unit"):
        for step in STEPS:
            some = [k for k, n in expected.items() for _ in range(n) if k[:2] == (step, row.keys["unit"])]
            for suffix, place in (("", 2), ("_worked", 3)):
                values = [stay[place] for stay in some]
                told = row.values[f"{step}_median{suffix}"], row.values[f"{step}_p90{suffix}"]
                wanted = tuple(np.quantile(values, (0.5, 0.9))) if values else (None, None)
                assert told == (pytest.approx(wanted, abs=1e-5) if values else wanted)


def check_backlog(session: Session, tickets: list[tuple[Ticket, list[TicketEvent]]]) -> None:
    """What is open at the end of each day is what the histories say of that moment."""
    for row in ask(session, "day"):
        end = datetime.fromisoformat(str(row.keys["day"])).replace(tzinfo=SHANGHAI) + timedelta(days=1)
        happened = [[e for e in events if e.at < end] for _, events in tickets]
        assert row.values["open"] == sum(1 for events in happened if events and events[-1].after in workflow.OPEN)


@pytest.mark.usefixtures("of_few")
@HEALTH
@given(plots)
def test_groups_add_up_to_the_total_and_rates_are_parts_of_a_whole(database: str, plots: list[Plot]) -> None:
    with rolled_back() as session:
        for plot in plots:
            act_out(session, plot)
        total = asked(session).total.values
        for by in DIMENSIONS:
            table = asked(session, by=by)
            assert table.total.values == total
            for column in table.columns:
                values = [row.values.get(column.key) for row in table.rows]
                if column.kind == "rate":
                    assert all(value is None or 0 <= value <= 1 for value in [*values, total[column.key]])
                elif column.kind == "count" and not (by in TIMES and column.key.startswith("open")):
                    assert sum(value or 0 for value in values) == total[column.key], (by, column.key)
        check_sense(total)


def check_sense(total: Any) -> None:
    """What is part of something is no more than that."""
    parts = (
        ("urgent", "filed"),
        ("no_clock", "filed"),
        ("closed_judged", "closed"),
        ("closed_in_limit", "closed_judged"),
        ("evaluated", "closed"),
        ("verify_met", "verify_fell"),
        ("feedback_met", "feedback_fell"),
        ("close_met", "close_fell"),
        ("close_met_plain", "close_met"),
    )
    assert all(0 <= total[some] <= total[whole] for some, whole in parts)
    assert total["satisfied"] + total["fair"] + total["unsatisfied"] == total["evaluated"]
    assert sum(total[name] for name in ("open_3", "open_7", "open_15", "open_30", "open_older")) == total["open"]


@given(st.lists(st.tuples(st.integers(0, 99), st.integers(0, 300)), max_size=20), st.integers(0, 99))
def test_stays_follow_one_another_and_leave_out_suspended_time(steps: list[tuple[int, int]], first: int) -> None:
    state, unit, moment, lines = "registered", None, 1000 + first, []
    lines.append(Line(moment, "report", state, None))
    suspended = 0
    for choice, later in steps:
        possible = [t for t in workflow.TRANSITIONS if state in t.before and t.action in CHOSEN]
        if not possible:
            break
        move = possible[choice % len(possible)]
        suspended += later if state == "suspended" else 0
        moment, state = moment + later, move.after or state
        unit = {"dispatch": "ABC"[choice % 3], "return": None}.get(move.action, unit)
        lines.append(Line(moment, move.action, state, unit, choice % 2 == 0))
    found = list(stays(lines))
    ends = [stay.end for stay in found]
    assert ends == sorted(ends)
    assert all(a <= b for stay in found for a, b in stay.spans)
    spans = [span for stay in found for span in stay.spans]
    assert all(before[1] <= after[0] for before, after in pairwise(spans))
    assert sum(b - a for a, b in spans) <= moment - lines[0].at - suspended
