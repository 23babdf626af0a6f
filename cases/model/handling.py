"""What happens around a ticket while it is handled: whistles, extensions, emergencies, seals of the history."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common.db import Base, UTCDateTime


class Whistle(Base):
    """A call on several departments to come to one ticket (吹哨). ``level`` is where it is answered for now."""

    __tablename__ = "whistle"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    kind: Mapped[str] = mapped_column(String(16))
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    called_by: Mapped[str | None] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(Text)
    due: Mapped[datetime] = mapped_column(UTCDateTime)  # by when it is to be settled at this level
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    outcome: Mapped[str | None] = mapped_column(Text)

    calls: Mapped[list[WhistleCall]] = relationship(back_populates="whistle", order_by="WhistleCall.id")


class WhistleCall(Base):
    """One called unit: it checks in (报到) by ``due``."""

    __tablename__ = "whistle_call"

    id: Mapped[int] = mapped_column(primary_key=True)
    whistle_id: Mapped[int] = mapped_column(ForeignKey("whistle.id"), index=True)
    unit: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    due: Mapped[datetime] = mapped_column(UTCDateTime)
    checked_in_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    checked_in_by: Mapped[str | None] = mapped_column(String(64))
    note: Mapped[str | None] = mapped_column(Text)
    missed: Mapped[bool] = mapped_column(default=False)

    whistle: Mapped[Whistle] = relationship(back_populates="calls")


class Extension(Base):
    """A request for more time (延期), and what was decided."""

    __tablename__ = "extension"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    asked_by: Mapped[str | None] = mapped_column(String(64))
    days: Mapped[int]
    reason: Mapped[str] = mapped_column(Text)
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    decided_by: Mapped[str | None] = mapped_column(String(64))
    granted: Mapped[bool | None]
    note: Mapped[str | None] = mapped_column(Text)


class Emergency(Base):
    """An announced emergency (急): where, for which matters, until when, and what changes for them."""

    __tablename__ = "emergency"

    id: Mapped[int] = mapped_column(primary_key=True)
    title: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(Text)  # what residents are told
    areas: Mapped[list[str]] = mapped_column(JSON)
    matters: Mapped[list[str]] = mapped_column(JSON)  # category or matter type codes
    unit: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))  # takes the matching matters meanwhile
    since: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    announced_by: Mapped[str] = mapped_column(String(64))
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    ended_by: Mapped[str | None] = mapped_column(String(64))


class AuditLine(Base):
    """A line of the city's own history: emergencies, catalogue, keys, whatever is no ticket. Hash-chained, only added."""

    __tablename__ = "audit_line"

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(32))
    about: Mapped[str] = mapped_column(String(100))
    note: Mapped[str | None] = mapped_column(Text)
    hash: Mapped[str] = mapped_column(String(64))


class HistorySeal(Base):
    """A digest over the ends of all tickets' histories on a day; kept outside, it proves nothing was rewritten since."""

    __tablename__ = "history_seal"

    day: Mapped[str] = mapped_column(String(10), primary_key=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    until: Mapped[datetime] = mapped_column(UTCDateTime)  # lines before this moment are sealed
    events: Mapped[int]
    digest: Mapped[str] = mapped_column(String(64))
