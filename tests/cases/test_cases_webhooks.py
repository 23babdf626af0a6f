"""Subscriptions, deliveries, failures, dead letters, on both databases against a real server."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, func, select
from test_cases_webhooks_receiver import (
    DROP,
    HERE,
    START,
    Got,
    Receiver,
    client,
    collected,
    happen,
    receiver,
    run,
    subscribe,
)

from cases import audit
from cases.model import AuditLine, Delivery, Ticket, TicketEvent, Webhook
from cases.outward import collecting, delivery, webhooks
from cases.outward.addresses import AddressError
from cases.outward.client import Client
from cases.outward.collecting import tidy
from cases.outward.dead_letters import dead, replay, skip
from cases.outward.delivery import LEASE, MAX_ATTEMPTS, Courier, Report, deliver, pause
from cases.outward.webhooks import WebhookError
from cases.outward.wishes import WishError
from common import db
from common.db import reading, transaction

__all__ = ["client", "receiver"]
pytestmark = pytest.mark.usefixtures("database")
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def states(hook: int | None = None) -> list[str]:
    with reading() as session:
        query = select(Delivery.state).where(Delivery.state != "mark").order_by(Delivery.event_id, Delivery.id)
        return list(session.scalars(query if hook is None else query.where(Delivery.webhook_id == hook)))


def ids(state: str) -> list[int]:
    with reading() as session:
        return list(session.scalars(select(Delivery.id).where(Delivery.state == state).order_by(Delivery.event_id)))


def audited() -> list[tuple[str, str, str, str | None]]:
    with reading() as session:
        return [(a.actor, a.action, a.about, a.note) for a in session.scalars(select(AuditLine).order_by(AuditLine.id))]


def listed(ended: bool = False) -> list[webhooks.Subscription]:
    with reading() as session:
        return webhooks.listing(session, ended)


def until_dead(client: Client) -> None:
    """Let time pass until everything that fails was given up."""
    for n in range(1, MAX_ATTEMPTS + 1):
        run(client, START + 7 * n * HOUR)


# --- subscriptions


def test_a_subscription_is_listed_without_its_secret_and_audited_without_its_path(receiver: Receiver) -> None:
    hook, secret = subscribe(receiver, "finish", "dispatch", "finish", path="/secret-path")
    (shown,) = listed()
    assert (shown.id, shown.url, shown.actions, shown.active) == (
        hook,
        f"{receiver.url}/secret-path",
        ("dispatch", "finish"),
        True,
    )
    assert (shown.pieces, shown.rotating) == ((), False)
    assert (shown.waiting, shown.dead, shown.last_delivered) == (0, 0, None)
    assert len(secret) > 40 and secret not in repr(shown)
    origin = receiver.url.removesuffix("/hooks")
    assert audited() == [("zhang", "webhook.subscribe", f"webhook {hook}", f"{origin}: dispatch, finish")]
    assert subscribe(receiver)[1] != secret


def test_unknown_actions_and_pieces_and_refused_addresses_make_no_subscription(receiver: Receiver) -> None:
    unknown = r"'fly', 'sing'; there are: collect, report.*no piece 'name'; there are: words, place, phone"
    with pytest.raises(WishError, match=unknown), transaction() as session:
        webhooks.subscribe(session, receiver.url, ["sing", "add", "fly"], "zhang", pieces=["name"], rules=HERE)
    with pytest.raises(AddressError, match="this machine"), transaction() as session:
        webhooks.subscribe(session, receiver.url, [], "zhang")
    assert listed() == [] and audited() == []


def test_what_goes_along_with_a_subscription_is_listed_and_audited(receiver: Receiver) -> None:
    origin = receiver.url.removesuffix("/hooks")
    subscribe(receiver, pieces=("phone", "words"))
    subscribe(receiver, "finish", pieces=("place",))
    assert [(s.actions, s.pieces) for s in listed()] == [((), ("phone", "words")), (("finish",), ("place",))]
    assert [line[3] for line in audited()] == [f"{origin}: all, +phone, +words", f"{origin}: finish, +place"]


def test_changing_a_secret_is_listed_and_audited(receiver: Receiver) -> None:
    hook, old = subscribe(receiver)
    with transaction() as session:
        new = webhooks.rotate(session, hook, "zhang")
        assert len(session.get_one(Webhook, hook).secret) <= 100
    assert listed()[0].rotating and new != old
    with transaction() as session:
        webhooks.retire(session, hook, "zhang")
        webhooks.rotate(session, hook, "li", at_once=True)
    assert not listed()[0].rotating
    assert [(who, what, note) for who, what, _, note in audited()[1:]] == [
        ("zhang", "webhook.rotate", None),
        ("zhang", "webhook.retire", None),
        ("li", "webhook.rotate", "old secret ended at once"),
    ]


def test_who_has_unsubscribed_gets_nothing_more(receiver: Receiver, client: Client) -> None:
    hook, _ = subscribe(receiver)
    happen("add", "note")
    collected()
    with transaction() as session:
        webhooks.unsubscribe(session, hook, "zhang")
    happen("add")
    assert run(client) == Report()
    assert receiver.got == []
    assert states() == ["skipped", "skipped"]
    assert listed() == []
    assert [(s.id, s.active) for s in listed(ended=True)] == [(hook, False)]
    with reading() as session:
        assert session.get_one(Webhook, hook).secret == ""
    assert audited()[-1] == ("zhang", "webhook.unsubscribe", f"webhook {hook}", "2 deliveries dropped")
    changes: list[Callable[..., Any]] = [webhooks.unsubscribe, webhooks.resume, webhooks.rotate, webhooks.retire]
    for again in changes:
        with pytest.raises(WebhookError, match="subscribe anew"), transaction() as session:
            again(session, hook, "zhang")
    with pytest.raises(WebhookError, match="no webhook 99"), transaction() as session:
        webhooks.unsubscribe(session, 99, "zhang")


# --- collecting


def test_a_new_subscriber_is_told_from_now_on(receiver: Receiver, client: Client) -> None:
    number = happen("report", "dispatch")
    subscribe(receiver)
    assert run(client) == Report()
    happen("accept", number=number)
    assert run(client) == Report(delivered=1)
    assert receiver.events == [(number, 3)]


def test_the_first_event_of_all_is_told_too(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    number = happen("report")
    assert run(client) == Report(delivered=1)
    assert receiver.events == [(number, 1)]


def test_only_the_wanted_actions_are_told(receiver: Receiver, client: Client) -> None:
    subscribe(receiver, "dispatch", "finish", path="/a")
    subscribe(receiver, path="/b")
    number = happen("report", "dispatch", "accept", "finish")
    assert run(client) == Report(delivered=6)
    assert [got.event for got in receiver.got if got.path == "/hooks/a"] == [(number, 2), (number, 4)]
    assert [got.event for got in receiver.got if got.path == "/hooks/b"] == [(number, n) for n in (1, 2, 3, 4)]


def test_collecting_again_makes_nothing_twice(receiver: Receiver) -> None:
    subscribe(receiver)
    happen("report", "dispatch")
    assert [collected(), collected()] == [2, 0]
    happen("report")
    assert [collected(), collected()] == [1, 0]


def test_two_that_collect_at_once_make_each_delivery_once(receiver: Receiver) -> None:
    subscribe(receiver)
    for _ in range(5):
        happen("report", "dispatch")
    threads = [threading.Thread(target=collected) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    collected()
    assert states() == ["waiting"] * 10


def test_an_event_that_becomes_visible_after_later_ones_is_not_lost(
    database: str, receiver: Receiver, client: Client
) -> None:
    if database.startswith("sqlite"):
        pytest.skip("SQLite lets only one write at a time, so events become visible in the order of their ids")
    subscribe(receiver)
    slow, quick = happen("report"), happen("report")
    run(client)
    with transaction() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.number == slow).with_for_update()).one()
        ticket.events.append(TicketEvent(seq=2, at=START, role="operator", action="add", before="", after="", hash=""))
        session.flush()
        happen("dispatch", number=quick)
        assert run(client) == Report(delivered=1)
    assert run(client) == Report(delivered=1)
    assert receiver.events[2:] == [(quick, 2), (slow, 2)]


def test_who_wants_few_events_does_not_make_old_ones_be_looked_at_again(
    receiver: Receiver, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "LOOK_BACK", 4)
    monkeypatch.setattr(collecting, "MARK_EVERY", 2)
    happen("report")
    hook, _ = subscribe(receiver, "finish")
    for _ in range(10):
        happen("report", "dispatch")
        assert collected() == 0
    with reading() as session:
        newest = session.scalar(select(func.max(TicketEvent.id))) or 0
        behind = newest - collecting._looked_at(session, hook)
        least = collecting._look_back(session)
        assert least <= behind <= least + 4
    number = happen("finish")
    assert run(client) == Report(delivered=1)
    for _ in range(10):
        happen("report", "dispatch")
        assert collected() == 0
    happen("finish", number=number)
    assert run(client) == Report(delivered=1)
    assert receiver.events == [(number, 1), (number, 2)]


def test_who_is_far_behind_catches_up_in_pieces(
    receiver: Receiver, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "LOOK_BACK", 3)
    monkeypatch.setattr(collecting, "BATCH", 4)
    subscribe(receiver)
    numbers = [happen("report", "dispatch") for _ in range(5)]
    assert [collected() for _ in range(4)] == [4, 4, 2, 0]
    run(client)
    assert sorted(receiver.events) == [(n, seq) for n in numbers for seq in (1, 2)]


def test_old_deliveries_are_forgotten_and_not_made_again(
    database: str, receiver: Receiver, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(collecting, "LOOK_BACK", 2)
    kept = 2 if database.startswith("postgresql") else 0  # of those that are looked at again
    hook, _ = subscribe(receiver)
    happen("report", "dispatch", "accept")
    receiver.answer = lambda got: 500 if got.event[1] == 2 else 200
    run(client)
    until_dead(client)
    receiver.answer = lambda _got: 200
    happen("report", "dispatch")
    run(client)
    assert states() == ["delivered", "dead", "waiting", "delivered", "delivered"]
    with transaction() as session:
        assert tidy(session, START + 80 * DAY) == 0
        assert tidy(session, START + 100 * DAY) == 3 - kept
    assert states() == ["dead", "waiting", *["delivered"] * kept]
    assert collected() == 0
    with transaction() as session:
        skip(session, ids("dead")[0], by="zhang")
    run(client, START + DAY)
    happen("add", "add")
    collected()
    with transaction() as session:
        assert tidy(session, START + 200 * DAY) == 2 + kept
    assert collected() == 0
    assert states(hook) == ["waiting", "waiting"]
    assert run(client, START + DAY).delivered == 2


# --- delivering


def test_a_failure_is_tried_again_later_with_the_same_id(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    happen("report")
    receiver.answer = lambda _got: 503
    assert run(client) == Report(failed=1)
    assert run(client, START + 50 * MINUTE / 60) == Report()
    receiver.answer = lambda _got: 204
    assert run(client, START + 2 * MINUTE) == Report(delivered=1)
    first, second = receiver.got
    assert first.id == second.id
    assert first.told == second.told
    assert first.headers["X-Xiaoge-Timestamp"] != second.headers["X-Xiaoge-Timestamp"]
    assert listed()[0].last_delivered is not None
    assert run(client, START + DAY) == Report()


@pytest.mark.parametrize(
    ("status", "error"),
    [(400, "400 Bad Request"), (404, "404 Not Found"), (500, "500"), (302, "302 Found: redirects are not followed")],
)
def test_every_answer_but_success_is_a_failure_and_its_reason_is_kept(
    receiver: Receiver, client: Client, status: int, error: str
) -> None:
    subscribe(receiver)
    happen("report")
    receiver.headers = {"Location": receiver.url + "/elsewhere"}
    receiver.answer = lambda _got: status
    assert run(client) == Report(failed=1)
    assert len(receiver.got) == 1
    with reading() as session:
        kept = session.scalars(select(Delivery.error).where(Delivery.state == "waiting")).one()
    assert kept is not None and kept.startswith(error)


def test_a_receiver_that_hangs_up_or_is_slow_is_tried_again(receiver: Receiver) -> None:
    subscribe(receiver)
    number = happen("report")

    def slow(_got: Got) -> int:
        time.sleep(0.5)
        return 200

    with Client(HERE, seconds=0.15) as impatient:
        receiver.answer = lambda _got: DROP
        assert run(impatient) == Report(failed=1)
        receiver.answer = slow
        assert run(impatient, START + HOUR) == Report(failed=1)
        receiver.answer = lambda _got: 200
        assert run(impatient, START + 2 * HOUR) == Report(delivered=1)
    assert receiver.events == [(number, 1)] * 3


def test_what_a_machine_says_that_speaks_no_http_is_not_kept(client: Client) -> None:
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(b"SSH-2.0-secret banner\r\n\r\n")

    threading.Thread(target=serve, daemon=True).start()
    with transaction() as session:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        webhooks.subscribe(session, url, [], "zhang", rules=HERE, at=START)
    happen("report")
    assert run(client) == Report(failed=1)
    listening.close()
    with reading() as session:
        assert session.scalars(select(Delivery.error)).one() == "no answer in HTTP"


def test_no_transaction_is_open_while_a_receiver_takes_its_time(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    happen("report")
    collected()

    def writes(_got: Got) -> int:
        happen("report")  # would wait for the worker's transaction, and the worker for this answer
        return 200

    receiver.answer = writes
    assert run(client) == Report(delivered=1)


def test_a_slow_subscriber_holds_up_neither_another_nor_the_caller(receiver: Receiver, client: Client) -> None:
    subscribe(receiver, path="/slow")
    subscribe(receiver, path="/quick")
    for _ in range(3):
        happen("report")
    collected()
    let_go = threading.Event()

    def answer(got: Got) -> int:
        return 200 if got.path.endswith("quick") or let_go.wait(60) else 500

    receiver.answer = answer
    with Courier(client) as courier:
        began = time.monotonic()
        done = courier.go(START, seconds=0.1)
        assert time.monotonic() - began < 3  # the slow one would take as long as the client's patience
        until = time.monotonic() + 30
        while done.delivered < 3 and time.monotonic() < until:
            done.add(courier.go(START, seconds=0.1))
        assert done == Report(delivered=3)
        assert len([got for got in receiver.got if got.path.endswith("slow")]) == 1  # nobody else began with it
        let_go.set()
        done.add(courier.go(START))
    assert done == Report(delivered=6)
    assert states() == ["delivered"] * 6


def test_a_subscriber_that_only_fails_is_left_alone_for_a_while(
    receiver: Receiver, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    subscribe(receiver)
    for _ in range(10):
        happen("report")
    collected()
    receiver.answer = lambda _got: 500
    with Courier(client) as courier:
        assert courier.go(START) == Report(failed=delivery.ENOUGH_FAILURES)
        receiver.answer = lambda _got: 200
        assert courier.go(START) == Report()
        clock = time.monotonic
        monkeypatch.setattr(delivery.time, "monotonic", lambda: clock() + delivery.FIRST_REST)
        assert courier.go(START) == Report(delivered=10 - delivery.ENOUGH_FAILURES)


def test_a_courier_that_is_closed_ends_after_the_exchange_it_is_in(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    for _ in range(5):
        happen("report")
    collected()
    begun, let_go = threading.Event(), threading.Event()

    def answer(_got: Got) -> int:
        begun.set()
        let_go.wait(60)
        return 200

    receiver.answer = answer
    courier = Courier(client)
    courier.go(START, seconds=0)
    assert begun.wait(30)
    closing = threading.Thread(target=courier.close)
    closing.start()
    let_go.set()
    closing.join(30)
    assert states().count("delivered") == 1 and states().count("waiting") == 4


def test_a_subscriber_that_only_fails_is_left_alone_for_the_rest_of_a_run(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    for _ in range(10):
        happen("report")
    receiver.answer = lambda _got: 500
    assert run(client) == Report(failed=delivery.ENOUGH_FAILURES)
    receiver.answer = lambda _got: 200
    assert run(client) == Report(delivered=10 - delivery.ENOUGH_FAILURES)
    assert run(client, START + HOUR) == Report(delivered=delivery.ENOUGH_FAILURES)


def test_one_tickets_trouble_does_not_hold_up_another_ticket(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    bad, good = happen("report", "dispatch"), happen("report", "dispatch")
    receiver.answer = lambda got: 500 if got.event == (bad, 1) else 200
    assert run(client) == Report(delivered=2, failed=1)
    assert receiver.events == [(bad, 1), (good, 1), (good, 2)]
    receiver.answer = lambda _got: 200
    assert run(client, START + HOUR) == Report(delivered=2)
    assert receiver.events[3:] == [(bad, 1), (bad, 2)]


def test_gone_ends_the_subscription_which_can_be_taken_up_again(receiver: Receiver, client: Client) -> None:
    hook, _ = subscribe(receiver)
    number = happen("report", "dispatch")
    receiver.answer = lambda _got: 410
    assert run(client) == Report(dead=1, gone=1)
    assert not listed()[0].active
    assert audited()[-1] == ("system", "webhook.gone", f"webhook {hook}", receiver.url.removesuffix("/hooks"))
    happen("accept", number=number)
    assert run(client, START + DAY) == Report()
    receiver.answer = lambda _got: 200
    with transaction() as session:
        webhooks.resume(session, hook, "zhang")
        assert replay(session, webhook=hook, by="zhang", at=START) == 2
    assert run(client) == Report(delivered=3)
    assert receiver.events == [(number, 1), (number, 1), (number, 2), (number, 3)]
    with pytest.raises(WebhookError, match="is active"), transaction() as session:
        webhooks.resume(session, hook, "zhang")
    with reading() as session:
        assert audit.flaws(session) == []


def test_a_receiver_may_ask_for_a_longer_pause(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    happen("report")
    receiver.answer, receiver.headers = lambda _got: 429, {"Retry-After": "1800"}
    assert run(client) == Report(failed=1)
    assert run(client, START + 29 * MINUTE) == Report()
    receiver.headers = {"Retry-After": "Wed, 21 Oct 2026 07:28:00 GMT"}
    assert run(client, START + 31 * MINUTE) == Report(failed=1)


def test_pauses_double_from_a_minute_to_six_hours() -> None:
    even = [pause(n, 0.5) for n in range(1, MAX_ATTEMPTS)]
    assert even[:4] == [MINUTE, 2 * MINUTE, 4 * MINUTE, 8 * MINUTE]
    assert even == sorted(even) and even[-1] == 6 * HOUR
    assert timedelta(hours=14) < sum(even, timedelta()) < timedelta(hours=24)
    for n in range(1, 2000):
        for luck in (0.0, 0.3, 0.999):
            assert MINUTE <= pause(n, luck, 1e9 if n % 2 else 0) <= 6 * HOUR
    assert pause(5, 0.0) < pause(5, 0.5) < pause(5, 1.0)
    assert pause(1, 0.5, 600) == 10 * MINUTE


def test_a_delivery_whose_worker_died_is_taken_over_when_its_lease_ends(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    number = happen("report", "dispatch")
    collected()
    with transaction() as session:
        lost = delivery._claim(session, ids("waiting")[0], START)
    assert lost is not None
    assert run(client) == Report()
    assert run(client, START + LEASE - timedelta(seconds=1)) == Report()
    assert run(client, START + LEASE + timedelta(seconds=1)) == Report(delivered=2)
    assert receiver.events == [(number, 1), (number, 2)]
    with transaction() as session:  # the one believed dead comes back with a failure
        assert delivery._settle(session, lost, delivery._Outcome(False, error="late"), START, 0.5) == Report()
    assert states() == ["delivered", "delivered"]


def test_what_is_due_is_found_by_an_index(database: str, receiver: Receiver, client: Client) -> None:
    if not database.startswith("sqlite"):
        pytest.skip("PostgreSQL reads a table this small as a whole")
    subscribe(receiver)
    happen("report")
    collected()
    asked: list[tuple[str, Any]] = []

    def keep(_c: Any, _cursor: Any, statement: str, parameters: Any, *_rest: Any) -> None:
        asked.append((statement, parameters))

    event.listen(db.engine(), "before_cursor_execute", keep)
    deliver(START, client)
    event.remove(db.engine(), "before_cursor_execute", keep)
    for statement, parameters in [a for a in asked if a[0].startswith("SELECT") and "delivery" in a[0]]:
        with reading() as session:
            plan = [
                row[3] for row in session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
            ]
        assert not any(step.startswith("SCAN delivery") for step in plan), (statement, plan)
        if "next_try <=" in statement and "delivery.id =" not in statement:
            assert any("USING INDEX ix_delivery_waiting" in step for step in plan), (statement, plan)


# --- dead letters


def test_after_twelve_tries_a_delivery_is_dead_and_holds_back_its_ticket_only(
    receiver: Receiver, client: Client
) -> None:
    hook, _ = subscribe(receiver)
    bad, good = happen("report", "dispatch", "accept"), happen("report")
    receiver.answer = lambda got: 500 if got.event == (bad, 1) else 200
    at, spent = START, timedelta()
    for _ in range(MAX_ATTEMPTS):
        run(client, at + spent)
        spent += 7 * HOUR
    assert receiver.events.count((bad, 1)) == MAX_ATTEMPTS
    assert states() == ["dead", "waiting", "waiting", "delivered"]
    assert run(client, at + 30 * DAY) == Report()
    happen("dispatch", number=good)
    assert run(client, at + 30 * DAY) == Report(delivered=1)
    with reading() as session:
        (letter,) = dead(session)
        assert dead(session, webhook=hook) == [letter]
        assert dead(session, webhook=hook + 1) == []
    assert (letter.webhook, letter.url, letter.number, letter.seq, letter.action) == (
        hook,
        receiver.url,
        bad,
        1,
        "report",
    )
    assert (letter.attempts, letter.behind, letter.error) == (MAX_ATTEMPTS, 2, "500 Internal Server Error")
    assert (listed()[0].dead, listed()[0].waiting) == (1, 2)


@pytest.mark.parametrize("by", ["ids", "ticket", "webhook"])
def test_replayed_it_goes_first_and_the_others_after_it(receiver: Receiver, client: Client, by: str) -> None:
    hook, _ = subscribe(receiver)
    number, other = happen("report", "dispatch"), happen("report")
    receiver.answer = lambda _got: 500
    run(client)
    until_dead(client)
    assert states() == ["dead", "waiting", "dead"]
    receiver.answer = lambda _got: 200
    receiver.got.clear()
    which: dict[str, dict[str, Any]] = {
        "ids": {"ids": ids("dead")[:1]},
        "ticket": {"ticket": number},
        "webhook": {"webhook": hook},
    }
    with transaction() as session:
        replay(session, **which[by], by="zhang", at=START)
    run(client, START + DAY)
    assert [e for e in receiver.events if e[0] == number] == [(number, 1), (number, 2)]
    assert ((other, 1) in receiver.events) == (by == "webhook")
    assert audited()[-1][:2] == ("zhang", "webhook.replay")


def test_skipped_it_is_left_out_and_the_others_go(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    number = happen("report", "dispatch", "accept")
    receiver.answer = lambda got: 500 if got.event[1] == 1 else 200
    run(client)
    until_dead(client)
    (letter,) = ids("dead")
    with transaction() as session:
        skip(session, letter, by="zhang")
    assert run(client, START + DAY) == Report(delivered=2)
    assert receiver.events[-2:] == [(number, 2), (number, 3)]
    assert audited()[-1] == ("zhang", "webhook.skip", f"delivery {letter}", "500 Internal Server Error")
    for done in (letter, *ids("delivered")):
        with pytest.raises(WebhookError, match="it is done"), transaction() as session:
            skip(session, done, by="zhang")


def test_what_arrived_can_be_sent_again_to_who_lost_it(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    number = happen("report", "dispatch")
    run(client)
    with transaction() as session:
        assert replay(session, ticket=number, by="zhang", at=START) == 0
        assert replay(session, ticket=number, by="zhang", delivered=True, at=START) == 2
    assert run(client) == Report(delivered=2)
    assert receiver.events == [(number, 1), (number, 2)] * 2
    assert receiver.got[0].id == receiver.got[2].id


def test_what_is_being_sent_is_neither_replayed_nor_skipped(receiver: Receiver) -> None:
    hook, _ = subscribe(receiver)
    happen("report")
    collected()
    (only,) = ids("waiting")
    with transaction() as session:
        assert delivery._claim(session, only, START) is not None
    with transaction() as session:
        assert replay(session, webhook=hook, by="zhang") == 0
    with pytest.raises(WebhookError, match="being sent at this moment"), transaction() as session:
        skip(session, only, by="zhang")


def test_wrong_choices_are_told(receiver: Receiver) -> None:
    happen("report")
    subscribe(receiver)
    wrong: list[tuple[Callable[[Any], Any], str]] = [
        (lambda s: replay(s, by="z"), "say what to replay"),
        (lambda s: replay(s, by="z", ids=[77, 78]), "no delivery 77, 78"),
        (lambda s: replay(s, by="z", ids=ids("mark")), "no delivery"),
        (lambda s: replay(s, by="z", ticket="600000017"), "600-000-017"),
        (lambda s: replay(s, by="z", webhook=9), "no webhook 9"),
        (lambda s: skip(s, 77, by="z"), "no delivery 77"),
        (lambda s: skip(s, ids("mark")[0], by="z"), "no delivery"),
    ]
    for action, why in wrong:
        with pytest.raises(WebhookError, match=why), transaction() as session:
            action(session)
