"""Times, transactions and the settings of the database."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError, StatementError

from cases.model import Area, TicketSequence, Unit
from common import db
from common.db import reading, transaction


@pytest.mark.usefixtures("database")
def test_times_come_back_aware_and_in_utc() -> None:
    from bot.model import ChannelState

    moment = datetime(2026, 3, 1, 7, 30, 15, 123456, tzinfo=timezone(timedelta(hours=8)))
    with transaction() as session:
        session.add(ChannelState(key="with", value="x", expires_at=moment))
        session.add(ChannelState(key="without", value="x", expires_at=None))
    with reading() as session:
        stored = session.get_one(ChannelState, "with").expires_at
        assert stored == moment
        assert stored is not None
        assert stored.tzinfo is UTC
        assert session.get_one(ChannelState, "without").expires_at is None


@pytest.mark.usefixtures("database")
def test_a_time_without_zone_is_refused() -> None:
    from bot.model import ChannelState

    with pytest.raises(StatementError, match="without zone"), transaction() as session:
        session.add(ChannelState(key="k", value="x", expires_at=datetime(2026, 3, 1)))


@pytest.mark.usefixtures("database")
def test_an_error_takes_everything_back() -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        session.add(TicketSequence(year=2026, last=1))
        session.flush()
        raise RuntimeError
    with reading() as session:
        assert session.get(TicketSequence, 2026) is None


@pytest.mark.usefixtures("database")
def test_a_reference_to_nothing_is_refused() -> None:
    with pytest.raises(IntegrityError), transaction() as session:
        session.add(Unit(code="u", name="u", area="nowhere"))


@pytest.mark.usefixtures("database")
def test_chinese_and_emoji_are_stored_as_they_are() -> None:
    name = "幸福里😀𠮷﨑"
    with transaction() as session:
        session.add(Area(code="a", parent=None, level="city", name=name, aliases=[name]))
    with reading() as session:
        area = session.get_one(Area, "a")
        assert (area.name, area.aliases) == (name, [name])


@pytest.mark.usefixtures("database")
def test_reading_does_not_wait_for_a_writer() -> None:
    seen: list[object] = []

    def read() -> None:
        with reading() as session:
            seen.append(session.get(TicketSequence, 2026))

    with transaction() as session:
        session.add(TicketSequence(year=2026, last=1))
        session.flush()
        reader = threading.Thread(target=read)
        reader.start()
        reader.join(20)
        assert seen == [None]


def test_sqlite_keeps_a_write_ahead_log_and_checks_references(tmp_path: object) -> None:
    engine = db.make_engine(f"sqlite:///{tmp_path}/deeper/new.db")
    with engine.connect() as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar() == 1
    engine.dispose()


def test_a_plain_postgresql_address_uses_the_installed_driver() -> None:
    engine = db.make_engine("postgresql://someone@localhost/x")
    assert engine.dialect.driver == "psycopg"
    engine.dispose()
