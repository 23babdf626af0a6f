"""The residents' page in a real browser: it reads aloud, can be stopped, says when it cannot, and grows its letters.

The page's own files are served with a stub for the browser's voice (a headless browser has none) and a conversation
of two messages; what the page then looks like is read from the browser.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

STATIC = Path(__file__).parents[2] / "bot/web/static"
BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")]

HELLO = {"id": 1, "from": "bot", "text": "您好", "choices": [], "photo": None, "ticket": None, "aloud": "您好。"}
ANSWER = {
    "id": 2,
    "from": "bot",
    "text": "好，念给您听。",
    "choices": [],
    "photo": None,
    "ticket": None,
    "aloud": "打幺二三四八。\n免费。",
    "bigger": True,
}
# What the page asked the voice for is written down in the document, where --dump-dom shows it.
VOICE = """
window.heard = [];
function note() { document.documentElement.setAttribute('data-heard', JSON.stringify(window.heard)); }
window.SpeechSynthesisUtterance = function (words) { this.text = words; };
Object.defineProperty(window, 'speechSynthesis', { value: {
  getVoices: function () { return VOICES; },
  speak: function (u) { window.heard.push([u.text, u.lang, u.rate]); note(); if (STARTS && u.onstart) { u.onstart(); } },
  cancel: function () { window.heard.push('cancel'); note(); }
} });
"""
NO_VOICE = "Object.defineProperty(window, 'speechSynthesis', { value: undefined });"
CHINESE = '[{lang: "en-US"}, {lang: "zh-CN"}]'

Open = Callable[[str], str]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Open]:
    """Opens the page with a stub, and gives back the document as it is eight seconds later."""
    servers: list[ThreadingHTTPServer] = []

    def open_page(stub: str) -> str:
        polls: list[str] = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path == "/chat/messages":
                    polls.append(self.path)
                    new = [HELLO] if len(polls) == 1 else [ANSWER] if len(polls) == 2 else []
                    self._answer(json.dumps({"messages": new, "typing": False}).encode(), "application/json")
                elif path == "/stub.js":
                    self._answer(stub.encode(), "text/javascript")
                elif path == "/":
                    page = (STATIC / "index.html").read_text(encoding="utf-8")
                    page = page.replace("<script", '<script src="/stub.js"></script><script', 1)
                    self._answer(page.encode(), "text/html; charset=utf-8")
                else:
                    kind = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}[path.rpartition(".")[2]]
                    self._answer((STATIC / Path(path).name).read_bytes(), kind)

            def _answer(self, body: bytes, kind: str) -> None:
                self.send_response(200)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_args: Any) -> None:
                return

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        done = subprocess.run(
            [
                str(BROWSER),
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--no-first-run",
                f"--user-data-dir={tmp_path}",
                "--virtual-time-budget=8000",
                "--dump-dom",
                f"http://127.0.0.1:{server.server_port}/",
            ],
            capture_output=True,
            timeout=120,
        )
        return done.stdout.decode()

    yield open_page
    for server in servers:
        server.shutdown()
        server.server_close()


def _heard(document: str) -> list[Any]:
    found = re.search(r'data-heard="([^"]*)"', document)
    return list(json.loads(found[1].replace("&quot;", '"'))) if found else []


def _said(document: str) -> list[str]:
    return [u[0].strip() for u in _heard(document) if isinstance(u, list)]


def _voice(voices: str = CHINESE, starts: bool = True) -> str:
    return VOICE.replace("VOICES", voices).replace("STARTS", "true" if starts else "false")


def _note(document: str) -> str:
    found = re.search(r'<p id="note"[^>]*>([^<]*)</p>', document)
    assert found
    return found[1]


def test_the_answer_is_read_slowly_in_chinese_with_a_button_to_stop_it(browser: Open) -> None:
    document = browser(_voice())
    assert _said(document) == ["打幺二三四八。", "免费。"], "what was there before the page was opened is not read"
    assert all(u[1:] == ["zh-CN", 0.85] for u in _heard(document) if isinstance(u, list))
    assert re.search(r'<p id="reading"><span>正在念给您听</span><button[^>]*>停</button>', document)


def test_the_button_stops_it(browser: Open) -> None:
    stop = "setTimeout(function () { document.getElementById('hush').click(); }, 3000);"
    document = browser(_voice() + stop)
    assert _said(document) and _heard(document)[-1] == "cancel"
    assert '<p id="reading" hidden' in document


def test_the_letters_grow_by_one_step(browser: Open) -> None:
    document = browser(_voice())
    assert re.search(r'<html[^>]*class="[^"]*\bfs2\b', document)


@pytest.mark.parametrize(
    "stub", [NO_VOICE, _voice('[{lang: "en-US"}]'), _voice("[]", starts=False)], ids=["none", "no Chinese", "silent"]
)
def test_a_browser_that_cannot_speak_says_so(browser: Open, stub: str) -> None:
    document = browser(stub)
    assert "不会念" in _note(document)
    assert '<p id="reading" hidden' in document
