"""Ticket numbers: nine digits, said in three groups of three, the last one a check digit.

The first digit is the year's last, seven digits count within the year (and on, ten years later; ten million in all), the ninth is a Damm
check digit, which catches every single wrong digit and every swap of neighbours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

from sqlalchemy import Connection, Integer, Select, Table, bindparam, func, insert, select, text, update
from sqlalchemy.orm import Session
from stdnum import damm

from cases import audit
from cases.model import Ticket, TicketSequence
from nlu.entities.ticket import canonical

PER_YEAR = 10_000_000


class NotANumberError(ValueError):
    """The text is no ticket number."""


class NumbersExhaustedError(RuntimeError):
    """More tickets in one year than there are numbers."""


def compose(year: int, serial: int) -> str:
    """The number of the ``serial``-th ticket of ``year``."""
    if not 0 < serial < PER_YEAR:
        raise NumbersExhaustedError(f"no ticket number left for {year}: serial {serial}")
    body = f"{year % 10}{serial:07d}"
    return body + str(damm.calc_check_digit(body))


def spoken(number: str) -> str:
    """The number as it is shown and read out: 600-000-017."""
    return "-".join((number[:3], number[3:6], number[6:]))


def parse(text: str) -> str | None:
    """The plain number in ``text``, in any spelling a phone keyboard makes of it; None if it is not a valid one."""
    return canonical(text)


def required(text: str) -> str:
    """Like :func:`parse`, for a number a person typed.

    Raises:
        NotANumberError: it is none.
    """
    number = parse(text)
    if number is None:
        raise NotANumberError(f"{text!r} is no ticket number: nine digits whose check digit fits")
    return number


def take(session: Session, year: int) -> str:
    """Take the year's next number. Safe between processes.

    PostgreSQL counts with a sequence, so that filings need not wait for each other; a filing that fails leaves a gap.
    SQLite has one writer anyway and counts in a table.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return compose(year, _from_sequence(session, connection, year))
    serial = connection.scalar(_COUNTED, {"this": year})
    if serial is None:
        connection.execute(insert(TicketSequence).values(year=year, last=_ten_years_ago(connection, year)))
        serial = connection.execute(_COUNTED, {"this": year}).scalar_one()
    return compose(year, serial)


_SEQUENCE = cast(Table, TicketSequence.__table__)
_COUNTED = (
    update(_SEQUENCE)
    .where(_SEQUENCE.c.year == bindparam("this"))
    .values(last=_SEQUENCE.c.last + 1)
    .returning(_SEQUENCE.c.last)
)


_SEQUENCES: set[tuple[str, int]] = set()


def _from_sequence(session: Session, connection: Connection, year: int) -> int:
    name = f"ticket_number_{int(year)}"
    known = (str(connection.engine.url), year)
    if known not in _SEQUENCES:
        if connection.scalar(text("SELECT to_regclass(:name)"), {"name": name}) is None:
            _make_sequence(connection, name, year)
        else:
            _SEQUENCES.add(known)  # only what is committed for certain: one made here may yet be rolled back
    # A filing needs to know the version of the city's data too: one question instead of two.
    serial, version = connection.execute(_next(name)).one()
    audit.keep(session, version or "")
    return int(serial)


@lru_cache(maxsize=16)
def _next(name: str) -> Select[int, str | None]:
    return select(func.nextval(name, type_=Integer), audit.NEWEST.scalar_subquery())


def _make_sequence(connection: Connection, name: str, year: int) -> None:
    """Go on after the last number of the year, which an earlier version may have counted in the table."""
    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), {"name": name})
    counted = connection.scalar(select(TicketSequence.last).where(TicketSequence.year == year)) or 0
    last = max(int(counted), _ten_years_ago(connection, year))
    connection.execute(text(f"CREATE SEQUENCE IF NOT EXISTS {name} START {last + 1}"))


def _ten_years_ago(connection: Connection, year: int) -> int:
    """The last serial given out with the year's digit: numbers say the digit alone, so that ten years later counting goes on."""
    digit = str(year % 10)
    newest = connection.scalar(select(func.max(Ticket.number)).where(Ticket.number.between(digit, f"{digit}99999999")))
    return int(newest[1:8]) if newest else 0
