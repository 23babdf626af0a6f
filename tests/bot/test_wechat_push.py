"""Late replies go out by the customer-service API, within its limits, through a fake of WeChat's server."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest
from fake_wechat import switch_on

from bot import inbox, outbox
from bot.channels.base import TryLaterError, WindowClosedError
from bot.channels.wechat import WeChat
from bot.model import Conversation, Outbound
from common.db import now, transaction
from common.settings import settings
from xiaoge.wechat_client import FakeWeChat


@pytest.fixture
def fake(database: str, use_settings: pytest.MonkeyPatch) -> Iterator[FakeWeChat]:
    server = FakeWeChat()
    switch_on(server, use_settings)
    yield server
    server.close()


def _waiting(*texts: str) -> tuple[Conversation, list[Outbound]]:
    with transaction() as session:
        row, _ = inbox.store(session, inbox.Received("wechat", "openid1", "k" + texts[0][:20], "text", {"text": "x"}))
        outbox.put(session, row.conversation_id, [{"text": t} for t in texts])
        session.flush()
        return inbox.conversation_of(session, row), outbox.claim(session, ["wechat"])


def test_several_lines_leave_as_one_message(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("先顾人！", "工单号 600-000-017")
    assert WeChat(settings()).push(conversation, rows) == 2
    assert fake.pushed == [("openid1", "先顾人！\n\n工单号 600-000-017")]
    assert conversation.pushed == 1


def test_the_token_is_fetched_once_and_shared(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("一")
    WeChat(settings()).push(conversation, rows)
    WeChat(settings()).push(conversation, rows)  # another process
    assert fake.tokens == 1


def test_an_expired_token_is_renewed_and_the_message_goes_out(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("一")
    account = WeChat(settings())
    account.push(conversation, rows)
    fake.valid_token = "somebody else renewed it"
    account.push(conversation, rows)
    assert fake.tokens == 2 and len(fake.pushed) == 2


@pytest.mark.parametrize("code", [45015, 45047, 43004])
def test_a_closed_window_or_too_many_messages_holds_the_message(fake: FakeWeChat, code: int) -> None:
    conversation, rows = _waiting("一")
    fake.errors = [code]
    with pytest.raises(WindowClosedError, match=str(code)):
        WeChat(settings()).push(conversation, rows)
    assert fake.pushed == []


def test_another_error_is_tried_again_later(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("一")
    fake.errors = [-1]
    with pytest.raises(TryLaterError):
        WeChat(settings()).push(conversation, rows)
    fake.close()
    with pytest.raises(TryLaterError):
        WeChat(settings()).push(conversation, rows)


def test_our_own_limits_are_kept_without_asking_wechat(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("一")
    account = WeChat(settings())
    conversation.pushed = settings().wechat_push_limit
    with pytest.raises(WindowClosedError, match="pushes"):
        account.push(conversation, rows)
    conversation.pushed = 0
    conversation.last_inbound_at = now() - timedelta(hours=settings().wechat_push_hours, minutes=1)
    with pytest.raises(WindowClosedError, match="hours"):
        account.push(conversation, rows)
    conversation.last_inbound_at, conversation.subscribed = now(), False
    with pytest.raises(WindowClosedError, match="follows"):
        account.push(conversation, rows)
    assert fake.pushed == [] and fake.tokens == 0


def test_a_very_long_answer_is_pushed_in_pieces_wechat_takes(fake: FakeWeChat) -> None:
    conversation, rows = _waiting("路灯坏了。" * 500)
    WeChat(settings()).push(conversation, rows)
    assert len(fake.pushed) > 1
    assert all(len(text.encode()) <= 2048 for _user, text in fake.pushed)
    assert "".join(text for _user, text in fake.pushed) == "路灯坏了。" * 500
