"""Telegram's webhook."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from bot import inbox
from bot.channels.telegram import Telegram
from common.db import transaction
from common.logs import log

router = APIRouter()


def store(received: inbox.Received) -> None:
    """Keep an update's message."""
    with transaction() as session:
        inbox.store(session, received)


@router.post("/telegram")
async def receive(request: Request) -> JSONResponse:
    """An update. Answers always go by push."""
    bot = request.app.state.telegram
    if not isinstance(bot, Telegram):
        return JSONResponse({"error": "the Telegram channel is off (XIAOGE_TELEGRAM_TOKEN is not set)"}, 404)
    if not bot.trusted(request.headers.get("x-telegram-bot-api-secret-token", "")):
        log().warning("telegram request refused", reason="wrong secret")
        return JSONResponse({"error": "wrong secret token"}, 403)
    try:
        received = bot.read(await request.json())
    except ValueError:
        log().warning("telegram request refused", reason="not an update")
        return JSONResponse({"error": "not a Telegram update"}, 400)
    if received:
        await asyncio.to_thread(store, received)
    return JSONResponse({"ok": True})
