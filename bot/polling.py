"""Fetch Telegram updates by polling: for a trial at a desk, without a public address."""

from __future__ import annotations

import asyncio

from bot import inbox
from bot.channels.telegram import Telegram
from bot.model import ChannelState
from common.db import reading, transaction
from common.logs import log

OFFSET = "telegram:offset"
WAIT = 20  # seconds Telegram may hold a request open


def _offset() -> int:
    with reading() as session:
        row = session.get(ChannelState, OFFSET)
        return int(row.value) if row else 0


def _store(received: list[inbox.Received], offset: int) -> None:
    with transaction() as session:
        for item in received:
            inbox.store(session, item)
        session.merge(ChannelState(key=OFFSET, value=str(offset), expires_at=None))


async def poll_once(account: Telegram, wait: int = WAIT) -> int:
    """Fetch and keep what is new. The offset moves in the same commit, so nothing is lost or taken twice.

    Returns:
        How many updates came.
    """
    offset = await asyncio.to_thread(_offset)
    async with account.bot() as bot:
        updates = await bot.get_updates(offset=offset, timeout=wait, allowed_updates=["message"])
    if not updates:
        return 0
    received = [r for u in updates if (r := account.translate(u)) is not None]
    await asyncio.to_thread(_store, received, updates[-1].update_id + 1)
    return len(updates)


async def poll(account: Telegram) -> None:
    """Poll until cancelled; a failure is logged and tried again."""
    async with account.bot() as bot:
        await bot.delete_webhook()
    while True:
        try:
            await poll_once(account)
        except Exception as error:
            log().warning("telegram polling failed, will be tried again", error=type(error).__name__)
            await asyncio.sleep(5)
