"""How long the steps of the loop took: all stays that ended in the period (see ``stays``).

Most histories go straight through: one dispatch, nothing undone, nothing suspended. Their stays are found and packed
by the database, one row for each group and step. The others are read line by line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
from sqlalchemy import (
    CTE,
    ColumnElement,
    Row,
    String,
    and_,
    case,
    cast,
    func,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from cases.clock.time import working_time
from cases.figures.ask import TIMES, Ask, Key
from cases.figures.counts import NOT_HANDLED
from cases.figures.hours import Working
from cases.figures.moments import seconds, week_of
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
ASTRAY = ("return", "suspend", "redo", "reopen", "split")


def _astray() -> ColumnElement[bool]:
    """Whether a line is none of a history that goes straight through."""
    again = and_(TicketEvent.action == "dispatch", TicketEvent.before == "dispatched")
    return or_(TicketEvent.action.in_(ASTRAY), again)


def _turns() -> ColumnElement[bool]:
    """Whether a line can begin or end a stay."""
    return or_(TicketEvent.before.is_distinct_from(TicketEvent.after), TicketEvent.action == "dispatch")


def _looked_at(ask: Ask) -> ColumnElement[bool]:
    """Lines of tickets something can have ended of in the period."""
    tickets = select(Ticket.id).where(
        Ticket.created_at < ask.end,
        Ticket.updated_at >= ask.since,
        Ticket.status.not_in(NOT_HANDLED),
        *ask.narrowed(None),
    )
    return and_(TicketEvent.ticket_id.in_(tickets), TicketEvent.at < ask.end)


def _histories(ask: Ask, names: Sequence[str]) -> CTE:
    """For each ticket when each step ended, if it went straight through: then ``astray`` is 0.

    ``begun`` is when the first step began; ``unit`` had the ticket from dispatching on; ``names`` are columns of the
    ticket itself, joined when the lines have become one row.
    """

    def first(test: ColumnElement[bool]) -> ColumnElement[Any]:
        return func.min(case((test, TicketEvent.at)))

    ends = [first(TicketEvent.action.in_(actions)).label(step) for step, actions in ENDS.items()]
    lines = (
        select(
            TicketEvent.ticket_id,
            first(TicketEvent.after == "registered").label("begun"),
            *ends,
            func.max(case((TicketEvent.action == "dispatch", TicketEvent.unit))).label("unit"),
            func.max(case((_astray(), 1), else_=0)).label("astray"),
        )
        .where(_looked_at(ask))
        .group_by(TicketEvent.ticket_id)
        .subquery("lines")
    )
    if not names:
        return select(lines).cte("histories")
    columns = [getattr(Ticket, name).label(f"ticket_{name}") for name in names]
    return select(lines, *columns).join(Ticket, Ticket.id == lines.c.ticket_id).cte("histories")


def _packed(session: Session, ask: Ask) -> Iterator[tuple[str, Key, Numbers]]:
    """Begin and end of all stays of straight histories, in turn, by step and group.

    What must hold of a stay is asked where it is packed, not in WHERE: the planner takes times in a period for rare, and
    would sort millions of rows it thought were few.
    """
    names = _of_ticket(ask)
    histories = _histories(ask, names)
    queries = []
    for begun, step in zip(("begun", *STEPS), STEPS, strict=False):
        begin, end = histories.c[begun], histories.c[step]
        unit: ColumnElement[Any] = cast(null(), String) if step == "dispatch" else histories.c.unit
        keys = ask.keys(unit, end, {name: histories.c[f"ticket_{name}"] for name in names})
        both = cast(seconds(begin), String) + "," + cast(seconds(end), String)
        packed = func.aggregate_strings(case((and_(ask.within(end), begin.is_not(None)), both)), ",")
        queries.append(
            select(literal(step).label("step"), *keys, packed.label("times"))
            .where(histories.c.astray < 1, *ask.narrowed_unit(unit))
            .group_by(*(key.name for key in keys))
        )
    for row in session.execute(union_all(*queries)):
        if row.times:
            yield row.step, tuple(row[1:-1]), np.fromstring(row.times, dtype=np.int64, sep=",")


def _of_ticket(ask: Ask) -> list[str]:
    return [name for name in ask.by if name not in {"unit", *TIMES}]


def _read(session: Session, ask: Ask) -> Iterator[tuple[str, Key, Stay]]:
    """The stays of all other histories, with their groups."""
    others = select(TicketEvent.ticket_id).where(_looked_at(ask), _astray())
    names = _of_ticket(ask)
    scored = TicketEvent.data["score"].as_string().is_not(None).label("scored")
    at = seconds(TicketEvent.at).label("at")
    query = (
        select(TicketEvent.ticket_id, at, TicketEvent.action, TicketEvent.after, TicketEvent.unit, scored)
        .add_columns(*(getattr(Ticket, name) for name in names))
        .join(Ticket)
        .where(TicketEvent.ticket_id.in_(others), TicketEvent.at < ask.end, _turns())
        .order_by(TicketEvent.ticket_id, TicketEvent.seq)
    )
    units = ask.where.get("unit")
    since = ask.since.timestamp()
    for _, rows in groupby(session.execute(query), itemgetter(0)):
        history = list(rows)
        for stay in stays(
            [Line(at, action, after or "", unit, scored) for _, at, action, after, unit, scored, *_ in history]
        ):
            if stay.end >= since and (units is None or stay.unit in units):
                yield stay.step, _key(ask, history[0], stay), stay


def _key(ask: Ask, row: Row[Any], stay: Stay) -> Key:
    day = _local_day(ask, stay.end) if ask.times else 0
    special = {"unit": stay.unit, "day": day, "week": week_of(day)}
    return tuple(special[name] if name in special else getattr(row, name) for name in ask.by)


def _local_day(ask: Ask, moment: int) -> int:
    shift = next(shift for begin, shift in reversed(ask.distances) if begin.timestamp() <= moment)
    return (moment + shift) // 86400


def steps(session: Session, ask: Ask, tally: Tally) -> None:
    """Collect how long every stay took that ended in the period."""
    straight = list(_packed(session, ask))
    read: defaultdict[tuple[str, Key], list[Stay]] = defaultdict(list)
    for step, key, stay in _read(session, ask):
        read[step, key].append(stay)
    begins = [int(times.min()) for *_, times in straight]
    begins += [span[0] for some in read.values() for stay in some for span in stay.spans[:1]]
    working = Working(working_time(), min(begins, default=0), int(ask.end.timestamp()))
    for step, key, times in straight:
        tally.hours[key][step].append(working.hours(times[::2], times[1::2]))
    for (step, key), some in read.items():
        tally.hours[key][step].append(_summed(working, some))


def _summed(working: Working, some: list[Stay]) -> Hours:
    """The times of stays that consist of several spans."""
    spans = np.array([span for stay in some for span in stay.spans], dtype=np.int64)
    which = np.repeat(np.arange(len(some)), [len(stay.spans) for stay in some])
    found = working.hours(spans[:, 0], spans[:, 1])
    sums = [np.zeros(len(some), dtype=np.int64) for _ in range(2)]
    for total, values in zip(sums, (found.clock, found.worked), strict=True):
        np.add.at(total, which, values)
    return Hours(*sums)
