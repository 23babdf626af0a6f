"""A fake of WeChat's server that takes voices too: uploads of temporary media and customer-service voice messages."""

from __future__ import annotations

import json
from email.parser import BytesParser
from typing import Any

import pytest

from common.settings import settings
from xiaoge.wechat_client import FakeWeChat


def switch_on(server: FakeWeChat, use_settings: pytest.MonkeyPatch) -> None:
    """Settings that switch the channel on, with this server as WeChat's."""
    for name, value in {
        "WECHAT_TOKEN": "t",
        "WECHAT_APP_ID": "wx1",
        "WECHAT_SECRET": "s",
        "WECHAT_API": server.url,
    }.items():
        use_settings.setenv(f"XIAOGE_{name}", value)
    settings.cache_clear()


class HearingWeChat(FakeWeChat):
    """``uploaded`` holds the files by media id; ``voices`` records (openid, media id)."""

    def __init__(self) -> None:
        super().__init__()
        self.uploaded: dict[str, bytes] = {}
        self.voices: list[tuple[str, str]] = []
        fake = self
        plain: Any = self._server.RequestHandlerClass

        class Handler(plain):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                kind = self.headers.get("Content-Type") or ""
                if "/media/upload" in self.path:
                    answer = fake._upload(kind, self.rfile.read(length))
                    self._json(answer if fake.valid_token in self.path else {"errcode": 40001, "errmsg": "invalid"})
                    return
                raw = self.rfile.read(length)
                if json.loads(raw).get("msgtype") == "voice":
                    self._json(fake._say(json.loads(raw)))
                    return
                self.rfile = _Again(raw)
                super().do_POST()

        self._server.RequestHandlerClass = Handler

    def _upload(self, kind: str, raw: bytes) -> dict[str, Any]:
        (part,) = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw).get_payload()
        assert part.get_filename(), "WeChat tells the format by the file's name"
        data = part.get_payload(decode=True)
        media = f"media{len(self.uploaded) + 1}"
        self.uploaded[media] = data
        return {"type": "voice", "media_id": media, "created_at": 1700000000}

    def _say(self, body: dict[str, Any]) -> dict[str, Any]:
        with self.arrived:
            if self.errors:
                return {"errcode": self.errors.pop(0), "errmsg": "refused"}
            self.voices.append((body["touser"], body["voice"]["media_id"]))
            self.arrived.notify_all()
        return {"errcode": 0, "errmsg": "ok"}


class _Again:
    """A body that was read already, to be read once more."""

    def __init__(self, raw: bytes) -> None:
        self.raw = raw

    def read(self, _length: int = -1) -> bytes:
        return self.raw

    def readline(self, _limit: int = -1) -> bytes:
        return b""

    def close(self) -> None:
        return

    @property
    def closed(self) -> bool:
        return True
