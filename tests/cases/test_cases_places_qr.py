"""The sheet that is put up in a grid."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
import segno
from sqlalchemy import delete, update

from cases.model import Area, Worker
from cases.places import qr_sheet
from cases.places.qr import SheetError, first_name
from common.db import reading, transaction

BASE = "https://grid.yunxi.example"

with_city = pytest.mark.usefixtures("city_database")


def sheet(folder: Path, *codes: str, base: str = BASE) -> str:
    with reading() as session:
        assert qr_sheet(session, codes, base, folder / "sheet.html") == len(set(codes))
    return (folder / "sheet.html").read_text(encoding="utf-8")


@with_city
def test_every_grid_has_a_page_with_its_code_its_worker_and_what_to_do(tmp_path: Path) -> None:
    text = sheet(tmp_path, "S0101G1", "S0402G3")
    first, second = re.findall(r"<section>.*?</section>", text, re.S)
    for page, code, name, worker in (
        (first, "S0101G1", "幸福社区第一网格", "玉梅 13900010007"),
        (second, "S0402G3", "李家屯村第三网格", "德顺 13900081191"),
    ):
        assert f">{name}<" in page
        assert worker in page
        assert "扫一扫" in page
        assert "12345" in page
        assert code in page
        drawn = segno.make(f"{BASE}/?grid={code}", error="m", micro=False).svg_inline(border=4, omitsize=True)
        assert drawn in page
    assert "size: A4" in text
    assert "陈玉梅" not in text


@with_city
def test_the_sheet_needs_no_other_file_and_is_well_formed(tmp_path: Path) -> None:
    text = sheet(tmp_path, "S0101G1")
    assert not re.search(r"(?:src|href)=|url\(|@import|<script", text)
    assert "$" not in text

    class Nesting(HTMLParser):
        open: list[str] = []  # noqa: RUF012

        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "br"):
                self.open.append(tag)

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            assert self.open.pop() == tag

    parser = Nesting()
    parser.feed(text)
    assert parser.open == []


@with_city
def test_names_are_text_never_markup(tmp_path: Path) -> None:
    with transaction() as session:
        session.execute(update(Area).where(Area.code == "S0101G1").values(name="<b>$x{y}&"))
        session.execute(update(Worker).where(Worker.grid == "S0101G1").values(name="陈<i>"))
    text = sheet(tmp_path, "S0101G1")
    assert "&lt;b&gt;$x{y}&amp;" in text
    assert "<i>" not in text


@with_city
def test_a_grid_without_a_worker_has_the_hotline(tmp_path: Path) -> None:
    with transaction() as session:
        session.execute(delete(Worker).where(Worker.grid == "S0101G1"))
    assert "<strong>市民热线 12345</strong>" in sheet(tmp_path, "S0101G1")


@with_city
def test_a_code_with_signs_is_quoted_in_the_link_and_a_slash_at_the_end_is_no_matter(tmp_path: Path) -> None:
    with transaction() as session:
        session.add(Area(code="G 1&2", parent="S0101", level="grid", name="试", aliases=[]))
    text = sheet(tmp_path, "G 1&2", base=f"{BASE}/")
    assert segno.make(f"{BASE}/?grid=G%201%262", error="m", micro=False).svg_inline(border=4, omitsize=True) in text


@with_city
def test_a_sheet_that_cannot_be_made_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    refused = (
        (("S0101G1", "S0101", "S9"), BASE, "no such grid: S0101, S9"),
        ((), BASE, "at least one grid"),
        (("S0101G1",), "grid.yunxi.example", "no web address"),
        (("S0101G1",), f"{BASE}/?a=1", "no web address"),
        (("S0101G1",), "javascript:alert(1)", "no web address"),
    )
    with reading() as session:
        for codes, base, message in refused:
            with pytest.raises(SheetError, match=message):
                qr_sheet(session, codes, base, tmp_path / "sheet.html")
    assert list(tmp_path.glob("sheet*")) == []


@pytest.mark.parametrize(
    ("name", "first"), [("陈玉梅", "玉梅"), ("李新", "李新"), ("欧阳建国", "建国"), ("欧阳新", "欧阳新"), ("王", "王")]
)
def test_people_are_called_by_their_first_name(name: str, first: str) -> None:
    assert first_name(name) == first
