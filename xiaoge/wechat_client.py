"""Play WeChat's server towards our endpoint: signed, AES-encrypted messages in, passive replies and pushes out.

Used by ``demo``, ``replay`` and the end-to-end tests; the messages are built by wechatpy's own crypto.
"""

from __future__ import annotations

import itertools
import json
import secrets
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from xml.sax.saxutils import escape

import httpx
import xmltodict
from wechatpy.crypto import WeChatCrypto
from wechatpy.utils import WeChatSigner

from common.settings import Settings

ACCOUNT = "gh_xiaoge"
_ids = itertools.count(int(time.time()) * 1000)


class FakeWeChat:
    """A small WeChat API server: gives tokens, takes customer-service messages, serves media, answers with errors at will.

    ``pushed`` records (openid, text). ``errors`` holds error codes to answer the next pushes with.
    """

    def __init__(self) -> None:
        self.pushed: list[tuple[str, str]] = []
        self.errors: list[int] = []
        self.tokens = 0
        self.valid_token = ""
        self.media: dict[str, bytes] = {}
        self.arrived = threading.Condition()
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if "/token" in self.path:
                    fake.tokens += 1
                    fake.valid_token = f"token{fake.tokens}"
                    self._json({"access_token": fake.valid_token, "expires_in": 7200})
                elif "/media/get" in self.path:
                    media = self.path.split("media_id=")[-1].split("&")[0]
                    self._bytes(fake.media.get(media, b'{"errcode":40007,"errmsg":"invalid media_id"}'))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                token = self.path.split("access_token=")[-1]
                if token != fake.valid_token:
                    self._json({"errcode": 40001, "errmsg": "invalid credential"})
                    return
                with fake.arrived:
                    if fake.errors:
                        self._json({"errcode": fake.errors.pop(0), "errmsg": "refused"})
                        return
                    fake.pushed.append((body["touser"], body["text"]["content"]))
                    fake.arrived.notify_all()
                self._json({"errcode": 0, "errmsg": "ok"})

            def _json(self, data: dict[str, Any]) -> None:
                self._bytes(json.dumps(data).encode())

            def _bytes(self, data: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/cgi-bin/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait_for_push(self, user: str, seconds: float, already: int = 0) -> list[str]:
        """Texts pushed to a user, once there are more than ``already``."""
        deadline = time.monotonic() + seconds
        with self.arrived:
            while True:
                texts = [text for who, text in self.pushed if who == user]
                left = deadline - time.monotonic()
                if len(texts) > already or left <= 0:
                    return texts
                self.arrived.wait(left)

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


@dataclass
class WeChatResident:
    """A follower of the account, writing to our endpoint as WeChat would deliver it."""

    config: Settings
    fake: FakeWeChat | None = None
    user: str = field(default_factory=lambda: "o" + secrets.token_urlsafe(20)[:27])
    encrypted: bool = True
    pushes_seen: int = 0

    def __post_init__(self) -> None:
        self.token = self.config.wechat_token.get_secret_value()
        self.crypto = WeChatCrypto(self.token, self.config.wechat_aes_key.get_secret_value(), self.config.wechat_app_id)
        base = f"http://{self.config.web_host}:{self.config.web_port}"
        self.http = httpx.Client(base_url=base, trust_env=False, timeout=15)

    def params(self) -> dict[str, str]:
        """Fresh, signed query parameters."""
        timestamp, nonce = str(int(time.time())), secrets.token_hex(5)
        signer = WeChatSigner()
        signer.add_data(self.token, timestamp, nonce)
        return {"signature": signer.signature, "timestamp": timestamp, "nonce": nonce, "openid": self.user}

    def xml(self, kind: str, **fields: str) -> str:
        """A message of WeChat's form."""
        body = "".join(f"<{k}>{escape(v)}</{k}>" for k, v in fields.items())
        identity = "" if kind == "event" else f"<MsgId>{next(_ids)}</MsgId>"
        return (
            f"<xml><ToUserName>{ACCOUNT}</ToUserName><FromUserName>{self.user}</FromUserName>"
            f"<CreateTime>{int(time.time())}</CreateTime><MsgType>{kind}</MsgType>{body}{identity}</xml>"
        )

    def deliver(self, xml: str) -> httpx.Response:
        """Send one message the way WeChat does, encrypted unless told otherwise."""
        params = self.params()
        if self.encrypted:
            sealed = self.crypto.encrypt_message(xml, params["nonce"], params["timestamp"])
            params.update(encrypt_type="aes", msg_signature=xmltodict.parse(sealed)["xml"]["MsgSignature"])
            xml = sealed
        return self.http.post("/wechat", params=params, content=xml.encode())

    def read(self, response: httpx.Response) -> str | None:
        """The text of a passive reply; None when there was none."""
        response.raise_for_status()
        if response.text == "success" or not response.text:
            return None
        data = xmltodict.parse(response.text)["xml"]
        if "Encrypt" in data:
            plain = self.crypto.decrypt_message(data, data["MsgSignature"], data["TimeStamp"], data["Nonce"])
            data = xmltodict.parse(plain)["xml"]
        return str(data["Content"])

    def send(self, kind: str, wait: float = 20.0, **fields: str) -> str:
        """Send a message and give back the answer, whichever way it came; empty when none came in time."""
        reply = self.read(self.deliver(self.xml(kind, **fields)))
        if reply is not None or self.fake is None:
            return reply or ""
        texts = self.fake.wait_for_push(self.user, wait, self.pushes_seen)
        new = texts[self.pushes_seen :]
        self.pushes_seen = len(texts)
        return "\n\n".join(new)

    def say(self, text: str, wait: float = 20.0) -> str:
        """Send a text and give back the answer."""
        return self.send("text", wait, Content=text)
