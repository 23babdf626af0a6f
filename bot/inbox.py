"""The inbox: every inbound message is a row before anything else happens to it, and is handled once.

A message is claimed under a lease; a worker that dies lets the lease run out and another takes over. Messages of
one resident are handled one at a time, in the order they came.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from bot import conversations
from bot.model import Conversation, Inbound, Outbound
from common.db import now

LEASE = timedelta(seconds=60)


@dataclass(frozen=True)
class Received:
    """What a channel hands over.

    ``kind``: text, photo, location, scan, subscribe, unsubscribe, menu, unreadable. ``key`` is the channel's identity of
    the message; ``reply_within`` the seconds in which an answer can still go back on the same request.
    """

    channel: str
    user: str
    key: str
    kind: str
    payload: dict[str, Any]
    reply_within: float | None = None


def store(session: Session, received: Received) -> tuple[Inbound, bool]:
    """Keep a message. Returns its row and whether it is new (a channel's retry is not)."""
    known = session.scalar(select(Inbound).where(Inbound.channel == received.channel, Inbound.key == received.key))
    if known:
        return known, False
    conversation = conversations.open_for(session, received.channel, received.user)
    moment = now()
    row = Inbound(
        conversation_id=conversation.id,
        channel=received.channel,
        key=received.key,
        kind=received.kind,
        payload=received.payload,
        received_at=moment,
        reply_until=moment + timedelta(seconds=received.reply_within) if received.reply_within else None,
        status="new",
        tries=0,
        next_try_at=moment,
        told=False,
    )
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:  # the retry came while the first was being stored
        return session.scalars(
            select(Inbound).where(Inbound.channel == received.channel, Inbound.key == received.key)
        ).one(), False
    conversation.last_inbound_at = moment
    conversation.pushed = 0
    conversation.subscribed = received.kind != "unsubscribe"
    if received.kind == "scan" and received.payload.get("grid"):
        conversation.grid = received.payload["grid"]
    # What the channel would not take for lack of a recent message may go now.
    for held in session.scalars(
        select(Outbound).where(Outbound.conversation_id == conversation.id, Outbound.status == "held")
    ):
        held.status, held.next_try_at = "waiting", moment
    return row, True


def wake_idle(session: Session, before: datetime) -> int:
    """Put a word into the inbox for each report left unfinished since ``before``, as if silence had spoken.

    Returns:
        How many there were.
    """
    left = session.scalars(
        select(Conversation).where(Conversation.open_since < before, Conversation.mode == "bot").limit(100)
    ).all()
    moment = now()
    for conversation in left:
        assert conversation.open_since
        session.add(
            Inbound(
                conversation_id=conversation.id,
                channel=conversation.channel,
                key=f"idle:{conversation.id}:{conversation.open_since.timestamp():.6f}",
                kind="idle",
                payload={},
                received_at=moment,
                reply_until=None,
                status="new",
                tries=0,
                next_try_at=moment,
                told=True,
            )
        )
        conversation.open_since = None
    return len(left)


def claim(session: Session, moment: datetime | None = None) -> Inbound | None:
    """Take the next message that may be handled now, under a lease; None when there is none."""
    moment = moment or now()
    earlier = aliased(Inbound)
    query = (
        select(Inbound)
        .where(
            Inbound.status == "new",
            Inbound.next_try_at <= moment,
            or_(Inbound.leased_until.is_(None), Inbound.leased_until < moment),
            ~exists().where(
                and_(
                    earlier.conversation_id == Inbound.conversation_id, earlier.id < Inbound.id, earlier.status == "new"
                )
            ),
        )
        .order_by(Inbound.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session.scalar(query)
    if row:
        row.leased_until = moment + LEASE
        row.tries += 1
    return row


def conversation_of(session: Session, row: Inbound) -> Conversation:
    """The conversation a message belongs to."""
    return session.get_one(Conversation, row.conversation_id)


def finish(session: Session, row: Inbound, status: str = "done") -> None:
    """Mark a message handled."""
    row = session.get_one(Inbound, row.id)
    row.status, row.done_at, row.leased_until = status, now(), None


def postpone(session: Session, row: Inbound) -> timedelta:
    """Put a message back after a failure, later each time (1, 2, 4 ... at most 60 seconds)."""
    row = session.get_one(Inbound, row.id)
    wait = timedelta(seconds=min(60, 2 ** max(0, row.tries - 1)))
    row.next_try_at, row.leased_until = now() + wait, None
    return wait
