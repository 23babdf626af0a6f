"""A request to file that is sent again, at once or later."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from httpx import Response
from sqlalchemy import func, select, update
from test_cases_api import NOISE, Api, Maker, api, client, operator

from cases.api import idempotency
from cases.model import IdempotentRequest, Ticket
from common.db import now, reading, transaction

__all__ = ["api", "client", "operator"]


def tickets() -> int:
    with reading() as session:
        return session.scalar(select(func.count()).select_from(Ticket)) or 0


def test_the_same_key_and_body_get_the_same_answer(operator: Api) -> None:
    first = operator.client.post("/tickets", json=NOISE, headers=operator.headers | {"Idempotency-Key": "a-1"})
    operator.act(first.json()["number"], "note", note="看过")  # changes its version meanwhile
    turned = dict(reversed(NOISE.items()))
    again = operator.client.post("/tickets", json=turned, headers=operator.headers | {"Idempotency-Key": "a-1"})
    assert (again.status_code, again.json()) == (201, first.json())
    for name in ("etag", "location"):
        assert again.headers[name] == first.headers[name]
    assert tickets() == 1
    assert operator.get("/lookup", number=first.json()["number"], code=again.json()["code"])


def test_the_same_key_with_another_body_is_refused(operator: Api) -> None:
    operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
    other = operator.post("/tickets", NOISE | {"urgent": True}, 409, Idempotency_Key="a-1")
    assert other["code"] == "idempotency_key_reused"
    assert tickets() == 1


def test_the_same_body_for_another_person_is_another(operator: Api) -> None:
    she = Api(operator.client, operator.token, "customer-8")
    operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
    she.post("/tickets", NOISE, 409, Idempotency_Key="a-1")


def test_without_a_key_or_with_another_ones_key_it_is_filed_again(operator: Api, api: Maker) -> None:
    for who, headers in ((operator, {}), (operator, {}), (operator, {"k": "b"}), (api("operator"), {"k": "b"})):
        who.post("/tickets", NOISE, 201, **({"Idempotency_Key": headers["k"]} if headers else {}))
    assert tickets() == 4


def test_two_at_once_file_one_ticket(operator: Api) -> None:
    for attempt in range(3):
        together = Barrier(4)

        def send(_place: int, key: str = f"a-{attempt}", gate: Barrier = together) -> tuple[str, str]:
            gate.wait()
            receipt = operator.post("/tickets", NOISE, 201, Idempotency_Key=key)
            return receipt["number"], receipt["code"]

        with ThreadPoolExecutor(4) as pool:
            assert len(set(pool.map(send, range(4)))) == 1
        assert tickets() == attempt + 1


def test_what_failed_can_be_sent_again_put_right(operator: Api) -> None:
    operator.post("/tickets", NOISE | {"grid": "S9"}, 422, Idempotency_Key="a-1")
    operator.post("/tickets", NOISE | {"grid": "S0101G2"}, 201, Idempotency_Key="a-1")
    assert tickets() == 1


def test_an_answer_is_kept_for_seven_days(operator: Api) -> None:
    operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
    for age, filed in ((timedelta(days=6, hours=23), 1), (timedelta(days=7, minutes=1), 2)):
        with transaction() as session:
            session.execute(update(IdempotentRequest).values(at=now() - age))
        operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
        assert tickets() == filed


def test_neither_code_nor_phone_is_kept_with_the_answer(operator: Api) -> None:
    code = operator.post("/tickets", NOISE | {"phone": "13912345678"}, 201, Idempotency_Key="a-1")["code"]
    with reading() as session:
        kept = session.scalars(select(IdempotentRequest)).one()
    assert "code" not in kept.answer
    assert code not in str(kept.answer.values()) and "13912345678" not in str(kept.answer)
    assert len(kept.body_hash) == 64


@pytest.mark.parametrize("key", ["", "a" * 101, "a b", "键"])
def test_a_key_that_is_none_is_refused(operator: Api, key: str) -> None:
    headers = operator.headers | {"Idempotency-Key": key.encode().decode("latin-1")}
    answer = operator.client.post("/tickets", json=NOISE, headers={k: v.encode("latin-1") for k, v in headers.items()})
    assert (answer.status_code, answer.json()["where"]) == (400, "header.idempotency-key")


def test_an_action_sent_again_is_done_once_and_gets_the_first_answer(operator: Api, api: Maker) -> None:
    unit, number = api("department", unit="CG01"), operator.file(phone="13912345678")
    seen = unit.get(f"/tickets/{number}")["version"]

    def send(note: str) -> Response:
        headers = unit.headers | {"Idempotency-Key": "a-2", "If-Match": f'"{seen}"'}
        return unit.client.post(f"/tickets/{number}/actions", json={"action": "accept", "note": note}, headers=headers)

    first = send("收到")
    operator.act(number, "note", note="看过")  # changes its version meanwhile
    again = send("收到")
    assert first.status_code == again.status_code == 200
    assert (again.json(), again.headers["etag"]) == (first.json(), first.headers["etag"])
    assert first.json()["text"] == NOISE["text"]
    assert [e["action"] for e in operator.get(f"/tickets/{number}/history")["events"]].count("accept") == 1
    assert send("不对").json()["code"] == "idempotency_key_reused"
    elsewhere = unit.post(f"/tickets/{number}/corrections", {"type": "environment.air"}, 409, Idempotency_Key="a-2")
    assert elsewhere["code"] == "idempotency_key_reused"
    with reading() as session:
        kept = str(session.scalars(select(IdempotentRequest)).one().answer)
    assert "13912345678" not in kept and NOISE["text"] not in kept


def test_who_gave_a_ticket_away_is_told_once_more_but_not_what_became_of_it(operator: Api, api: Maker) -> None:
    unit, number = api("department", unit="CG01"), operator.file()
    body = {"action": "return", "note": "不归我们"}
    first = unit.post(f"/tickets/{number}/actions", body, Idempotency_Key="a-3")
    operator.act(number, "dispatch", unit="JY01")
    again = unit.post(f"/tickets/{number}/actions", body, Idempotency_Key="a-3")
    assert (first["text"], again["text"]) == (NOISE["text"], None)
    assert again["status"] == first["status"] == "registered"
    unit.get(f"/tickets/{number}", 404)


def test_a_whistle_a_note_and_an_emergency_sent_again_are_done_once(operator: Api) -> None:
    number = operator.file()
    until = (now() + timedelta(days=2)).isoformat()
    for path, body, status in (
        (f"/tickets/{number}/whistles", {"units": ["WJ01"], "reason": "联合执法"}, 200),
        (f"/tickets/{number}/information", {"note": "还在吵"}, 200),
        ("/emergencies", {"title": "雨", "text": "文", "areas": ["S01"], "until": until}, 201),
    ):
        first = operator.post(path, body, status, Idempotency_Key=f"k-{path}")
        assert operator.post(path, body, status, Idempotency_Key=f"k-{path}") == first
    actions = [e["action"] for e in operator.get(f"/tickets/{number}/history")["events"]]
    assert (actions.count("whistle"), actions.count("add")) == (1, 1)
    assert len(operator.get("/emergencies")) == 1


def test_old_answers_are_forgotten(operator: Api) -> None:
    operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
    with transaction() as session:
        idempotency.forget(session, now() + timedelta(days=8))
        assert session.scalars(select(IdempotentRequest)).all() == []
