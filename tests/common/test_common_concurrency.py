"""The inbox under several workers at once, on both databases."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from bot import inbox
from bot.inbox import Received
from bot.model import Conversation, Inbound
from common.db import reading, transaction

pytestmark = pytest.mark.usefixtures("database")


def store(received: Received) -> bool:
    with transaction() as session:
        return inbox.store(session, received)[1]


def test_a_message_delivered_by_four_at_once_is_stored_once() -> None:
    same = Received("wechat", "resident", "m1", "text", {"text": "路灯坏了😀"})
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(store, [same] * 12)) == [False] * 11 + [True]
    with reading() as session:
        assert [row.payload for row in session.scalars(select(Inbound))] == [{"text": "路灯坏了😀"}]
        assert len(session.scalars(select(Conversation)).all()) == 1


def test_four_workers_take_each_message_once_and_each_residents_in_order() -> None:
    for i in range(24):
        store(Received("wechat", f"resident{i % 4}", f"m{i}", "text", {"n": i}))

    def work(_worker: int) -> list[tuple[str, int]]:
        taken = []
        while True:
            with transaction() as session:
                row = inbox.claim(session)
                if row is None:
                    left = session.scalar(select(Inbound.id).where(Inbound.status == "new").limit(1))
                    if left is None:
                        return taken
                    continue
                inbox.finish(session, row)
                taken.append((row.conversation_id, row.payload["n"]))

    with ThreadPoolExecutor(4) as pool:
        taken = [message for part in pool.map(work, range(4)) for message in part]
    assert sorted(n for _, n in taken) == list(range(24))
    with reading() as session:
        done = session.scalars(select(Inbound).order_by(Inbound.done_at, Inbound.id)).all()
    for conversation in {row.conversation_id for row in done}:
        own = [row.id for row in done if row.conversation_id == conversation]
        assert own == sorted(own)
