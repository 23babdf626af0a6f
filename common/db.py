"""The one database: SQLite (WAL) by default, PostgreSQL by setting ``XIAOGE_DATABASE_URL``."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from sqlalchemy import DateTime, Dialect, Engine, create_engine, event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session, sessionmaker
from sqlalchemy.types import TypeDecorator

from common.settings import ROOT, settings

IDLE = 1.0  # seconds a connection may lie idle and be used again unasked


class UTCDateTime(TypeDecorator[datetime]):
    """Aware UTC times in and out; stored without zone, which both databases do alike."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without zone was about to be stored")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return value.replace(tzinfo=UTC) if value else None


class Base(DeclarativeBase):
    """Base of every table in the project."""


def now() -> datetime:
    """The current time, aware, in UTC."""
    return datetime.now(UTC)


def make_engine(url: str) -> Engine:
    """An engine for ``url`` (``sqlite:///...`` or ``postgresql+psycopg://...``)."""
    if url.startswith("postgresql://"):
        url = url.replace("postgresql://", "postgresql+psycopg://", 1)
    if not url.startswith("sqlite"):
        server = create_engine(url, pool_size=10, max_overflow=10)
        _look_after(server)
        return server
    Path(url.removeprefix("sqlite:///")).parent.mkdir(parents=True, exist_ok=True)
    engine = create_engine(url, connect_args={"timeout": 30, "check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # SQLAlchemy's begin below decides, not the driver
        cursor = connection.cursor()
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=NORMAL")
        cursor.execute("PRAGMA foreign_keys=ON")
        cursor.execute("PRAGMA busy_timeout=30000")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        # Take the write lock at once: a read that later writes could otherwise fail as stale.
        immediate = connection.get_execution_options().get("xiaoge_write", True)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return engine


def _look_after(server: Engine) -> None:
    """Ask a connection that lay idle whether it still lives before it is used: the server may have been restarted.

    SQLAlchemy's own ``pool_pre_ping`` asks every time, which is a tenth of what filing a ticket takes.
    """

    @event.listens_for(server, "checkin")
    def _rest(_connection: Any, record: Any) -> None:
        record.info["rested"] = time.monotonic()

    @event.listens_for(server, "checkout")
    def _wake(connection: Any, record: Any, _proxy: Any) -> None:
        if time.monotonic() - record.info.get("rested", time.monotonic()) < IDLE:
            return
        try:
            server.dialect.do_ping(connection)
        except server.dialect.loaded_dbapi.Error as error:
            raise DisconnectionError("the connection lay idle and is gone") from error


@lru_cache(maxsize=8)
def _engine_for(url: str) -> Engine:
    return make_engine(url)


def engine() -> Engine:
    """The process's engine."""
    return _engine_for(settings().database)


@lru_cache(maxsize=16)
def _sessions(url: str, write: bool) -> sessionmaker[Session]:
    bound = _engine_for(url)
    # On SQLite only: there a session that will not write takes no lock.
    return sessionmaker(bound if write else bound.execution_options(xiaoge_write=False), expire_on_commit=False)


@contextmanager
def transaction() -> Iterator[Session]:
    """A session that commits at the end and rolls back on an error."""
    with _sessions(settings().database, True)() as session, session.begin():
        yield session


@contextmanager
def reading() -> Iterator[Session]:
    """A session that only reads; on SQLite it does not wait for writers."""
    with _sessions(settings().database, False)() as session:
        yield session


def address_of(session: Session) -> str:
    """The session's database, as a key for what is kept of it in memory."""
    known = session.info.get("xiaoge_address")
    if known is None:
        known = session.info["xiaoge_address"] = str(session.get_bind().engine.url)
    return str(known)


def upgrade(url: str | None = None) -> None:
    """Bring the database to the newest schema."""
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = url or settings().database
    command.upgrade(config, "head")
