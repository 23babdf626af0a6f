"""The page and Telegram share the path that WeChat takes: inbox, engine, outbox."""

from __future__ import annotations

import time

import httpx
import pytest
from fake_telegram import update
from running_stack import RunningStack

from cases import numbers

pytestmark = [pytest.mark.e2e, pytest.mark.slow]


def test_a_visitor_of_the_page_gets_a_ticket_card(stack: RunningStack) -> None:
    base = f"http://127.0.0.1:{stack.config.web_port}"
    with httpx.Client(base_url=base, trust_env=False, timeout=30) as visitor:
        visitor.get("/")
        visitor.post("/chat/messages", json={"client_id": "1", "text": "李家屯东头的路灯坏了一盏，三天了"})
        after, shown = 0, []
        for text in ("不知道", "不知道", "对", "对", "对"):
            data = visitor.get("/chat/messages", params={"after": after, "wait": 15}).json()
            while not any(m["from"] == "bot" for m in data["messages"]):
                after = max([after, *(m["id"] for m in data["messages"])])
                data = visitor.get("/chat/messages", params={"after": after, "wait": 15}).json()
            shown += data["messages"]
            after = max(m["id"] for m in data["messages"])
            last = [m for m in shown if m["from"] == "bot"][-1]
            if last["ticket"]:
                break
            visitor.post(
                "/chat/messages", json={"client_id": f"n{after}", "text": "对" if "对不对" in last["text"] else text}
            )
    assert last["ticket"]["status"] == "已分派" and numbers.parse(last["ticket"]["number"])
    assert last["ticket"]["number"] in last["text"]


def test_a_resident_on_telegram_gets_a_ticket(stack: RunningStack) -> None:
    url = f"http://127.0.0.1:{stack.config.web_port}/telegram"
    secret = {"x-telegram-bot-api-secret-token": stack.extra["XIAOGE_TELEGRAM_WEBHOOK_SECRET"]}
    texts: list[str] = []

    def say(identity: int, text: str) -> str:
        before = len(stack.telegram.texts())
        assert httpx.post(url, json=update(identity, text=text), headers=secret, trust_env=False).status_code == 200
        deadline = time.monotonic() + 30
        while len(stack.telegram.texts()) == before and time.monotonic() < deadline:
            time.sleep(0.1)
        time.sleep(0.3)  # what belongs to one answer leaves in one go
        texts[:] = stack.telegram.texts()
        return "\n".join(texts[before:])

    answer = say(1, "东关大街的路灯坏了两盏，一个礼拜了")
    for i in range(2, 9):
        if "报上去了。工单号" in answer:
            break
        answer = say(i, "对" if "对不对" in answer else "不知道")
    assert "报上去了。工单号" in answer, texts
