"""The two laws of delivery: every event arrives at least once, and one ticket's events never overtake each other."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
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
    subscribe,
)

from cases.outward import webhooks
from cases.outward.client import Client
from cases.outward.dead_letters import replay
from cases.outward.delivery import Report, deliver
from common.db import transaction

__all__ = ["client", "receiver"]
pytestmark = pytest.mark.usefixtures("database")


def in_order(got: list[Got]) -> None:
    """That no event was sent before all earlier ones of its ticket had been taken."""
    taken: Counter[str] = Counter()
    for message in got:
        number, seq = message.event
        assert seq <= taken[number] + 1, f"{seq} of {number} came when {taken[number]} had been taken"
        if message.status == 200:
            taken[number] = max(taken[number], seq)


def test_two_workers_at_once_send_everything_once_and_in_order(receiver: Receiver) -> None:
    subscribe(receiver, path="/a")
    subscribe(receiver, path="/b")
    tickets = [happen("report", "dispatch", "accept", "finish") for _ in range(8)]
    collected()
    chance = random.Random(1)

    def answer(_got: Got) -> int:
        time.sleep(chance.random() / 100)
        return 200

    receiver.answer = answer
    start, reports = threading.Barrier(3), []

    def work() -> None:
        start.wait()
        with Client(HERE, seconds=5) as own:
            while (done := deliver(START, own)) != Report():
                reports.append(done)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    for path in ("/hooks/a", "/hooks/b"):
        got = [g for g in receiver.got if g.path == path]
        assert Counter(g.event for g in got) == {(n, seq): 1 for n in tickets for seq in (1, 2, 3, 4)}
        in_order(got)
        for number in tickets:
            own = [g for g in got if g.event[0] == number]
            assert all(a.ended <= b.began for a, b in itertools.pairwise(own)), "two of one ticket at once"
    assert sum(r.delivered for r in reports) == 64


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    lines=st.lists(st.integers(0, 2), min_size=1, max_size=7),
    answers=st.lists(st.sampled_from([200, 200, 500, 503, 302, 404, DROP]), max_size=25),
    steps=st.lists(st.integers(0, 90), min_size=1, max_size=6),
    between=st.integers(0, 7),
)
def test_random_failures_reorder_nothing_and_lose_nothing(
    receiver: Receiver, client: Client, lines: list[int], answers: list[int], steps: list[int], between: int
) -> None:
    """Lines of up to three tickets, written before and between runs; the receiver answers at random, then well."""
    hook, _ = subscribe(receiver)
    receiver.got.clear()
    left = list(answers)
    receiver.answer = lambda _got: left.pop() if left else 200
    tickets: dict[int, str] = {}
    for place, which in enumerate(lines):
        tickets[which] = happen("add", number=tickets.get(which))
        if place == between:
            collected()
            deliver(START, client)
    at = START
    for step in steps * 3:
        collected(at)
        deliver(at, client)
        at += timedelta(minutes=step)
    with transaction() as session:
        replay(session, webhook=hook, by="zhang", at=at)
    left.clear()
    for _ in range(20):
        at += timedelta(hours=7)
        if deliver(at, client) == Report():
            break
    in_order(receiver.got)
    taken = {got.event for got in receiver.got if got.status == 200}
    assert taken == {(tickets[w], n + 1) for w in set(lines) for n in range(lines.count(w))}
    by_event: dict[tuple[str, int], set[str]] = {}
    for got in receiver.got:
        by_event.setdefault(got.event, set()).add(got.id)
    assert all(len(names) == 1 for names in by_event.values())
    assert len({name for names in by_event.values() for name in names}) == len(by_event)
    with transaction() as session:
        webhooks.unsubscribe(session, hook, "zhang")
