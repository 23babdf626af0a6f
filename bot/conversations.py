"""Who is writing: one conversation per resident and channel, with a random id for everything behind the channel."""

from __future__ import annotations

import secrets

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from bot.model import Conversation
from common.db import now


def find(session: Session, channel: str, user: str) -> Conversation | None:
    """The conversation of a channel's user, if there is one."""
    return session.scalar(select(Conversation).where(Conversation.channel == channel, Conversation.user == user))


def open_for(session: Session, channel: str, user: str) -> Conversation:
    """The conversation of a channel's user, made at the first message."""
    known = find(session, channel, user)
    if known:
        return known
    moment = now()
    made = Conversation(
        id=secrets.token_hex(12),
        channel=channel,
        user=user,
        created_at=moment,
        last_inbound_at=moment,
        pushed=0,
        subscribed=True,
        slow=False,
        mode="bot",
    )
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:  # the same resident's first two messages arrived together
        again = find(session, channel, user)
        assert again is not None
        return again
    return made
