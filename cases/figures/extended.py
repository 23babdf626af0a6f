"""Which extended tickets were in time only because of their extensions.

A ticket keeps the due time it has, not the one it would have had. That one is found by running the ticket's history
through the clock again without the extensions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Label, Row, Select, select
from sqlalchemy.orm import Session

from cases.areas import AreaTree
from cases.clock import limits as clock
from cases.clock.limits import Limits
from cases.clock.time import working_time
from cases.figures.ask import Key
from cases.model import CatalogueRow, Ticket, TicketEvent

ANEW = frozenset({"reopen", "split"})
CLOCK_ACTIONS = ("suspend", "resume", "finish", "redo", "correct", "grant_extension", *sorted(ANEW))
_COLUMNS = (
    Ticket.id,
    Ticket.created_at,
    Ticket.urgent,
    Ticket.close_due,
    Ticket.finished_at,
    Ticket.type,
    Ticket.grid,
    Ticket.community,
    Ticket.street,
    Ticket.county,
)


def _replayed(row: Row[Any], lines: Sequence[Row[Any]], limits: Limits, *, extending: bool) -> datetime | None:
    """When the ticket would be due if its history happened again, with or without its extensions."""
    ticket = Ticket(urgent=row.urgent, status="registered", extensions=0)
    clock.start(ticket, limits, row.created_at)
    for line in lines:
        if line.action == "suspend":
            clock.suspend(ticket, line.at)
        elif line.action == "resume":
            clock.resume(ticket, line.at)
        elif line.action == "finish":
            clock.finished(ticket, line.at)
        elif line.action == "redo":
            clock.unfinished(ticket, line.at)
        elif line.action == "grant_extension" and extending:
            clock.extend(ticket, int(line.days), line.at)
        elif line.action == "correct" or line.action in ANEW:
            ticket.status = line.after
            clock.restart(ticket, limits, line.at, anew=line.action in ANEW)
    return ticket.close_due


def _granted(lines: Sequence[Row[Any]]) -> list[int]:
    """The working days of every extension since the clock was last started anew."""
    found: list[int] = []
    for line in lines:
        if line.action == "grant_extension":
            found.append(int(line.days))
        elif line.action in ANEW or (line.action == "correct" and line.after in clock.RUNNING):
            found = []
    return found


def _surely_late(row: Row[Any], granted: Sequence[int]) -> bool | None:
    """Whether a ticket in time would have been late without its extensions, where working time alone tells.

    An extension moves the due time by its working days, and at most up to the close of one day more. All else that
    moves a due time that goes by working days moves the other one as much.
    """
    if not granted:
        return False
    if row.urgent:
        return None
    working = working_time()
    left = working.between(row.finished_at, row.close_due)
    if left < sum(granted) * working.hours.length:
        return True
    return False if left >= (sum(granted) + len(granted)) * working.hours.length else None


def _taken_back(due: datetime, days: int) -> datetime:
    """The end of the working day so many working days before the day of ``due``."""
    working = working_time()
    day = due.astimezone(working.zone).date()
    while days > 0:
        day -= timedelta(days=1)
        days -= working.calendar.day(day).works
    return datetime.combine(day, working.hours.closes, working.zone).astimezone(UTC)


def _due_without(row: Row[Any], lines: Sequence[Row[Any]], limits: Limits) -> datetime:
    """When a ticket would have been due had it not been extended.

    Args:
        row: the ticket's ``_COLUMNS``.
        lines: the lines of its history that move the clock, in order.
        limits: of its matter at its place.

    Returns:
        The due time by the clock. If the clock does not come to the due time the ticket has (the catalogue was changed
        since, or a merged report made it urgent), the end of the day that many working days before the one it has.
    """
    if _replayed(row, lines, limits, extending=True) == row.close_due:
        plain = _replayed(row, lines, limits, extending=False)
        if plain is not None:
            return plain
    return _taken_back(row.close_due, sum(_granted(lines)))


class _Catalogue:
    """All limits of the routing catalogue, read once for many tickets; ``cases.routing`` looks one ticket's up.

    Args:
        session: of the database.
    """

    def __init__(self, session: Session) -> None:
        self._tree = AreaTree.of(session)
        self._rows = {(row.type, row.area): Limits.from_row(row) for row in session.scalars(select(CatalogueRow))}
        self._paths: dict[str | None, list[str]] = {}

    def limits(self, row: Row[Any]) -> Limits:
        """Those of the nearest area that has its own, of the whole city, or the usual ones."""
        area = row.grid or row.community or row.street or row.county
        if area not in self._paths:
            self._paths[area] = [*self._tree.path(area), ""]
        found = (self._rows.get((row.type, code)) for code in self._paths[area])
        return next((limits for limits in found if limits is not None), clock.DEFAULT)


def _histories(session: Session, conditions: Iterable[ColumnElement[bool]]) -> dict[int, list[Row[Any]]]:
    days = TicketEvent.data["days"].as_integer().label("days")
    chosen = select(Ticket.id).where(*conditions)
    query = select(TicketEvent.ticket_id, TicketEvent.action, TicketEvent.at, TicketEvent.after, days)
    query = query.where(TicketEvent.ticket_id.in_(chosen), TicketEvent.action.in_(CLOCK_ACTIONS))
    found: dict[int, list[Row[Any]]] = defaultdict(list)
    for line in session.execute(query.order_by(TicketEvent.ticket_id, TicketEvent.seq)):
        found[line.ticket_id].append(line)
    return found


def late_without(
    session: Session, keys: Sequence[Label[Any]], conditions: Sequence[ColumnElement[bool]]
) -> Iterator[Key]:
    """The groups, one for each ticket, of tickets that were in time only because they had been extended.

    Args:
        session: of the database.
        keys: the groupings as columns.
        conditions: that choose tickets which were extended and in time.
    """
    chosen: Select[Any] = select(*keys, *_COLUMNS)
    tickets = session.execute(chosen.where(*conditions)).all()
    lines = _histories(session, conditions) if tickets else {}
    catalogue = _Catalogue(session) if tickets else None
    for row in tickets:
        history = lines.get(row.id, [])
        late = _surely_late(row, _granted(history))
        if late is None and catalogue is not None:
            late = row.finished_at > _due_without(row, history, catalogue.limits(row))
        if late:
            yield tuple(row[: len(keys)])
