"""A small Telegram Bot API server: records what is sent, serves files and updates, refuses as told."""

from __future__ import annotations

import json
import threading
import urllib.parse
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class FakeTelegram:
    """``sent`` records (method, parameters); ``refuse`` holds (status, description) for the next sendMessage calls.

    ``heard`` holds the files that came along, ``refused_methods`` the calls that are refused whatever they bring.
    """

    def __init__(self) -> None:
        self.sent: list[tuple[str, dict[str, str]]] = []
        self.refuse: list[tuple[int, str]] = []
        self.refused_methods: set[str] = set()
        self.heard: list[bytes] = []
        self.files: dict[str, bytes] = {}
        self.updates: list[dict[str, Any]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._raw(200, fake.files.get(self.path.split("/")[-1], b""))

            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                method = self.path.split("/")[-1]
                data, files = _form(self.headers.get("Content-Type") or "", raw)
                if (method == "sendMessage" and fake.refuse) or method in fake.refused_methods:
                    status, description = fake.refuse.pop(0) if fake.refuse else (400, "Bad Request: not allowed")
                    self._raw(
                        status, json.dumps({"ok": False, "error_code": status, "description": description}).encode()
                    )
                    return
                fake.sent.append((method, data))
                fake.heard += files
                self._raw(200, json.dumps({"ok": True, "result": fake.result(method, data)}).encode())

            def _raw(self, status: int, data: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *_args: Any) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/bot"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def result(self, method: str, data: dict[str, str]) -> Any:
        """What the real server would answer."""
        if method == "getMe":
            return {"id": 1, "is_bot": True, "first_name": "小格", "username": "xiaoge_bot"}
        if method == "getFile":
            return {"file_id": data["file_id"], "file_unique_id": "u", "file_path": data["file_id"]}
        if method == "getUpdates":
            offset = int(data.get("offset") or 0)
            return [u for u in self.updates if u["update_id"] >= offset]
        message = {"message_id": len(self.sent), "date": 0}
        if method == "sendMessage":
            return {**message, "chat": {"id": int(data["chat_id"]), "type": "private"}, "text": data["text"]}
        if method in ("sendVoice", "sendAudio"):
            return {**message, "chat": {"id": int(data["chat_id"]), "type": "private"}}
        return True

    def texts(self) -> list[str]:
        """Texts of the messages sent."""
        return [data["text"] for method, data in self.sent if method == "sendMessage"]

    def calls(self) -> list[str]:
        """What was sent to residents, by the method's name."""
        return [method for method, _data in self.sent if method.startswith("send")]

    def close(self) -> None:
        """Stop the server."""
        self._server.shutdown()
        self._server.server_close()


def _form(kind: str, raw: bytes) -> tuple[dict[str, str], list[bytes]]:
    """The fields and files of a form, urlencoded or multipart."""
    if not kind.startswith("multipart/"):
        return {k: v[0] for k, v in urllib.parse.parse_qs(raw.decode()).items()}, []
    fields: dict[str, str] = {}
    files: list[bytes] = []
    parts = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + raw).get_payload()
    for part in parts if isinstance(parts, list) else []:
        data = part.get_payload(decode=True)
        assert isinstance(data, bytes)
        if part.get_filename():
            files.append(data)
        else:
            fields[str(part.get_param("name", header="content-disposition"))] = data.decode()
    return fields, files


def update(identity: int, chat: int = 7, **message: Any) -> dict[str, Any]:
    """An update with a private message."""
    sender = {"id": chat, "is_bot": False, "first_name": "居民"}
    body = {
        "message_id": identity,
        "date": 1700000000,
        "chat": {"id": chat, "type": "private"},
        "from": sender,
        **message,
    }
    return {"update_id": identity, "message": body}
