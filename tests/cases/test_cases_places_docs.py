"""Every example of docs/places.md is real."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
from shapely.geometry import box

from cases import city
from cases.places import ENOUGH, Match, gcj02_to_wgs84, grid_of_pin, import_addresses, match_address
from cases.places.addresses import HEADINGS
from cases.places.qr import link
from cases.places.reading import SURE
from cases.places.shapes import overlaps
from common.db import reading, transaction
from common.settings import ROOT

TEXT = (ROOT / "docs/places.md").read_text(encoding="utf-8")


def table(heading: str) -> list[list[str]]:
    """The rows of the table under this heading line."""
    lines = TEXT.split(heading, 1)[1].strip("\n").split("\n")[1:]
    rows = []
    for line in lines:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in line.strip("|").split("|")])
    return rows


def block(start: str) -> str:
    """The block of lines that begins so."""
    return next(b for b in re.findall(r"^```\w*\n(.*?)^```", TEXT, re.S | re.M) if b.startswith(start))


@pytest.mark.usefixtures("database")
def test_a_city_with_these_mistakes_is_told_so(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))
    with (folder / "areas.csv").open("a", encoding="utf-8") as areas:
        areas.write("S0101G9,S01,grid,幸福网格,\nS07,YX,street,文峰街道,\n")
    lines = (folder / "addresses.csv").read_text(encoding="utf-8").split("\n")
    lines[11] = lines[11].replace("S0101G1", "S0101")
    (folder / "addresses.csv").write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(city.CityError) as error, transaction() as session:
        city.load(session, folder)
    assert f"{error.value}\n" == block("the city was not loaded")


def test_two_grids_overlap_by_what_is_said() -> None:
    outlines = {"S0101G1": box(122.0, 37.0, 122.002, 37.002), "S0101G2": box(122.0015, 37.0, 122.0035, 37.002)}
    names = {"S0101G1": "幸福社区第一网格", "S0101G2": "幸福社区第二网格"}
    (told,) = overlaps(outlines, names)
    assert block("grids.geojson") == f"grids.geojson: {told}\n"


@pytest.mark.usefixtures("city_database")
def test_the_wordings_come_to_what_the_table_says() -> None:
    rows = table("| wording | hint | text | level | grid | sure |\n")
    assert len(rows) > 12
    with reading() as session:
        for said, hint, *expected in rows:
            match = match_address(session, said, hint or None)
            if match is None:
                assert expected == ["none", "", "", ""], said
                continue
            grid = match.grid or f"open: {', '.join(a.grid or '' for a in match.alternatives)}"
            assert [match.text, match.level, grid, str(match.sure)] == expected, said


def test_every_step_stands_in_the_table_with_its_worth() -> None:
    found: dict[str, float] = {}
    for steps, worth, _ in table("| step | worth | |\n"):
        names = re.findall(r"`(\w+)`", steps)
        found.update(zip(names, map(float, worth.split(", ")), strict=True))
    assert found == SURE
    assert f"`cases.places.ENOUGH` ({ENOUGH})" in TEXT


def test_the_headings_are_known() -> None:
    said = [name for row in table("| heading | or | what |\n") for cell in row[:2] for name in cell.split(", ")]
    known = {name for names in HEADINGS.values() for name in names}
    assert {name.strip("`") for name in said} <= known
    assert len(said) == 2 * len(HEADINGS)


@pytest.mark.usefixtures("city_database")
def test_the_import_prints_what_is_printed(tmp_path: Path) -> None:
    given, printed = block("小区,"), block("1 0 0")
    (tmp_path / "new.csv").write_text(given, encoding="utf-8")
    with transaction() as session:
        report = import_addresses(session, tmp_path / "new.csv", by="office")
    assert "\n".join([f"{report.added} {report.updated} {report.unchanged}", *map(str, report.bad), ""]) == printed


@pytest.mark.usefixtures("city_database")
def test_the_pins_lie_where_is_said() -> None:
    with reading() as session:
        assert f"# {grid_of_pin(session, 37.20548, 122.03796)}" in TEXT
        shifted = grid_of_pin(session, *gcj02_to_wgs84(37.206317, 122.042928))
    assert shifted == Match("S0101G1", "幸福社区第一网格", 0.95)


def test_the_link_is_the_one_told() -> None:
    assert f"`{link('https://grid.example.cn', 'S0101G1')}`" in TEXT
