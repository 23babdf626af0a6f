"""One migration history, the same on both databases, and equal to the models."""

from __future__ import annotations

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.command import downgrade
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import inspect

import bot.model
import cases.model
from common import db
from common.settings import ROOT

MODELS = (bot.model, cases.model)


def tables(url: str) -> set[str]:
    engine = db.make_engine(url)
    try:
        return set(inspect(engine).get_table_names())
    finally:
        engine.dispose()


def differences(url: str) -> list[Any]:
    engine = db.make_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": connection.dialect.name != "sqlite"})
        found = list(compare_metadata(context, db.Base.metadata))
    engine.dispose()
    return found


def test_an_empty_database_is_brought_to_what_the_models_say(empty_database: str) -> None:
    assert tables(empty_database) == set()
    db.upgrade()
    assert tables(empty_database) == {*db.Base.metadata.tables, "alembic_version"}
    assert differences(empty_database) == []


def test_upgrading_again_changes_nothing(empty_database: str) -> None:
    db.upgrade()
    before = tables(empty_database)
    db.upgrade()
    assert tables(empty_database) == before


def test_a_database_that_is_behind_would_be_noticed(empty_database: str) -> None:
    missing = {d[1].name for d in differences(empty_database) if d[0] == "add_table"}
    assert missing == set(db.Base.metadata.tables)


def test_the_history_can_be_gone_back(empty_database: str) -> None:
    db.upgrade()
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["url"] = empty_database
    downgrade(config, "base")
    assert tables(empty_database) == {"alembic_version"}
