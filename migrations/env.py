"""Alembic's entry: one migration history for the whole database."""

from alembic import context

import bot.model  # noqa: F401
import cases.model  # noqa: F401
from common.db import Base, make_engine
from common.settings import settings

url = context.config.attributes.get("url") or settings().database
engine = make_engine(url)
with engine.connect() as connection:
    context.configure(
        connection=connection, target_metadata=Base.metadata, render_as_batch=connection.dialect.name == "sqlite"
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
engine.dispose()
