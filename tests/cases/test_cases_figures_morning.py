"""The morning report: what it counts, whom it lists, and how it reads.

Thursday 8 October 2026 is the first working day after the holiday; the next one is the Friday.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import pytest
from sqlalchemy.orm import Session
from test_cases_figures_support import Story, at, found_city

from cases import numbers
from cases.figures import FigureError, Report, morning, spoken
from cases.model import Unit
from common.db import transaction

DAY, EIGHT = date(2026, 10, 8), at("10-08 08:00")


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


def report(session: Session, **more: object) -> Report:
    return morning(session, DAY, **{"at": EIGHT, **more})  # type: ignore[arg-type]


def test_yesterday_is_the_day_before_and_no_more(session: Session) -> None:
    for filed in ("10-06 23:59:59", "10-07 00:00", "10-07 23:59:59", "10-08 00:00"):
        Story(session, filed)
    times = ("09-29 11:00", "09-29 12:00", "09-30 09:00", "09-30 10:00")
    for closed in ("10-06 23:59", "10-07 09:00"):
        Story(session, "09-29 10:00").through("A", *times, closed)
    # Urgent ones: verify, feedback and close fall due 2, 12 and 24 hours after filing.
    Story(session, "10-07 10:00", urgent=True)  # two of its due times passed yesterday: one ticket
    Story(session, "10-07 10:00", urgent=True).through("A", "10-07 10:10", "10-07 11:00", "10-07 12:00")
    Story(session, "10-07 22:30", urgent=True)  # to be verified today at half past midnight
    found = report(session)
    assert (found.filed, found.closed, found.missed) == (5, 1, 1)


def test_what_is_due_soon_is_due_by_the_end_of_the_next_working_day(session: Session) -> None:
    Story(session, "09-29 10:00").through("A", "09-29 11:00", "09-29 12:00")  # feedback today 17:30
    Story(session, "09-30 10:00").through("A", "09-30 11:00", "09-30 12:00")  # feedback tomorrow 17:30
    Story(session, "10-08 07:00").through("A", "10-08 07:10", "10-08 07:20")  # feedback on Saturday, a working day
    Story(session, "09-29 10:00").through("A", "09-29 11:00", "09-29 12:00").do("suspend", "09-30 09:00")
    found = report(session)
    assert (found.soon, found.due_today, found.overdue, found.open) == (2, 1, 0, 4)
    assert found.until == at("10-09 17:30")
    assert [listed.due_at for listed in found.soon_tickets] == [at("10-08 17:30"), at("10-09 17:30")]


def test_overdue_tickets_are_counted_by_unit_and_the_longest_overdue_are_listed(session: Session) -> None:
    for _ in range(2):
        Story(session, "09-25 10:00").to("B", "09-25 11:00")
    for day in range(21, 25):
        Story(session, f"09-{day} 10:00").to("A", f"09-{day} 11:00")
    Story(session, "09-21 09:00")
    found = report(session)
    assert found.late == (("城市管理局", 4), ("住建局", 2), ("未分派", 1))
    assert (found.overdue, len(found.overdue_tickets)) == (7, 5)
    dues = [listed.due_at for listed in found.overdue_tickets]
    assert dues == sorted(dues, key=str) and found.overdue_tickets[0].due == "verify"
    assert "  另有2件" in spoken(found).splitlines()


def test_of_many_units_those_with_most_are_named(session: Session) -> None:
    for n in range(12):
        session.add(Unit(code=f"U{n:02}", name=f"第{n}所", area=None))
        session.flush()
        for _ in range(2 if n == 7 else 1):
            Story(session, "09-25 10:00").to(f"U{n:02}", "09-25 11:00")
    (line,) = [line for line in spoken(report(session)).splitlines() if line.startswith("超期")]
    assert line.startswith("超期：第7所 2件，第0所 1件，第1所 1件，") and line.endswith("，第9所 1件 等12个单位")


def test_a_key_ticket_is_listed_once_with_all_its_reasons(session: Session) -> None:
    both = Story(session, "10-01 10:00", risk="red", urgent=True).do("supervise", "10-01 11:00")
    Story(session, "10-01 10:00", risk="red").do("withdraw", "10-02 10:00")
    Story(session, "10-08 07:59", urgent=True)
    found = report(session)
    assert (found.red, found.supervised, found.urgent, found.key) == (1, 1, 2, 2)
    assert found.key_tickets[0].number == both.ticket.number
    assert found.key_tickets[0].reasons == ("red", "supervised", "urgent")
    assert "【红色、督办、紧急】" in spoken(found)


def test_a_street_and_a_unit_have_reports_of_their_own(session: Session) -> None:
    Story(session, "10-07 10:00", grid="S1CG").to("A", "10-07 11:00")
    Story(session, "10-07 10:00", grid="S2CG", risk="red").to("B", "10-07 11:00")
    assert [report(session, area=area).filed for area in ("YX", "S1", "S2CG", None)] == [2, 1, 1, 2]
    assert [report(session, area=area).key for area in ("S1", "S2")] == [0, 1]
    assert [report(session, where={"unit": unit}).open for unit in "ABC"] == [1, 1, 0]
    with pytest.raises(FigureError, match="no area 'MARS'"):
        report(session, area="MARS")


def test_a_quiet_morning_is_told_in_four_lines(session: Session) -> None:
    assert spoken(report(session)).splitlines() == [
        "2026-10-08 工作晨报",
        "昨日新增0件，办结0件，超期0件。",
        "现有在办0件，其中超期0件；10-09 17:30前即将到期0件，其中今日0件。",
        "近7日办结0件，没有评价。",
    ]


def test_satisfaction_is_told_from_five_on(session: Session) -> None:
    times = ("09-29 11:00", "09-29 12:00", "09-30 09:00", "09-30 10:00", "10-02 10:00")
    for _ in range(4):
        Story(session, "09-29 10:00").through("A", *times)
    few = report(session)
    assert (few.evaluated, few.satisfaction) == (4, None)
    assert spoken(few).splitlines()[3] == "近7日办结4件，评价不足5件，不列满意率。"
    Story(session, "09-29 10:00").through("A", *times)
    assert spoken(report(session)).splitlines()[3] == "近7日办结5件，评价5件，满意率100.0%。"


def test_the_report_reads_as_a_person_would_write_it(session: Session) -> None:
    late = Story(session, "09-29 10:00", place="幸福里3号楼").to("A", "09-29 11:00")
    soon = Story(session, "09-30 10:00", place=None).through("B", "09-30 11:00", "09-30 12:00")
    key = Story(session, "10-07 10:00", type=None, risk="red")
    lines = spoken(report(session, hot_spots=["幸福里：噪音，本周6件"])).splitlines()
    said = [numbers.spoken(story.ticket.number) for story in (late, soon, key)]
    assert lines == [
        "2026-10-08 工作晨报",
        "昨日新增1件，办结0件，超期0件。",
        "现有在办3件，其中超期1件；10-09 17:30前即将到期2件，其中今日1件。",
        "近7日办结0件，没有评价。",
        "超期：城市管理局 1件",
        f"  {said[0]} 噪声扰民（幸福里3号楼）城市管理局，核实应于09-30 17:30前完成",
        "即将到期：",
        f"  {said[2]} 市容环境治理（幸福里）未分派，核实应于10-08 17:30前完成【红色】",
        f"  {said[1]} 噪声扰民（地点不详）住建局，反馈应于10-09 17:30前完成",
        "重点工单（红色等级1件，督办0件，紧急0件）：",
        f"  {said[2]} 市容环境治理（幸福里）未分派，核实应于10-08 17:30前完成【红色】",
        "热点：",
        "  幸福里：噪音，本周6件",
    ]
