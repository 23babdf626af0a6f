"""The page's API: what a visitor sends is kept, what is theirs is shown, what is wrong is said in a sentence."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from PIL import Image
from sqlalchemy import select

from bot import outbox, photos
from bot.model import Conversation, Inbound, Outbound
from bot.web.app import create
from common.db import transaction
from common.settings import settings


@pytest.fixture
def client(database: str) -> Iterator[TestClient]:
    with TestClient(create(settings())) as opened:
        yield opened


def _say(client: TestClient, text: str, client_id: str = "c1") -> int:
    response = client.post("/chat/messages", json={"client_id": client_id, "text": text})
    assert response.status_code == 202
    return int(response.json()["id"])


def _answer(text: str, **more: object) -> None:
    with transaction() as session:
        conversation = session.scalars(select(Conversation)).first()
        assert conversation
        outbox.put(session, conversation.id, [{"text": text, **more}])


def test_the_page_and_its_files_come_from_here_alone(client: TestClient) -> None:
    page = client.get("/")
    assert page.status_code == 200 and "小格" in page.text
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("style.css", "chat.js", "icon.svg"):
        body = client.get(f"/static/{name}")
        assert body.status_code == 200
        assert not [word for word in ("https://", "//cdn") if word in body.text.replace("http://www.w3.org", "")]


def test_the_page_is_light(client: TestClient) -> None:
    total = len(client.get("/").content) + sum(
        len(client.get(f"/static/{n}").content) for n in ("style.css", "chat.js", "icon.svg")
    )
    assert total < 120_000


def test_a_message_sent_again_by_a_bad_line_is_kept_once(client: TestClient) -> None:
    assert _say(client, "路灯坏了") == _say(client, "路灯坏了")
    with transaction() as session:
        assert len(session.scalars(select(Inbound)).all()) == 1


def test_the_conversation_is_shown_in_order_and_only_once(client: TestClient) -> None:
    mine = _say(client, "路灯坏了")
    _answer("在什么地方？", choices=["对"])
    first = client.get("/chat/messages?after=0").json()
    assert [(m["from"], m["text"]) for m in first["messages"]] == [("me", "路灯坏了"), ("bot", "在什么地方？")]
    assert first["messages"][0]["id"] == mine and first["messages"][1]["choices"] == ["对"]
    assert first["typing"] is True
    last = first["messages"][-1]["id"]
    assert client.get(f"/chat/messages?after={last}").json()["messages"] == []
    again = client.get("/chat/messages?after=0").json()["messages"]
    assert [m["text"] for m in again] == ["路灯坏了", "在什么地方？"], "the history is still there"


def test_the_page_is_told_what_to_read_aloud_and_when_to_grow(client: TestClient) -> None:
    _say(client, "念给我听")
    _answer("好，念给您听。", aloud="① 打12348。\n看 https://a.cn/b", bigger=True)
    _answer("还要帮什么？")
    read, other = client.get("/chat/messages?after=0").json()["messages"][1:]
    assert read["text"] == "好，念给您听。" and read["aloud"] == "一、打幺二三四八。\n看。" and read["bigger"] is True
    assert other["aloud"] is None and other["bigger"] is False


def test_an_answer_committed_after_a_later_message_is_not_missed(client: TestClient) -> None:
    _say(client, "一", "c1")
    _answer("答一")
    with transaction() as session:
        early = session.scalars(select(Outbound)).one()
    later = _say(client, "二", "c2")
    assert later > int(early.created_at.timestamp() * 1e6)
    assert [m["text"] for m in client.get(f"/chat/messages?after={later}").json()["messages"]] == ["答一"]


def test_what_the_page_has_fetched_counts_as_delivered(client: TestClient) -> None:
    _say(client, "一")
    _answer("答一")
    client.get("/chat/messages?after=0")
    with transaction() as session:
        row = session.scalars(select(Outbound)).one()
        assert (row.status, row.via) == ("sent", "page")


def test_another_visitor_sees_nothing_of_it(client: TestClient, database: str) -> None:
    _say(client, "我的秘密")
    with TestClient(create(settings())) as other:
        assert other.get("/chat/messages?after=0").json()["messages"] == []
        other.cookies.set("xiaoge_visitor", "../../x")
        assert other.get("/chat/messages?after=0").json()["messages"] == []


def _jpeg(exif: bool = False) -> bytes:
    out = io.BytesIO()
    image = Image.new("RGB", (64, 48), "green")
    data = image.getexif()
    if exif:
        data[0x8825] = {1: "N", 2: (37.0, 12.0, 0.0)}  # GPS
        data[0x010F] = "camera"
    image.save(out, "JPEG", exif=data)
    return out.getvalue()


def test_a_photo_is_kept_without_camera_data_and_only_its_sender_sees_it(client: TestClient) -> None:
    response = client.post(
        "/chat/photos", files={"file": ("a.jpg", _jpeg(exif=True), "image/jpeg")}, data={"client_id": "p1"}
    )
    assert response.status_code == 202
    (message,) = client.get("/chat/messages?after=0").json()["messages"]
    kept = client.get(message["photo"])
    assert kept.status_code == 200
    with Image.open(io.BytesIO(kept.content)) as image:
        assert dict(image.getexif()) == {}
    with TestClient(create(settings())) as other:
        assert other.get(message["photo"]).status_code == 404


@pytest.mark.parametrize("data", [b"", b"GIF89a broken", b"<svg xmlns='http://www.w3.org/2000/svg'/>", _jpeg()[:200]])
def test_what_is_no_photo_is_refused_in_a_sentence(client: TestClient, data: bytes) -> None:
    response = client.post("/chat/photos", files={"file": ("a.jpg", data, "image/jpeg")}, data={"client_id": "p1"})
    assert response.status_code == 422 and "照片" in response.json()["error"]


def test_a_photo_of_thirty_megabytes_is_refused_in_a_sentence(client: TestClient) -> None:
    response = client.post(
        "/chat/photos", files={"file": ("a.jpg", b"x" * 30_000_000, "image/jpeg")}, data={"client_id": "p1"}
    )
    assert response.status_code == 413 and "太大" in response.json()["error"]
    assert not list(photos.settings().photos.rglob("*.jpg"))


@pytest.mark.parametrize(
    "body",
    [{}, {"client_id": "", "text": "x"}, {"client_id": "c", "text": "x" * 100_001}, {"client_id": "c", "text": 3}, []],
)
def test_malformed_messages_are_refused_in_a_sentence(client: TestClient, body: object) -> None:
    response = client.post("/chat/messages", json=body)
    assert response.status_code == 422 and response.json()["error"]


def test_an_empty_message_is_refused_in_a_sentence(client: TestClient) -> None:
    for text in ("", "   ", "\u0000"):
        response = client.post("/chat/messages", json={"client_id": "c", "text": text})
        assert response.status_code == 422 and "还没写" in response.json()["error"]


def test_control_characters_and_lone_surrogates_do_not_reach_the_inbox(client: TestClient) -> None:
    raw = b'{"client_id": "c", "text": "\\u8def\\u0000\\ud800\\u706f"}'
    response = client.post("/chat/messages", content=raw, headers={"content-type": "application/json"})
    assert response.status_code in (202, 422)
    with transaction() as session:
        for row in session.scalars(select(Inbound)):
            assert row.payload["text"] == "路灯"
