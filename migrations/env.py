"""Alembic's entry: one migration history for the whole database."""

from alembic import context
from sqlalchemy import event

import bot.model  # noqa: F401
import cases.model  # noqa: F401
import knowledge.guiding.table  # noqa: F401
from common.db import Base, make_engine
from common.settings import settings

url = context.config.attributes.get("url") or settings().database
engine = make_engine(url)
sqlite = engine.dialect.name == "sqlite"
if sqlite:
    # A table is altered by copying it and dropping the old one, which SQLite refuses while rows refer to it. It cannot
    # be told so inside a transaction; what refers to nothing is looked for before the commit instead.
    event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA foreign_keys=OFF"))
with engine.connect() as connection:
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=sqlite)
    with context.begin_transaction():
        context.run_migrations()
    if sqlite and (lost := connection.exec_driver_sql("PRAGMA foreign_key_check").all()):
        told = "; ".join(f"{table} row {row} refers to no {parent}" for table, row, parent, _ in lost[:10])
        raise RuntimeError(f"the schema was not changed, as rows would refer to nothing: {told}")
    connection.commit()
engine.dispose()
