"""The JSON API, route by route, on a real app and a real database."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import lru_cache
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from cases import numbers, service
from cases.api import keys
from cases.api.app import API, create_app
from cases.api.rates import Rates, Window
from cases.moves import PLAIN
from common.db import now, reading, transaction

NOISE = {"text": "幸福里8号楼楼下烧烤店半夜吵", "matter": "environment.noise", "place": "幸福里8号楼"}
Answer = Any


def new_key(scopes: Sequence[str], role: str, unit: str | None = None, area: str | None = None) -> str:
    with transaction() as session:
        name = f"{role} {len(keys.valid_keys(session)) + 1}"
        return keys.make_key(session, name, scopes, role, unit, area)


class Api:
    """A system that uses the API with a key of its own."""

    def __init__(self, client: TestClient, token: str | None = None, person: str | None = None) -> None:
        self.client, self.token = client, token
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}
        self.headers |= {"X-Person": person} if person else {}

    def get(self, path: str, status: int = 200, /, **query: Any) -> Answer:
        answer = self.client.get(path, params=query, headers=self.headers)
        assert answer.status_code == status, answer.text
        return answer.json()

    def post(self, path: str, body: Any, status: int = 200, **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = self.client.post(path, json=body, headers=self.headers | named)
        assert answer.status_code == status, answer.text
        return answer.json()

    def file(self, **more: Any) -> str:
        return str(self.post("/tickets", NOISE | more, 201)["number"])

    def act(self, number: str, action: str, status: int = 200, **more: Any) -> Answer:
        return self.post(f"/tickets/{number}/actions", {"action": action, **more}, status)


def generous() -> Rates:
    return Rates(keys=Window(10_000, 60), addresses=Window(10_000, 60))


RATES = generous()


@lru_cache(maxsize=1)
def shared_app() -> Starlette:
    """One app for all tests, as it keeps nothing but counts."""
    return create_app(RATES)


def at_the_api(app: Starlette) -> TestClient:
    """A client whose paths begin where the JSON API is."""
    return TestClient(app, base_url=f"http://testserver{API}", raise_server_exceptions=True)


@lru_cache(maxsize=1)
def document() -> Any:
    """The JSON API's OpenAPI document."""
    return at_the_api(shared_app()).get("/openapi.json").json()


@pytest.fixture
def client(city_database: str) -> TestClient:
    vars(RATES).update(vars(generous()))
    return at_the_api(shared_app())


Maker = Callable[..., Api]
ALL = tuple(keys.SCOPES)


@pytest.fixture
def api(client: TestClient) -> Maker:
    """Makes a system with a key of its own: ``api("department", unit="CG01")``."""

    def make(
        role: str,
        *,
        scopes: Sequence[str] = ALL,
        unit: str | None = None,
        area: str | None = None,
        person: str | None = None,
    ) -> Api:
        return Api(client, new_key(scopes, role, unit, area), person)

    return make


@pytest.fixture
def operator(api: Maker) -> Api:
    return api("operator")


def handled(operator: Api, unit: Api) -> str:
    """A ticket its unit has begun with."""
    number = operator.file()
    unit.act(number, "accept")
    return number


def finished(operator: Api, unit: Api) -> str:
    """A ticket that waits for the resident's word."""
    number = handled(operator, unit)
    unit.act(number, "finish", note="已责令整改")
    operator.act(number, "verify")
    return number


# --- filing


def test_a_filed_ticket_gets_a_receipt_and_is_dispatched(operator: Api) -> None:
    answer = operator.client.post("/tickets", json=NOISE, headers=operator.headers)
    receipt = answer.json()
    assert answer.status_code == 201
    assert numbers.parse(receipt["number"]) == receipt["number"]
    assert receipt["spoken"] == numbers.spoken(receipt["number"])
    assert re.fullmatch(r"\d{6}", receipt["code"])
    assert (receipt["status"], receipt["unit"], receipt["unit_name"]) == ("dispatched", "CG01", "市城市管理局")
    assert receipt["grid"] == "S0101G2"
    assert receipt["verify_due"] <= receipt["feedback_due"] <= receipt["close_due"]
    assert answer.headers["location"] == f"tickets/{receipt['number']}"
    assert answer.headers["etag"] == f'"{receipt["version"]}"'


def test_everything_given_is_kept(operator: Api) -> None:
    number = operator.file(
        channel="phone",
        pin={"lat": 37.2056, "lng": 122.0417},
        answers={"source": {"question": "是什么地方在吵？", "answer": "店铺"}},
        urgent=True,
        confidence=0.9,
        attachments=["photo-1"],
        phone="13912345678",
    )
    ticket = operator.get(f"/tickets/{number}")
    assert (ticket["text"], ticket["type"], ticket["category"]) == (NOISE["text"], "environment.noise", "environment")
    assert (ticket["type_name"], ticket["status_name"], ticket["step"]) == ("噪声扰民", "已分派", "分流")
    assert (ticket["channel"], ticket["place"], ticket["grid"]) == ("phone", "幸福里8号楼", "S0101G2")
    assert (ticket["lat"], ticket["lng"], ticket["urgent"], ticket["confidence"]) == (37.2056, 122.0417, True, 0.9)
    assert ticket["answers"] == {"source": {"question": "是什么地方在吵？", "answer": "店铺"}}
    assert [a["reference"] for a in ticket["attachments"]] == ["photo-1"]
    assert ticket["phone"] == "13912345678"
    assert ticket["clock"] in ("ok", "soon")


def test_a_matter_of_unknown_type_waits_for_a_person(operator: Api) -> None:
    ticket = operator.get(f"/tickets/{operator.file(matter='environment')}")
    assert (ticket["type"], ticket["needs_review"], ticket["status"], ticket["unit"]) == (
        None,
        True,
        "registered",
        None,
    )


def test_an_area_that_does_not_exist_is_refused_and_nothing_is_filed(operator: Api) -> None:
    assert operator.post("/tickets", NOISE | {"grid": "S9"}, 422)["code"] == "unknown_area"
    assert operator.get("/tickets")["tickets"] == []


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"text": "吵"}, "body.matter"),
        ({"text": "  \n", "matter": "environment"}, "body.text"),
        ({"text": "吵\u0000", "matter": "environment"}, "body.text"),
        ({"text": 5, "matter": "environment"}, "body.text"),
        ({"text": "吵", "matter": "environment.nothing"}, "body.matter"),
        ({"text": "吵", "matter": "environment", "colour": "red"}, "body.colour"),
        ({"text": "吵", "matter": "environment", "pin": {"lat": 91, "lng": 0}}, "body.pin.lat"),
        ({"text": "吵", "matter": "environment", "pin": {"lat": "1", "lng": 0}}, "body.pin.lat"),
        ({"text": "吵" * 5001, "matter": "environment"}, "body.text"),
        ({"text": "吵", "matter": "environment", "urgent": 1}, "body.urgent"),
        ([], "body"),
    ],
)
def test_what_does_not_fit_the_contract_is_told_with_its_place(operator: Api, body: Any, where: str) -> None:
    answer = operator.post("/tickets", body, 400)
    assert (answer["code"], answer["where"]) == ("invalid_request", where)
    assert where in answer["message"]
    assert where in [p["where"] for p in answer["problems"]]


# --- reading


def test_a_ticket_is_found_by_its_number_in_any_spelling(operator: Api) -> None:
    number = operator.file()
    for spelling in (number, numbers.spoken(number), f" {number[:3]} {number[3:]}"):
        assert operator.get(f"/tickets/{spelling}")["number"] == number


def test_a_slip_in_the_number_is_told_apart_from_a_number_nobody_has(operator: Api) -> None:
    operator.file()
    assert operator.get("/tickets/600000018", 404)["code"] == "not_a_ticket_number"
    assert operator.get(f"/tickets/{numbers.compose(2026, 99)}", 404)["code"] == "ticket_not_found"


def test_the_queue_can_be_narrowed(operator: Api) -> None:
    noise = operator.file()
    urgent = operator.file(urgent=True)
    other = operator.file(matter="hazard.gas", place="文昌苑1号楼")
    listed = lambda **query: {t["number"] for t in operator.get("/tickets", **query)["tickets"]}  # noqa: E731
    assert listed() == {noise, urgent, other}
    assert listed(type="environment.noise") == {noise, urgent}
    assert listed(category="hazard") == {other}
    assert urgent in listed(urgent=True) and noise not in listed(urgent=True)
    assert listed(unit="CG01") == {noise, urgent}
    assert listed(grid="S0101G2") == {noise, urgent}
    assert listed(community="S0102") == {other}
    assert listed(status="closed") == set()
    assert listed(status=["dispatched", "closed"], category="environment") == {noise, urgent}
    assert listed(overdue=True) == set()


def test_a_wrong_filter_is_refused(operator: Api) -> None:
    for query in ({"status": "lost"}, {"statu": "closed"}, {"size": 0}, {"size": "x"}, {"urgent": "perhaps"}):
        assert operator.get("/tickets", 400, **query)["code"] == "invalid_request"


def test_the_history_tells_every_step_with_its_hash(operator: Api, api: Maker) -> None:
    number = handled(operator, api("department", unit="CG01"))
    events = operator.get(f"/tickets/{number}/history")["events"]
    assert [(e["seq"], e["action"], e["after"]) for e in events] == [
        (1, "report", "registered"),
        (2, "dispatch", "dispatched"),
        (3, "accept", "handling"),
    ]
    assert events[2]["actor"].startswith("key:department")
    assert all(re.fullmatch(r"[0-9a-f]{64}", e["hash"]) for e in events)


# --- acting


def test_a_ticket_goes_its_whole_way(operator: Api, api: Maker) -> None:
    unit = api("department", unit="CG01")
    number = operator.file()
    for who, action, note, state in (
        (unit, "accept", None, "handling"),
        (unit, "feedback", "已到现场", "handling"),
        (unit, "suspend", "等设备", "suspended"),
        (unit, "resume", None, "handling"),
        (unit, "finish", "已整改", "verifying"),
        (operator, "verify", None, "evaluating"),
    ):
        answer = who.act(number, action, note=note) if note else who.act(number, action)
        assert answer["status"] == state
    done = operator.post(f"/tickets/{number}/evaluation", {"score": "satisfied", "channel": "phone"})
    assert (done["status"], done["score"]) == ("closed", "satisfied")
    assert done["closed_at"] is not None


def test_what_the_table_does_not_allow_is_refused_and_changes_nothing(operator: Api) -> None:
    number = operator.file()
    before = operator.get(f"/tickets/{number}")
    assert operator.act(number, "verify", 409)["code"] == "illegal_transition"
    assert operator.act(number, "accept", 409)["code"] == "illegal_transition"  # not by an operator
    assert operator.act(number, "refuse", 409)["detail"].endswith("needs a reason (note)")
    assert operator.act(number, "report", 400)["code"] == "invalid_request"
    assert operator.get(f"/tickets/{number}") == before


def test_dispatching_needs_a_unit_there_is(operator: Api) -> None:
    number = operator.file(matter="environment")
    assert operator.act(number, "dispatch", 422, unit="XX99")["code"] == "unknown_unit"
    assert operator.act(number, "dispatch", unit="HB01")["unit_name"] == "市生态环境局"


def test_a_version_that_is_not_the_newest_may_not_write(operator: Api, api: Maker) -> None:
    number = operator.file()
    seen = operator.client.get(f"/tickets/{number}", headers=operator.headers).headers["etag"]
    api("department", unit="CG01").act(number, "accept")
    body = {"action": "note", "note": "看过"}
    now_at = operator.get(f"/tickets/{number}")["version"]
    for route, sent in (("actions", body), ("merge", {"into": operator.file()}), ("information", {"note": "x"})):
        refused = operator.client.post(
            f"/tickets/{number}/{route}", json=sent, headers=operator.headers | {"If-Match": seen}
        )
        assert (refused.status_code, refused.json()["code"]) == (412, "stale_version")
        assert (refused.json()["version"], refused.headers["etag"]) == (now_at, f'"{now_at}"')
    fresh = operator.client.get(f"/tickets/{number}", headers=operator.headers).headers["etag"]
    answer = operator.client.post(
        f"/tickets/{number}/actions", json=body, headers=operator.headers | {"If-Match": fresh}
    )
    assert answer.status_code == 200
    assert answer.headers["etag"] == f'"{int(fresh.strip(chr(34))) + 1}"'
    assert operator.post(f"/tickets/{number}/actions", body, If_Match="*")["version"]
    assert operator.post(f"/tickets/{number}/actions", body, 400, If_Match="newest")["where"] == "header.if-match"


def test_a_correction_sends_it_to_the_right_unit(operator: Api) -> None:
    number = operator.file()
    answer = operator.post(f"/tickets/{number}/corrections", {"type": "environment.air", "urgent": True})
    assert (answer["type"], answer["unit"], answer["urgent"]) == ("environment.air", "HB01", True)


def test_information_is_added(operator: Api) -> None:
    number = operator.post("/tickets", {"text": "吵", "matter": "environment.noise"}, 201)["number"]
    answer = operator.post(
        f"/tickets/{number}/information",
        {
            "place": "幸福里3号楼",
            "answers": {"since": {"question": "多久了？", "answer": "半个月"}},
            "note": "回访得知",
        },
    )
    assert (answer["place"], answer["grid"]) == ("幸福里3号楼", "S0101G1")
    assert answer["answers"]["since"]["answer"] == "半个月"


def test_a_merged_ticket_names_the_one_it_follows(operator: Api) -> None:
    first, second = operator.file(), operator.file()
    merged = operator.post(f"/tickets/{second}/merge", {"into": numbers.spoken(first)})
    assert (merged["number"], merged["status"], merged["merged_into"]) == (second, "merged", first)
    assert operator.post(f"/tickets/{first}/merge", {"into": first}, 409)["code"] == "merge_refused"
    assert operator.post(f"/tickets/{first}/merge", {"into": second}, 409)["code"] == "merge_refused"
    assert operator.post(f"/tickets/{first}/merge", {"into": "12"}, 404)["code"] == "not_a_ticket_number"


def test_more_time_is_asked_for_and_decided(operator: Api, api: Maker) -> None:
    unit, supervisor = api("department", unit="CG01"), api("supervisor")
    number = handled(operator, unit)
    due = operator.get(f"/tickets/{number}")["close_due"]
    address = f"/tickets/{number}/extension"
    assert supervisor.post(f"{address}/decision", {"granted": True}, 409)["code"] == "extension_refused"
    assert unit.post(address, {"days": 3.0, "reason": "等检测"})["extension_request"]["days"] == 3
    assert unit.post(address, {"days": 3, "reason": "等检测"}, 409)["code"] == "extension_refused"
    assert unit.post(f"{address}/decision", {"granted": True}, 409)["code"] == "illegal_transition"
    granted = supervisor.post(f"{address}/decision", {"granted": True})
    assert granted["close_due"] > due
    assert granted["extension_request"] is None
    for days in (13, 0, 1.5, "3", True, 10**400):
        assert unit.post(address, {"days": days, "reason": "等检测"}, 400)["where"] == "body.days"


def test_units_are_whistled_check_in_and_the_whistle_ends(operator: Api, api: Maker) -> None:
    called = api("department", unit="WJ01")
    number = operator.file()
    called.get(f"/tickets/{number}", 404)
    address = f"/tickets/{number}/whistles"
    assert operator.post(address, {"units": ["XX99"], "reason": "联合执法"}, 422)["code"] == "unknown_unit"
    blown = operator.post(address, {"units": ["WJ01", "JY01"], "reason": "联合执法", "kind": "muster"})["whistle"]
    assert (blown["name"], [c["unit"] for c in blown["calls"]]) == ("集结哨", ["WJ01", "JY01"])
    assert called.post(f"{address}/check-in", {"unit": "JY01"}, 409)["code"] == "whistle_refused"
    there = called.post(f"{address}/check-in", {"note": "到了"})
    assert [c["checked_in_at"] is not None for c in there["whistle"]["calls"]] == [True, False]
    assert operator.post(f"{address}/end", {"outcome": "已解决"})["whistle"] is None
    called.get(f"/tickets/{number}", 404)
    assert operator.post(f"{address}/end", {"outcome": "已解决"}, 409)["code"] == "whistle_refused"


def test_a_ticket_is_raised_level_by_level_up_to_the_city(operator: Api, api: Maker) -> None:
    supervisor, number = api("supervisor"), operator.file()
    levels = [supervisor.post(f"/tickets/{number}/escalation", {"reason": "解决不了"})["level"] for _ in range(3)]
    assert levels == ["street", "county", "city"]
    assert supervisor.post(f"/tickets/{number}/escalation", {"reason": "再上"}, 409)["code"] == "whistle_refused"


def test_a_bad_word_needs_a_reason_and_has_it_handled_again(operator: Api, api: Maker) -> None:
    number = finished(operator, api("department", unit="CG01"))
    address = f"/tickets/{number}/evaluation"
    assert operator.post(address, {"score": "unsatisfied"}, 422)["code"] == "evaluation_refused"
    assert operator.post(address, {"score": "unsatisfied", "reason": "还吵"})["status"] == "handling"
    assert operator.post(address, {"score": "great"}, 400)["where"] == "body.score"


def test_a_grade_is_given_and_a_visit_noted(operator: Api, api: Maker) -> None:
    worker, number = api("worker", area="S0101G2"), operator.file()
    graded = worker.post(f"/tickets/{number}/risk", {"grade": "red", "reason": "扬言报复"})
    assert graded["risk"] == "red"
    visited = worker.post(f"/tickets/{number}/visits", {"note": "已安抚"})
    assert visited["number"] == number
    assert [e["action"] for e in operator.get(f"/tickets/{number}/history")["events"]][-2:] == ["regrade", "visit"]


# --- what is possible


def test_what_is_possible_succeeds_and_nothing_else(operator: Api, api: Maker) -> None:
    unit, supervisor = api("department", unit="CG01"), api("supervisor")
    for who in (operator, unit, supervisor):
        probe = handled(operator, unit)
        may = {p["action"] for p in who.get(f"/tickets/{probe}/possible") if p["route"] == "actions"}
        assert may
        for action in sorted(PLAIN):
            status = 200 if action in may else 409
            who.act(handled(operator, unit), action, status, note="原因", unit="CG01")


def test_possible_leaves_out_what_something_else_forbids(operator: Api, api: Maker) -> None:
    unit = api("department", unit="CG01")
    number = operator.file()
    names = lambda who: [p["action"] for p in who.get(f"/tickets/{number}/possible")]  # noqa: E731
    assert {"accept", "return", "ask_extension", "note"} <= set(names(unit))
    assert "check_in" not in names(unit)
    assert "dispatch" in names(operator) and "accept" not in names(operator)
    unit.act(number, "accept")
    unit.post(f"/tickets/{number}/extension", {"days": 1, "reason": "等检测"})
    assert "ask_extension" not in names(unit)
    assert "grant_extension" in names(api("supervisor"))
    for scopes in (["tickets:read"], ["tickets:read", "tickets:write"]):
        reader = api("operator", scopes=scopes)
        assert names(reader) == (["add"] if "tickets:write" in scopes else [])


def test_every_possible_action_tells_a_route_there_is(operator: Api) -> None:
    number, paths = operator.file(), document()["paths"]
    for possible in operator.get(f"/tickets/{number}/possible"):
        assert "post" in paths[f"/tickets/{{number}}/{possible['route']}"]


# --- look-up


def test_who_was_merged_is_told_how_the_ticket_stands_that_counts(
    operator: Api, api: Maker, client: TestClient
) -> None:
    head, receipt = operator.file(), operator.post("/tickets", NOISE, 201)
    asked = {"number": receipt["number"], "code": receipt["code"]}
    assert client.get("/lookup", params=asked).json()["outcome_status"] is None
    operator.post(f"/tickets/{receipt['number']}/merge", {"into": head})
    api("department", unit="CG01").act(head, "accept")
    told = client.get("/lookup", params=asked).json()
    assert [told[key] for key in ("status", "outcome_of", "outcome_status", "outcome_status_name")] == [
        "merged",
        head,
        "handling",
        "办理中",
    ]


def test_number_and_code_tell_how_it_stands_and_name_nobody(operator: Api, api: Maker, client: TestClient) -> None:
    unit = api("department", unit="CG01")
    receipt = operator.post("/tickets", NOISE | {"phone": "13912345678"}, 201)
    unit.act(receipt["number"], "accept")
    unit.act(receipt["number"], "note", note="内部：商户是老赖")
    unit.act(receipt["number"], "feedback", note="已约谈商户")
    answer = client.get("/lookup", params={"number": receipt["spoken"], "code": receipt["code"]})
    told = answer.json()
    assert answer.status_code == 200
    assert (told["status"], told["unit_name"], told["matter"]) == ("handling", "市城市管理局", "噪声太吵")
    assert [s["action"] for s in told["steps"]] == ["report", "dispatch", "accept", "feedback"]
    assert told["steps"][1]["said"] == "已分派给市城市管理局。"
    assert told["steps"][3]["note"] == "已约谈商户"
    for secret in ("13912345678", "老赖", "烧烤", "幸福里", "key:"):
        assert secret not in answer.text


def test_a_wrong_code_and_a_wrong_number_are_told_alike(operator: Api) -> None:
    receipt = operator.post("/tickets", NOISE, 201)
    nobody = Api(operator.client)
    wrong_code = "000000" if receipt["code"] != "000000" else "000001"
    answers = [
        nobody.get("/lookup", 404, number=receipt["number"], code=wrong_code),
        nobody.get("/lookup", 404, number=numbers.compose(2026, 99), code=receipt["code"]),
        nobody.get("/lookup", 404, number="12", code=receipt["code"]),
    ]
    assert answers[0]["code"] == "lookup_failed"
    assert answers[0] == answers[1] == answers[2]


def test_codes_cannot_be_guessed(operator: Api) -> None:
    receipt = operator.post("/tickets", NOISE, 201)
    nobody = Api(operator.client)
    for _ in range(20):  # those that are right do not count
        nobody.get("/lookup", number=receipt["number"], code=receipt["code"])
    for _ in range(10):
        nobody.get("/lookup", 404, number=receipt["number"], code="wrong")
    refused = operator.client.get("/lookup", params={"number": receipt["number"], "code": receipt["code"]})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many")
    assert 3500 < int(refused.headers["retry-after"]) <= 3600


def test_a_mistyped_number_holds_nobody_else_up(operator: Api) -> None:
    receipt = operator.post("/tickets", NOISE, 201)
    nobody = Api(operator.client)
    for _ in range(15):
        nobody.get("/lookup", 404, number="600000018", code="000000")
    assert nobody.get("/lookup", number=receipt["number"], code=receipt["code"])


def test_an_address_may_not_try_one_number_after_the_other(operator: Api) -> None:
    nobody = Api(operator.client)
    for serial in range(30):
        nobody.get("/lookup", 404, number=numbers.compose(2026, serial + 1), code="000000")
    nobody.get("/lookup", 429, number=numbers.compose(2026, 99), code="000000")


# --- the city


def test_the_catalogue_tells_who_handles_what(operator: Api) -> None:
    catalogue = {t["type"]: t for t in operator.get("/catalogue")}
    assert len(catalogue) == 77
    noise = catalogue["environment.noise"]
    assert (noise["name"], noise["plain"], noise["category_name"]) == ("噪声扰民", "噪声太吵", "市容环境治理")
    assert [q["key"] for q in noise["questions"]] == ["source", "hours", "since"]
    everywhere = next(r for r in noise["routes"] if r["area"] == "")
    assert (everywhere["unit"], everywhere["unit_name"]) == ("CG01", "市城市管理局")


def test_areas_and_units_are_listed(operator: Api) -> None:
    areas = {a["code"]: a for a in operator.get("/areas")}
    assert areas["S0101G1"] == {"code": "S0101G1", "parent": "S0101", "level": "grid", "name": "幸福社区第一网格"}
    units = {u["code"]: u for u in operator.get("/units")}
    assert (units["CG01"]["name"], units["JD01"]["area"]) == ("市城市管理局", "S01")


# --- emergencies


def storm(**more: Any) -> dict[str, Any]:
    until = (now() + timedelta(days=2)).isoformat()
    return {
        "title": "特大暴雨",
        "text": "请远离河道",
        "areas": ["S01"],
        "matters": ["hazard", "service.utility"],
        "until": until,
    } | more


def test_an_announced_emergency_makes_its_matters_urgent_until_it_ends(operator: Api) -> None:
    made = operator.post("/emergencies", storm(unit="YJ01"), 201)
    assert [e["id"] for e in operator.get("/emergencies")] == [made["id"]]
    assert made["announced_by"].startswith("key:operator")
    receipt = operator.post("/tickets", NOISE | {"matter": "hazard.gas"}, 201)
    assert (receipt["urgent"], receipt["unit"]) == (True, "YJ01")
    address = f"/emergencies/{made['id']}"
    ended = operator.client.delete(address, headers=operator.headers)
    assert ended.status_code == 200 and ended.json()["ended_at"] is not None
    assert operator.client.delete(address, headers=operator.headers).json()["code"] == "emergency_not_found"
    assert operator.get("/emergencies") == []


def test_all_mistakes_of_an_announcement_are_listed(operator: Api) -> None:
    wrong = storm(areas=["S9", "S8"], unit="XX99", until="2020-01-01T00:00:00Z")
    answer = operator.post("/emergencies", wrong, 422)
    assert answer["code"] == "emergency_refused"
    assert len(answer["problems"]) == 4
    for until in ("tomorrow", 5, "2025-01-01", "2025-01-01T00:00:00", "0001-01-01T00:00:00+23:59"):
        operator.post("/emergencies", storm(until=until), 422 if str(until).startswith("0001") else 400)
    assert operator.get("/emergencies") == []


# --- around the routes


def test_addresses_and_methods_there_are_not_get_errors_in_the_same_form(operator: Api) -> None:
    assert operator.get("/nothing", 404)["code"] == "no_such_route"
    answer = operator.client.put("/tickets", json={}, headers=operator.headers)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert operator.client.get("/tickets/", headers=operator.headers).status_code == 404


def test_answers_are_not_kept_by_proxies(operator: Api) -> None:
    headers = operator.client.get("/tickets", headers=operator.headers).headers
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


def test_every_route_says_what_it_is_for_and_what_it_answers() -> None:
    assert document()["openapi"].startswith("3.1")
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"], f"{method} {path}"
            done = next(a for status, a in operation["responses"].items() if status.startswith("2"))
            assert done["content"]["application/json"]["schema"], f"{method} {path}"
            assert "HTTPValidationError" not in str(operation["responses"])


def test_what_the_api_files_is_an_ordinary_ticket(operator: Api) -> None:
    number = operator.file()
    with reading() as session:
        assert service.get(session, number).channel == "api"
