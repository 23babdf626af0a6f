"""Which unit gets a matter."""

from __future__ import annotations

import pytest

from cases.model import Area, Unit
from cases.routing import responsible_unit
from common.db import reading, transaction
from nlu.taxonomy import taxonomy


def unit(type_: str | None, grid: str | None, category: str | None = None) -> str | None:
    with reading() as session:
        found = responsible_unit(session, type_, category or str(type_).split(".")[0], grid)
        return found.code if found else None


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize(
    ("type_", "grid", "code"),
    [
        ("environment.garbage", "S0101G1", "JD01"),
        ("environment.garbage", "S0201G1", "JD02"),
        ("environment.garbage", None, "CG01"),
        ("environment.garbage", "S0301G1", "CG01"),
        ("environment.parking", "S0301G1", "JD03"),
        ("environment.parking", "S0101G1", "GA01"),
        ("environment.noise", "S0101G1", "CG01"),
        ("hazard.gas", "S0101G1", "RQ01"),
        ("hazard.food", None, "SC01"),
        ("dispute.other", None, "ZZ01"),
        ("party.affairs", "S0401G1", "ZF01"),
    ],
)
def test_the_unit_of_the_places_own_street_comes_first(type_: str, grid: str | None, code: str) -> None:
    assert unit(type_, grid) == code


@pytest.mark.usefixtures("city_database")
def test_a_matter_without_type_goes_to_the_unit_of_its_category() -> None:
    assert unit(None, None, "hazard") == "YJ01"


@pytest.mark.usefixtures("city_database")
def test_every_matter_type_has_a_unit_in_the_sample_city() -> None:
    assert [t.code for t in taxonomy() if unit(t.code, "S0101G1") is None] == []


@pytest.mark.usefixtures("database")
def test_type_counts_before_category_and_street_before_city() -> None:
    with transaction() as session:
        session.add(Area(code="C", parent=None, level="city", name="城", aliases=[]))
        session.flush()
        session.add(Area(code="S", parent="C", level="street", name="街", aliases=[]))
        session.flush()
        session.add(Area(code="K", parent="S", level="community", name="社区", aliases=[]))
        session.flush()
        session.add(Area(code="G", parent="K", level="grid", name="格", aliases=[]))
        session.flush()
        session.add(Unit(code="a", name="a", area="S", handles=["hazard"]))
        session.add(Unit(code="b", name="b", area=None, handles=["hazard.gas"]))
        session.add(Unit(code="c", name="c", area=None, handles=["hazard"]))
    assert unit("hazard.gas", "G") == "b"
    assert unit("hazard.fire", "G") == "a"
    assert unit("hazard.fire", None) == "c"
    assert unit("care.elder", "G") is None
