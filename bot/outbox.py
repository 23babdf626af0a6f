"""The outbox: messages to residents, delivered at least once, in order per resident, retried with back-off.

A reply can leave on two ways: as the answer to the very request the message came on (a channel's *window*), or by
the channel's push API. A row waits for its window to close before it may be pushed, and whoever takes it holds a
lease, so that it does not go out on both.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.orm import Session, aliased

from bot import aloud
from bot.channels.base import is_voice
from bot.model import Conversation, Inbound, Outbound
from common.db import now

LEASE = timedelta(seconds=30)
VOICE_LEASE = timedelta(minutes=2)  # it has to be made and uploaded before it is sent
MAX_TRIES = 12
VOICE_TRIES = 3  # a voice that does not go soon is not waited for: words take its place


def put(
    session: Session, conversation_id: str, payloads: Sequence[dict[str, Any]], reply_to: Inbound | None = None
) -> None:
    """Queue messages in order. Replies are not pushed before the window of the message they answer has closed."""
    moment = now()
    not_before = moment
    if reply_to is not None and reply_to.reply_until is not None:
        not_before = max(moment, reply_to.reply_until)
    channel = session.get_one(Conversation, conversation_id).channel
    for i, payload in enumerate(aloud.apart(channel, payloads)):
        session.add(
            Outbound(
                conversation_id=conversation_id,
                reply_to=reply_to.id if reply_to is not None else None,
                payload=payload,
                created_at=moment + timedelta(microseconds=i),
                status="waiting",
                tries=0,
                # A voice has no window: it follows its words as soon as they have left.
                next_try_at=moment if is_voice(payload) else not_before,
            )
        )


def take_for_reply(session: Session, inbound_id: int) -> list[Outbound]:
    """Everything waiting for the resident of an inbound message, to go back on its request; leased."""
    moment = now()
    inbound = session.get_one(Inbound, inbound_id)
    rows = session.scalars(
        select(Outbound)
        .where(Outbound.conversation_id == inbound.conversation_id, Outbound.status == "waiting")
        .order_by(Outbound.id)
        .with_for_update()
    ).all()
    rows = [row for row in rows if not is_voice(row.payload)]
    if any(r.leased_until and r.leased_until > moment for r in rows):
        return []  # a push of earlier ones is under way; order matters more than the window
    for row in rows:
        row.leased_until = moment + LEASE
        row.via = "reply"
    return list(rows)


def replied_to(session: Session, inbound_id: int) -> list[Outbound]:
    """What has gone, or is going, back on the request of an inbound message: for a channel's retry of it."""
    return list(
        session.scalars(
            select(Outbound).where(Outbound.reply_to == inbound_id, Outbound.via == "reply").order_by(Outbound.id)
        )
    )


def claim(session: Session, channels: Sequence[str], moment: datetime | None = None) -> list[Outbound]:
    """The next messages to push: all that wait for one resident, in order, under a lease; empty when there are none."""
    moment = moment or now()
    earlier = aliased(Outbound)
    first = session.scalar(
        select(Outbound)
        .join(Conversation, Conversation.id == Outbound.conversation_id)
        .where(
            Conversation.channel.in_(channels),
            Outbound.status == "waiting",
            Outbound.next_try_at <= moment,
            or_(Outbound.leased_until.is_(None), Outbound.leased_until < moment),
            ~exists().where(
                and_(
                    earlier.conversation_id == Outbound.conversation_id,
                    earlier.id < Outbound.id,
                    earlier.status == "waiting",
                )
            ),
        )
        .order_by(Outbound.next_try_at)
        .limit(1)
        .with_for_update(of=Outbound, skip_locked=True)
    )
    if first is None:
        return []
    rows = session.scalars(
        select(Outbound)
        .where(
            Outbound.conversation_id == first.conversation_id,
            Outbound.status == "waiting",
            Outbound.next_try_at <= moment,
        )
        .order_by(Outbound.id)
    ).all()
    lease = VOICE_LEASE if any(is_voice(row.payload) for row in rows) else LEASE
    for row in rows:
        row.leased_until = moment + lease
        row.tries += 1
    return list(rows)


def sent(session: Session, rows: Sequence[Outbound], via: str) -> None:
    """Mark messages delivered."""
    moment = now()
    for row in rows:
        row = session.get_one(Outbound, row.id)
        row.status, row.via, row.sent_at, row.leased_until, row.error = "sent", via, moment, None, None


def hold(session: Session, rows: Sequence[Outbound], reason: str) -> None:
    """Keep messages until the resident writes again: the channel does not take them now.

    A voice is not kept. It belongs to the moment it was asked for, and its words have been read.
    """
    for row in rows:
        row = session.get_one(Outbound, row.id)
        row.status, row.leased_until, row.error = "failed" if is_voice(row.payload) else "held", None, reason


def retry(session: Session, rows: Sequence[Outbound], reason: str) -> None:
    """Put messages back after a failure, later each time; after MAX_TRIES they are given up as failed.

    A voice that failed VOICE_TRIES times becomes words that say so.
    """
    for row in rows:
        row = session.get_one(Outbound, row.id)
        row.leased_until, row.error = None, reason[:200]
        if is_voice(row.payload) and row.tries >= VOICE_TRIES:
            row.payload = aloud.instead(session.get_one(Conversation, row.conversation_id).channel)
            row.tries = 0
        if row.tries >= MAX_TRIES:
            row.status = "failed"
        row.next_try_at = now() + timedelta(seconds=min(300, 2**row.tries))
