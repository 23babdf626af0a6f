"""Tables of the conversation side: who writes, what came in, what goes out."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Base, UTCDateTime


class Conversation(Base):
    """One resident on one channel. ``id`` is random, and all the engine and the cases know of the person.

    ``open_since`` is when the assistant last asked something of an unfinished report. ``mode`` is bot, waiting (an operator was asked for) or operator. ``slow``: one idea a message is wanted. ``pushed`` counts the pushes since the
    resident's last message, which a channel may limit.
    """

    __tablename__ = "conversation"
    __table_args__ = (UniqueConstraint("channel", "user"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(16))
    user: Mapped[str] = mapped_column(String(128))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    last_inbound_at: Mapped[datetime] = mapped_column(UTCDateTime)
    pushed: Mapped[int]
    subscribed: Mapped[bool]
    slow: Mapped[bool] = mapped_column(default=False, server_default=false())
    grid: Mapped[str | None] = mapped_column(String(32))
    mode: Mapped[str] = mapped_column(String(16))
    open_since: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    evaluating: Mapped[dict[str, Any] | None] = mapped_column(JSON)  # the ticket whose outcome was asked about
    handover_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    handover_note: Mapped[str | None] = mapped_column(Text)


class Inbound(Base):
    """A message as it came in; stored before anything else happens to it.

    ``key`` tells a channel's retries of one message from a second message. ``status``: new, done, given_up.
    """

    __tablename__ = "inbound"
    __table_args__ = (
        UniqueConstraint("channel", "key"),
        Index("ix_inbound_open", "status", "next_try_at"),
        Index("ix_inbound_conversation", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    channel: Mapped[str] = mapped_column(String(16))
    key: Mapped[str] = mapped_column(String(160))
    kind: Mapped[str] = mapped_column(String(16))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    received_at: Mapped[datetime] = mapped_column(UTCDateTime)
    reply_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(12))
    tries: Mapped[int]
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    done_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    told: Mapped[bool]


class Outbound(Base):
    """A message to a resident. ``status``: waiting, sent, held (the channel's window is closed), failed."""

    __tablename__ = "outbound"
    __table_args__ = (
        Index("ix_outbound_open", "status", "next_try_at"),
        Index("ix_outbound_conversation", "conversation_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    reply_to: Mapped[int | None] = mapped_column(ForeignKey("inbound.id"))
    payload: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    status: Mapped[str] = mapped_column(String(12))
    via: Mapped[str | None] = mapped_column(String(12))
    tries: Mapped[int]
    next_try_at: Mapped[datetime] = mapped_column(UTCDateTime)
    leased_until: Mapped[datetime | None] = mapped_column(UTCDateTime)
    sent_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(String(200))


class Photo(Base):
    """A picture a resident sent, kept on disk under its random id."""

    __tablename__ = "photo"

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversation.id"))
    media_type: Mapped[str] = mapped_column(String(32))
    size: Mapped[int]
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)


class ChannelState(Base):
    """Small things a channel must remember between processes: an access token, a polling offset."""

    __tablename__ = "channel_state"

    key: Mapped[str] = mapped_column(String(120), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    expires_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
