"""The WeChat endpoint takes what WeChat sends, and nothing else. Messages are built by wechatpy's own crypto."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xmltodict
from fastapi.testclient import TestClient
from sqlalchemy import select

from bot.model import Conversation, Inbound
from bot.web.app import create
from common.db import transaction
from common.settings import Settings, settings
from xiaoge.wechat_client import WeChatResident

KEY = "k" * 43


class Endpoint:
    """The web app in this process, and a resident who writes to it."""

    def __init__(self) -> None:
        self.config: Settings = settings()
        self.client = TestClient(create(self.config))
        self.resident = WeChatResident(self.config)
        self.resident.http = self.client  # type: ignore[assignment]

    def send(self, kind: str, **fields: str) -> Any:
        return self.resident.deliver(self.resident.xml(kind, **fields))

    def stored(self) -> list[Inbound]:
        with transaction() as session:
            return list(session.scalars(select(Inbound).order_by(Inbound.id)))


@pytest.fixture
def endpoint(database: str, tmp_path: Path, use_settings: pytest.MonkeyPatch) -> Iterator[Endpoint]:
    for name, value in {
        "WECHAT_TOKEN": "token",
        "WECHAT_AES_KEY": KEY,
        "WECHAT_APP_ID": "wx1",
        "WECHAT_REPLY_WINDOW": "0.1",
    }.items():
        use_settings.setenv(f"XIAOGE_{name}", value)
    settings.cache_clear()
    yield Endpoint()


def test_the_address_is_verified_with_the_echo_string(endpoint: Endpoint) -> None:
    params = endpoint.resident.params() | {"echostr": "5a1"}
    assert endpoint.client.get("/wechat", params=params).text == "5a1"
    assert endpoint.client.get("/wechat", params=params | {"signature": "0" * 40}).status_code == 403


@pytest.mark.parametrize("encrypted", [True, False])
def test_text_is_stored_before_anything_else_in_both_modes(endpoint: Endpoint, encrypted: bool) -> None:
    endpoint.resident.encrypted = encrypted
    response = endpoint.send("text", Content="路灯坏了")
    assert response.status_code == 200 and response.text == "success"  # no worker runs here: no answer in the window
    row = endpoint.stored()[0]
    assert (row.kind, row.payload["text"], row.status) == ("text", "路灯坏了", "new")


@pytest.mark.parametrize(
    ("kind", "fields", "stored", "payload"),
    [
        (
            "voice",
            {"MediaId": "v1", "Format": "amr", "Recognition": "路灯坏了"},
            "text",
            {"text": "路灯坏了", "voice": True},
        ),
        ("voice", {"MediaId": "v1", "Format": "amr"}, "unreadable", {"unreadable": "voice"}),
        ("image", {"PicUrl": "http://x/", "MediaId": "m1"}, "photo", {"media_id": "m1"}),
        (
            "location",
            {"Location_X": "37.2", "Location_Y": "122.1", "Scale": "16", "Label": "幸福路"},
            "location",
            {"lat": pytest.approx(37.19909, abs=1e-4), "lng": pytest.approx(122.09496, abs=1e-4), "label": "幸福路"},
        ),
        ("event", {"Event": "subscribe"}, "subscribe", {}),
        ("event", {"Event": "unsubscribe"}, "unsubscribe", {}),
        (
            "event",
            {"Event": "subscribe", "EventKey": "qrscene_grid_S0101G1", "Ticket": "t"},
            "scan",
            {"grid": "S0101G1"},
        ),
        ("event", {"Event": "SCAN", "EventKey": "grid_S0101G1", "Ticket": "t"}, "scan", {"grid": "S0101G1"}),
        ("event", {"Event": "CLICK", "EventKey": "TRACK"}, "menu", {"event": "event_menu_track"}),
        ("shortvideo", {"MediaId": "m1", "ThumbMediaId": "t"}, "unreadable", {"unreadable": "media"}),
        ("hologram", {}, "unreadable", {"unreadable": "media"}),
    ],
)
def test_every_kind_of_message_is_translated(
    endpoint: Endpoint, kind: str, fields: dict[str, str], stored: str, payload: dict[str, Any]
) -> None:
    assert endpoint.send(kind, **fields).status_code == 200
    row = endpoint.stored()[0]
    assert row.kind == stored
    assert payload.items() <= row.payload.items()


def test_scanning_a_grids_code_places_the_resident_in_the_grid(endpoint: Endpoint) -> None:
    endpoint.send("event", Event="SCAN", EventKey="grid_S0101G1", Ticket="t")
    with transaction() as session:
        assert session.scalars(select(Conversation)).one().grid == "S0101G1"


def test_a_reported_location_or_a_delivery_report_waits_for_no_answer(endpoint: Endpoint) -> None:
    assert endpoint.send("event", Event="LOCATION", Latitude="1", Longitude="2", Precision="3").text == "success"
    assert endpoint.stored() == []


def test_wechats_retries_of_a_message_and_of_an_event_are_handled_once(endpoint: Endpoint) -> None:
    for xml in (endpoint.resident.xml("text", Content="路灯坏了"), endpoint.resident.xml("event", Event="subscribe")):
        for _ in range(3):
            assert endpoint.resident.deliver(xml).status_code == 200
    assert [row.kind for row in endpoint.stored()] == ["text", "subscribe"]


def _sealed(endpoint: Endpoint, text: str = "你好") -> tuple[dict[str, str], str]:
    resident = endpoint.resident
    params = resident.params()
    sealed = resident.crypto.encrypt_message(resident.xml("text", Content=text), params["nonce"], params["timestamp"])
    params |= {"encrypt_type": "aes", "msg_signature": xmltodict.parse(sealed)["xml"]["MsgSignature"]}
    return params, sealed


def test_a_wrong_signature_is_refused_and_nothing_is_stored(endpoint: Endpoint) -> None:
    params, sealed = _sealed(endpoint)
    for wrong in ({"signature": "0" * 40}, {"signature": ""}, {"msg_signature": "0" * 40}, {"signature": "签" * 40}):
        assert endpoint.client.post("/wechat", params=params | wrong, content=sealed).status_code == 403
    assert endpoint.stored() == []


def test_tampered_ciphertext_is_refused(endpoint: Endpoint) -> None:
    params, sealed = _sealed(endpoint)
    cipher = xmltodict.parse(sealed)["xml"]["Encrypt"]
    swapped = cipher[:40] + ("A" if cipher[40] != "A" else "B") + cipher[41:]
    response = endpoint.client.post("/wechat", params=params, content=sealed.replace(cipher, swapped))
    assert response.status_code == 403 and "Traceback" not in response.text


def test_ciphertext_signed_rightly_but_not_decryptable_is_refused(endpoint: Endpoint) -> None:
    from wechatpy.crypto import _get_signature

    params, _ = _sealed(endpoint)
    for junk in ("AAAA", "not base64 at all", "QUJD" * 40, ""):
        params["msg_signature"] = _get_signature("token", params["timestamp"], params["nonce"], junk)
        response = endpoint.client.post("/wechat", params=params, content=f"<xml><Encrypt>{junk}</Encrypt></xml>")
        assert response.status_code in (400, 403), junk


def test_an_old_signed_request_is_a_replay(endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    params, sealed = _sealed(endpoint)
    real = time.time()
    monkeypatch.setattr("bot.channels.wechat.time.time", lambda: real + settings().wechat_freshness + 5)
    response = endpoint.client.post("/wechat", params=params, content=sealed)
    assert response.status_code == 403 and "replay" in response.text
    assert endpoint.stored() == []


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">'
    '<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><xml><MsgType>text</MsgType><FromUserName>u</FromUserName><Content>&c;</Content></xml>'
)
EXTERNAL = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]>'
    "<xml><MsgType>text</MsgType><FromUserName>u</FromUserName><Content>&f;</Content></xml>"
)


@pytest.mark.parametrize(
    "body",
    [BOMB, EXTERNAL, "", "<xml>", "not xml", "<xml><MsgType>text</MsgType></xml>", "<xml/>", "\x00\x01", "[1,2]"],
    ids=["bomb", "external entity", "empty", "cut off", "no xml", "no sender", "empty xml", "binary", "json"],
)
def test_bad_xml_is_refused_without_harm(endpoint: Endpoint, body: str) -> None:
    response = endpoint.client.post("/wechat", params=endpoint.resident.params(), content=body.encode())
    assert response.status_code == 400
    assert "root:" not in response.text and endpoint.stored() == []


def test_a_body_of_a_megabyte_is_refused_before_it_is_read(endpoint: Endpoint) -> None:
    response = endpoint.client.post("/wechat", params=endpoint.resident.params(), content=b"<xml>" + b"a" * 1_000_000)
    assert response.status_code == 413

    def chunks() -> Iterator[bytes]:
        yield from (b"a" * 65536 for _ in range(16))

    assert endpoint.client.post("/wechat", params=endpoint.resident.params(), content=chunks()).status_code == 413
    assert endpoint.stored() == []


@pytest.mark.parametrize("text", ["a\x01b", "路" * 20000, "😀😀", "&lt;b&gt;", "']]>"])
def test_odd_texts_are_stored_as_they_can_be(endpoint: Endpoint, text: str) -> None:
    xml = endpoint.resident.xml("text", Content=text)
    response = endpoint.resident.deliver(xml.replace("\x01", ""))
    assert response.status_code == 200
    assert "\x00" not in endpoint.stored()[0].payload["text"]


def test_refusals_are_logged_without_personal_data(endpoint: Endpoint, capsys: pytest.CaptureFixture[str]) -> None:
    params, sealed = _sealed(endpoint, "我家住幸福里，电话13900012345")
    endpoint.client.post("/wechat", params=params | {"signature": "0" * 40}, content=sealed)
    output = "".join(capsys.readouterr())
    assert "refused" in output
    assert "13900012345" not in output and "幸福里" not in output and endpoint.resident.user not in output


def test_the_channel_says_when_it_is_off(database: str) -> None:
    response = TestClient(create(settings())).get("/wechat")
    assert response.status_code == 404 and "XIAOGE_WECHAT_TOKEN" in response.text
