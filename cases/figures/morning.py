"""The morning report (晨报) of a supervisor: what yesterday was like, and what cannot wait today."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.clock.dues import open_dues
from cases.figures.ask import Ask, ask
from cases.figures.counts import NOT_HANDLED
from cases.figures.limits import DUES
from cases.figures.moments import begin_of
from cases.figures.names import Names
from cases.figures.query import query
from cases.figures.words import words
from cases.model import Ticket
from common.db import now

SATISFACTION_DAYS = 7
SHOWN = 10  # tickets of a list that are told one by one


@dataclass(frozen=True)
class Listed:
    """A ticket of a list: plain number, matter, place and unit as they are called; what it owes first and since when."""

    number: str
    matter: str
    place: str
    unit: str
    due: str | None
    due_at: datetime | None


@dataclass(frozen=True)
class Late:
    """A unit's overdue tickets, those due first first. ``count`` is of all, ``tickets`` are at most ``SHOWN``."""

    unit: str | None
    name: str
    count: int
    tickets: tuple[Listed, ...]


@dataclass(frozen=True)
class Report:
    """The report on the morning of ``day``.

    ``filed``, ``closed`` and ``missed`` (tickets of which a due time passed unmet) are yesterday's. ``due_today``,
    ``overdue``, ``red`` and ``supervised`` are as it was at the moment of looking, ``at``. The rest is of the last seven
    days; ``satisfaction`` is None if nobody said a word.
    """

    day: date
    at: datetime
    zone: ZoneInfo
    filed: int
    closed: int
    missed: int
    due_today: int
    overdue: int
    late: tuple[Late, ...]
    red: int
    red_tickets: tuple[Listed, ...]
    supervised: int
    supervised_tickets: tuple[Listed, ...]
    closed_lately: int
    evaluated: int
    satisfaction: float | None
    hot_spots: tuple[str, ...]


def morning(
    session: Session,
    day: date,
    hot_spots: Sequence[str] = (),
    *,
    where: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Report:
    """The report on the morning of a day.

    Args:
        session: of the database; nothing is changed.
        day: today, local time.
        hot_spots: what is told under hot spots, a line each.
        where: which tickets, as for :func:`cases.figures.query`: a street's own report.
        at: the moment to look from; by default now. Tickets are shown as they are, whenever that was.

    Raises:
        FigureError: ``where`` has mistakes.
    """
    moment = at or now()
    whole = ask(day, day + timedelta(days=1), (), where, (), moment)
    before = day - timedelta(days=1)
    yesterday = query(session, before, day, (), where, parts=("filing", "closing"), at=moment).total.values
    lately = query(
        session, day - timedelta(days=SATISFACTION_DAYS), day, (), where, parts=("closing",), at=moment
    ).total.values
    looking = _Looking(session, whole)
    late = and_(Ticket.next_due < whole.at, Ticket.status.in_(workflow.OPEN))
    red = and_(Ticket.risk == "red", Ticket.status.in_(workflow.OPEN))
    supervised = and_(Ticket.supervised.is_(True), Ticket.status.in_(workflow.OPEN))
    today = and_(Ticket.next_due >= max(whole.at, whole.since), Ticket.next_due < whole.until)
    units = looking.late(late)
    return Report(
        day=day,
        at=whole.at,
        zone=whole.zone,
        filed=int(yesterday["filed"] or 0),
        closed=int(yesterday["closed"] or 0),
        missed=looking.count(_missed(begin_of(before, whole.zone), min(whole.since, whole.at))),
        due_today=looking.count(and_(today, Ticket.status.in_(workflow.OPEN))),
        overdue=sum(unit.count for unit in units),
        late=units,
        red=looking.count(red),
        red_tickets=looking.some(red),
        supervised=looking.count(supervised),
        supervised_tickets=looking.some(supervised),
        closed_lately=int(lately["closed"] or 0),
        evaluated=int(lately["evaluated"] or 0),
        satisfaction=lately["satisfaction_rate"],
        hot_spots=tuple(hot_spots),
    )


def _missed(since: datetime, until: datetime) -> ColumnElement[bool]:
    """Tickets of which a due time fell between the two and was not met."""
    missed = []
    for due, done in DUES.values():
        running = or_(done.is_not(None), Ticket.suspended_at.is_(None), due < Ticket.suspended_at)
        missed.append(and_(due >= since, due < until, or_(done.is_(None), done > due), running))
    return and_(or_(*missed), Ticket.status.not_in(NOT_HANDLED))


class _Looking:
    """Counts and lists of tickets as they are now, for one report."""

    def __init__(self, session: Session, asked: Ask) -> None:
        self.session, self.names = session, Names(session)
        self.where = asked.narrowed(Ticket.unit)

    def count(self, which: ColumnElement[bool]) -> int:
        return self.session.scalar(select(func.count()).select_from(Ticket).where(which, *self.where)) or 0

    def some(self, which: ColumnElement[bool]) -> tuple[Listed, ...]:
        """The first of them, those due first first."""
        query = select(Ticket).where(which, *self.where)
        query = query.order_by(Ticket.next_due.is_(None), Ticket.next_due, Ticket.id).limit(SHOWN)
        return tuple(self._listed(ticket) for ticket in self.session.scalars(query))

    def late(self, which: ColumnElement[bool]) -> tuple[Late, ...]:
        """By unit, those with most first."""
        query = select(Ticket.unit, func.count()).where(which, *self.where).group_by(Ticket.unit)
        counts: list[tuple[str | None, int]] = [(unit, number) for unit, number in self.session.execute(query)]
        return tuple(
            Late(
                unit,
                self.names.name("unit", unit),
                number,
                self.some(and_(which, Ticket.unit == unit if unit is not None else Ticket.unit.is_(None))),
            )
            for unit, number in sorted(counts, key=lambda c: (-c[1], c[0] or ""))
        )

    def _listed(self, ticket: Ticket) -> Listed:
        due, due_at = next(iter(open_dues(ticket)), (None, None)) if ticket.next_due else (None, None)
        matter = self.names.name("type", ticket.type) if ticket.type else self.names.name("category", ticket.category)
        unit = self.names.name("unit", ticket.unit)
        return Listed(ticket.number, matter, ticket.place or words()["morning"]["nowhere"], unit, due, due_at)


def spoken(report: Report) -> str:
    """The report as a text of several lines, for a message or a page."""
    said = words()["morning"]

    def line(listed: Listed) -> str:
        named = {"number": numbers.spoken(listed.number), "matter": listed.matter, "place": listed.place}
        if listed.due is None or listed.due_at is None:
            return str(said["ticket"].format(**named, unit=listed.unit))
        at = f"{listed.due_at.astimezone(report.zone):%m-%d %H:%M}"
        return str(said["line"].format(**named, due=said["dues"][listed.due], at=at))

    def listing(tickets: Sequence[Listed], count: int) -> list[str]:
        more = [said["more"].format(count=count - len(tickets))] if count > len(tickets) else []
        return [*map(line, tickets), *more]

    rate = f"{report.satisfaction:.1%}" if report.satisfaction is not None else ""
    lately = {"closed": report.closed_lately, "evaluated": report.evaluated, "rate": rate}
    lines = [said[key].format(**vars(report)) for key in ("title", "yesterday", "today")]
    lines.append(said["satisfaction" if rate else "nobody"].format(**lately))
    for unit in report.late:
        lines += [said["unit"].format(unit=unit.name, count=unit.count), *listing(unit.tickets, unit.count)]
    for heading, tickets, count in (
        ("red", report.red_tickets, report.red),
        ("supervised", report.supervised_tickets, report.supervised),
    ):
        if count:
            lines += [said[heading], *listing(tickets, count)]
    if report.hot_spots:
        lines += [said["hot_spots"], *(f"  {spot}" for spot in report.hot_spots)]
    return "\n".join(lines)
