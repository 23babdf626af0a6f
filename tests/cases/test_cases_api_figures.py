"""Figures over HTTP: the same as those of ``cases.figures``, of the key's own part of the city and no other's."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from test_cases_api import ALL, Api, Maker, api, client, operator

from cases.api import figures_out
from cases.api.routes import figures as routes
from cases.figures import PARTS, Question, query
from cases.model import Ticket
from common.db import now, reading, transaction
from common.settings import settings

__all__ = ["api", "client", "operator"]


def today() -> date:
    return now().astimezone(ZoneInfo(settings().timezone)).date()


GAS = {"matter": "hazard.gas", "place": "文昌苑1号楼"}  # in S0102, with ZJ01 or another unit
HARBOUR = {"place": None, "grid": "S0201G1"}


def filed(who: Api, status: int = 200, /, **asked: Any) -> Any:
    answer = who.get("/figures", status, part="filing", **asked)
    return answer["total"]["filed"] if status == 200 else answer


def earlier(**columns: Any) -> None:
    """All tickets were filed a while ago: what happens in this very second is not counted yet. Sets columns, too."""
    with transaction() as session:
        for ticket in session.query(Ticket):
            ticket.created_at -= timedelta(minutes=5)
            for name, value in columns.items():
                setattr(ticket, name, value)


@pytest.fixture
def city(operator: Api) -> list[str]:
    """Three tickets: two in street S01, one in S02."""
    made = [operator.file(), operator.file(**GAS), operator.file(**HARBOUR)]
    earlier()
    return made


@pytest.mark.usefixtures("city")
def test_the_answer_has_the_figures_of_the_query(operator: Api) -> None:
    told = operator.get("/figures", by=["street", "month"], category="environment")
    question = Question(
        today() - timedelta(days=27),
        today() + timedelta(days=1),
        by=("street", "month"),
        where={"category": ["environment"]},
        at=datetime.fromisoformat(told["at"]),
    )
    with reading() as session:
        table = query(session, question)
    assert (told["since"], told["until"]) == (str(question.since), str(question.until))
    assert [row["codes"] for row in told["rows"]] == [dict(row.keys) for row in table.rows]
    assert [row["names"] for row in told["rows"]] == [dict(row.names) for row in table.rows]
    assert [row["figures"] for row in told["rows"]] == [dict(row.values) for row in table.rows]
    assert told["total"] == dict(table.total.values)
    assert [c["key"] for c in told["columns"]] == list(told["total"])
    assert all(c["heading"] and c["definition"] for c in told["columns"])
    assert [(g["key"], g["heading"]) for g in told["by"]] == [("street", "镇街"), ("month", "月")]
    assert (told["area"], told["where"], told["timezone"]) == (None, {"category": ["environment"]}, "Asia/Shanghai")
    assert told["total"]["filed"] == 2


@pytest.mark.usefixtures("city")
def test_filters_narrow_and_parts_leave_figures_out(operator: Api) -> None:
    assert [filed(operator, **asked) for asked in ({}, {"area": "S01"}, {"area": "S0102"}, {"area": "DY"})] == [
        3,
        2,
        1,
        3,
    ]
    assert filed(operator, type=["hazard.gas", "environment.noise"]) == 3
    assert filed(operator, channel="phone") == 0
    assert filed(operator, type="hazard.gas") == 1
    assert filed(operator, risk=["green", "yellow", "red"]) == 3
    assert set(operator.get("/figures", part=["filing"])["total"]) == {"filed", "urgent", "no_clock"}
    assert filed(operator, since=str(today() - timedelta(days=9)), until=str(today() - timedelta(days=1))) == 0


@pytest.mark.usefixtures("city")
def test_a_file_is_what_format_or_accept_asks_for(operator: Api) -> None:
    asked = {"by": "street", "since": "2026-01-01", "until": "2026-12-01"}

    def get(accept: str = "*/*", **more: str) -> Any:
        return operator.client.get("/figures", params={**asked, **more}, headers=operator.headers | {"Accept": accept})

    def rows(answer: Any) -> list[list[str]]:
        return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))

    for answer in (
        get(format="csv"),
        get("text/csv"),
        get("application/json;q=0.5, text/csv"),
        get("*/*", format="csv"),
    ):
        assert answer.headers["content-type"].startswith("text/csv; charset=utf-8")
        assert answer.headers["content-disposition"] == 'attachment; filename="figures-2026-01-01-2026-11-30.csv"'
        assert (answer.headers["vary"], answer.headers["cache-control"]) == ("Accept", "no-store")
        assert rows(answer)[0][:3] == ["镇街", "镇街代码", "上报"]
        assert rows(answer)[-1][0] == "合计"
    for answer in (get(), get(""), get("text/html"), get("text/csv;q=0"), get("text/csv", format="json")):
        assert answer.headers["content-type"] == "application/json" and answer.headers["vary"] == "Accept"
        assert "content-disposition" not in answer.headers
        assert answer.json()["since"] == "2026-01-01"
    for answer in (get(format="xlsx"), get(figures_out.XLSX)):
        assert answer.headers["content-type"] == figures_out.XLSX
        assert answer.headers["content-disposition"].endswith('.xlsx"')
        sheets = load_workbook(io.BytesIO(answer.content))
        told = [[str(cell) for cell in row[:3]] for row in sheets.worksheets[0].iter_rows(values_only=True)]
        assert told[0] == rows(get(format="csv"))[0][:3]
        assert len(sheets.worksheets) == 2
    refused = get("text/csv", format="csv", area="S9")
    assert (refused.status_code, refused.headers["content-type"]) == (422, "application/json")


@given(st.text())
def test_whatever_is_accepted_there_is_a_form_for_it(accept: str) -> None:
    assert figures_out.wanted(accept) in figures_out.FORMATS


@given(st.permutations(["text/csv;q=0.3", "application/json;q=0.2", f"{figures_out.XLSX};q=0.4", "*/*;q=0.1"]))
def test_the_order_of_what_is_accepted_does_not_matter(kinds: list[str]) -> None:
    assert figures_out.wanted(",".join(kinds)) == "xlsx"


# --- whose figures


@pytest.mark.usefixtures("city")
def test_a_key_with_an_area_gets_the_figures_of_its_area_only(api: Maker) -> None:
    street = api("street", area="S01")
    assert filed(street) == 2
    assert filed(street, area="S0102") == 1
    assert [row["codes"]["street"] for row in street.get("/figures", by="street")["rows"]] == ["S01"]
    for elsewhere in ("S02", "S0201", "YX", "DY"):
        refused = filed(street, 403, area=elsewhere)
        assert (refused["code"], refused["detail"]) == ("outside", "this key may only ask about the area S01")
    assert filed(street, unit="CG01") == 1  # what lies there with this unit
    assert filed(api("operator", area="DY")) == 3


def test_a_community_that_moved_leaves_its_past_with_the_old_street(operator: Api, api: Maker) -> None:
    operator.file()
    earlier(street="S02")  # the community belonged to another street then
    assert filed(api("street", area="S01"), area="S0101") == 0
    assert filed(api("street", area="S02")) == 1
    assert filed(operator, area="S0101") == 1


@pytest.mark.usefixtures("city")
def test_a_departments_key_gets_the_figures_of_its_unit_only(operator: Api, api: Maker) -> None:
    unit = api("department", unit="CG01")
    told = unit.get("/figures", by="unit")
    assert ([row["codes"]["unit"] for row in told["rows"]], told["where"]) == (["CG01"], {"unit": ["CG01"]})
    assert filed(unit) == filed(operator, unit="CG01") == 2
    assert filed(unit, area="S02") == 1
    for others in ("GA01", ["CG01", "GA01"]):
        assert filed(unit, 403, unit=others)["detail"] == "this key may only ask about the unit CG01"


@pytest.mark.usefixtures("city")
def test_a_key_with_unit_and_area_asks_about_one_of_them(api: Maker) -> None:
    both = api("operator", unit="CG01", area="S0102")
    assert filed(both) == 1
    assert filed(both, unit="CG01") == 2
    assert filed(both, unit="CG01", area="S02") == 1
    assert filed(both, 403, area="S02")["detail"] == "this key may only ask about the unit CG01 or the area S0102"


@pytest.mark.usefixtures("city")
def test_the_figures_of_all_streets_keys_add_up_to_the_citys(operator: Api, api: Maker) -> None:
    streets = [a["code"] for a in operator.get("/areas") if a["level"] == "street"]
    assert sum(filed(api("street", area=code)) for code in streets) == filed(operator) == 3


def test_figures_are_for_keys_with_the_scope_and_for_no_residents(api: Maker) -> None:
    assert filed(api("supervisor", scopes=["tickets:read"]), 403)["code"] == "scope_missing"
    for path in ("/figures", "/figures/morning", "/hotspots"):
        assert api("resident", person="openid-7").get(path, 403)["code"] == "outside"


# --- what is refused


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ({"since": "2026-13-01"}, "query.since"),
        ({"since": "20260101"}, "query.since"),
        ({"until": "2026-01-01T00:00:00Z"}, "query.until"),
        ({"by": "colour"}, "query.by.0"),
        ({"by": ["day", "week", "month", "unit", "risk"]}, "query.by"),
        ({"type": "environment.nothing"}, "query.type.0"),
        ({"category": "nothing"}, "query.category.0"),
        ({"risk": "blue"}, "query.risk.0"),
        ({"channel": "A B"}, "query.channel.0"),
        ({"part": "everything"}, "query.part.0"),
        ({"format": "pdf"}, "query.format"),
        ({"unit": "局"}, "query.unit.0"),
        ({"colour": "red"}, "query.colour"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(operator: Api, asked: Any, where: str) -> None:
    refused = operator.get("/figures", 400, **asked)
    assert (refused["code"], refused["where"]) == ("invalid_request", where)


@pytest.mark.parametrize(
    ("asked", "where", "said"),
    [
        ({"since": "2026-03-01", "until": "2026-03-01"}, "query.until", "the day after the last"),
        ({"since": "0001-01-01"}, "query.since", "not before 1971-01-01"),
        ({"until": "0001-01-01"}, "query.until", "the day after the last"),
        ({"since": "9999-12-30", "until": "9999-12-31"}, "query.until", "not after 2970-01-01"),
        ({"since": "2020-01-01", "until": "2026-01-01"}, "query.since", "has 2192 days, at most 1100"),
        ({"by": ["unit", "unit"]}, "query.by", "the same twice"),
        ({"area": "S9"}, "query.area", "no area 'S9'"),
        ({"unit": ["CG01", "XX99"]}, "query.unit", "no unit 'XX99'"),
        ({"by": ["grid", "type", "channel", "day"]}, "query.by", "groups, more than 100000"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused_with_the_reason(
    operator: Api, asked: Any, where: str, said: str
) -> None:
    refused = operator.get("/figures", 422, **asked)
    assert (refused["code"], refused["where"]) == ("question_refused", where)
    assert said in refused["problems"][0]["message"]


def test_all_mistakes_of_a_question_are_told_at_once(operator: Api) -> None:
    refused = operator.get("/figures", 422, since="2020-01-01", area="S9", unit=["X", "Y"], by=["day", "day"])
    told = [p["where"] for p in refused["problems"]]
    assert told == ["query.since", "query.area", "query.unit", "query.unit", "query.by"]


def test_groups_within_each_other_are_counted_by_the_finest(operator: Api) -> None:
    assert operator.get("/figures", by=["category", "type", "street", "grid"])["rows"] == []
    assert operator.get(
        "/figures", by=["type", "channel", "day"], type="hazard.gas", since=str(today() - timedelta(days=900))
    )


def test_an_answer_of_too_many_groups_is_refused(operator: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "MOST_ROWS", {"json": 20, "csv": 28, "xlsx": 20})
    refused = operator.get("/figures", 422, by="day")
    assert refused["problems"][0]["message"].startswith("there are 28 groups, more than 20 as json: group by less")
    operator.get("/figures", 422, by="day", format="xlsx")
    asked = {"by": "day", "format": "csv"}
    assert operator.client.get("/figures", params=asked, headers=operator.headers).status_code == 200
    assert len(operator.get("/figures", by="week")["rows"]) in (4, 5)


def test_figures_may_be_asked_for_less_often_than_tickets(operator: Api) -> None:
    for _ in range(30):
        filed(operator)
    assert filed(operator, 429)["code"] == "too_many"
    assert operator.get("/tickets")["tickets"] == []


# --- the morning report


@pytest.mark.usefixtures("city")
def test_the_morning_report_tells_what_is_open_and_what_is_to_be_looked_at(operator: Api) -> None:
    urgent = operator.file(urgent=True)
    report = operator.get("/figures/morning")
    assert (report["day"], report["open"], report["urgent"], report["area"]) == (str(today()), 4, 1, None)
    assert (report["closed"], report["evaluated"], report["satisfaction"]) == (0, 0, None)
    (key,) = report["key_tickets"]
    assert (key["number"], key["matter"], key["place"], key["reasons"]) == (
        urgent,
        "噪声扰民",
        "幸福里8号楼",
        ["urgent"],
    )
    assert report["text"].startswith(f"{today()} 工作晨报\n昨日新增") and "幸福里8号楼" in report["text"]
    earlier(created_at=datetime.combine(today(), time(0), ZoneInfo(settings().timezone)) - timedelta(hours=9))
    assert operator.get("/figures/morning")["filed"] == 4
    assert operator.get("/figures/morning", day=str(today() - timedelta(days=300)))["filed"] == 0


@pytest.mark.usefixtures("city")
def test_an_area_and_a_unit_have_morning_reports_of_their_own(operator: Api, api: Maker) -> None:
    assert operator.get("/figures/morning", area="S01")["open"] == 2
    street = api("street", area="S02").get("/figures/morning")
    assert (street["open"], street["area"], street["unit"]) == (1, "S02", None)
    unit = api("department", unit="CG01").get("/figures/morning")
    assert (unit["open"], unit["unit"], unit["hot_spots"]) == (2, "CG01", [])
    assert api("street", area="S02").get("/figures/morning", 403, area="S01")["code"] == "outside"
    assert api("department", unit="CG01").get("/figures/morning", 403, unit="GA01")["code"] == "outside"


def test_without_personal_data_the_morning_report_tells_no_places(api: Maker) -> None:
    for _ in range(3):
        api("operator").file(urgent=True)
    without = api("supervisor", scopes=[s for s in ALL if s != "personal:read"])
    report = without.get("/figures/morning")
    assert len(report["key_tickets"]) == 3 and report["text"] is None and report["hot_spots"] == []
    assert {t["place"] for t in report["key_tickets"]} == {None}
    assert "幸福里" not in str(report)


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", str(today() + timedelta(days=2)), "2020-01-01"])
def test_there_is_no_report_of_a_far_day(operator: Api, day: str) -> None:
    refused = operator.get("/figures/morning", 422, day=day, area="S9")
    assert [p["where"] for p in refused["problems"]] == ["query.day", "query.area"]


def test_every_part_there_is_can_be_asked_for(operator: Api) -> None:
    for part in PARTS:
        assert operator.get("/figures", part=part)["columns"]
