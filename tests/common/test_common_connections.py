"""Connections of PostgreSQL that lay idle while the server ended them."""

from __future__ import annotations

import pytest
from databases import fresh_postgresql
from sqlalchemy import text

from common import db


@pytest.fixture
def server() -> db.Engine:
    return db.make_engine(fresh_postgresql())


def ended(server: db.Engine) -> None:
    """The server ends all idle connections, as it does when it is restarted."""
    other = db.make_engine(server.url.render_as_string(hide_password=False))
    with other.connect() as connection:
        connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
    other.dispose()


def test_a_connection_that_was_ended_while_it_lay_idle_is_replaced(
    server: db.Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "IDLE", 0.0)
    with server.begin() as connection:
        connection.execute(text("CREATE TABLE kept (n int)"))
    ended(server)
    with server.begin() as connection:
        connection.execute(text("INSERT INTO kept VALUES (1)"))
        assert connection.scalar(text("SELECT count(*) FROM kept")) == 1
    server.dispose()


def test_a_live_connection_is_used_again(server: db.Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(db, "IDLE", 0.0)
    with server.connect() as connection:
        first = connection.scalar(text("SELECT pg_backend_pid()"))
    with server.connect() as connection:
        assert connection.scalar(text("SELECT pg_backend_pid()")) == first
    server.dispose()
