"""Outlines of grids, pins on them, and the two coordinate systems."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import shape
from sqlalchemy import select, update

from cases import audit
from cases.model import Area, Place
from cases.places import Match, ShapeError, gcj02_to_wgs84, grid_of_pin, load_shapes
from cases.places.earth import metres, wgs84_to_gcj02
from common.db import reading, transaction

METRE = 1 / 111_195  # degrees of latitude


def square(lat: float, lng: float, side: float = 0.002) -> list[list[float]]:
    """A ring with its south-west corner there."""
    return [[lng, lat], [lng + side, lat], [lng + side, lat + side], [lng, lat + side], [lng, lat]]


def feature(code: str, ring: list[list[float]], kind: str = "Polygon") -> dict[str, Any]:
    coordinates: list[Any] = [ring] if kind == "Polygon" else [[ring]]
    return {"type": "Feature", "properties": {"code": code}, "geometry": {"type": kind, "coordinates": coordinates}}


def write(file: Path, *features: dict[str, Any]) -> Path:
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return file


def load(file: Path) -> int:
    with transaction() as session:
        return load_shapes(session, file)


def mistakes(file: Path) -> list[str]:
    with pytest.raises(ShapeError) as error:
        load(file)
    return error.value.problems


def pin(lat: float, lng: float) -> Match | None:
    with reading() as session:
        return grid_of_pin(session, lat, lng)


def without_shapes() -> None:
    with transaction() as session:
        session.execute(update(Area).values(shape=None))
        audit.log(session, "test", "shapes.load", "none")


@pytest.mark.usefixtures("city_database")
def test_every_place_of_the_sample_city_lies_in_the_outline_of_its_grid() -> None:
    with reading() as session:
        shapes = {a.code: shape(a.shape) for a in session.scalars(select(Area)) if a.shape}
        places = list(session.scalars(select(Place)))
        assert len(shapes) == 62
        for place in places:
            found = grid_of_pin(session, place.lat, place.lng)
            assert found is not None
            assert found.grid == place.grid, place.name
            assert found.sure >= 0.75


@pytest.mark.usefixtures("city_database")
def test_a_pin_is_surest_inside_less_at_the_border_least_outside(tmp_path: Path) -> None:
    without_shapes()
    load(write(tmp_path / "g.json", feature("S0101G1", square(37.2, 122.0)), feature("S0101G2", square(37.2, 122.002))))
    inside, border = pin(37.201, 122.001), pin(37.201, 122.002 - 5 * METRE)
    near, far = pin(37.2 - 5 * METRE, 122.001), pin(37.2 - 25 * METRE, 122.001)
    assert inside == Match("S0101G1", "幸福社区第一网格", 0.95)
    assert [m and m.grid for m in (border, near, far)] == ["S0101G1"] * 3
    sure = [m.sure for m in (inside, border, near, far) if m]
    assert sure == sorted(sure, reverse=True)
    assert len(set(sure)) == 4
    assert sure[-1] >= 0.5


@pytest.mark.usefixtures("city_database")
def test_a_pin_far_outside_is_in_no_drawn_grid(tmp_path: Path) -> None:
    without_shapes()
    load(write(tmp_path / "g.json", feature("S0101G1", square(37.2, 122.0))))
    assert pin(37.2 - 40 * METRE, 122.001) is None
    assert pin(10.0, 10.0) is None
    # A grid nobody has drawn yet is still found by its places.
    found = pin(37.20559, 122.04173)
    assert found is not None
    assert (found.grid, found.name) == ("S0101G2", "幸福里")


@pytest.mark.usefixtures("city_database")
def test_without_outlines_the_nearest_place_tells() -> None:
    without_shapes()
    found = pin(37.2139, 122.0420)
    assert found is not None
    assert (found.grid, found.name) == ("S0102G1", "文昌苑")
    assert found.sure <= 0.8


@pytest.mark.usefixtures("city_database")
def test_new_outlines_count_at_once_and_the_others_stay(tmp_path: Path) -> None:
    before = pin(37.20548, 122.03796)
    assert before is not None
    assert before.grid == "S0101G1"
    assert load(write(tmp_path / "g.json", feature("S0101G1", square(37.0, 122.0), "MultiPolygon"))) == 1
    moved = pin(37.001, 122.001)
    assert moved is not None
    assert moved.grid == "S0101G1"
    assert pin(37.20548, 122.03796) is None
    other = pin(37.20559, 122.04173)
    assert other is not None
    assert other.grid == "S0101G2"


@pytest.mark.usefixtures("city_database")
def test_every_mistake_in_outlines_is_told_and_nothing_is_changed(tmp_path: Path) -> None:
    good = square(37.0, 122.0)
    file = write(
        tmp_path / "g.json",
        feature("S0101G1", good),
        feature("S0101G1", good),
        feature("S9999", good),
        feature("S0101G2", good[:-1]),
        feature("S0101G3", [[122, 37], [122.01, 37.01], [122.01, 37], [122, 37.01], [122, 37]]),
        feature("S0101G4", [[lat, lng] for lng, lat in square(37.1, 122.1)]),
        feature("S0102G1", [[122, 37], [122.1, 37], [122, 37]]),
        {"type": "Feature", "properties": {"code": "S0102G2"}, "geometry": {"type": "Point", "coordinates": [122, 37]}},
        {"type": "Feature", "properties": {"code": "S0102G3"}, "geometry": {"type": "Polygon", "coordinates": [["x"]]}},
        {"type": "Feature"},
    )
    before = pin(37.20548, 122.03796)
    told = mistakes(file)
    assert [t.removeprefix("g.json: feature ") for t in told[:7]] == [
        "2 (S0101G1 幸福社区第一网格): has an outline already in this file",
        "3: no area has the code 'S9999'",
        "4 (S0101G2 幸福社区第二网格): a ring is not closed: it begins at [122.0, 37.0] and ends at [122.0, 37.002]",
        "5 (S0101G3 幸福社区第三网格): Self-intersection[122.005 37.005]",
        "6 (S0101G4 幸福社区第四网格): 37.1, 122.1 is no place on earth (longitude comes first)",
        "7 (S0102G1 文昌社区第一网格): a ring of 3 positions; at least 4 make an area",
        "8 (S0102G2 文昌社区第二网格): the geometry is Point, not Polygon or MultiPolygon",
    ]
    assert told[7].startswith("g.json: feature 9 (S0102G3 文昌社区第三网格): ")
    assert told[8] == "g.json: feature 10: no area has the code ''"
    assert pin(37.20548, 122.03796) == before


@pytest.mark.usefixtures("city_database")
def test_grids_that_overlap_are_refused_with_names_and_size(tmp_path: Path) -> None:
    # 0.0005° of longitude at 37.2° north are 44.3 m, 0.002° of latitude 222.4 m.
    file = write(
        tmp_path / "g.json",
        feature("S0101G1", square(37.0, 122.0)),
        feature("S0101G2", square(37.0, 122.0015)),
    )
    (told,) = mistakes(file)
    assert told.startswith("g.json: S0101G1 幸福社区第一网格 and S0101G2 幸福社区第二网格 overlap by 98")
    assert told.endswith(" m²")


@pytest.mark.usefixtures("city_database")
def test_an_outline_may_not_overlap_one_that_is_there_already(tmp_path: Path) -> None:
    (told,) = mistakes(write(tmp_path / "g.json", feature("S0502G1", square(37.2045, 122.037, 0.001))))
    assert "S0101G1 幸福社区第一网格 and S0502G1 北崖村第一网格 overlap by" in told


@pytest.mark.usefixtures("city_database")
def test_borders_drawn_a_little_over_each_other_are_one_border(tmp_path: Path) -> None:
    without_shapes()
    narrow = feature("S0101G2", square(37.0, 122.002 - 0.8 * METRE))
    assert load(write(tmp_path / "g.json", feature("S0101G1", square(37.0, 122.0)), narrow)) == 2
    wide = feature("S0101G2", square(37.0, 122.002 - 2.5 * METRE))
    assert len(mistakes(write(tmp_path / "g.json", feature("S0101G1", square(37.0, 122.0)), wide))) == 1


@pytest.mark.usefixtures("city_database")
def test_an_outline_of_a_community_may_lie_over_its_grids(tmp_path: Path) -> None:
    assert load(write(tmp_path / "g.json", feature("S0101", square(37.2, 122.03, 0.02)))) == 1
    found = pin(37.20548, 122.03796)
    assert found is not None
    assert found.grid == "S0101G1"


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"{", "g.json:1: no JSON: "),
        (b"[]", "g.json: no GeoJSON FeatureCollection"),
        (b'{"type": "FeatureCollection", "features": []}', "g.json: no features"),
        (b"\xff\xfe\x00", "g.json: not UTF-8"),
    ],
)
def test_a_file_that_is_no_geojson_is_refused(tmp_path: Path, content: bytes, told: str) -> None:
    (tmp_path / "g.json").write_bytes(content)
    (problem,) = mistakes(tmp_path / "g.json")
    assert problem.startswith(told)


def test_known_positions_are_converted() -> None:
    # Pairs published with two independent programs: coordtransform (Beijing) and eviltransform (Shanghai).
    for wgs, gcj in (
        ((39.915, 116.404), (39.91640428150164, 116.41024449916938)),
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
    ):
        assert wgs84_to_gcj02(*wgs) == pytest.approx(gcj, abs=1e-9)
        assert gcj02_to_wgs84(*gcj) == pytest.approx(wgs, abs=1e-7)


@given(st.floats(18, 53), st.floats(74, 134))
def test_converting_there_and_back_comes_to_the_same_place(lat: float, lng: float) -> None:
    there = wgs84_to_gcj02(lat, lng)
    assert metres(*gcj02_to_wgs84(*there), lat, lng) < 0.05
    assert 0 < metres(*there, lat, lng) < 1500


@given(st.floats(-80, 0), st.floats(-170, 70))
def test_outside_china_nothing_is_shifted(lat: float, lng: float) -> None:
    assert gcj02_to_wgs84(lat, lng) == (lat, lng) == wgs84_to_gcj02(lat, lng)
