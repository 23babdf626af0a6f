"""WeChat Official Account: signatures, plain and AES mode, events, passive replies, customer-service pushes.

Protocol by ``wechatpy``. Before its XML parser sees anything, size is limited and entities are refused.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import defusedxml.ElementTree
import requests
from defusedxml.common import DefusedXmlException
from wechatpy import parse_message
from wechatpy.client import WeChatClient
from wechatpy.crypto import WeChatCrypto
from wechatpy.exceptions import InvalidAppIdException, InvalidSignatureException, WeChatClientException
from wechatpy.replies import TextReply
from wechatpy.session import SessionStorage
from wechatpy.utils import WeChatSigner

from bot.channels.base import SIGN, TryLaterError, WindowClosedError, is_voice, pack, runs, texts
from bot.inbox import Received
from bot.model import ChannelState, Conversation, Outbound
from bot.speech import speak
from cases.places import gcj02_to_wgs84
from common.db import now, transaction
from common.logs import log
from common.settings import Settings
from nlu.text.normalise import clean

CHANNEL = "wechat"
TEXT_LIMIT = 2000  # bytes; WeChat's own limit is 2048
VOICE_SECONDS = 58.0  # WeChat's limit is 60
VOICE_PIECES = 2
_EXPIRED = (40001, 40014, 42001)
_CLOSED = (45015, 45047, 43004, 48002)  # window over, too many, no longer a follower, account blocked us
MENU = {"REPORT": "event_menu_report", "TRACK": "event_menu_track", "HUMAN": "event_menu_human"}


class RefusedError(ValueError):
    """The request is not WeChat's, or not one we can take; ``status`` is the HTTP status."""

    def __init__(self, why: str, status: int = 403) -> None:
        super().__init__(why)
        self.status = status


@dataclass(frozen=True)
class Query:
    """The query parameters WeChat signs its requests with."""

    signature: str = ""
    timestamp: str = ""
    nonce: str = ""
    encrypt_type: str = "raw"
    msg_signature: str = ""

    @property
    def encrypted(self) -> bool:
        """Whether the body is AES-encrypted."""
        return self.encrypt_type == "aes"


class WeChat:
    """One Official Account."""

    channel = CHANNEL

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.token = settings.wechat_token.get_secret_value()
        key = settings.wechat_aes_key.get_secret_value()
        self.crypto = WeChatCrypto(self.token, key, settings.wechat_app_id) if key else None
        self.client = _Client(settings) if settings.wechat_secret.get_secret_value() else None

    # --- inbound -----------------------------------------------------------------------------------------

    def check(self, query: Query) -> None:
        """Check that a request is WeChat's and fresh.

        Raises:
            RefusedError: wrong signature, or an old one sent again.
        """
        signer = WeChatSigner()
        signer.add_data(self.token, query.timestamp, query.nonce)
        if not self.token or not hmac.compare_digest(
            signer.signature.encode(), query.signature.encode("utf-8", "replace")
        ):
            raise RefusedError("wrong signature")
        try:
            age = time.time() - int(query.timestamp)
        except ValueError:
            raise RefusedError("timestamp is not a number") from None
        if abs(age) > self.settings.wechat_freshness:
            raise RefusedError("the signed request is too old; a replay is not taken")

    def read(self, body: bytes, query: Query) -> Received | None:
        """Decrypt and parse one request body; None for messages that need no answer (a delivery report, say).

        Raises:
            RefusedError: not WeChat's, tampered with, or not a message.
        """
        if query.encrypted:
            if self.crypto is None:
                raise RefusedError("an encrypted message came, but no AES key is set (XIAOGE_WECHAT_AES_KEY)", 400)
            outer = _flat_xml(body)
            if "Encrypt" not in outer:
                raise RefusedError("no Encrypt element", 400)
            try:
                plain = self.crypto.decrypt_message(outer, query.msg_signature, query.timestamp, query.nonce)
            except (InvalidSignatureException, InvalidAppIdException):
                raise RefusedError("wrong message signature or app id") from None
            except Exception:  # padding, base64, struct: all mean the ciphertext was tampered with
                raise RefusedError("the message cannot be decrypted") from None
            body = plain.encode() if isinstance(plain, str) else plain
        flat = _flat_xml(body)
        if not flat.get("MsgType") or not flat.get("FromUserName"):
            raise RefusedError("MsgType or FromUserName is missing", 400)
        try:
            message = parse_message(body)
        except Exception:
            raise RefusedError("not a message of WeChat's form", 400) from None
        return self._received(message, flat)

    def _received(self, message: Any, flat: dict[str, str]) -> Received | None:
        user = flat["FromUserName"]
        event = flat.get("Event", "").lower()
        key = f"{user}:{flat.get('CreateTime', '')}:{event}" if event or not flat.get("MsgId") else flat["MsgId"]
        base = {"to": flat.get("ToUserName", "")}

        def made(kind: str, **payload: Any) -> Received:
            return Received(CHANNEL, user, key, kind, {**base, **payload}, self.settings.wechat_reply_window)

        kind = str(message.type)
        if kind == "text":
            return made("text", text=clean(message.content or ""))
        if kind == "voice":
            heard = clean(message.recognition or "").strip()
            return made("text", text=heard, voice=True) if heard else made("unreadable", unreadable="voice")
        if kind == "image":
            return made("photo", media_id=message.media_id, url=message.image)
        if kind == "location":
            # WeChat's positions are on the Chinese map grid, up to half a kilometre beside the world's.
            lat, lng = gcj02_to_wgs84(float(message.location_x), float(message.location_y))
            return made("location", lat=lat, lng=lng, label=clean(message.label or ""))
        if kind == "event":
            return self._event(str(message.event), message, made)
        return made("unreadable", unreadable="media")

    def _event(self, event: str, message: Any, made: Callable[..., Received]) -> Received | None:
        if event in ("subscribe_scan", "scan"):
            return made("scan", grid=_grid(str(message.scene_id or "")), subscribed=event == "subscribe_scan")
        if event in ("subscribe", "unsubscribe"):
            return made(event)
        if event == "click" and str(message.key) in MENU:
            return made("menu", event=MENU[str(message.key)])
        return None  # reported location, delivery reports, ...: nothing the resident waits for

    # --- outbound ----------------------------------------------------------------------------------------

    def reply(self, inbound_user: str, account: str, text: str, query: Query) -> str:
        """The passive reply's XML, encrypted when the request was."""
        reply = TextReply(source=account, target=inbound_user, content=text)
        xml = str(reply.render())
        if query.encrypted and self.crypto is not None:
            return str(self.crypto.encrypt_message(xml, query.nonce, query.timestamp))
        return xml

    def push(self, conversation: Conversation, rows: Sequence[Outbound]) -> int:
        """See :class:`bot.channels.base.Pusher`. Several rows go out as one message where they fit; a voice by itself."""
        if self.client is None:
            raise WindowClosedError("no app secret is set: replies that miss the window wait for the next message")
        if not conversation.subscribed:
            raise WindowClosedError("the resident no longer follows the account")
        age = now() - conversation.last_inbound_at
        if age > timedelta(hours=self.settings.wechat_push_hours):
            raise WindowClosedError(f"the last message is more than {self.settings.wechat_push_hours} hours old")
        done = 0
        for run in runs(rows):
            try:
                if is_voice(run[0].payload):
                    self._read_aloud(self.client, conversation, str(run[0].payload[SIGN]))
                else:
                    self._write(self.client, conversation, texts(run))
            except (TryLaterError, WindowClosedError):
                if done:
                    return done
                raise
            done += len(run)
        return done

    def _left(self, conversation: Conversation) -> int:
        """How many more pushes WeChat takes, one at least."""
        left = self.settings.wechat_push_limit - conversation.pushed
        if left < 1:
            raise WindowClosedError(f"{conversation.pushed} pushes since the resident's last message")
        return left

    def _write(self, client: _Client, conversation: Conversation, lines: Sequence[str]) -> None:
        for message in pack(lines, TEXT_LIMIT):
            self._left(conversation)
            client.send(conversation.user, message)
            conversation.pushed += 1

    def _read_aloud(self, client: _Client, conversation: Conversation, text: str) -> None:
        pieces = min(VOICE_PIECES, self._left(conversation))
        media = [client.upload_voice(piece.mp3) for piece in speak(text, VOICE_SECONDS, pieces)]
        for i, identity in enumerate(media):
            try:
                client.send_voice(conversation.user, identity)
            except (TryLaterError, WindowClosedError):
                if i == 0:
                    raise
                log().warning("the second half of a voice was not sent", conversation=conversation.id)
                return  # trying again would read the first half again
            conversation.pushed += 1

    def photo(self, media_id: str) -> bytes:
        """A picture a resident sent.

        Raises:
            TryLaterError: it could not be fetched.
        """
        if self.client is None:
            raise TryLaterError("no app secret is set")
        return self.client.media_bytes(media_id)


def _flat_xml(body: bytes) -> dict[str, str]:
    """The child elements of a small XML document; entities, DTDs and bombs are refused."""
    try:
        root = defusedxml.ElementTree.fromstring(body, forbid_dtd=True)
    except (DefusedXmlException, defusedxml.ElementTree.ParseError, ValueError, LookupError):
        raise RefusedError("not well-formed XML, or XML with entities", 400) from None
    return {child.tag: (child.text or "") for child in root}


def _grid(scene: str) -> str | None:
    """The grid code in a QR code's scene (``grid_S0101G1`` or the bare code)."""
    code = scene.removeprefix("grid_").strip()
    return code[:32] if code and code.replace("-", "").isalnum() else None


class _TokenStore(SessionStorage):
    """Keeps the access token in the database, so that all processes share it."""

    def get(self, key: str, default: str | None = None) -> str | None:
        with transaction() as session:
            row = session.get(ChannelState, f"wechat:{key}")
            return row.value if row and (row.expires_at is None or row.expires_at > now()) else default

    def set(self, key: str, value: str, ttl: int | None = None) -> None:
        spare = min(300, (ttl or 0) // 10)  # renew a little before WeChat lets it expire
        with transaction() as session:
            session.merge(
                ChannelState(
                    key=f"wechat:{key}", value=value, expires_at=now() + timedelta(seconds=ttl - spare) if ttl else None
                )
            )

    def delete(self, key: str) -> None:
        with transaction() as session:
            row = session.get(ChannelState, f"wechat:{key}")
            if row:
                session.delete(row)


class _Client(WeChatClient):
    """wechatpy's client with our API address, one renewal of a token that WeChat says is over, and our errors."""

    def __init__(self, settings: Settings) -> None:
        self.API_BASE_URL = settings.wechat_api
        self._secret = settings.wechat_secret.get_secret_value()
        super().__init__(settings.wechat_app_id, self._secret, session=_TokenStore(), timeout=10, auto_retry=False)
        self._http.trust_env = False

    def fetch_access_token(self) -> Any:
        return self._fetch_access_token(
            url=f"{self.API_BASE_URL}token",
            params={"grant_type": "client_credential", "appid": self.appid, "secret": self._secret},
        )

    @property
    def access_token(self) -> str | None:
        token = self.session.get(self.access_token_key)
        if token is None:
            self.fetch_access_token()
            token = self.session.get(self.access_token_key)
        return str(token) if token else None

    def _once_renewed(self, call: Any) -> Any:
        for attempt in (1, 2):
            try:
                return call()
            except WeChatClientException as error:
                if error.errcode in _EXPIRED and attempt == 1:
                    self.session.delete(self.access_token_key)
                    continue
                if error.errcode in _CLOSED:
                    raise WindowClosedError(f"WeChat error {error.errcode}") from error
                raise TryLaterError(f"WeChat error {error.errcode}") from error
            except requests.RequestException as error:
                raise TryLaterError(type(error).__name__) from error
        raise TryLaterError("unreachable")

    def send(self, user: str, text: str) -> None:
        """Send a customer-service text message."""
        self._once_renewed(lambda: self.message.send_text(user, text))

    def upload_voice(self, mp3: bytes) -> str:
        """Leave a voice with WeChat for three days; returns its media id."""
        file = ("xiaoge.mp3", mp3, "audio/mpeg")
        answer = self._once_renewed(lambda: self.media.upload("voice", file))
        if not isinstance(answer, dict) or not answer.get("media_id"):
            raise TryLaterError("WeChat gave no media id for a voice")
        return str(answer["media_id"])

    def send_voice(self, user: str, media_id: str) -> None:
        """Send a customer-service voice message."""
        self._once_renewed(lambda: self.message.send_voice(user, media_id))

    def media_bytes(self, media_id: str) -> bytes:
        """Download temporary media."""
        response = self._once_renewed(lambda: self.media.download(media_id))
        if not isinstance(response, requests.Response):
            raise TryLaterError("WeChat sent no picture")
        return bytes(response.content)
