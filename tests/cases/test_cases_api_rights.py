"""Whose tickets a key sees and acts on, and what it is told of them."""

from __future__ import annotations

import json
from typing import Annotated

import pytest
from fastapi import APIRouter, Depends
from test_cases_api import ALL, NOISE, Api, Maker, api, at_the_api, client, document, finished, operator

from cases.api.access import Caller, needs
from cases.api.app import create_app
from cases.model import Unit
from common.db import transaction

__all__ = ["api", "client", "operator"]


def seen_by(who: Api) -> set[str]:
    return {t["number"] for t in who.get("/tickets")["tickets"]}


def test_a_department_sees_what_its_unit_has_or_helps_with(operator: Api, api: Maker) -> None:
    noise = operator.file()  # CG01, with help of GA01 and HB01
    gas = operator.file(matter="hazard.gas")
    assert seen_by(operator) == {noise, gas}
    assert seen_by(api("department", unit="CG01")) == {noise}
    assert noise in seen_by(api("department", unit="HB01"))
    assert seen_by(api("department", unit="WJ01")) == set()


def test_a_units_code_within_anothers_is_not_taken_for_it(operator: Api, api: Maker) -> None:
    with transaction() as session:
        session.add_all([Unit(code=code, name=code, area=None) for code in ("B01", "%", "HB0_", 'H"01', "局")])
    number = operator.file()
    for code in ("B01", "HB0_"):
        assert seen_by(api("department", unit=code)) == set(), code
    operator.get(f"/tickets/{number}")


@pytest.mark.parametrize(
    ("role", "area", "sees"),
    [
        ("worker", "S0101G2", True),
        ("worker", "S0101G1", False),
        ("community", "S0101", True),
        ("community", "S0102", False),
        ("street", "S01", True),
        ("street", "S02", False),
        ("operator", "S01", True),
        ("operator", "S02", False),
        ("operator", "YX", True),
        ("operator", "DY", True),
        ("supervisor", None, True),
    ],
)
def test_an_area_sees_what_lies_in_it(operator: Api, api: Maker, role: str, area: str | None, sees: bool) -> None:
    number = operator.file()
    who = api(role, area=area)
    assert seen_by(who) == ({number} if sees else set())
    for path in ("", "/history", "/possible"):
        who.get(f"/tickets/{number}{path}", 200 if sees else 404)


def test_what_is_not_ones_own_is_as_if_it_were_not_there(operator: Api, api: Maker) -> None:
    number, stranger = operator.file(), api("department", unit="WJ01")
    before = operator.get(f"/tickets/{number}/history")
    bodies = {
        "actions": {"action": "accept"},
        "submission": {},
        "corrections": {"type": "environment.air"},
        "information": {"note": "x"},
        "merge": {"into": number},
        "extension": {"days": 1, "reason": "x"},
        "extension/decision": {"granted": True},
        "whistles": {"units": ["GA01"], "reason": "x"},
        "whistles/check-in": {},
        "whistles/end": {"outcome": "x"},
        "escalation": {"reason": "x"},
        "evaluation": {"score": "satisfied"},
        "risk": {"grade": "red", "reason": "x"},
        "visits": {"note": "x"},
    }
    of_a_ticket = "/tickets/{number}/"
    routes = {p for p, methods in document()["paths"].items() if "post" in methods and p.startswith(of_a_ticket)}
    assert set(bodies) == {p.removeprefix(of_a_ticket) for p in routes}
    for route, body in bodies.items():
        assert stranger.post(f"/tickets/{number}/{route}", body, 404)["code"] == "ticket_not_found", route
    assert operator.get(f"/tickets/{number}/history") == before


def test_a_ticket_cannot_be_merged_into_one_that_is_not_ones_own(operator: Api, api: Maker) -> None:
    noise, gas = operator.file(), operator.file(matter="hazard.gas", place="文昌苑1号楼")
    community = api("community", area="S0101")
    community.post(f"/tickets/{noise}/merge", {"into": gas}, 404)
    assert operator.get(f"/tickets/{noise}")["status"] == "dispatched"


def test_each_scope_opens_its_own_routes(operator: Api, api: Maker) -> None:
    number = operator.file()
    needed = {
        "tickets:read": [("GET", "/tickets"), ("GET", f"/tickets/{number}"), ("GET", f"/tickets/{number}/history")],
        "tickets:write": [("POST", "/tickets"), ("POST", f"/tickets/{number}/information")],
        "tickets:act": [("POST", f"/tickets/{number}/actions"), ("POST", f"/tickets/{number}/whistles")],
        "catalogue:read": [("GET", "/catalogue"), ("GET", "/areas"), ("GET", "/units"), ("GET", "/emergencies")],
        "emergencies:write": [("POST", "/emergencies"), ("DELETE", "/emergencies/1")],
    }
    bodies = {
        "/tickets": NOISE,
        f"/tickets/{number}/information": {},
        f"/tickets/{number}/actions": {"action": "note", "note": "x"},
        f"/tickets/{number}/whistles": {"units": ["GA01"], "reason": "x"},
        "/emergencies": {"title": "x", "text": "x", "areas": ["S01"], "until": "2020-01-01T00:00:00Z"},
    }
    for scope, routes in needed.items():
        may, may_not = api("operator", scopes=[scope]), api("operator", scopes=[s for s in ALL if s != scope])
        for method, path in routes:
            body = bodies.get(path) if method == "POST" else None
            refused = may_not.client.request(method, path, json=body, headers=may_not.headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing"), (scope, path)
            assert may.client.request(method, path, json=body, headers=may.headers).status_code not in (401, 403), path


def test_what_is_personal_is_told_only_with_the_scope_for_it(api: Maker) -> None:
    filer = api("operator", person="customer-7")
    number = filer.file(
        phone="13912345678",
        pin={"lat": 37.2056, "lng": 122.0417},
        answers={"source": {"question": "谁？", "answer": "张三的店"}},
        attachments=["photo-1"],
    )
    filer.post(f"/tickets/{number}/whistles", {"units": ["WJ01"], "reason": "店主李四不配合"})
    filer.post(f"/tickets/{number}/risk", {"grade": "yellow", "reason": "王五扬言报复"})
    without = api("operator", scopes=[s for s in ALL if s != "personal:read"])
    secrets = ("13912345678", "customer-7", "烧烤", "幸福里", "张三", "photo-1", "李四", "王五", "37.2056")
    paths = ("/tickets", f"/tickets/{number}", f"/tickets/{number}/history", f"/tickets/{number}/possible")
    with_it = json.dumps([filer.get(path) for path in paths], ensure_ascii=False)
    assert [secret for secret in secrets if secret not in with_it] == []
    told = [without.get(path) for path in paths]
    told.append(without.post(f"/tickets/{number}/risk", {"grade": "red", "reason": "又来"}))
    told.append(without.post(f"/tickets/{number}/information", {"note": "又来"}))
    everything = json.dumps(told, ensure_ascii=False)
    assert [secret for secret in secrets if secret in everything] == []
    assert (told[1]["grid"], told[1]["type"], told[1]["unit"]) == ("S0101G2", "environment.noise", "CG01")


def test_nobody_is_told_who_reported_anonymously(api: Maker) -> None:
    resident = api("resident", person="openid-7")
    number = resident.file(anonymous=True, phone="13912345678")
    resident.post(f"/tickets/{number}/information", {"note": "还在吵"})
    everything = api("operator")
    for path in ("/tickets", f"/tickets/{number}", f"/tickets/{number}/history"):
        told = json.dumps(everything.get(path))
        assert "13912345678" not in told and "openid-7" not in told


def test_a_resident_sees_and_acts_on_their_own_only(operator: Api, api: Maker) -> None:
    token = api("resident", person="openid-7").token
    me, she = Api(operator.client, token, "openid-7"), Api(operator.client, token, "openid-8")
    elsewhere = api("resident", person="openid-7")  # the same reference with another key is another person
    mine = me.file()
    assert (seen_by(me), seen_by(she), seen_by(elsewhere)) == ({mine}, set(), set())
    she.post(f"/tickets/{mine}/actions", {"action": "withdraw"}, 404)
    assert me.act(mine, "accept", 409)["code"] == "illegal_transition"
    assert me.act(mine, "withdraw")["status"] == "withdrawn"


def test_a_key_for_residents_must_say_for_whom(api: Maker) -> None:
    nameless = api("resident")
    assert nameless.get("/tickets", 403)["code"] == "person_missing"
    assert nameless.get("/tickets/600000017", 403)["code"] == "person_missing"
    assert nameless.file()  # anybody may report
    wrong = Api(nameless.client, nameless.token, "name with spaces")
    assert wrong.get("/tickets", 400)["where"] == "header.x-person"


def test_a_resident_is_not_told_what_the_office_notes(operator: Api, api: Maker) -> None:
    unit, resident = api("department", unit="CG01"), api("resident", person="openid-7")
    number = resident.file()
    operator.act(number, "note", note="此人是老上访户")
    operator.post(f"/tickets/{number}/risk", {"grade": "red", "reason": "扬言报复"})
    unit.act(number, "accept")
    unit.act(number, "feedback", note="已约谈商户")
    told = json.dumps([resident.get(f"/tickets/{number}{p}") for p in ("", "/history")], ensure_ascii=False)
    for secret in ("老上访户", "扬言", '"red"', "key:"):
        assert secret not in told
    assert "已约谈商户" in told


def test_a_resident_evaluates_what_was_done(operator: Api, api: Maker) -> None:
    unit, resident = api("department", unit="CG01"), api("resident", person="openid-7")
    number = resident.file()
    unit.act(number, "accept")
    unit.act(number, "finish", note="已整改")
    operator.act(number, "verify")
    assert [p["action"] for p in resident.get(f"/tickets/{number}/possible")] == ["evaluate", "reopen", "add"]
    assert resident.post(f"/tickets/{number}/evaluation", {"score": "fair"})["status"] == "closed"
    unit.post(f"/tickets/{finished(operator, unit)}/evaluation", {"score": "fair"}, 409)


def test_a_street_checks_in_for_its_own_office_only(operator: Api, api: Maker) -> None:
    number, street = operator.file(), api("street", area="S01")
    operator.post(f"/tickets/{number}/whistles", {"units": ["JD01", "JY01"], "reason": "联合执法"})
    street.post(f"/tickets/{number}/whistles/check-in", {"unit": "JY01"}, 409)
    there = street.post(f"/tickets/{number}/whistles/check-in", {"unit": "JD01"})["whistle"]["calls"]
    assert [c["checked_in_at"] is not None for c in there] == [True, False]


figures = APIRouter()


@figures.get("/elsewhere")
def _figures(caller: Annotated[Caller, Depends(needs("figures:read"))]) -> dict[str, str]:
    return {"for": caller.name}


def test_other_parts_can_hang_their_routes_in_with_the_same_keys(api: Maker) -> None:
    app = at_the_api(create_app(more=[figures]))
    may, may_not = api("supervisor", scopes=["figures:read"]), api("supervisor", scopes=["tickets:read"])
    assert app.get("/elsewhere", headers=may.headers).json()["for"].startswith("supervisor")
    assert app.get("/elsewhere", headers=may_not.headers).json()["code"] == "scope_missing"
