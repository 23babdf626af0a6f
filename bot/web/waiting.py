"""Wait for the answer to an inbound message, to send it back on the same request."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass

from bot import outbox
from bot.channels.base import pack, texts
from bot.model import Inbound, Outbound
from common.db import reading, transaction

STEP = 0.04


@dataclass(frozen=True)
class Reply:
    """What goes back, and the rows to mark sent once it has left."""

    text: str
    rows: tuple[Outbound, ...]


def _handled(inbound_id: int) -> bool:
    with reading() as session:
        row = session.get_one(Inbound, inbound_id)
        return row.status != "new" or row.told


def _take(inbound_id: int, limit: int) -> Reply | None:
    """What waits for this resident, as one text; what does not fit is left for the push."""
    with transaction() as session:
        rows = outbox.take_for_reply(session, inbound_id)
        fits = 0
        while fits < len(rows) and len(pack(texts(rows[: fits + 1]), limit)) <= 1:
            fits += 1
        for row in rows[fits:]:
            row.leased_until, row.via = None, None
        taken = tuple(rows[:fits])
        packed = pack(texts(taken), limit)
    return Reply(packed[0] if packed else "", taken) if taken else None


async def reply_to(inbound_id: int, within: float, limit: int) -> Reply | None:
    """The answer to a message if it is there within ``within`` seconds, packed into one text of ``limit`` bytes."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if await asyncio.to_thread(_handled, inbound_id):
            return await asyncio.to_thread(_take, inbound_id, limit)
        await asyncio.sleep(STEP)
    return None


def mark_sent(reply: Reply) -> None:
    """To be called when the reply has left."""
    with transaction() as session:
        outbox.sent(session, reply.rows, "reply")


def said_before(inbound_id: int, limit: int) -> str | None:
    """The text that went back on an earlier try of the same message."""
    with reading() as session:
        packed = pack(texts(outbox.replied_to(session, inbound_id)), limit)
    return packed[0] if packed else None
