"""The morning report (晨报) of a supervisor: what yesterday was like, and what cannot wait today."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.clock.dues import open_dues
from cases.clock.time import working_time
from cases.figures import privacy
from cases.figures.ask import Ask, Question, Wanted, ask
from cases.figures.counts import NOT_HANDLED
from cases.figures.limits import DUES
from cases.figures.moments import begin_of
from cases.figures.names import Names
from cases.figures.query import query
from cases.figures.words import words
from cases.model import Ticket
from common.db import now

SATISFACTION_DAYS = 7
SHOWN = 5  # tickets of a list that are told one by one
UNITS_SHOWN = 10
OPEN = Ticket.status.in_(workflow.OPEN)
# What makes an open ticket one to look at, whatever it owes.
KEY: dict[str, ColumnElement[bool]] = {
    "red": Ticket.risk == "red",
    "supervised": Ticket.supervised.is_(True),
    "urgent": Ticket.urgent.is_(True),
}


@dataclass(frozen=True)
class Listed:
    """A ticket of a list: plain number; matter, place and unit as they are called; what it owes first, by when; why it is
    a key ticket, out of ``KEY``."""

    number: str
    matter: str
    place: str
    unit: str
    due: str | None
    due_at: datetime | None
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Report:
    """The report on the morning of ``day``.

    ``filed``, ``closed`` and ``missed`` (tickets of which a due time passed unmet) are yesterday's. What is open, overdue,
    due soon (by the end of the next working day, ``until``) or a key ticket is so at the moment of looking, ``at``;
    the tickets told are at most ``SHOWN``, those due first first, and ``late`` has all units with overdue ones, those
    with most first. The rest is of the last seven days; ``satisfaction`` is None if fewer than five have said a word.
    """

    day: date
    at: datetime
    until: datetime
    zone: ZoneInfo
    filed: int
    closed: int
    missed: int
    open: int
    overdue: int
    late: tuple[tuple[str, int], ...]
    overdue_tickets: tuple[Listed, ...]
    soon: int
    due_today: int
    soon_tickets: tuple[Listed, ...]
    red: int
    supervised: int
    urgent: int
    key: int
    key_tickets: tuple[Listed, ...]
    closed_lately: int
    evaluated: int
    satisfaction: float | None
    hot_spots: tuple[str, ...]


def morning(
    session: Session,
    day: date,
    hot_spots: Sequence[str] = (),
    *,
    area: str | None = None,
    where: Mapping[str, Wanted] | None = None,
    at: datetime | None = None,
) -> Report:
    """The report on the morning of a day.

    Args:
        session: of the database; nothing is changed.
        day: today, local time.
        hot_spots: what is told under hot spots, a line each.
        area: of any level: its own report.
        where: which tickets, as in a :class:`cases.figures.Question`: a unit's own report.
        at: the moment to look from; by default now. Tickets are shown as they are, whenever that was.

    Raises:
        FigureError: ``area`` or ``where`` has mistakes.
    """
    moment = at or now()

    def asked(days: int, *parts: str) -> Question:
        return Question(day - timedelta(days=days), day, where=where or {}, area=area, parts=parts, at=moment)

    yesterday = query(session, asked(1, "filing", "closing")).total.values
    lately = query(session, asked(SATISFACTION_DAYS, "closing")).total.values
    before = ask(session, asked(1))
    looking = _Looking(session, before)
    today = begin_of(day, before.zone)
    until = working_time().add_working_days(today, 1)
    late = and_(Ticket.next_due < before.at, OPEN)
    soon = and_(Ticket.next_due >= max(before.at, today), Ticket.next_due <= until, OPEN)
    key = and_(or_(*KEY.values()), OPEN)
    return Report(
        day=day,
        at=before.at,
        until=until,
        zone=before.zone,
        filed=int(yesterday["filed"] or 0),
        closed=int(yesterday["closed"] or 0),
        missed=looking.count(_missed(before)),
        open=looking.count(OPEN),
        overdue=looking.count(late),
        late=looking.by_unit(late),
        overdue_tickets=looking.some(late),
        soon=looking.count(soon),
        due_today=looking.count(and_(soon, Ticket.next_due < begin_of(day + timedelta(days=1), before.zone))),
        soon_tickets=looking.some(soon),
        **{name: looking.count(and_(test, OPEN)) for name, test in KEY.items()},
        key=looking.count(key),
        key_tickets=looking.some(key),
        closed_lately=int(lately["closed"] or 0),
        evaluated=int(lately["evaluated"] or 0),
        satisfaction=lately["satisfaction_rate"],
        hot_spots=tuple(hot_spots),
    )


def _missed(before: Ask) -> ColumnElement[bool]:
    """Tickets of which a due time fell on the day before and was not met."""
    missed = []
    for due, done in DUES.values():
        running = or_(done.is_not(None), Ticket.suspended_at.is_(None), due < Ticket.suspended_at)
        missed.append(and_(before.within(due), or_(done.is_(None), done > due), running))
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

    def by_unit(self, which: ColumnElement[bool]) -> tuple[tuple[str, int], ...]:
        """Units and how many they have, those with most first."""
        query = select(Ticket.unit, func.count()).where(which, *self.where).group_by(Ticket.unit)
        counts = sorted(
            ((unit, number) for unit, number in self.session.execute(query)), key=lambda c: (-c[1], c[0] or "")
        )
        return tuple((self.names.name("unit", unit), number) for unit, number in counts)

    def _listed(self, ticket: Ticket) -> Listed:
        due, due_at = next(iter(open_dues(ticket)), (None, None)) if ticket.next_due else (None, None)
        matter = self.names.name("type", ticket.type) if ticket.type else self.names.name("category", ticket.category)
        key = {"red": ticket.risk == "red", "supervised": ticket.supervised, "urgent": ticket.urgent}
        return Listed(
            ticket.number,
            matter,
            ticket.place or str(words()["morning"]["nowhere"]),
            self.names.name("unit", ticket.unit),
            due,
            due_at,
            tuple(name for name in KEY if key[name]),
        )


def _line(listed: Listed, zone: ZoneInfo) -> str:
    said = words()["morning"]
    number = numbers.spoken(listed.number)
    line = str(said["ticket"].format(number=number, matter=listed.matter, place=listed.place, unit=listed.unit))
    if listed.due is not None and listed.due_at is not None:
        line += said["owed"].format(due=said["dues"][listed.due], at=f"{listed.due_at.astimezone(zone):%m-%d %H:%M}")
    if listed.reasons:
        line += said["reasons"].format(reasons="、".join(said["why"][name] for name in listed.reasons))
    return line


def _satisfaction(report: Report) -> str:
    said = words()["morning"]
    told: dict[str, object] = {"closed": report.closed_lately, "evaluated": report.evaluated, "least": privacy.LEAST}
    if report.satisfaction is not None:
        return str(said["satisfaction"].format(**told, rate=f"{report.satisfaction:.1%}"))
    return str(said["few" if report.evaluated else "nobody"].format(**told))


def spoken(report: Report) -> str:
    """The report as a text of several lines, for a message or a page."""
    said = words()["morning"]
    until = f"{report.until.astimezone(report.zone):%m-%d %H:%M}"
    lines = [said[key].format(**{**vars(report), "until": until}) for key in ("title", "yesterday", "today")]
    lines.append(_satisfaction(report))
    units = "，".join(said["unit"].format(unit=unit, count=count) for unit, count in report.late[:UNITS_SHOWN])
    if len(report.late) > UNITS_SHOWN:
        units += said["units"].format(count=len(report.late))
    for heading, count, tickets in (
        (said["late"] + units, report.overdue, report.overdue_tickets),
        (said["soon"], report.soon, report.soon_tickets),
        (said["key"].format(**vars(report)), report.key, report.key_tickets),
    ):
        if count:
            lines += [heading, *(_line(ticket, report.zone) for ticket in tickets)]
        if count > len(tickets):
            lines.append(said["more"].format(count=count - len(tickets)))
    if report.hot_spots:
        lines += [said["hot_spots"], *(f"  {spot}" for spot in report.hot_spots)]
    return "\n".join(lines)
