"""What joins the case backend to other systems: keys, repeatable requests, webhooks, an upstream platform."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Base, UTCDateTime


class ApiKey(Base):
    """A key of the API; only its hash is kept. Role, unit and area say for whom it acts, ``scopes`` what it may do."""

    __tablename__ = "api_key"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    hash: Mapped[str] = mapped_column(String(64), unique=True)
    scopes: Mapped[list[str]] = mapped_column(JSON)
    role: Mapped[str] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    area: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UTCDateTime)


class IdempotentRequest(Base):
    """An answered request that may be sent again: the same key and body get the same answer."""

    __tablename__ = "idempotent_request"

    api_key_id: Mapped[int] = mapped_column(ForeignKey("api_key.id"), primary_key=True)
    key: Mapped[str] = mapped_column(String(100), primary_key=True)
    body_hash: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    status: Mapped[int]
    answer: Mapped[dict[str, Any]] = mapped_column(JSON)


class Webhook(Base):
    """A subscriber that is told of events. ``secret`` signs what is sent."""

    __tablename__ = "webhook"

    id: Mapped[int] = mapped_column(primary_key=True)
    url: Mapped[str] = mapped_column(String(500))
    secret: Mapped[str] = mapped_column(String(100))
    actions: Mapped[list[str]] = mapped_column(JSON)  # empty: all
    active: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UTCDateTime)


class Delivery(Base):
    """An event on its way to a subscriber, kept until it arrived or was given up (dead)."""

    __tablename__ = "delivery"
    __table_args__ = (
        UniqueConstraint("webhook_id", "event_id"),
        Index("ix_delivery_waiting", "state", "next_try"),
        Index("ix_delivery_order", "webhook_id", "ticket_id", "event_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhook.id"))
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("ticket_event.id"))
    state: Mapped[str] = mapped_column(String(12))  # waiting, delivered, dead
    attempts: Mapped[int]
    next_try: Mapped[datetime] = mapped_column(UTCDateTime)
    delivered_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    error: Mapped[str | None] = mapped_column(Text)


class UpstreamLink(Base):
    """A ticket that also lives on an upstream platform, and how far the two have told each other."""

    __tablename__ = "upstream_link"
    __table_args__ = (UniqueConstraint("system", "remote_id"),)

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    system: Mapped[str] = mapped_column(String(64), primary_key=True)
    remote_id: Mapped[str] = mapped_column(String(100))
    remote_status: Mapped[str | None] = mapped_column(String(32))
    pushed_event: Mapped[int | None]
    pulled_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
