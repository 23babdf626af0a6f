"""Importing the address library: good rows in, bad rows told, the same file twice changes nothing."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from cases.model import Address, AuditLine
from cases.places import AddressError, BadRow, ImportReport, import_addresses
from common.db import reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")

HEADING = ["小区/村", "道路", "楼栋", "单元", "室", "网格", "纬度", "经度"]
GOOD = ["云锦里", "云锦路", "3号楼", "二单元", "501室", "S0101G1", "37.2055", "122.038"]


def write(file: Path, rows: Sequence[Sequence[Any]], encoding: str = "utf-8") -> Path:
    if file.suffix == ".xlsx":
        book = Workbook()
        for row in rows:
            book.active.append(list(row))
        book.save(file)
        return file
    with file.open("w", encoding=encoding, newline="") as out:
        csv.writer(out).writerows(rows)
    return file


def load(file: Path, *, strict: bool = False) -> ImportReport:
    with transaction() as session:
        return import_addresses(session, file, strict=strict, by="office")


def rows() -> list[Address]:
    with reading() as session:
        return list(session.scalars(select(Address).where(Address.estate == "云锦里").order_by(Address.id)))


def bad(file: Path) -> dict[int, tuple[str, ...]]:
    return {b.row: b.problems for b in load(file).bad}


@pytest.mark.parametrize(
    ("name", "encoding"),
    [("a.csv", "utf-8"), ("a.csv", "utf-8-sig"), ("a.csv", "gb18030"), ("a.xlsx", "")],
)
def test_a_table_is_read_whatever_made_it(tmp_path: Path, name: str, encoding: str) -> None:
    report = load(write(tmp_path / name, [HEADING, GOOD], encoding))
    assert report == ImportReport(added=1)
    (row,) = rows()
    assert row.key == "文峰街道云锦里3号楼2单元501室"
    assert (row.grid, row.road, row.building, row.stairwell, row.door) == ("S0101G1", "云锦路", "3", "2", "501")
    assert (row.lat, row.lng) == (37.2055, 122.038)


def test_headings_may_be_english_and_in_any_order_and_others_are_passed_over(tmp_path: Path) -> None:
    heading = ["Grid", "note", "door", "stairwell", "building", "estate"]
    assert load(write(tmp_path / "a.csv", [heading, ["S0101G1", "?", "501", "2", "3", "云锦里"]])).added == 1
    assert rows()[0].key == "文峰街道云锦里3号楼2单元501室"
    assert rows()[0].lat is None


def test_numbers_in_a_workbook_may_be_numbers(tmp_path: Path) -> None:
    row = ["云锦里", None, 3, 2.0, 501, "S0101G1", 37.2055, 122.038]
    assert load(write(tmp_path / "a.xlsx", [HEADING, row])).added == 1
    assert rows()[0].key == "文峰街道云锦里3号楼2单元501室"


def test_the_same_file_again_changes_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [HEADING, GOOD, [*GOOD[:4], "502", *GOOD[5:]]])
    load(file)
    before = [(r.id, r.key) for r in rows()]
    lines = audit_lines()
    assert load(file) == ImportReport(unchanged=2)
    assert [(r.id, r.key) for r in rows()] == before
    assert audit_lines() == lines


def audit_lines() -> list[str]:
    with reading() as session:
        lines = session.scalars(select(AuditLine).where(AuditLine.action == "addresses.import").order_by(AuditLine.id))
        return [f"{line.actor} {line.about} {line.note}" for line in lines]


def test_a_dwelling_that_changed_grid_is_brought_up_to_date_under_a_new_id(tmp_path: Path) -> None:
    load(write(tmp_path / "a.csv", [HEADING, GOOD]))
    (before,) = rows()
    moved = [*GOOD[:5], "S0101G2", *GOOD[6:]]
    assert load(write(tmp_path / "b.csv", [HEADING, moved])) == ImportReport(updated=1)
    (after,) = rows()
    assert (after.key, after.grid) == (before.key, "S0101G2")
    assert after.id > before.id
    assert audit_lines()[-1] == "office b.csv 0 added, 1 updated, 0 unchanged, 0 bad"


def test_bad_rows_are_told_with_all_that_is_wrong_and_the_good_ones_are_loaded(tmp_path: Path) -> None:
    file = write(
        tmp_path / "a.csv",
        [
            HEADING,
            GOOD,
            ["云锦里", "", "", "", "", "S0101G1", "", ""],
            ["", "", "3", "", "", "S9999", "", ""],
            [],
            ["云锦里", "", "三号楼东侧", "x?", "501", "S0101G1", "37.2", ""],
            ["云锦里", "", "4", "", "", "S0101", "", ""],
            ["云锦里", "", "5", "", "", "S0101G1", "122.038", "37.2055"],
            [*GOOD, "more"],
            ["云锦里", "", "３栋", "2", "0501", "S0101G2", "", ""],
            ["云锦里", "", "6", "", "", "", "north", "east"],
            ["云" * 101, "", "6", "", "", "S0101G1", "", ""],
        ],
    )
    report = load(file)
    assert (report.added, len(rows())) == (1, 1)
    number = "is no number like 3, 甲3 or B"
    assert {b.row: b.problems for b in report.bad} == {
        3: ("no building (a house's number belongs there too)",),
        4: ("there is no grid 'S9999'", "neither estate nor road"),
        6: (
            f"楼栋: '三号楼东侧' {number}",
            f"单元: 'x?' {number}",
            "纬度 and 经度 must both be numbers, not '37.2' and ''",
        ),
        7: ("there is no grid 'S0101'",),
        8: ("122.038, 37.2055 is no place on earth (纬度 and 经度 exchanged?)",),
        9: ("9 cells, but 8 headings",),
        10: ("the same dwelling as row 2: 文峰街道云锦里3号楼2单元501室",),
        11: ("纬度 and 经度 must both be numbers, not 'north' and 'east'", "no grid"),
        12: ("小区/村: longer than 100 characters",),
    }
    assert report.bad[1].cells == ("", "", "3", "", "", "S9999", "", "")
    assert str(report.bad[0]) == f"row 3: {report.bad[0].problems[0]} (云锦里,,,,,S0101G1,,)"


def test_a_strict_import_is_all_or_nothing(tmp_path: Path) -> None:
    file = write(tmp_path / "a.csv", [HEADING, GOOD, ["云锦里", "", "4", "", "", "S9999", "", ""]])
    with transaction() as session:
        with pytest.raises(AddressError, match="row 3: there is no grid 'S9999'") as error:
            import_addresses(session, file, strict=True)
        assert [type(b) for b in error.value.bad] == [BadRow]
    assert rows() == []
    assert load(write(tmp_path / "b.csv", [HEADING, GOOD]), strict=True).added == 1


def test_what_looks_like_a_formula_is_just_text(tmp_path: Path) -> None:
    for name in ("a.csv", "a.xlsx"):
        file = write(
            tmp_path / name,
            [HEADING, ['=HYPERLINK("x")', "", "3", "", "", "S0101G1"], ["云锦里", "", "=1+2", "", "", "S0101G1"]],
        )
        report = load(file)
        assert [b.problems for b in report.bad] == [("楼栋: '=1+2' is no number like 3, 甲3 or B",)]
    with reading() as session:
        assert session.scalar(select(Address.key).where(Address.estate.startswith("="))) == '文峰街道=HYPERLINK("x")3号'


def test_a_number_that_excel_made_a_date_is_told(tmp_path: Path) -> None:
    row = ["云锦里", "", date(2026, 3, 2), "", "", "S0101G1", "", ""]
    file = write(tmp_path / "a.xlsx", [HEADING, row])
    ((problem,),) = bad(file).values()
    assert problem.startswith("楼栋: Excel has made 2026-03-02")
    assert problem.endswith("of it; format the column as text")


def test_a_file_that_is_no_such_table_is_refused_with_what_to_do(tmp_path: Path) -> None:
    refused = (
        (b"", "a.csv: the file is empty"),
        (
            "小区,单元\n云锦里,1\n".encode(),
            r"a.csv:1: column missing: 楼栋 \(building\); column missing: 网格 \(grid\)",
        ),
        ("楼栋,网格\n1,S0101G1\n".encode(), r"a.csv:1: column missing: 小区/村 \(estate\)"),
        ("小区,村,楼栋,网格\n".encode(), "a.csv:1: column estate stands there twice: 小区 and 村"),
        ("小区\n云锦里\n".encode("utf-16"), "a.csv: neither .xlsx nor CSV text"),
        ("小区,楼栋,网格\n云锦里".encode() + b"\xff\xff,1,S0101G1\n", "a.csv:2: neither UTF-8 nor GB18030"),
        (b"PK\x03\x04 and then nothing", "a.csv: no Excel workbook"),
    )
    file = tmp_path / "a.csv"
    for content, message in refused:
        file.write_bytes(content)
        with pytest.raises(AddressError, match=message):
            load(file)


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(AddressError, match=r"none\.csv: No such file"):
        load(tmp_path / "none.csv")


def test_a_damaged_workbook_is_told(tmp_path: Path) -> None:
    file = write(tmp_path / "a.xlsx", [HEADING, GOOD])
    with zipfile.ZipFile(file) as whole, zipfile.ZipFile(tmp_path / "b.xlsx", "w") as broken:
        for name in whole.namelist():
            broken.writestr(name, whole.read(name)[:150] if "sheet1" in name else whole.read(name))
    with pytest.raises(AddressError, match=r"b\.xlsx: no Excel workbook"):
        load(tmp_path / "b.xlsx")


def test_a_file_that_breaks_off_leaves_nothing_behind(tmp_path: Path) -> None:
    good = [["云锦里", "", str(n), "", "", "S0101G1", "", ""] for n in range(1, 1200)]
    file = write(tmp_path / "a.csv", [HEADING, *good, ["x" * 140_000]])
    with transaction() as session:
        before = session.scalar(select(func.count(Address.id)))
        with pytest.raises(AddressError, match="field larger than field limit"):
            import_addresses(session, file)
        assert session.scalar(select(func.count(Address.id))) == before
    assert rows() == []
