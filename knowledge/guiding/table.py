"""The table of interviews that are kept."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from common.db import Base, UTCDateTime


class Kept(Base):
    """An interview of somebody's.

    ``id`` is random and is the link: who has it may read and go on. ``owner`` is the conversation it was begun in, if it was;
    there is no foreign key, as this package knows nothing of conversations. ``state`` is what the interview's ``stored()`` gave,
    ``version`` goes up with every answer.
    """

    __tablename__ = "interview"
    __table_args__ = (Index("ix_interview_owner", "owner", "changed_at"),)

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    owner: Mapped[str | None] = mapped_column(String(32))
    guide: Mapped[str] = mapped_column(String(64))
    state: Mapped[dict[str, Any]] = mapped_column(JSON)
    version: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UTCDateTime)
    changed_at: Mapped[datetime] = mapped_column(UTCDateTime, index=True)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
