"""Webhooks over HTTP: whose they are, where they may go, what is told of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import select
from test_cases_api import ALL, Api, Maker, api, client, operator

from cases.model import AuditLine, Delivery, Webhook
from cases.outward import addresses, city_file, webhooks
from cases.outward.collecting import collect
from common.db import now, reading, transaction
from common.settings import settings

__all__ = ["api", "client", "operator"]

LOCAL = "http://127.0.0.1:9/hooks"


@pytest.fixture(autouse=True)
def file_read_anew() -> Iterator[None]:
    """The process reads the city's file once; each test has one of its own."""
    city_file._kept.cache_clear()
    yield
    city_file._kept.cache_clear()


@pytest.fixture
def opened(operator: Api) -> Api:
    """A key in a city whose file allows this machine."""
    (settings().var / city_file.NAME).write_text("webhooks:\n  loopback: true\n", encoding="utf-8")
    return operator


def subscribed(who: Api, url: str = LOCAL, status: int = 201, **more: Any) -> Any:
    return who.post("/webhooks", {"url": url, **more}, status)


def delete(who: Api, path: str, status: int = 200) -> Any:
    answer = who.client.delete(path, headers=who.headers)
    assert answer.status_code == status, answer.text
    return answer.json()


def audited() -> list[tuple[str, str, str | None]]:
    with reading() as session:
        lines = session.scalars(select(AuditLine).where(AuditLine.action.like("webhook.%")).order_by(AuditLine.id))
        return [(line.action, line.actor.partition(" ")[0], line.note) for line in lines]


def stored(hook: int) -> Webhook:
    with reading() as session:
        return session.get_one(Webhook, hook)


def given_up(hook: int, error: str = "500 Internal Server Error") -> list[int]:
    """What happened so far is dead; the ids of its deliveries."""
    with transaction() as session:
        collect(session, now())
        letters = session.scalars(
            select(Delivery).where(Delivery.webhook_id == hook, Delivery.state == "waiting").order_by(Delivery.id)
        ).all()
        for letter in letters:
            letter.state, letter.attempts, letter.error = "dead", 12, error
        return [letter.id for letter in letters]


# --- subscribing


def test_a_subscription_is_told_with_its_secret_once(opened: Api) -> None:
    made = subscribed(opened, actions=["finish", "dispatch"], pieces=["words"])
    assert made["secret"] == stored(made["id"]).secret and made["secret"].startswith("xgs_")
    assert (made["url"], made["actions"], made["pieces"]) == (LOCAL, ["dispatch", "finish"], ["words"])
    assert (made["active"], made["rotating"], made["waiting"], made["dead"]) == (True, False, 0, 0)
    (listed,) = opened.get("/webhooks")
    assert listed == {name: value for name, value in made.items() if name != "secret"}
    assert audited() == [("webhook.subscribe", "key:operator", "http://127.0.0.1:9: dispatch, finish, +words")]


def test_a_subscription_sent_again_is_made_once_and_its_secret_is_not_told_again(opened: Api) -> None:
    body = {"url": LOCAL}
    first = opened.post("/webhooks", body, 201, Idempotency_Key="w-1")
    again = opened.post("/webhooks", body, 201, Idempotency_Key="w-1")
    assert again == first | {"secret": None} and first["secret"]
    assert len(opened.get("/webhooks")) == 1
    assert (
        opened.post("/webhooks", {"url": LOCAL + "2"}, 409, Idempotency_Key="w-1")["code"] == "idempotency_key_reused"
    )
    assert opened.post("/webhooks", body, 201)["id"] != first["id"]
    with reading() as session:
        rows = session.execute(select(AuditLine.note)).all()
        assert first["secret"] not in str(rows)


def test_of_two_that_come_at_once_the_laters_work_is_taken_back(opened: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    body, subscribe = {"url": LOCAL}, webhooks.subscribe
    first: list[Any] = []

    def slowly(*given: Any, **named: Any) -> Any:
        if not first:  # while this one waits for the name server, the same request comes once more
            first.append(None)
            first[0] = opened.post("/webhooks", body, 201, Idempotency_Key="w-1")
        return subscribe(*given, **named)

    monkeypatch.setattr(webhooks, "subscribe", slowly)
    second = opened.post("/webhooks", body, 201, Idempotency_Key="w-1")
    assert second == first[0] | {"secret": None}
    assert len(opened.get("/webhooks")) == 1


def test_nobody_waits_for_the_database_while_a_name_is_resolved(opened: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    check, filed = addresses.check, []

    def slowly(url: str, rules: addresses.Rules) -> None:
        filed.append(opened.file())  # on SQLite this would wait for a writer
        check(url, rules)

    monkeypatch.setattr(addresses, "check", slowly)
    opened.post("/webhooks", {"url": LOCAL}, 201, Idempotency_Key="w-1")
    assert len(filed) == 2


@pytest.mark.parametrize(
    "url",
    [
        "https://10.1.2.3/hooks",
        "https://192.168.1.1",
        "https://127.0.0.1:8080/",
        "http://127.0.0.1:5005/model",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/",
        "https://[fd00:ec2::254]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://0x7f.1/",
        "http://1.1.1.1/plain",
        "https://localhost/",
        "https://no-such-name.invalid/",
    ],
)
def test_inner_networks_cannot_be_reached_and_nothing_is_told_of_them(operator: Api, url: str) -> None:
    refused = subscribed(operator, url, 422)
    assert (refused["code"], set(refused)) == ("address_refused", {"code", "message"})
    assert operator.get("/webhooks") == [] and audited() == []


def test_a_network_the_city_opened_may_be_subscribed_and_its_neighbour_not(operator: Api) -> None:
    file = settings().var / city_file.NAME
    file.write_text("webhooks:\n  networks: [10.20.0.0/16]\n", encoding="utf-8")
    assert subscribed(operator, "https://10.20.3.4/hooks")["url"] == "https://10.20.3.4/hooks"
    for url in ("https://10.21.3.4/hooks", "http://10.20.3.4/hooks", LOCAL, "https://169.254.169.254/"):
        assert subscribed(operator, url, 422)["code"] == "address_refused"


def test_a_city_file_with_mistakes_opens_nothing_and_is_not_told(operator: Api) -> None:
    (settings().var / city_file.NAME).write_text("webhooks:\n  networks: [rabbit]\n", encoding="utf-8")
    refused = subscribed(operator, LOCAL, 503)
    assert (refused["code"], set(refused)) == ("misconfigured", {"code", "message"})


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({}, "body.url"),
        ({"url": "ftp://example.org/"}, "body.url"),
        ({"url": "https://user:word@example.org/"}, "body.url"),
        ({"url": "https://example.org/#part"}, "body.url"),
        ({"url": "https://例子.org/"}, "body.url"),
        ({"url": "https://example.org/a b"}, "body.url"),
        ({"url": "https://example.org/\n"}, "body.url"),
        ({"url": "https://example.org/" + "a" * 500}, "body.url"),
        ({"url": LOCAL, "actions": ["sing"]}, "body.actions.0"),
        ({"url": LOCAL, "pieces": ["name"]}, "body.pieces.0"),
        ({"url": LOCAL, "secret": "mine"}, "body.secret"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(opened: Api, body: Any, where: str) -> None:
    assert opened.post("/webhooks", body, 400)["where"] == where
    assert audited() == []


def test_personal_data_go_along_only_to_keys_that_may_read_them(opened: Api, api: Maker) -> None:
    without = api("supervisor", scopes=[s for s in ALL if s != "personal:read"])
    assert subscribed(without, pieces=["phone"], status=403)["code"] == "scope_missing"
    assert subscribed(without)["pieces"] == []


@pytest.mark.parametrize(
    ("role", "where"),
    [("department", {"unit": "CG01"}), ("street", {"area": "S01"}), ("operator", {"area": "DY"}), ("resident", {})],
)
def test_only_keys_that_see_all_tickets_may_be_told_of_all(opened: Api, api: Maker, role: str, where: Any) -> None:
    narrow = api(role, **where)
    assert subscribed(narrow, status=403)["code"] == "outside"
    assert narrow.get("/webhooks", 403)["code"] == "outside"
    assert api("operator", scopes=["tickets:read"]).get("/webhooks", 403)["code"] == "scope_missing"


def test_a_key_has_so_many_subscriptions_and_no_more(opened: Api) -> None:
    name = called(opened)
    with transaction() as session:
        for _ in range(20):
            webhooks.subscribe(session, LOCAL, [], name, rules=addresses.Rules(loopback=True))
    refused = subscribed(opened, status=409)
    assert refused["code"] == "webhook_refused" and "at most 20" in refused["detail"]
    listed = opened.get("/webhooks")
    assert len(listed) == 20
    delete(opened, f"/webhooks/{listed[0]['id']}")
    subscribed(opened)


def called(key: Api) -> str:
    """What a key is called in the history."""
    made = subscribed(key)
    delete(key, f"/webhooks/{made['id']}")
    with reading() as session:
        found = select(AuditLine.actor).where(AuditLine.action == "webhook.subscribe").order_by(AuditLine.id.desc())
        return str(session.scalars(found).first())


def test_subscribing_may_not_be_tried_for_ever(operator: Api) -> None:
    for _ in range(30):
        subscribed(operator, "https://10.0.0.1/", 422)
    assert subscribed(operator, "https://10.0.0.1/", 429)["code"] == "too_many"


# --- whose they are


def test_a_key_has_no_part_in_the_subscriptions_of_others(opened: Api, api: Maker) -> None:
    hook = subscribed(opened)["id"]
    with transaction() as session:
        here = addresses.Rules(loopback=True)
        at_the_terminal = webhooks.subscribe(session, LOCAL + "/secret-path", [], "zhang", rules=here)[0].id
    other = api("supervisor")
    for identity, stranger in ((hook, other), (at_the_terminal, other), (at_the_terminal, opened), (999, opened)):
        assert identity not in [h["id"] for h in stranger.get("/webhooks")]
        path = f"/webhooks/{identity}"
        refused = [
            delete(stranger, path, 404),
            stranger.post(f"{path}/secret", {}, 404),
            delete(stranger, f"{path}/secret", 404),
            stranger.post(f"{path}/resumption", {}, 404),
            stranger.get(f"{path}/dead-letters", 404),
            delete(stranger, f"{path}/dead-letters/1", 404),
            stranger.post(f"{path}/replay", {}, 404),
        ]
        assert {r["code"] for r in refused} == {"webhook_not_found"}
    assert stored(hook).active and stored(at_the_terminal).secret


def test_an_ended_subscription_is_gone_for_good(opened: Api) -> None:
    hook = subscribed(opened)["id"]
    assert delete(opened, f"/webhooks/{hook}")["active"] is False
    assert opened.get("/webhooks") == []
    assert delete(opened, f"/webhooks/{hook}", 404)["code"] == "webhook_not_found"
    assert [line[0] for line in audited()] == ["webhook.subscribe", "webhook.unsubscribe"]


def test_a_secret_is_changed_with_an_overlap_or_at_once(opened: Api) -> None:
    made = subscribed(opened)
    path = f"/webhooks/{made['id']}/secret"
    assert delete(opened, path, 409)["code"] == "webhook_refused"  # there is one only
    new = opened.post(path, {}, Idempotency_Key="r-1")
    assert stored(made["id"]).secret == f"{new['secret']} {made['secret']}"
    assert opened.post(path, {}, Idempotency_Key="r-1") == {"id": made["id"], "secret": None}
    assert opened.get("/webhooks")[0]["rotating"] is True
    assert delete(opened, path)["rotating"] is False
    newest = opened.post(path, {"at_once": True})
    assert stored(made["id"]).secret == newest["secret"]


def test_a_subscription_the_receiver_ended_is_taken_up_again(opened: Api) -> None:
    hook = subscribed(opened)["id"]
    assert opened.post(f"/webhooks/{hook}/resumption", {}, 409)["detail"] == f"webhook {hook} is active"
    with transaction() as session:
        session.get_one(Webhook, hook).active = False
    assert opened.get("/webhooks")[0]["active"] is False
    assert opened.post(f"/webhooks/{hook}/resumption", {})["active"] is True


# --- what could not be delivered


def test_dead_letters_are_told_left_out_and_sent_again(opened: Api) -> None:
    hook = subscribed(opened)["id"]
    number = opened.file()
    report, dispatch = given_up(hook)
    path = f"/webhooks/{hook}"
    told = opened.get(f"{path}/dead-letters")
    assert [(t["id"], t["number"], t["seq"], t["action"]) for t in told] == [
        (report, number, 1, "report"),
        (dispatch, number, 2, "dispatch"),
    ]
    assert (told[0]["attempts"], told[0]["error"]) == (12, "500 Internal Server Error")
    assert opened.get("/webhooks")[0]["dead"] == 2
    assert [t["id"] for t in delete(opened, f"{path}/dead-letters/{report}")] == [dispatch]
    assert delete(opened, f"{path}/dead-letters/{report}", 409)["code"] == "webhook_refused"
    assert opened.post(f"{path}/replay", {"deliveries": [dispatch]}) == {"deliveries": 1}
    assert opened.get(f"{path}/dead-letters") == []
    assert opened.get("/webhooks")[0]["waiting"] == 1
    assert [line[0] for line in audited()] == ["webhook.subscribe", "webhook.skip", "webhook.replay"]


def test_a_replay_is_narrowed_by_ticket_and_widened_to_what_arrived(opened: Api) -> None:
    hook = subscribed(opened)["id"]
    path = f"/webhooks/{hook}/replay"
    first, _ = opened.file(), opened.file()
    given_up(hook)
    assert opened.post(path, {"ticket": f" {first[:3]}-{first[3:]}"}) == {"deliveries": 2}
    assert opened.post(path, {}, Idempotency_Key="p-1") == {"deliveries": 4}
    assert opened.post(path, {}, Idempotency_Key="p-1") == {"deliveries": 4}
    with transaction() as session:
        for letter in session.scalars(select(Delivery).where(Delivery.state == "waiting")):
            letter.state = "delivered"
    assert opened.post(path, {}) == {"deliveries": 0}
    assert opened.post(path, {"delivered": True}) == {"deliveries": 4}
    assert opened.post(path, {"ticket": "12"}, 404)["code"] == "not_a_ticket_number"
    assert opened.post(path, {"deliveries": [0]}, 400)["where"] == "body.deliveries.0"


def test_deliveries_of_others_are_as_if_they_were_not_there(opened: Api, api: Maker) -> None:
    mine, theirs = subscribed(opened)["id"], subscribed(api("supervisor"))["id"]
    opened.file()
    given_up(mine)
    foreign = given_up(theirs)
    for body in ({"deliveries": foreign}, {"deliveries": [10**6]}):
        refused = opened.post(f"/webhooks/{mine}/replay", body, 409)
        assert refused["detail"].startswith("this webhook has no delivery")
    delete(opened, f"/webhooks/{mine}/dead-letters/{foreign[0]}", 409)
    with reading() as session:
        states = select(Delivery.state).where(Delivery.id.in_(foreign))
        assert set(session.scalars(states)) == {"dead"}


@pytest.mark.parametrize(
    "error",
    [
        *(f"db.inside is {a}: it is not a public address; allow its network" for a in ("10.1.2.3", "fd00::1")),
        "ConnectError: the name db.inside does not resolve",
    ],
)
def test_a_dead_letter_does_not_tell_what_names_stand_for_inside(opened: Api, error: str) -> None:
    hook = subscribed(opened)["id"]
    opened.file()
    given_up(hook, error)
    (told, *_) = opened.get(f"/webhooks/{hook}/dead-letters")
    assert told["error"] == "the address does not resolve, or may not be spoken to"


def test_nothing_of_a_subscription_tells_its_secret_again(opened: Api) -> None:
    made = subscribed(opened)
    path = f"/webhooks/{made['id']}"
    answers = [opened.get("/webhooks"), opened.get(f"{path}/dead-letters"), delete(opened, path)]
    assert made["secret"] not in json.dumps(answers)
