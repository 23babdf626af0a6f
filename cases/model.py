"""Tables of the case backend."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common.db import Base, UTCDateTime


class Area(Base):
    """A node of the five-level tree: city, street (or town), community (or village), grid."""

    __tablename__ = "area"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    parent: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    level: Mapped[str] = mapped_column(String(16))
    name: Mapped[str] = mapped_column(String(100))
    aliases: Mapped[list[str]] = mapped_column(JSON)


class Place(Base):
    """A named place in a grid: an estate, a village, a road, a school. One row per grid it lies in."""

    __tablename__ = "place"
    # Ids are never used again, so that a reloaded library is told from the old one by its highest id.
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    grid: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    buildings: Mapped[str] = mapped_column(String(200))
    aliases: Mapped[list[str]] = mapped_column(JSON)
    road: Mapped[str] = mapped_column(String(100))
    lat: Mapped[float] = mapped_column(Float)
    lng: Mapped[float] = mapped_column(Float)


class Unit(Base):
    """A department, office or company that handles matters; ``handles`` are category or matter type codes."""

    __tablename__ = "unit"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(100))
    area: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    handles: Mapped[list[str]] = mapped_column(JSON)


class Worker(Base):
    """A grid worker (网格员)."""

    __tablename__ = "worker"

    code: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(50))
    grid: Mapped[str] = mapped_column(ForeignKey("area.code"), index=True)
    phone: Mapped[str] = mapped_column(String(20))


class TicketSequence(Base):
    """The last serial number given out in a year."""

    __tablename__ = "ticket_sequence"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class Ticket(Base):
    """A matter on its way from being reported to being closed (工单)."""

    __tablename__ = "ticket"
    __table_args__ = (Index("ix_ticket_reporter_created", "reporter", "created_at"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(9), unique=True)
    source_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime)
    channel: Mapped[str] = mapped_column(String(16))
    reporter: Mapped[str | None] = mapped_column(String(64))
    anonymous: Mapped[bool]
    phone: Mapped[str | None] = mapped_column(String(20))
    category: Mapped[str] = mapped_column(String(16), index=True)
    type: Mapped[str | None] = mapped_column(String(48))
    needs_review: Mapped[bool]
    confidence: Mapped[float | None] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    place: Mapped[str | None] = mapped_column(String(300))
    grid: Mapped[str | None] = mapped_column(ForeignKey("area.code"), index=True)
    lat: Mapped[float | None] = mapped_column(Float)
    lng: Mapped[float | None] = mapped_column(Float)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    urgent: Mapped[bool] = mapped_column(index=True)
    unit: Mapped[str | None] = mapped_column(ForeignKey("unit.code"), index=True)
    status: Mapped[str] = mapped_column(String(16), index=True)

    events: Mapped[list[TicketEvent]] = relationship(back_populates="ticket", order_by="TicketEvent.id")
    attachments: Mapped[list[TicketAttachment]] = relationship(order_by="TicketAttachment.id")
    corrections: Mapped[list[TicketCorrection]] = relationship(back_populates="ticket", order_by="TicketCorrection.id")


class TicketEvent(Base):
    """One line of a ticket's history: who did what when. Only ever added."""

    __tablename__ = "ticket_event"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(24))
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str | None] = mapped_column(String(16))
    note: Mapped[str | None] = mapped_column(Text)

    ticket: Mapped[Ticket] = relationship(back_populates="events")


class TicketAttachment(Base):
    """A photo that belongs to a ticket; ``reference`` names it in the channel's store."""

    __tablename__ = "ticket_attachment"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    reference: Mapped[str] = mapped_column(String(100))
    added_at: Mapped[datetime] = mapped_column(UTCDateTime)


class TicketCorrection(Base):
    """What a person changed in how a ticket was classified. Only ever added; language understanding learns from it."""

    __tablename__ = "ticket_correction"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    actor: Mapped[str | None] = mapped_column(String(64))
    category_before: Mapped[str] = mapped_column(String(16))
    type_before: Mapped[str | None] = mapped_column(String(48))
    urgent_before: Mapped[bool]
    category: Mapped[str] = mapped_column(String(16))
    type: Mapped[str] = mapped_column(String(48))
    urgent: Mapped[bool]

    ticket: Mapped[Ticket] = relationship(back_populates="corrections")
