"""The inbox handles a message once and in order; the outbox delivers in order, at least once. On both databases."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from databases import database  # noqa: F401  (both databases instead of the usual SQLite)
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import inbox, outbox
from bot.channels.base import TryLaterError, WindowClosedError
from bot.model import Conversation, Inbound, Outbound
from bot.worker import push_once
from common.db import now, transaction

pytestmark = pytest.mark.usefixtures("database")


@pytest.fixture
def session() -> Iterator[Session]:
    with transaction() as opened:
        yield opened


def received(key: str, user: str = "resident", within: float | None = None, **payload: Any) -> inbox.Received:
    return inbox.Received("wechat", user, key, "text", payload or {"text": key}, within)


def test_a_retried_message_is_stored_once(session: Session) -> None:
    first, new = inbox.store(session, received("m1"))
    again, new_again = inbox.store(session, received("m1"))
    assert (new, new_again, first.id) == (True, False, again.id)


def test_the_same_key_on_two_channels_is_two_messages(session: Session) -> None:
    first, _ = inbox.store(session, received("m1"))
    other, new = inbox.store(session, inbox.Received("telegram", "resident", "m1", "text", {"text": "x"}))
    assert new and other.conversation_id != first.conversation_id


def test_messages_of_one_resident_are_handled_in_order_one_at_a_time(session: Session) -> None:
    first, _ = inbox.store(session, received("m1"))
    inbox.store(session, received("m2"))
    other, _ = inbox.store(session, received("m3", user="another"))
    session.flush()
    taken = [inbox.claim(session), inbox.claim(session), inbox.claim(session)]
    assert [row.id if row else None for row in taken] == [first.id, other.id, None]
    inbox.finish(session, first)
    session.flush()
    following = inbox.claim(session)
    assert following is not None and following.key == "m2"


def test_a_dead_workers_message_comes_back_when_its_lease_runs_out(session: Session) -> None:
    inbox.store(session, received("m1"))
    assert inbox.claim(session) is not None
    assert inbox.claim(session) is None
    again = inbox.claim(session, now() + inbox.LEASE + timedelta(seconds=1))
    assert again is not None and again.tries == 2


def test_a_failed_message_waits_longer_each_time(session: Session) -> None:
    inbox.store(session, received("m1"))
    waits = []
    for i in range(1, 9):
        row = inbox.claim(session, now() + timedelta(hours=i))
        assert row is not None
        waits.append(inbox.postpone(session, row).total_seconds())
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_reply_is_not_pushed_while_it_may_still_go_back_on_the_request(session: Session) -> None:
    row, _ = inbox.store(session, received("m1", within=4.5))
    outbox.put(session, row.conversation_id, [{"text": "答"}], row)
    session.flush()
    assert outbox.claim(session, ["wechat"]) == []
    assert len(outbox.claim(session, ["wechat"], now() + timedelta(seconds=5))) == 1


def test_a_reply_taken_for_the_request_is_not_pushed_too(session: Session) -> None:
    row, _ = inbox.store(session, received("m1", within=4.5))
    outbox.put(session, row.conversation_id, [{"text": "一"}, {"text": "二"}], row)
    session.flush()
    taken = outbox.take_for_reply(session, row.id)
    assert [r.payload["text"] for r in taken] == ["一", "二"]
    assert outbox.claim(session, ["wechat"], now() + timedelta(seconds=10)) == []
    outbox.sent(session, taken, "reply")
    assert outbox.claim(session, ["wechat"], now() + timedelta(hours=1)) == []


def test_a_reply_whose_request_broke_off_is_pushed_after_its_lease(session: Session) -> None:
    row, _ = inbox.store(session, received("m1", within=4.5))
    outbox.put(session, row.conversation_id, [{"text": "一"}], row)
    session.flush()
    outbox.take_for_reply(session, row.id)  # the web app dies before the response has left
    assert len(outbox.claim(session, ["wechat"], now() + outbox.LEASE + timedelta(seconds=6))) == 1


class Recorder:
    """A channel that records, or refuses as told."""

    channel = "wechat"

    def __init__(self, *failures: Exception) -> None:
        self.failures = list(failures)
        self.texts: list[list[str]] = []

    def push(self, conversation: Conversation, rows: list[Outbound]) -> int:
        if self.failures:
            raise self.failures.pop(0)
        self.texts.append([r.payload["text"] for r in rows])
        conversation.pushed += 1
        return len(rows)


def _queued(*texts: str) -> str:
    with transaction() as session:
        row, _ = inbox.store(session, received("m" + texts[0]))
        outbox.put(session, row.conversation_id, [{"text": t} for t in texts])
        return row.conversation_id


def _statuses() -> list[str]:
    with transaction() as session:
        return list(session.scalars(select(Outbound.status).order_by(Outbound.id)))


def test_waiting_messages_go_out_together_and_in_order() -> None:
    conversation = _queued("一", "二", "三")
    recorder = Recorder()
    assert push_once({"wechat": recorder})
    assert recorder.texts == [["一", "二", "三"]]
    assert not push_once({"wechat": recorder})
    with transaction() as session:
        assert session.get_one(Conversation, conversation).pushed == 1


def test_a_failed_push_is_tried_again_later_and_keeps_its_place() -> None:
    conversation = _queued("一")
    recorder = Recorder(TryLaterError("away"))
    push_once({"wechat": recorder})
    with transaction() as session:
        outbox.put(session, conversation, [{"text": "二"}])
    assert not push_once({"wechat": recorder}), "the second must not overtake the first"
    with transaction() as session:
        for row in session.scalars(select(Outbound)):
            row.next_try_at = now()
    push_once({"wechat": recorder})
    assert recorder.texts == [["一", "二"]]


def test_what_the_closed_window_refused_goes_out_when_the_resident_writes_again() -> None:
    _queued("一")
    push_once({"wechat": Recorder(WindowClosedError("48 hours"))})
    assert _statuses() == ["held"]
    with transaction() as session:
        inbox.store(session, received("m9"))
    recorder = Recorder()
    push_once({"wechat": recorder})
    assert recorder.texts == [["一"]]


def test_a_message_that_can_never_be_delivered_is_given_up_and_does_not_block_the_next() -> None:
    conversation = _queued("一")
    for _ in range(outbox.MAX_TRIES):
        with transaction() as session:
            for row in session.scalars(select(Outbound)):
                row.next_try_at = now()
        push_once({"wechat": Recorder(TryLaterError("away"))})
    assert _statuses() == ["failed"]
    with transaction() as session:
        outbox.put(session, conversation, [{"text": "二"}])
    recorder = Recorder()
    push_once({"wechat": recorder})
    assert recorder.texts == [["二"]]


def test_a_residents_message_reopens_the_push_allowance() -> None:
    conversation = _queued("一")
    push_once({"wechat": Recorder()})
    with transaction() as session:
        inbox.store(session, received("later"))
        assert session.get_one(Conversation, conversation).pushed == 0
        assert session.scalar(select(Inbound).where(Inbound.key == "later")) is not None
