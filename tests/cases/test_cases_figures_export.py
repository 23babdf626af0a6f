"""Tables as files: what a spreadsheet makes of them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from sqlalchemy.orm import Session
from test_cases_figures_support import SHANGHAI, Story, asked, found_city

from cases.figures import Column, Row, Table, to_csv, to_xlsx
from cases.figures.table import Value
from cases.model import Unit
from common.db import transaction

NAME = Column("unit", "承办单位", "name", "按单位。")
COLUMNS = (
    NAME,
    Column("unit", "单位代码", "code", "按单位。"),
    Column("filed", "上报", "count", "上报的工单。"),
    Column("rate", "满意率", "rate", "满意 ÷ 已评价。"),
    Column("median", "中位时长", "hours", "自然小时。"),
)
EVIL = (
    "=1+1",
    "+1",
    "-1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "\n=1",
    "＝1+1",
    " =1+1",
    "\ufeff=1",
    "\x00=1",
    "＠a",
    "\u3000－1",
)


def table(*names: str, values: tuple[Value, ...] = (3, 2 / 3, 1.23456)) -> Table:
    told = dict(zip(("filed", "rate", "median"), values, strict=True))
    rows = tuple(Row({"unit": f"U{n}"}, {"unit": name}, told) for n, name in enumerate(names))
    moment = datetime(2026, 9, 30, 16, tzinfo=UTC)
    return Table(moment, moment, moment, SHANGHAI, ("unit",), COLUMNS, rows, Row({}, {"unit": "合计"}, told))


def csv_of(made: Table) -> tuple[bytes, list[list[str]]]:
    stream = io.BytesIO()
    to_csv(made, stream)
    raw = stream.getvalue()
    return raw, list(csv.reader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_a_csv_file_opens_in_excel_with_chinese_headings() -> None:
    raw, rows = csv_of(table("城市管理局"))
    assert raw.startswith(b"\xef\xbb\xbf") and raw.endswith(b"\r\n") and raw.count(b"\xef\xbb\xbf") == 1
    assert rows == [
        ["承办单位", "单位代码", "上报", "满意率", "中位时长"],
        ["城市管理局", "U0", "3", "0.6667", "1.23"],
        ["合计", "", "3", "0.6667", "1.23"],
    ]


def test_what_is_not_told_is_an_empty_cell() -> None:
    _, rows = csv_of(table("城市管理局", values=(0, None, None)))
    assert rows[1] == ["城市管理局", "U0", "0", "", ""]


@pytest.mark.parametrize("name", EVIL)
def test_no_name_becomes_a_formula(name: str) -> None:
    _, rows = csv_of(table(name))
    assert rows[1][0].startswith("'")
    stream = io.BytesIO()
    to_xlsx(table(name), stream)
    cell = load_workbook(stream)["统计"]["A2"]
    assert cell.data_type == "s" and cell.quotePrefix


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=12))
def test_any_name_can_be_written_and_read_again(name: str) -> None:
    _, rows = csv_of(table(name))
    assert len(rows) == 3 and len(rows[1]) == len(COLUMNS)
    assert not rows[1][0].lstrip().startswith(("=", "+", "-", "@"))
    stream = io.BytesIO()
    to_xlsx(table(name), stream)
    assert load_workbook(stream)["统计"]["A2"].data_type in {"s", "inlineStr", "n"}  # n: nothing was left


def test_a_workbook_has_numbers_that_can_be_counted_with_and_says_what_they_mean(tmp_path: Path) -> None:
    file = tmp_path / "figures.xlsx"
    to_xlsx(table("城市管理局", "住建局"), file)
    book = load_workbook(file)
    assert book.sheetnames == ["统计", "口径"]
    figures, meanings = book["统计"], book["口径"]
    assert [cell.value for cell in figures[2]] == ["城市管理局", "U0", 3, 2 / 3, 1.23456]
    assert [cell.number_format for cell in figures[2]][2:] == ["#,##0", "0.0%", "0.0"]
    assert figures["A4"].value == "合计" and figures["A4"].font.bold
    assert (figures.freeze_panes, figures.auto_filter.ref) == ("C2", "A1:E3")
    assert [cell.value for cell in meanings[1]] == ["项目", "口径"]
    assert meanings["B2"].value == "2026-10-01 00:00 至 2026-10-01 00:00（不含），截至 2026-10-01 00:00，Asia/Shanghai"
    told = {row[0].value: row[1].value for row in meanings.iter_rows(min_row=3)}
    assert told == {
        "承办单位": "按单位。",
        "上报": "上报的工单。",
        "满意率": "满意 ÷ 已评价。",
        "中位时长": "自然小时。",
    }


@pytest.fixture
def session(database: str) -> Iterator[Session]:
    with transaction() as made:
        found_city(made)
        yield made


def test_the_figures_of_a_city_as_files(session: Session, tmp_path: Path) -> None:
    session.add(Unit(code="D", name="=cmd|'/c calc'!A1", area=None))
    session.flush()
    Story(session, "09-29 10:00", grid="S2CG").through("D", "09-29 11:00", "09-29 12:00")
    Story(session, "09-29 10:00")
    made = asked(session, by=("street", "unit"))
    _, rows = csv_of(made)
    assert rows[0][:5] == ["镇街", "镇街代码", "承办单位", "单位代码", "上报"]
    told = {tuple(row[:5]) for row in rows[1:]}
    assert ("'=滨河街道", "S2", "'=cmd|'/c calc'!A1", "D", "1") in told
    assert ("文峰街道", "S1", "未分派", "", "1") in told
    assert rows[-1][:5] == ["合计", "", "", "", "2"]
    headings = [column.heading for column in made.columns]
    assert len(set(headings)) == len(headings) and all(column.definition for column in made.columns)
    to_xlsx(made, tmp_path / "a.xlsx")
    sheet = load_workbook(tmp_path / "a.xlsx")["统计"]
    assert [cell.value for cell in sheet[1]] == headings and sheet.max_row == len(rows)
