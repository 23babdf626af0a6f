"""Reading aloud in WeChat: words on the request, the voice by the customer-service API and within its limits."""

from __future__ import annotations

import asyncio
import io
import threading
from collections.abc import Iterator, Sequence
from datetime import timedelta

import pytest
import soundfile
from fake_wechat import HearingWeChat, switch_on
from sqlalchemy import select

from bot import inbox, outbox, speech
from bot.channels.base import TryLaterError, WindowClosedError
from bot.channels.wechat import WeChat
from bot.model import Conversation, Outbound
from bot.web.waiting import Reply, mark_sent, reply_to
from bot.worker import Worker, push_once
from common.db import now, transaction
from common.settings import settings

LONG = "先把合同找出来，再写清楚哪天开始干的。" * 30
ALOUD = {"text": "好，念给您听。", "aloud": "打12348，免费。"}


@pytest.fixture
def fake(database: str, use_settings: pytest.MonkeyPatch) -> Iterator[HearingWeChat]:
    server = HearingWeChat()
    switch_on(server, use_settings)
    yield server
    server.close()


def _answered(*payloads: dict[str, str], within: float | None = None) -> int:
    """A message that came in and was answered; its id."""
    with transaction() as session:
        row, _ = inbox.store(session, inbox.Received("wechat", "openid1", "k1", "text", {"text": "念给我听"}, within))
        outbox.put(session, row.conversation_id, list(payloads), row)
        inbox.finish(session, row)
        return row.id


def _waiting(*payloads: dict[str, str]) -> tuple[Conversation, list[Outbound]]:
    _answered(*payloads)
    with transaction() as session:
        rows = outbox.claim(session, ["wechat"])
        return session.get_one(Conversation, rows[0].conversation_id), rows


def _rows() -> list[Outbound]:
    with transaction() as session:
        return list(session.scalars(select(Outbound).order_by(Outbound.id)))


def _due() -> None:
    with transaction() as session:
        for row in session.scalars(select(Outbound)):
            row.next_try_at = now()


async def _replied(inbound: int) -> Reply | None:
    return await reply_to(inbound, 1.0, 2000)


def test_a_voice_is_uploaded_and_sent_after_its_words(fake: HearingWeChat) -> None:
    conversation, rows = _waiting(ALOUD)
    assert WeChat(settings()).push(conversation, rows) == 2
    assert fake.pushed == [("openid1", "好，念给您听。")] and fake.voices == [("openid1", "media1")]
    assert conversation.pushed == 2, "a voice counts as a push"
    samples, hertz = soundfile.read(io.BytesIO(fake.uploaded["media1"]))
    assert len(samples) > hertz and abs(samples).max() > 0.3


async def test_the_words_go_back_on_the_request_and_the_voice_is_pushed_at_once(fake: HearingWeChat) -> None:
    inbound = _answered(ALOUD, within=4.5)
    assert not push_once({"wechat": WeChat(settings())}), "the voice does not overtake its words"
    reply = await _replied(inbound)
    assert reply is not None and reply.text == "好，念给您听。"
    mark_sent(reply)
    assert push_once({"wechat": WeChat(settings())})
    assert fake.pushed == [] and len(fake.voices) == 1
    assert [(row.status, row.via) for row in _rows()] == [("sent", "reply"), ("sent", "push")]


async def test_the_next_answer_does_not_wait_for_a_voice(fake: HearingWeChat) -> None:
    reply = await _replied(_answered(ALOUD, within=4.5))
    assert reply is not None
    mark_sent(reply)
    with transaction() as session:
        assert len(outbox.claim(session, ["wechat"])) == 1  # the voice is being made
        row, _ = inbox.store(session, inbox.Received("wechat", "openid1", "k2", "text", {"text": "谢谢"}, 4.5))
        outbox.put(session, row.conversation_id, [{"text": "不客气。"}], row)
        inbox.finish(session, row)
    reply = await _replied(row.id)
    assert reply is not None and reply.text == "不客气。"


def test_a_long_text_is_two_voices_each_within_wechats_limits(fake: HearingWeChat) -> None:
    conversation, rows = _waiting({**ALOUD, "aloud": LONG})
    WeChat(settings()).push(conversation, rows)
    assert fake.voices == [("openid1", "media1"), ("openid1", "media2")] and conversation.pushed == 3
    for mp3 in fake.uploaded.values():
        assert len(mp3) < 2 * 1024 * 1024 and soundfile.info(io.BytesIO(mp3)).duration <= 60


def test_with_one_push_left_a_long_text_is_one_voice(fake: HearingWeChat) -> None:
    conversation, rows = _waiting({**ALOUD, "aloud": LONG})
    conversation.pushed = settings().wechat_push_limit - 2
    assert WeChat(settings()).push(conversation, rows) == 2
    assert len(fake.pushed) == 1 and len(fake.voices) == 1
    assert conversation.pushed == settings().wechat_push_limit


def test_without_a_push_left_no_voice_is_made(fake: HearingWeChat) -> None:
    conversation, rows = _waiting(ALOUD)
    conversation.pushed = settings().wechat_push_limit
    with pytest.raises(WindowClosedError, match="pushes"):
        WeChat(settings()).push(conversation, rows[1:])
    assert fake.uploaded == {}


def test_after_the_window_the_words_are_held_and_the_voice_is_not_kept(fake: HearingWeChat) -> None:
    _answered(ALOUD)
    with transaction() as session:
        conversation = session.scalars(select(Conversation)).one()
        conversation.last_inbound_at = now() - timedelta(hours=settings().wechat_push_hours, minutes=1)
    push_once({"wechat": WeChat(settings())})
    assert [row.status for row in _rows()] == ["held", "failed"]
    assert fake.pushed == [] and fake.voices == [] and fake.uploaded == {}


def test_an_expired_token_is_renewed_for_an_upload_too(fake: HearingWeChat) -> None:
    conversation, rows = _waiting(ALOUD)
    account = WeChat(settings())
    account.push(conversation, rows[:1])
    fake.valid_token = "somebody else renewed it"
    assert account.push(conversation, rows[1:]) == 1
    assert fake.tokens == 2 and len(fake.voices) == 1


def test_a_second_half_that_is_refused_does_not_repeat_the_first(fake: HearingWeChat) -> None:
    conversation, rows = _waiting({**ALOUD, "aloud": LONG})
    account = WeChat(settings())
    account.push(conversation, rows[:1])
    original = fake._say

    def refuse_next(body: dict[str, object]) -> dict[str, object]:
        answer = original(body)
        fake.errors = [-1]
        return answer

    fake._say = refuse_next  # type: ignore[method-assign]
    assert account.push(conversation, rows[1:]) == 1
    assert len(fake.voices) == 1


def test_a_voice_that_keeps_failing_becomes_words_that_say_so(
    fake: HearingWeChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    _answered(ALOUD)
    monkeypatch.setattr(speech, "_command", lambda: ["false"])
    account = WeChat(settings())
    for _ in range(outbox.VOICE_TRIES + 2):
        push_once({"wechat": account})
        _due()
    assert len(fake.pushed) == 2 and fake.pushed[0][1] == "好，念给您听。"
    assert "关怀模式" in fake.pushed[1][1] and fake.voices == []
    assert [row.status for row in _rows()] == ["sent", "sent"]


def test_a_passing_failure_of_wechat_is_tried_again(fake: HearingWeChat) -> None:
    conversation, rows = _waiting(ALOUD)
    fake.errors = [-1]
    with pytest.raises(TryLaterError):
        WeChat(settings()).push(conversation, rows[1:])
    assert WeChat(settings()).push(conversation, rows[1:]) == 1


class _Busy:
    """A channel that is long at work for the first resident."""

    channel = "wechat"

    def __init__(self) -> None:
        self.go_on, self.other_served = threading.Event(), threading.Event()

    def push(self, conversation: Conversation, rows: Sequence[Outbound]) -> int:
        if conversation.user == "openid1":
            self.go_on.wait(60)
        else:
            self.other_served.set()
        return len(rows)


async def test_another_resident_does_not_wait_while_a_voice_is_made(fake: HearingWeChat) -> None:
    _answered(ALOUD)
    with transaction() as session:
        row, _ = inbox.store(session, inbox.Received("wechat", "openid2", "k2", "text", {"text": "您好"}))
        outbox.put(session, row.conversation_id, [{"text": "您好。"}])
    worker, busy = Worker(settings()), _Busy()
    worker.pushers = {"wechat": busy}
    pushing = asyncio.create_task(worker._outbound())
    try:
        assert await asyncio.to_thread(busy.other_served.wait, 30)
        assert not busy.go_on.is_set()
    finally:
        busy.go_on.set()
        worker.stopping.set()
        await pushing
        if worker._pushing:
            await asyncio.wait(worker._pushing)
        await worker.engine.close()
    assert {row.status for row in _rows()} == {"sent"}


async def test_switched_off_the_reply_itself_says_where_to_hear_it(
    fake: HearingWeChat, use_settings: pytest.MonkeyPatch
) -> None:
    use_settings.setenv("XIAOGE_SPEECH", "false")
    settings.cache_clear()
    reply = await _replied(_answered(ALOUD, within=4.5))
    assert reply is not None and "关怀模式" in reply.text and "念给您听。" in reply.text
    mark_sent(reply)
    assert not push_once({"wechat": WeChat(settings())}) and fake.voices == []
