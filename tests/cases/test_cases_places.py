"""The index tickets are placed by, on the sample city."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from cases import city
from cases.places import Match, PlaceIndex, buildings
from common.db import reading, transaction


def match(text: str, hint: str | None = None) -> Match | None:
    with reading() as session:
        return PlaceIndex.of(session).match(text, hint)


@pytest.mark.parametrize(
    ("ranges", "numbers"),
    [("", set()), ("3", {3}), ("1-3", {1, 2, 3}), ("1-2|5", {1, 2, 5}), ("7|9|11-12", {7, 9, 11, 12})],
)
def test_building_ranges(ranges: str, numbers: set[int]) -> None:
    assert buildings(ranges) == numbers


@pytest.mark.usefixtures("city_database")
def test_grid_of_a_place() -> None:
    for text, grid in (
        ("幸福里3号楼2单元501", "S0101G1"),
        ("老纺织厂宿舍12号楼", "S0101G2"),
        ("红星家园", "S0101G4"),
        ("云溪市锦绣花园二期20号楼", "S0201G3"),
        ("幸福一格", "S0101G1"),
    ):
        found = match(text)
        assert found is not None, text
        assert found.grid == grid, text


@pytest.mark.usefixtures("city_database")
def test_what_is_not_known_for_sure_is_left_to_a_person() -> None:
    for text in ("", "  ", "幸福里99号楼", "幸福里", "别的地方", "3号楼", "文峰街道", "锦绣家园9号楼"):
        assert match(text) is None, text


@pytest.mark.usefixtures("city_database")
def test_a_scanned_code_decides_between_equals_but_not_against_the_building() -> None:
    by_code = match("幸福里", hint="S0101G2")
    assert by_code is not None
    assert (by_code.grid, by_code.name) == ("S0101G2", "幸福里")
    by_building = match("幸福里3号楼", hint="S0101G2")
    assert by_building is not None
    assert (by_building.grid, by_building.name) == ("S0101G1", "幸福里")
    assert by_code.sure < by_building.sure
    area = match("幸福社区", hint="S0101G3")
    assert area is not None
    assert (area.grid, area.name) == ("S0101G3", "幸福社区")


@pytest.mark.usefixtures("city_database")
def test_the_nearest_place_is_found_and_none_far_away() -> None:
    with reading() as session:
        index = PlaceIndex.of(session)
        near = index.nearest(37.20549, 122.03797)
        assert near is not None
        assert (near.grid, near.name) == ("S0101G1", "幸福里")
        assert 0.3 <= near.sure <= 0.8
        other = index.nearest(37.20549, 122.03797, frozenset({"S0101G3"}))
        assert other is not None
        assert other.grid == "S0101G3"
        assert index.nearest(37.0, 121.0) is None


@pytest.mark.usefixtures("city_database")
def test_a_reloaded_library_is_used_at_once(tmp_path: Path) -> None:
    assert match("新家园1号楼") is None
    folder = tmp_path / "city"
    shutil.copytree(city.SAMPLE, folder)
    places = folder / "places.csv"
    places.write_text(
        places.read_text(encoding="utf-8") + "新家园,estate,S0101G1,1-3,,幸福路,37.2,122.0\n", encoding="utf-8"
    )
    with transaction() as session:
        city.load(session, folder)
    found = match("新家园1号楼")
    assert found is not None
    assert found.grid == "S0101G1"


@pytest.mark.usefixtures("city_database")
def test_the_index_is_kept_until_the_city_changes() -> None:
    with reading() as session:
        first = PlaceIndex.of(session).library
        assert PlaceIndex.of(session).library is first
    with transaction() as session:
        city.load(session)
    with reading() as session:
        assert PlaceIndex.of(session).library is not first


@pytest.mark.usefixtures("city_database")
def test_the_index_knows_names_aliases_and_areas_longest_first() -> None:
    with reading() as session:
        names = list(PlaceIndex.of(session).known_names())
    assert {"幸福里", "老纺织厂宿舍", "幸福社区", "幸福1格"} <= set(names)  # numbers in digits
    assert [len(n) for n in names] == sorted((len(n) for n in names), reverse=True)


@pytest.mark.usefixtures("database")
def test_without_a_library_nothing_is_known() -> None:
    assert match("幸福里3号楼") is None
