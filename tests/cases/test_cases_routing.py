"""Where a ticket goes: by its matter and place, an emergency before both, and by the newest catalogue."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy import select

from cases import catalogue, city, routing, service
from cases.actor import Actor
from cases.clock.limits import DEFAULT, Limits, due_times
from cases.model import Area, Ticket, Unit
from cases.routing import Route
from cases.service import NewTicket
from common.db import now, reading, transaction
from common.settings import ROOT
from nlu.taxonomy import taxonomy

GRID = "S0402G2"  # 李家屯村第二网格, 柳河镇
ABOVE = ("S0402G2", "S0402", "S04", "YX", "DY")  # it and all above it, nearest first
OPERATOR = Actor("operator", "operator-1")


def at_place(type_: str, area: str | None) -> Route:
    with reading() as session:
        found = routing.at_place(session, type_, area)
    assert found is not None
    return found


def file(type_: str | None = "environment.noise", grid: str | None = GRID, **more: Any) -> Ticket:
    category = type_.split(".")[0] if type_ else "environment"
    new = NewTicket(text="半夜还在响", category=category, type=type_, channel="console", grid=grid, **more)
    with transaction() as session:
        return service.file_ticket(session, new)


def read(number: str) -> Ticket:
    with reading() as session:
        return service.get(session, number)


@lru_cache(maxsize=1)
def sample() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = yaml.safe_load((city.SAMPLE / "catalogue.yml").read_text(encoding="utf-8"))
    return rows


@pytest.fixture
def reload(tmp_path: Path) -> Callable[[dict[str, dict[str, Any]]], None]:
    """Loads the sample city's catalogue with other values in the rows of some types."""

    def load(changes: dict[str, dict[str, Any]]) -> None:
        file = tmp_path / "catalogue.yml"
        changed = [{**row, **changes.get(row["type"], {})} for row in sample()]
        file.write_text(json.dumps(changed), encoding="utf-8")  # JSON is YAML, and quickly written
        with transaction() as session:
            catalogue.load(session, file, by="admin-1")

    return load


# By matter and place


DUTIES = [
    ("environment.noise", "S0101G1", "CG01"),  # in the streets the city's own officers come
    ("environment.noise", "S0401G1", "ZF01"),  # the towns have none of them
    ("environment.garbage", "S0301G1", "CG01"),
    ("environment.garbage", "S0503G1", "ZF02"),
    ("environment.vending", "S04", "ZF01"),
    ("environment.illegal_building", "S0502", "ZF02"),
    ("environment.facility", None, "CG01"),
    ("dispute.neighbor", "S0101G1", "JD01"),
    ("dispute.neighbor", "S0201G1", "JD02"),
    ("dispute.neighbor", None, "TF01"),
    ("dispute.land", "S0201G1", "ZJ01"),
    ("dispute.land", "S0403G1", "ZF01"),
    ("care.elder", "S0301G1", "JD03"),
    ("care.elder", None, "MZ01"),
    ("information.census", "S0402G1", "SQ0402"),
    ("information.population", "S0102G5", "SQ0102"),
    ("information.population", "S01", "GA01"),  # the community is not known
    ("hazard.gas", "S0101G1", "RQ01"),
    ("hazard.road", "S0101G1", "CG01"),
    ("hazard.road", "S0401G1", "JT01"),
    ("care.missing", None, "GA01"),
    ("legal.aid", "S0101G1", "SF02"),
]


@pytest.mark.usefixtures("city_database")
def test_a_matter_goes_to_the_unit_that_has_the_duty_there() -> None:
    assert [(type_, area, at_place(type_, area).unit) for type_, area, _ in DUTIES] == DUTIES


@pytest.mark.usefixtures("city_database")
def test_every_matter_has_a_route_everywhere_to_units_that_exist() -> None:
    with reading() as session:
        units = set(session.scalars(select(Unit.code)))
        streets = list(session.scalars(select(Area.code).where(Area.level == "street")))
        for type_ in (t.code for t in taxonomy()):
            for area in [*streets, None]:
                found = routing.at_place(session, type_, area)
                assert found is not None, (type_, area)
                assert {found.unit, *found.helpers} <= units, (type_, area)


@pytest.mark.usefixtures("city_database")
def test_an_area_that_is_not_in_the_tree_is_like_none() -> None:
    assert at_place("environment.garbage", "nowhere") == at_place("environment.garbage", None)


def every_choice_of(levels: Sequence[str]) -> list[tuple[str, ...]]:
    return [chosen for count in range(len(levels) + 1) for chosen in combinations(levels, count)]


@pytest.mark.usefixtures("city_database")
def test_the_nearest_areas_exception_wins_whichever_areas_have_one(
    reload: Callable[[dict[str, dict[str, Any]]], None],
) -> None:
    # Each of 32 matter types has exceptions in another choice of the five areas; who handles it tells which was taken.
    unit = dict(zip([*ABOVE, ""], ("DJ01", "DJ02", "DJ03", "XC01", "XC02", "ZW01"), strict=True))
    choices = dict(zip([t.code for t in taxonomy()], every_choice_of(ABOVE), strict=False))
    assert len(choices) == 32
    reload(
        {
            type_: {"unit": unit[""], "helpers": [], "at": {area: {"unit": unit[area]} for area in chosen}}
            for type_, chosen in choices.items()
        }
    )
    for type_, chosen in choices.items():
        assert at_place(type_, GRID).unit == unit[chosen[0] if chosen else ""], chosen
        above_the_grid = [area for area in chosen if area != GRID]
        assert at_place(type_, "S0402").unit == unit[above_the_grid[0] if above_the_grid else ""], chosen
        assert at_place(type_, "S0101G1").unit == unit[next((a for a in chosen if a in ("YX", "DY")), "")], chosen
        assert at_place(type_, None).unit == unit[""], chosen


@pytest.mark.usefixtures("city_database")
def test_a_filed_ticket_gets_unit_helpers_and_times_of_its_route() -> None:
    ticket = file("environment.facility")
    assert (ticket.unit, ticket.helpers) == ("ZF01", ["JT01"])
    assert (ticket.verify_due, ticket.feedback_due, ticket.close_due) == due_times(
        Limits(1, 2, 5, 12), ticket.created_at, urgent=False
    )
    in_town = file("environment.facility", grid="S0101G1")
    assert (in_town.unit, in_town.helpers) == ("CG01", [])
    assert in_town.close_due == due_times(Limits(1, 1, 3, 12), in_town.created_at, urgent=False)[2]


@pytest.mark.usefixtures("city_database")
def test_an_urgent_ticket_gets_the_hours_of_its_route() -> None:
    ticket = file("hazard.gas", urgent=True)
    assert ticket.close_due == ticket.created_at + timedelta(hours=4)


@pytest.mark.usefixtures("city_database")
def test_a_ticket_without_a_matter_type_waits_for_a_person_by_the_default_limits() -> None:
    ticket = file(None)
    assert (ticket.status, ticket.unit) == ("registered", None)
    assert ticket.close_due == due_times(DEFAULT, ticket.created_at, urgent=False)[2]


@pytest.mark.usefixtures("database")
def test_a_city_without_a_catalogue_dispatches_nothing() -> None:
    ticket = file(grid=None)
    assert (ticket.status, ticket.unit) == ("registered", None)
    with reading() as session:
        assert routing.route(session, ticket) is None
        assert routing.limits(session, ticket) == DEFAULT


# Emergencies


def announce(unit: str | None, until: datetime | None = None) -> int:
    with transaction() as session:
        made = service.announce(
            session,
            title="特大暴雨",
            text="全市防汛，险情请直接报告。",
            areas=["S04"],
            matters=["hazard", "environment.water"],
            until=until or now() + timedelta(days=2),
            by="supervisor-1",
            unit=unit,
        )
        return made.id


@pytest.mark.usefixtures("city_database")
def test_an_emergencys_unit_comes_before_the_catalogues_which_helps() -> None:
    usual = at_place("environment.water", GRID)
    announce("YJ01")
    ticket = file("environment.water")
    assert ticket.unit == "YJ01"
    assert ticket.helpers == [usual.unit, *usual.helpers] == ["ZF01", "HB01", "SL01"]
    with reading() as session:
        found = routing.route(session, ticket)
        assert found is not None
        assert (found.standard, found.limits) == (usual.standard, usual.limits)


@pytest.mark.usefixtures("city_database")
def test_an_emergencys_unit_that_would_come_anyway_does_not_help_itself() -> None:
    announce("SL01")
    assert file("environment.water").helpers == ["ZF01", "HB01"]
    announce("YJ01")
    ticket = file("hazard.disaster")
    assert (ticket.unit, ticket.helpers) == ("YJ01", ["SL01", "ZR01", "XF01", "ZF01"])


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize(
    ("type_", "grid"),
    [("environment.noise", GRID), ("environment.water", "S0101G1")],
    ids=["other matter", "elsewhere"],
)
def test_an_emergency_leaves_other_matters_and_places_alone(type_: str, grid: str) -> None:
    announce("YJ01")
    assert file(type_, grid=grid).unit == at_place(type_, grid).unit != "YJ01"


@pytest.mark.usefixtures("city_database")
def test_an_emergency_without_a_unit_leaves_the_routing() -> None:
    announce(None)
    ticket = file("environment.water")
    assert (ticket.unit, ticket.urgent) == ("ZF01", True)


@pytest.mark.usefixtures("city_database")
def test_after_an_emergency_the_catalogue_holds_again_for_new_tickets_only() -> None:
    identity = announce("YJ01")
    during = file("environment.water")
    with transaction() as session:
        service.end_emergency(session, identity, by="supervisor-1")
    assert file("environment.water").unit == "ZF01"
    assert read(during.number).unit == "YJ01"


# A new catalogue

NIGHT_SHIFT = {
    "environment.noise": {
        "unit": "GA01",
        "helpers": ["CG01"],
        "limits": {"verify": 1, "feedback": 1, "close": 3, "urgent_hours": 6},
        "at": {},
    }
}


@pytest.mark.usefixtures("city_database")
def test_a_new_catalogue_holds_at_once(reload: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    assert at_place("environment.noise", GRID).unit == "ZF01"  # the old one is in memory now
    reload(NIGHT_SHIFT)
    assert at_place("environment.noise", GRID) == at_place("environment.noise", None)
    ticket = file()
    assert (ticket.unit, ticket.helpers) == ("GA01", ["CG01"])
    assert ticket.close_due == due_times(Limits(1, 1, 3, 6), ticket.created_at, urgent=False)[2]
    reload({})
    assert at_place("environment.noise", GRID).unit == "ZF01"


@pytest.mark.usefixtures("city_database")
def test_a_refused_catalogue_leaves_the_routing(reload: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    before = at_place("environment.noise", GRID)
    with pytest.raises(catalogue.CatalogueError):
        reload({"environment.noise": {"unit": "nobody", "at": {}}})
    assert at_place("environment.noise", GRID) == before


def kept(ticket: Ticket) -> tuple[Any, ...]:
    """What a ticket under way keeps."""
    return (ticket.unit, ticket.helpers, ticket.status, ticket.verify_due, ticket.feedback_due, ticket.close_due)


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize("actions", [[], ["accept"]], ids=["dispatched", "taken up"])
def test_a_ticket_under_way_keeps_unit_and_times(
    actions: list[str], reload: Callable[[dict[str, dict[str, Any]]], None]
) -> None:
    number = file().number
    with transaction() as session:
        for action in actions:
            service.act(session, number, action, actor=Actor("department", unit="ZF01"))
    before = kept(read(number))
    reload(NIGHT_SHIFT)
    assert kept(read(number)) == before
    with transaction() as session:  # nor does what is added later move it
        service.add_information(session, number, actor=OPERATOR, note="还在响")
    assert kept(read(number)) == before


@pytest.mark.usefixtures("city_database")
def test_a_ticket_reclassified_later_goes_by_the_new_catalogue(
    reload: Callable[[dict[str, dict[str, Any]]], None],
) -> None:
    untouched, taken_up = file("environment.fume").number, file("environment.fume").number
    with transaction() as session:
        service.act(session, taken_up, "accept", actor=Actor("department", unit="ZF01"))
    reload(NIGHT_SHIFT)
    with transaction() as session:
        for number in (untouched, taken_up):
            service.correct(session, number, "environment.noise", actor=OPERATOR)
    assert (read(untouched).unit, read(untouched).helpers) == ("GA01", ["CG01"])
    assert read(taken_up).unit == "ZF01"  # somebody works on it: its unit stays, its time to close is the new one
    for number in (untouched, taken_up):
        ticket = read(number)
        assert ticket.close_due == due_times(Limits(1, 1, 3, 6), ticket.updated_at, urgent=False)[2]


@pytest.mark.usefixtures("city_database")
def test_the_documented_example_goes_where_its_table_says(reload: Callable[[dict[str, dict[str, Any]]], None]) -> None:
    text = (ROOT / "docs/catalogue.md").read_text(encoding="utf-8").partition("## An example")[2]
    (example,) = yaml.safe_load(text.partition("```yaml")[2].partition("```")[0])
    reload({example["type"]: example})
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]
    assert len(table) == 6
    for place, unit, helpers, close in table[2:]:
        ticket = file(example["type"], grid=None, place=place.split(" ")[0])
        assert (ticket.unit, ", ".join(ticket.helpers)) == (unit.split(" ")[0], helpers), place
        within = Limits(1, 2, int(close.split(" ")[0]), 12)
        assert ticket.close_due == due_times(within, ticket.created_at, urgent=False)[2], place
