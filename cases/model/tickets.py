"""A ticket, its history and what hangs on it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from common.db import Base, UTCDateTime


class TicketSequence(Base):
    """The last serial number given out in a year."""

    __tablename__ = "ticket_sequence"

    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


def _known(column: str) -> Index:
    """An index over the tickets of which something is known: those of which it is not cost it nothing."""
    known = text(f"{column} IS NOT NULL")
    return Index(f"ix_ticket_{column}", column, postgresql_where=known, sqlite_where=known)


def _queue(*of: str) -> tuple[Index, Index]:
    """The two indexes a queue is read by: what is owed in the order it is due, and the rest by its state. A ticket stands
    in one of them; few are in the first, so that it stays small however many are closed."""
    name = "_".join(["ix_ticket", *of])
    owed, rest = text("next_due IS NOT NULL"), text("next_due IS NULL")
    return (
        Index(f"{name}_due", *of, "next_due", "id", postgresql_where=owed, sqlite_where=owed),
        Index(f"{name}_rest", *of, "status", "id", postgresql_where=rest, sqlite_where=rest),
    )


class Ticket(Base):
    """A matter on its way from being reported to being closed (工单).

    Columns that end in ``_due`` are moments by which something is owed; ``next_due`` is the nearest of those still
    open, None when nothing is owed. ``head`` is the hash of the last line of the history, ``events_count`` its length.
    ``version`` grows with every change: who read an older one may not write.
    """

    __tablename__ = "ticket"
    __table_args__ = (
        Index("ix_ticket_reporter_created", "reporter", "created_at"),
        *(index for column in ("unit", "street", "community", "grid") for index in _queue(column)),
        _queue()[0],
        Index("ix_ticket_status_id", "status", "id"),
        Index("ix_ticket_type_grid_created", "type", "grid", "created_at"),
        *(_known(column) for column in ("closed_at", "merged_into", "phone", "visit_due")),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[str] = mapped_column(String(9), unique=True)
    source_key: Mapped[str | None] = mapped_column(String(80), unique=True)
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    updated_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)

    # Who told it, and how
    channel: Mapped[str] = mapped_column(String(16))
    reporter: Mapped[str | None] = mapped_column(String(64))
    anonymous: Mapped[bool]
    phone: Mapped[str | None] = mapped_column(String(20))
    code_hash: Mapped[str | None] = mapped_column(String(64))  # of the code with which anyone may look it up

    # What it is
    category: Mapped[str] = mapped_column(String(16))
    type: Mapped[str | None] = mapped_column(String(48))
    needs_review: Mapped[bool]
    confidence: Mapped[float | None] = mapped_column(Float)
    text: Mapped[str] = mapped_column(Text)
    answers: Mapped[dict[str, Any]] = mapped_column(JSON)
    urgent: Mapped[bool]
    mediation: Mapped[str | None] = mapped_column(String(16))  # the kind of mediation asked for
    emergency: Mapped[int | None] = mapped_column(ForeignKey("emergency.id"))
    risk: Mapped[str] = mapped_column(String(8), default="green")
    risk_reasons: Mapped[list[str]] = mapped_column(JSON, default=list)
    visit_due: Mapped[datetime | None] = mapped_column(UTCDateTime)  # the next follow-up its grade asks for

    # Where it is
    place: Mapped[str | None] = mapped_column(String(300))
    place_sure: Mapped[float | None] = mapped_column(Float)
    address: Mapped[int | None]  # of the address library; not a foreign key, as the library is loaded anew
    county: Mapped[str | None] = mapped_column(String(32))
    street: Mapped[str | None] = mapped_column(String(32))
    community: Mapped[str | None] = mapped_column(String(32))
    grid: Mapped[str | None] = mapped_column(ForeignKey("area.code"))
    lat: Mapped[float | None] = mapped_column(Float)
    lng: Mapped[float | None] = mapped_column(Float)

    # Who has it
    unit: Mapped[str | None] = mapped_column(ForeignKey("unit.code"))
    helpers: Mapped[list[str]] = mapped_column(JSON, default=list)
    level: Mapped[str] = mapped_column(String(16), default="community")  # the level it has been raised to
    supervised: Mapped[bool] = mapped_column(default=False)
    status: Mapped[str] = mapped_column(String(16))
    merged_into: Mapped[int | None] = mapped_column(ForeignKey("ticket.id"))

    # The clock
    verify_due: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    verified_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    feedback_due: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    feedback_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    close_due: Mapped[datetime | None] = mapped_column(UTCDateTime, index=True)
    finished_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    closed_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    suspended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    next_due: Mapped[datetime | None] = mapped_column(UTCDateTime)
    warned: Mapped[str | None] = mapped_column(String(16))  # the due time last warned of
    overdue: Mapped[str | None] = mapped_column(String(16))  # the due time last missed
    extensions: Mapped[int] = mapped_column(default=0)
    returns: Mapped[int] = mapped_column(default=0)
    reopenings: Mapped[int] = mapped_column(default=0)

    # What the resident thought of it
    score: Mapped[str | None] = mapped_column(String(16))

    # The history's end
    events_count: Mapped[int] = mapped_column(default=0)
    head: Mapped[str] = mapped_column(String(64), default="")

    events: Mapped[list[TicketEvent]] = relationship(back_populates="ticket", order_by="TicketEvent.seq")
    attachments: Mapped[list[TicketAttachment]] = relationship(order_by="TicketAttachment.id")
    corrections: Mapped[list[TicketCorrection]] = relationship(back_populates="ticket", order_by="TicketCorrection.id")
    evaluations: Mapped[list[Evaluation]] = relationship(order_by="Evaluation.id")

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012


class TicketEvent(Base):
    """One line of a ticket's history: who did what when. Only ever added; ``hash`` covers it and the line before."""

    __tablename__ = "ticket_event"
    __table_args__ = (UniqueConstraint("ticket_id", "seq"), Index("ix_ticket_event_at_action", "at", "action"))

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"))
    seq: Mapped[int]
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    role: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str | None] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(24))
    before: Mapped[str | None] = mapped_column(String(16))
    after: Mapped[str | None] = mapped_column(String(16))
    unit: Mapped[str | None] = mapped_column(String(32))  # the unit that had it when this happened
    note: Mapped[str | None] = mapped_column(Text)
    data: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    # Lines written together go in by one statement, told apart by their hashes.
    hash: Mapped[str] = mapped_column(String(64), insert_sentinel=True, default=str)

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


class Evaluation(Base):
    """What the resident said of a ticket's outcome (评价); after a reopening there is another one."""

    __tablename__ = "evaluation"

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    score: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str | None] = mapped_column(Text)
    actor: Mapped[str | None] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    round: Mapped[int]


class TicketMeaning(Base):
    """The sentence vector of a ticket's text (half precision), for finding others that say the same."""

    __tablename__ = "ticket_meaning"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), primary_key=True)
    encoder: Mapped[str] = mapped_column(String(64))
    vector: Mapped[bytes] = mapped_column(LargeBinary)


class DuplicateSuggestion(Base):
    """Two tickets that may be the same matter; a person decides."""

    __tablename__ = "duplicate_suggestion"
    __table_args__ = (UniqueConstraint("ticket_id", "other_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    other_id: Mapped[int] = mapped_column(ForeignKey("ticket.id"), index=True)
    at: Mapped[datetime] = mapped_column(UTCDateTime)
    score: Mapped[float] = mapped_column(Float)
    why: Mapped[dict[str, Any]] = mapped_column(JSON)
    decision: Mapped[str | None] = mapped_column(String(16))  # merged, different
    decided_by: Mapped[str | None] = mapped_column(String(64))
    decided_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
