"""``xiaoge chat``: talk with the assistant in the terminal through the running web app, as a visitor of the page."""

from __future__ import annotations

import threading
import uuid

import httpx
import typer

from common.settings import settings


def _listen(http: httpx.Client, stop: threading.Event, after: int) -> None:
    while not stop.is_set():
        try:
            data = http.get("/chat/messages", params={"after": after, "wait": 10}, timeout=20).json()
        except (httpx.HTTPError, ValueError):
            stop.wait(1)
            continue
        for message in data["messages"]:
            after = max(after, message["id"])
            if message["from"] == "bot" and message["text"]:
                typer.echo("\n小格  " + message["text"].replace("\n", "\n      ") + "\n您    ", nl=False)


def chat_loop() -> int:
    """Read lines until Ctrl-D. Returns the exit status."""
    config = settings()
    base = f"http://{config.web_host}:{config.web_port}"
    with httpx.Client(base_url=base, trust_env=False, timeout=10) as http:
        try:
            http.get("/")
        except httpx.HTTPError:
            typer.echo(f"nothing answers at {base}: start it with 'make run' (or 'xiaoge up') first", err=True)
            return 1
        stop = threading.Event()
        listener = threading.Thread(target=_listen, args=(http, stop, 0), daemon=True)
        listener.start()
        typer.echo("说吧（Ctrl-D 结束）。")
        typer.echo("您    ", nl=False)
        try:
            while True:
                line = input().strip()
                if line:
                    said = http.post("/chat/messages", json={"client_id": uuid.uuid4().hex, "text": line})
                    if said.status_code >= 400:
                        typer.echo(f"小格  {said.json().get('error', said.status_code)}\n您    ", nl=False)
        except (EOFError, KeyboardInterrupt):
            stop.set()
            typer.echo()
    return 0
