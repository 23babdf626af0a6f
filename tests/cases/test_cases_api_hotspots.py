"""Hot spots over HTTP."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from test_cases_api import ALL, Api, Maker, api, client, operator

from cases import hotspots
from common.db import now, reading

__all__ = ["api", "client", "operator"]


def pile_up(who: Api, **more: Any) -> list[str]:
    """One kind of matter, told by three people."""
    return [who.file(phone=f"1390000000{n}", **more) for n in range(3)]


def test_hot_spots_are_those_that_are_found(operator: Api) -> None:
    numbers = pile_up(operator)
    (spot,) = operator.get("/hotspots")
    with reading() as session:
        (found,) = hotspots.find(session)
    for name in ("type", "place", "level", "community", "tickets", "people", "trend", "before", "unusual", "chance"):
        assert spot[name] == getattr(found, name)
    assert (spot["type_name"], spot["community_name"]) == ("噪声扰民", "幸福社区")
    assert (spot["place"], spot["people"], spot["numbers"]) == ("幸福里", 3, numbers[::-1])
    assert (now() - timedelta(minutes=5)).isoformat() < spot["since"] <= spot["latest"]


def test_no_more_are_told_than_wanted(operator: Api) -> None:
    pile_up(operator)
    pile_up(operator, matter="environment.garbage")
    assert len(operator.get("/hotspots", days=92)) == 2
    assert len(operator.get("/hotspots", limit=1)) == 1


def test_a_key_with_an_area_gets_those_of_its_area_only(operator: Api, api: Maker) -> None:
    pile_up(operator)
    pile_up(operator, place="锦绣花园3号楼")
    mine = api("street", area="S01")
    assert [s["community"] for s in mine.get("/hotspots")] == ["S0101"]
    assert mine.get("/hotspots", area="S0102") == []
    assert [s["community"] for s in mine.get("/hotspots", area="S0101G2")] == ["S0101"]
    assert mine.get("/hotspots", 403, area="S02")["code"] == "outside"
    assert len(operator.get("/hotspots")) == len(operator.get("/hotspots", area="DY")) == 2


def test_a_key_with_nothing_but_a_unit_has_none(api: Maker) -> None:
    refused = api("department", unit="CG01").get("/hotspots", 403)
    assert (refused["code"], refused["detail"]) == ("outside", "this key may only ask about the unit CG01")


def test_without_personal_data_no_words_of_residents_and_no_tickets_are_told(operator: Api, api: Maker) -> None:
    pile_up(operator)
    pile_up(operator, place="老李家后院", grid="S0101G1")
    without = api("supervisor", scopes=[s for s in ALL if s != "personal:read"])
    with_it = {s["level"]: s for s in operator.get("/hotspots")}
    told = {s["level"]: s for s in without.get("/hotspots")}
    assert set(told) == set(with_it) == {"estate", "place"}
    assert "老李家" in with_it["place"]["place"] and told["place"]["place"] is None
    assert told["estate"]["place"] == "幸福里"
    assert all(s["numbers"] == [] for s in told.values()) and all(s["numbers"] for s in with_it.values())


@pytest.mark.parametrize(
    ("asked", "status", "where"),
    [
        ({"days": 0}, 400, "query.days"),
        ({"days": 93}, 400, "query.days"),
        ({"limit": 201}, 400, "query.limit"),
        ({"since": "2026-01-01"}, 400, "query.since"),
        ({"area": "S9"}, 422, "query.area"),
    ],
)
def test_wrong_questions_are_refused_with_their_place(operator: Api, asked: Any, status: int, where: str) -> None:
    assert operator.get("/hotspots", status, **asked)["where"] == where


def test_hot_spots_need_the_scope_of_figures(api: Maker) -> None:
    assert api("supervisor", scopes=["tickets:read"]).get("/hotspots", 403)["code"] == "scope_missing"
