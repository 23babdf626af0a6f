"""Telegram: updates in by webhook or polling, answers out by the Bot API."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
import soundfile
from fake_telegram import FakeTelegram, update
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from bot import inbox, outbox, polling, speech
from bot.channels.base import TryLaterError, WindowClosedError
from bot.channels.telegram import Telegram
from bot.model import Conversation, Inbound, Outbound
from bot.web.app import create
from common.db import transaction
from common.settings import settings

SECRET = {"x-telegram-bot-api-secret-token": "hush"}


@pytest.fixture
def fake(database: str, use_settings: pytest.MonkeyPatch) -> Iterator[FakeTelegram]:
    server = FakeTelegram()
    for name, value in {"TOKEN": "1:a", "WEBHOOK_SECRET": "hush", "API": server.url}.items():
        use_settings.setenv(f"XIAOGE_TELEGRAM_{name}", value)
    settings.cache_clear()
    yield server
    server.close()


def _stored() -> list[Inbound]:
    with transaction() as session:
        return list(session.scalars(select(Inbound).order_by(Inbound.id)))


@pytest.mark.parametrize(
    ("message", "kind", "payload"),
    [
        ({"text": "路灯坏了"}, "text", {"text": "路灯坏了"}),
        ({"text": "/start"}, "subscribe", {}),
        ({"text": "/start grid_S0101G1"}, "scan", {"grid": "S0101G1"}),
        ({"location": {"latitude": 37.2, "longitude": 122.1}}, "location", {"lat": 37.2, "lng": 122.1}),
        ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 2}}, "unreadable", {"unreadable": "voice"}),
        (
            {"photo": [{"file_id": "p1", "file_unique_id": "p", "width": 9, "height": 9}], "caption": "这个坑"},
            "photo",
            {"media_id": "p1", "text": "这个坑"},
        ),
        (
            {
                "sticker": {
                    "file_id": "s",
                    "file_unique_id": "s",
                    "type": "regular",
                    "width": 1,
                    "height": 1,
                    "is_animated": False,
                    "is_video": False,
                }
            },
            "unreadable",
            {"unreadable": "media"},
        ),
    ],
)
def test_every_kind_of_update_is_translated(
    fake: FakeTelegram, message: dict[str, Any], kind: str, payload: dict[str, Any]
) -> None:
    client = TestClient(create(settings()))
    assert client.post("/telegram", json=update(1, **message), headers=SECRET).json() == {"ok": True}
    assert client.post("/telegram", json=update(1, **message), headers=SECRET).json() == {"ok": True}  # a retry
    (row,) = _stored()
    assert row.kind == kind and payload.items() <= row.payload.items()


def test_a_request_without_our_secret_is_refused(fake: FakeTelegram) -> None:
    client = TestClient(create(settings()))
    for headers in ({}, {"x-telegram-bot-api-secret-token": "guess"}):
        assert client.post("/telegram", json=update(1, text="x"), headers=headers).status_code == 403
    assert _stored() == []


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"update_id": "x", "message": 3}', b"\xff\xfe"])
def test_what_is_no_update_is_refused_or_passed_over(fake: FakeTelegram, body: bytes) -> None:
    response = TestClient(create(settings())).post("/telegram", content=body, headers=SECRET)
    assert response.status_code in (200, 400)
    assert _stored() == []


def test_groups_and_edits_are_not_residents_messages(fake: FakeTelegram) -> None:
    client = TestClient(create(settings()))
    group = update(1, text="x")
    group["message"]["chat"]["type"] = "group"
    edited = {"update_id": 2, "edited_message": update(2, text="x")["message"]}
    for body in (group, edited):
        assert client.post("/telegram", json=body, headers=SECRET).status_code == 200
    assert _stored() == []


def _waiting(*payloads: dict[str, Any]) -> tuple[Conversation, list[Outbound]]:
    with transaction() as session:
        row, _ = inbox.store(session, inbox.Received("telegram", "7", "1", "text", {"text": "x"}))
        outbox.put(session, row.conversation_id, list(payloads))
        session.flush()
        return inbox.conversation_of(session, row), outbox.claim(session, ["telegram"])


def test_answers_go_to_the_chat_in_order_with_choices_as_keys(fake: FakeTelegram) -> None:
    conversation, rows = _waiting({"text": "一"}, {"text": "二", "choices": ["对", "不报了"]})
    assert Telegram(settings()).push(conversation, rows) == 2
    assert fake.texts() == ["一", "二"]
    assert json.loads(fake.sent[-1][1]["reply_markup"])["keyboard"] == [[{"text": "对"}], [{"text": "不报了"}]]


def test_a_resident_who_blocked_the_bot_holds_the_message(fake: FakeTelegram) -> None:
    conversation, rows = _waiting({"text": "一"})
    fake.refuse = [(403, "Forbidden: bot was blocked by the user")]
    with pytest.raises(WindowClosedError):
        Telegram(settings()).push(conversation, rows)


def test_a_failure_half_way_delivers_the_rest_later_without_repeating(fake: FakeTelegram) -> None:
    conversation, rows = _waiting({"text": "一"}, {"text": "二"})
    account = Telegram(settings())
    fake.refuse = [(502, "Bad Gateway")]
    with pytest.raises(TryLaterError):
        account.push(conversation, rows)

    original = fake.result

    def fail_second(method: str, data: dict[str, str]) -> Any:
        if method == "sendMessage":
            fake.refuse = [(502, "Bad Gateway")]
        return original(method, data)

    fake.result = fail_second  # type: ignore[method-assign]
    assert account.push(conversation, rows) == 1


def test_what_is_to_be_read_aloud_follows_its_words_as_a_voice(fake: FakeTelegram) -> None:
    conversation, rows = _waiting({"text": "好，念给您听。", "aloud": "打12348，免费。"})
    assert Telegram(settings()).push(conversation, rows) == len(rows) == 2
    assert fake.calls() == ["sendMessage", "sendVoice"]
    assert 1 <= int(fake.sent[-1][1]["duration"]) < 10
    samples, hertz = soundfile.read(io.BytesIO(fake.heard[0]))
    assert len(samples) > hertz and abs(samples).max() > 0.3


def test_who_takes_no_voice_messages_gets_a_sound_file(fake: FakeTelegram) -> None:
    conversation, rows = _waiting({"text": "好，念给您听。", "aloud": "打12348。"})
    fake.refused_methods = {"sendVoice"}
    assert Telegram(settings()).push(conversation, rows) == 2
    assert fake.calls() == ["sendMessage", "sendAudio"] and len(fake.heard) == 1


def test_switched_off_the_words_stand_alone_with_a_hint(fake: FakeTelegram, use_settings: pytest.MonkeyPatch) -> None:
    use_settings.setenv("XIAOGE_SPEECH", "false")
    settings.cache_clear()
    conversation, rows = _waiting({"text": "好，念给您听。", "aloud": "打12348。"})
    assert Telegram(settings()).push(conversation, rows) == 1
    (text,) = fake.texts()
    assert "念不了" in text and settings().hotline in text and fake.heard == []


def test_a_voice_that_breaks_leaves_the_words_delivered(fake: FakeTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    conversation, rows = _waiting({"text": "好，念给您听。", "aloud": "打12348。"})
    monkeypatch.setattr(speech, "_command", lambda: ["false"])
    assert Telegram(settings()).push(conversation, rows) == 1
    with pytest.raises(TryLaterError):
        Telegram(settings()).push(conversation, rows[1:])
    assert fake.texts() == ["好，念给您听。"]


def test_photos_are_fetched_from_telegram(fake: FakeTelegram) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "JPEG")
    fake.files["p1"] = picture.getvalue()
    assert Telegram(settings()).photo("p1") == picture.getvalue()


async def test_polling_stores_updates_and_remembers_where_it_was(fake: FakeTelegram) -> None:
    fake.updates = [update(5, text="路灯坏了"), update(6, chat=8, text="有人吗")]
    account = Telegram(settings())
    assert await polling.poll_once(account, wait=0) == 2
    fake.updates.append(update(7, text="后来的"))
    assert await polling.poll_once(account, wait=0) == 1
    assert [row.payload["text"] for row in _stored()] == ["路灯坏了", "有人吗", "后来的"]
