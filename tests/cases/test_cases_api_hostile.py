"""What a broken or hostile client sends gets an error in the usual form, never a server error, and changes nothing."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient
from test_cases_api import NOISE, Api, Maker, api, client, operator

from cases import service
from cases.api.app import mount
from common.db import now
from common.settings import settings

__all__ = ["api", "client", "operator"]

JSON = {"Content-Type": "application/json"}


def send(who: Api, raw: bytes, path: str = "/tickets", **headers: str) -> tuple[int, str]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answer = who.client.post(path, content=raw, headers=who.headers | JSON | named)
    told = answer.json()
    assert {"code", "message"} <= set(told)
    return answer.status_code, told["code"]


UNREADABLE = [
    b"{",
    b"\xff\xfe\x00",
    b'{"text": "ok", "matter": "environment", "pin": {"lat": ' + b"9" * 200_000 + b', "lng": 0}}',
    b"[" * 100_000,
    b'{"a":' * 50_000,
]
UNFIT = [
    b"",
    b'{"text": "\xed\xa0\x80", "matter": "environment"}',
    b'{"text": "\\ud800", "matter": "environment"}',
    b'{"text": "a\\u0000b", "matter": "environment"}',
    b'{"text": "ok", "matter": "\\udfff"}',
    b'{"text": "ok", "matter": "environment", "\\ud800": 1}',
    b'{"text": "ok", "matter": "environment", "answers": {"\\u0000": {"question": "a", "answer": "b"}}}',
    b'{"text": "ok", "matter": "environment", "confidence": NaN}',
    b'{"text": "ok", "matter": "environment", "confidence": 1e999}',
    b'{"text": "ok", "matter": "environment", "confidence": 0.' + b"1" * 200_000 + b", 1}",
    b'{"text": "ok", "matter": "environment", "pin": {"lat": Infinity, "lng": 0}}',
    b'"text"',
    b"1",
]


def test_bodies_that_are_none(operator: Api) -> None:
    for raw in UNREADABLE:
        assert send(operator, raw) == (400, "not_json"), raw[:50]
        assert send(operator, raw, Idempotency_Key="a-1") == (400, "not_json"), raw[:50]
    for raw in UNFIT:
        assert send(operator, raw)[0] == 400, raw[:50]
    assert operator.get("/tickets")["tickets"] == []


def test_a_number_of_a_million_digits_is_refused(operator: Api) -> None:
    for key in ("size", "after", "unit"):
        assert operator.client.get(f"/tickets?{key}={'9' * 60_000}", headers=operator.headers).status_code == 400
    million = b'{"text": "ok", "matter": "environment", "confidence": ' + b"9" * 10**6 + b"}"
    assert send(operator, million) == (413, "body_too_large")


def test_a_body_of_another_type_is_refused(operator: Api) -> None:
    raw = json.dumps(NOISE).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "image/png"):
        assert send(operator, raw, **{"Content-Type": kind}) == (400, "not_json")
    assert operator.get("/tickets")["tickets"] == []


def test_each_refusal_says_what_to_do(operator: Api, api: Maker) -> None:
    number = operator.file()
    told = {
        "256 KiB": operator.post("/tickets", NOISE | {"text": "吵" * 200_000}, 413)["message"],
        "GET /units": operator.act(number, "dispatch", 422, unit="XX99")["message"],
        "CG01 市城市管理局": operator.act(number, "dispatch", 422, unit="XX99")["detail"],
        "GET /areas": operator.post("/tickets", NOISE | {"grid": "S9"}, 422)["message"],
        "possible now: dispatch": operator.act(number, "verify", 409)["detail"],
        "tickets:write": api("operator", scopes=["tickets:read"]).post("/tickets", NOISE, 403)["detail"],
        "Bearer xg_": Api(operator.client).get("/tickets", 401)["detail"],
        "X-Person": api("resident").get("/tickets", 403)["message"],
    }
    assert [said for said, text in told.items() if said not in text] == []


def test_a_body_over_the_limit_is_refused_told_or_not(operator: Api) -> None:
    big = json.dumps(NOISE | {"text": "吵" * settings().max_body}).encode()
    assert send(operator, big) == (413, "body_too_large")

    def pieces() -> Any:
        for start in range(0, len(big), 10_000):
            yield big[start : start + 10_000]

    answer = operator.client.post("/tickets", content=pieces(), headers=operator.headers | JSON)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
    assert operator.get("/tickets")["tickets"] == []


NUMBERS = (
    "%00 %ff%fe %ed%a0%80 -1 1e9 ６００００００１７ %F0%9F%98%80 600%2F000%2F017 ..%2f '%22 " + "0" * 2000
).split()


def test_numbers_that_are_none(operator: Api) -> None:
    for number in NUMBERS:
        for path in ("", "/history", "/possible"):
            assert operator.client.get(f"/tickets/{number}{path}", headers=operator.headers).status_code == 404
        answer = operator.client.post(f"/tickets/{number}/actions", json={"action": "accept"}, headers=operator.headers)
        assert answer.status_code == 404


def test_queries_of_all_kinds(operator: Api) -> None:
    for value in ("%00", "%ff", "%ed%a0%80", "'; drop table ticket; --", "9" * 400, "", "😀"):
        for name in ("unit", "grid", "status", "type", "size", "after", "urgent", "overdue", "nothing"):
            answer = operator.client.get(f"/tickets?{name}={value}", headers=operator.headers)
            assert answer.status_code in (200, 400), (name, answer.text)
        for query in (f"number={value}&code={value}", f"number={value}", f"code={value}"):
            assert operator.client.get(f"/lookup?{query}").status_code in (400, 404)
        assert operator.client.delete(f"/emergencies/{value or 'x'}", headers=operator.headers).status_code == 400


def test_an_id_as_large_as_it_likes(operator: Api) -> None:
    for identity, status in ((0, 400), (2**31 - 1, 404), (2**31, 400), (10**400, 400), (-1, 400)):
        answer = operator.client.delete(f"/emergencies/{identity}", headers=operator.headers)
        assert answer.status_code == status


def test_headers_of_all_kinds(operator: Api) -> None:
    for header in (b"Bearer \xff\xfe", b"Bearer " + b"a" * 5000, b"Bearer xg_1_\x00", b"\x00"):
        answer = operator.client.get("/tickets", headers={"Authorization": header})
        assert (answer.status_code, answer.json()["code"]) == (401, "no_key")


def test_the_longest_of_everything_fits(operator: Api) -> None:
    body = {
        "text": "😀" * 5000,
        "matter": "environment.noise",
        "channel": "a" * 16,
        "place": "里" * 300,
        "answers": {
            f"k{'a' * 38}{n % 10}" if n < 10 else f"q{n}": {"question": "问" * 200, "answer": "答" * 100}
            for n in range(20)
        },
        "attachments": ["p" * 98 + f"{n:02d}" for n in range(20)],
        "phone": "+86 139-1234-56789",
        "mediation": "a" * 16,
    }
    who = Api(operator.client, operator.token, "p" * 48)
    number = who.post("/tickets", body, 201, Idempotency_Key="~" * 100)["number"]
    ticket = who.get(f"/tickets/{number}")
    assert (ticket["text"], ticket["place"], len(ticket["answers"])) == (body["text"], body["place"], 20)
    who.act(number, "note", note="记" * 2000)


def test_an_emergency_of_the_longest_title_is_written_down(operator: Api) -> None:
    until = (now() + timedelta(days=1)).isoformat()
    body = {"title": "雨" * 80, "text": "文" * 1000, "areas": ["S01"], "until": until}
    assert operator.post("/emergencies", body, 201)["title"] == "雨" * 80


def test_an_emergency_at_the_ends_of_time_is_refused(operator: Api) -> None:
    body = {"title": "雨", "text": "文", "areas": ["S01"]}
    for since, until in (
        ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59-23:59"),
        ("0001-01-01T00:00:00+23:59", "0001-01-02T00:00:00+23:59"),
    ):
        refused = operator.post("/emergencies", body | {"since": since, "until": until}, 422)
        assert refused["code"] == "emergency_refused"


def test_what_goes_wrong_inside_is_told_without_its_text(
    api: Maker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    quiet = api("operator")

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("phone 13912345678")

    monkeypatch.setattr(service, "queue", broken)
    assert quiet.get("/tickets", 500)["code"] == "internal"
    assert "13912345678" not in "".join(capsys.readouterr())

    def busy(*_: object, **__: object) -> None:
        raise OperationalError("select '13912345678'", {}, Exception("locked"))

    monkeypatch.setattr(service, "queue", busy)
    answer = quiet.client.get("/tickets", headers=quiet.headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert answer.headers["retry-after"] == "5" and "13912345678" not in answer.text


def test_both_interfaces_keep_their_form_when_mounted_in_another_app(operator: Api) -> None:
    outer = FastAPI()
    mount(outer)
    mounted = TestClient(outer)
    assert mounted.get("/api/v1/tickets", headers=operator.headers).json() == {"tickets": [], "next": None}
    assert mounted.get("/api/v1/nothing").json()["code"] == "no_such_route"
    assert mounted.get("/open311/nothing.json").json()[0]["code"] == 404
    assert mounted.get("/api/v1/openapi.json").json()["servers"] == [{"url": "/api/v1"}]
    assert mounted.get("/open311/openapi.json").json()["servers"] == [{"url": "/open311"}]
    big = b"service_code=" + b"x" * settings().max_body
    refused = mounted.post("/open311/v2/requests.json", content=big)
    assert (refused.status_code, refused.json()[0]["code"]) == (400, 400)
    assert "256 KiB" in refused.json()[0]["description"]
    assert mounted.post("/api/v1/tickets", content=big).json()["code"] == "body_too_large"
