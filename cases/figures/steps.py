"""How long the steps of the loop took: all stays that ended in the period (see ``stays``).

Most histories go straight through: one dispatch, nothing undone, nothing suspended. Their stays are found and packed
by the database, one row for each group and step. The others are read line by line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import ColumnElement, Select, String, and_, case, cast, exists, func, literal, or_, select
from sqlalchemy.orm import Session

from cases.clock.time import working_time
from cases.figures.ask import TIMES, Ask
from cases.figures.counts import NOT_HANDLED
from cases.figures.hours import Working
from cases.figures.moments import months_of, seconds, times_of, week_of
from cases.figures.stays import Line, Stay, stays
from cases.figures.tally import Hours, Numbers, Tally
from cases.figures.words import STEPS
from cases.model import Ticket, TicketEvent

# What ends each step in a history that goes straight through.
ENDS = {
    "dispatch": ("dispatch",),
    "accept": ("accept",),
    "handle": ("finish",),
    "verify": ("verify",),
    "evaluate": ("evaluate", "contest"),
}
SECONDS_A_DAY = 86400
# Most tickets whose stays end in a period were filed no longer before it.
REACH = timedelta(days=30)
BATCH = 500
ASTRAY = ("return", "suspend", "redo", "reopen", "split")


def _astray() -> ColumnElement[bool]:
    """Whether a line is none of a history that goes straight through."""
    again = and_(TicketEvent.action == "dispatch", TicketEvent.before == "dispatched")
    return or_(TicketEvent.action.in_(ASTRAY), again)


def _turns() -> ColumnElement[bool]:
    """Whether a line can begin or end a stay."""
    return or_(TicketEvent.before.is_distinct_from(TicketEvent.after), TicketEvent.action == "dispatch")


def _pieces(session: Session, ask: Ask) -> list[ColumnElement[bool]]:
    """Conditions that together choose the lines of all tickets of which a stay can have ended in the period.

    Those filed in the period or shortly before are found by their dates, and their lines lie together. The few older
    ones to which something happened are looked up one by one. PostgreSQL would rather read all lines there are.
    """
    first = ask.since - REACH
    handled = select(Ticket.id).where(Ticket.status.not_in(NOT_HANDLED), *ask.narrowed(None))
    filed_lately = handled.where(Ticket.created_at >= first, Ticket.created_at < ask.end)
    pieces = [and_(TicketEvent.at >= first, TicketEvent.at < ask.end, TicketEvent.ticket_id.in_(filed_lately))]
    young = exists().where(Ticket.id == TicketEvent.ticket_id, Ticket.created_at >= first)
    older = select(TicketEvent.ticket_id).where(ask.within(TicketEvent.at), _turns(), ~young).distinct()
    ids = sorted(session.scalars(older))
    for start in range(0, len(ids), BATCH):
        some = ids[start : start + BATCH]
        chosen = TicketEvent.ticket_id.in_(handled.where(Ticket.id.in_(some)))
        pieces.append(and_(TicketEvent.ticket_id.in_(some), TicketEvent.at < ask.end, chosen))
    return pieces


def _straight(ask: Ask, names: Sequence[str], piece: ColumnElement[bool]) -> Select[Any]:
    """For each group one text: of every ticket that went straight through the seconds it was reported and each step ended.

    The groups are those by ``names``, which are the ticket's own columns, and by unit. What has not happened is 0. A
    text for each group is fetched and read many times faster than a row for each ticket.
    """

    def first(test: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.min(case((test, TicketEvent.at)))

    lines = (
        select(
            TicketEvent.ticket_id,
            first(TicketEvent.after == "registered").label("begun"),
            *(first(TicketEvent.action.in_(actions)).label(step) for step, actions in ENDS.items()),
            func.max(case((TicketEvent.action == "dispatch", TicketEvent.unit))).label("unit"),
            func.max(case((_astray(), 1), else_=0)).label("astray"),
        )
        .where(piece)
        .group_by(TicketEvent.ticket_id)
        .subquery("lines")
    )
    together: ColumnElement[str] = literal("")
    for name in ("begun", *STEPS):
        together = together + cast(func.coalesce(seconds(lines.c[name]), 0), String) + ","
    keys = [getattr(Ticket, name).label(f"by_{name}") for name in names]
    keys += [lines.c.unit.label("by_unit")] if ask.by_unit else []
    query = select(*keys, func.aggregate_strings(together, "").label("times")).select_from(lines)
    # Not "= 0", which the planner takes for rare: it would sort millions of rows it thinks are few.
    query = query.where(lines.c.astray < 1).group_by(*(key.name for key in keys))
    return query.join(Ticket, Ticket.id == lines.c.ticket_id) if names else query


@dataclass(frozen=True)
class _Stays:
    """Stays in one step of one group, without days and weeks: when they ended, and the spans each consists of."""

    step: str
    group: Mapping[str, str | None]
    ended: Numbers
    begins: Numbers
    ends: Numbers
    of: Numbers | None = None  # to which stay each span belongs; None: one each

    def hours(self, working: Working) -> Hours:
        """How long each one took."""
        found = working.hours(self.begins, self.ends)
        if self.of is None:
            return found
        sums = (
            np.bincount(self.of, weights=values, minlength=len(self.ended)) for values in (found.clock, found.worked)
        )
        return Hours(*(total.astype(np.int64) for total in sums))


def _packed(session: Session, ask: Ask, piece: ColumnElement[bool]) -> Iterator[_Stays]:
    """The stays of straight histories."""
    names = _of_ticket(ask)
    units = ask.where.get("unit")
    since, until = (int(moment.timestamp()) for moment in (ask.since, ask.end))
    for row in session.execute(_straight(ask, names, piece)):
        if not row.times:
            continue
        times = np.fromstring(row.times[:-1], dtype=np.int64, sep=",").reshape(-1, 1 + len(STEPS))
        for place, step in enumerate(STEPS):
            unit = row.by_unit if ask.by_unit and step != "dispatch" else None
            begins, ends = times[:, place], times[:, place + 1]
            counted = (begins > 0) & (ends >= since) & (ends < until)
            if counted.any() and (units is None or unit in units):
                group = {**dict(zip(names, row, strict=False)), "unit": unit}
                yield _Stays(step, group, ends[counted], begins[counted], ends[counted])


def _of_ticket(ask: Ask) -> list[str]:
    return [name for name in ask.by if name not in {"unit", *TIMES}]


def _read(session: Session, ask: Ask, piece: ColumnElement[bool]) -> Iterator[_Stays]:
    """The stays of all other histories."""
    others = select(TicketEvent.ticket_id).where(piece, _astray())
    names = _of_ticket(ask)
    scored = TicketEvent.data["score"].as_string().is_not(None).label("scored")
    query = (
        select(
            TicketEvent.ticket_id,
            seconds(TicketEvent.at),
            TicketEvent.action,
            TicketEvent.after,
            TicketEvent.unit,
            scored,
        )
        .add_columns(*(getattr(Ticket, name) for name in names))
        .join(Ticket)
        .where(piece, TicketEvent.ticket_id.in_(others), _turns())
        .order_by(TicketEvent.ticket_id, TicketEvent.seq)
    )
    units = ask.where.get("unit")
    since = ask.since.timestamp()
    found: defaultdict[tuple[Any, ...], list[Stay]] = defaultdict(list)
    for _, rows in groupby(session.execute(query), itemgetter(0)):
        history = [
            (Line(at, action, after or "", unit, scored), own) for _, at, action, after, unit, scored, *own in rows
        ]
        for stay in stays(line for line, _ in history):
            if stay.end >= since and (units is None or stay.unit in units):
                found[(stay.step, stay.unit if ask.by_unit else None, *history[0][1])].append(stay)
    for (step, unit, *own), some in found.items():
        spans = np.array([span for stay in some for span in stay.spans], dtype=np.int64).reshape(-1, 2)
        of = np.repeat(np.arange(len(some)), [len(stay.spans) for stay in some])
        group = {**dict(zip(names, own, strict=True)), "unit": unit}
        yield _Stays(step, group, np.array([stay.end for stay in some]), spans[:, 0], spans[:, 1], of)


def _parted(ask: Ask, ended: Numbers) -> Iterator[tuple[Mapping[str, int], Any]]:
    """The local days stays ended in, as months, weeks and days, and which ones did."""
    if not ask.times:
        yield {}, slice(None)
        return
    begins = np.array([begin.timestamp() for begin, _ in ask.distances])
    shifts = np.array([shift for _, shift in ask.distances])
    days = (ended + shifts[np.searchsorted(begins, ended, side="right") - 1]) // SECONDS_A_DAY
    parts = week_of(days) if ask.times == ("week",) else months_of(days) if ask.times == ("month",) else days
    for some in np.unique(parts):
        chosen = parts == some
        yield times_of(int(days[chosen][0])), chosen


def steps(session: Session, ask: Ask, tally: Tally) -> None:
    """Collect how long every stay took that ended in the period."""
    pieces = _pieces(session, ask)
    found = [some for piece in pieces for some in (*_packed(session, ask, piece), *_read(session, ask, piece))]
    first = min((int(some.begins.min()) for some in found if len(some.begins)), default=0)
    working = Working(working_time(), first, int(ask.end.timestamp()))
    for some in found:
        hours = some.hours(working)
        for times, chosen in _parted(ask, some.ended):
            key = tuple(times[name] if name in times else some.group[name] for name in ask.by)
            tally.hours[key][some.step].append(Hours(hours.clock[chosen], hours.worked[chosen]))
