"""From a few hundred real lives of tickets to millions: copies with numbers, reporters, times and grids of their own."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import timedelta

import psycopg
from sqlalchemy import select

from cases import numbers, workflow
from cases.areas import AreaTree
from cases.model import Ticket, TicketEvent
from common.db import now, reading

YEARS = 3
REPORTERS = 1_000_000
STEP = 100_000  # tickets copied in one statement
LATELY = timedelta(days=14)  # open tickets are this young
OPEN_SHARE = 0.8  # of the tickets of that time
_OWN = {"id", "number", "source_key", "reporter", "grid", "community", "street", "county"}
_INDEXES = (
    "SELECT indexname, indexdef FROM pg_indexes WHERE tablename = ANY(%s) AND indexdef NOT LIKE 'CREATE UNIQUE%%'"
)


def _templates() -> tuple[list[int], list[int]]:
    """Ids of the lives that ended, and of those under way."""
    with reading() as session:
        rows = session.execute(select(Ticket.id, Ticket.status)).all()
    ended = [i for i, status in rows if status not in workflow.OPEN]
    return ended, [i for i, status in rows if status in workflow.OPEN]


def _grids() -> list[tuple[str, str, str, str]]:
    with reading() as session:
        tree = AreaTree.of(session)
    return [
        (g.code, a["community"].code, a["street"].code, a["county"].code)
        for g in tree.nodes.values()
        if g.level == "grid" and (a := tree.above(g.code))
    ]


def _plan(count: int, chance: random.Random) -> Iterator[tuple[object, ...]]:
    """For each copy: serial, number, template, seconds back, reporter, grid and what is above it."""
    ended, open_ = _templates()
    grids = _grids()
    span = YEARS * 365 * 86400
    year = now().year
    for serial in range(1, count + 1):
        back = chance.randrange(span)
        lively = back < LATELY.total_seconds() and chance.random() < OPEN_SHARE
        # A digit of years that are not counted now, so that new numbers never meet these.
        number = numbers.compose(year - 5, serial)
        template = chance.choice(open_ if lively else ended)
        yield (serial, number, template, back, f"r{chance.randrange(REPORTERS)}", *chance.choice(grids))


def multiply(url: str, count: int, seed: int = 1) -> None:
    """Make ``count`` copies of the tickets there are, spread over three years.

    Args:
        url: of the database, PostgreSQL.
        count: how many.
        seed: of the random choices.
    """
    tickets = [c.name for c in Ticket.__table__.columns if c.name not in _OWN]
    lines = [c.name for c in TicketEvent.__table__.columns if c.name not in ("id", "ticket_id")]
    dated = {c.name for t in (Ticket, TicketEvent) for c in t.__table__.columns if "DateTime" in type(c.type).__name__}

    def moved(names: list[str], alias: str) -> str:
        # A copy's moments all lie as much before now as its plan says the filing does.
        return ", ".join(f"{alias}.{n} + p.shift" if n in dated else f"{alias}.{n}" for n in names)

    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET synchronous_commit = off")
        columns = (
            "number text, template int, back int, reporter text, grid text, community text, street text, county text"
        )
        connection.execute(f"CREATE UNLOGGED TABLE plan (serial int, {columns})")
        with connection.cursor().copy("COPY plan FROM STDIN") as copy:
            for row in _plan(count, random.Random(seed)):
                copy.write_row(row)
        connection.execute("ALTER TABLE plan ADD COLUMN shift interval, ADD COLUMN id int")
        connection.execute(
            "UPDATE plan SET id = serial + (SELECT max(id) FROM ticket), shift = "
            "date_trunc('second', now() AT TIME ZONE 'UTC') - back * interval '1 second' - t.created_at "
            "FROM ticket t WHERE t.id = template"
        )
        connection.execute("CREATE INDEX ON plan (serial)")
        indexes = connection.execute(_INDEXES, [["ticket", "ticket_event"]]).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}")
        for first in range(1, count + 1, STEP):
            part = f"p.serial BETWEEN {first} AND {first + STEP - 1}"
            connection.execute(
                f"INSERT INTO ticket (id, number, reporter, grid, community, street, county, {', '.join(tickets)}) "
                f"SELECT p.id, p.number, p.reporter, p.grid, p.community, p.street, p.county, {moved(tickets, 't')} "
                f"FROM plan p JOIN ticket t ON t.id = p.template WHERE {part}"
            )
            connection.execute(
                f"INSERT INTO ticket_event (ticket_id, {', '.join(lines)}) SELECT p.id, {moved(lines, 'e')} "
                f"FROM plan p JOIN ticket_event e ON e.ticket_id = p.template WHERE {part} ORDER BY e.at"
            )
        for _, definition in indexes:
            connection.execute(definition)
        connection.execute("SELECT setval(pg_get_serial_sequence('ticket', 'id'), (SELECT max(id) FROM ticket))")
        connection.execute("DROP TABLE plan")
        connection.execute("VACUUM ANALYZE")
        connection.execute("CHECKPOINT")  # what loading left to write is no part of what is measured
