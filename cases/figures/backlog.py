"""What was open at the end of the period, how long since it was filed, and how that changed from day to day.

Tickets show what they are now. What they were before is read from their histories: a report on last month says
the same whenever it is made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, case, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from cases import workflow
from cases.figures.ask import TIMES, Ask, Key
from cases.figures.counts import unit_before
from cases.figures.tally import Tally, count
from cases.model import Ticket, TicketEvent

# The figure, and the age in days from which a ticket counts there.
AGES = (("open_3", 0), ("open_7", 3), ("open_15", 7), ("open_30", 15), ("open_older", 30))
# What opens, ends or hands over a ticket.
_TURNS = tuple(
    t.action
    for t in workflow.TRANSITIONS
    if t.action in {"dispatch", "return"}
    or (t.after is not None and ((t.after in workflow.ENDED) or not t.before or set(t.before) & workflow.ENDED))
)


def _was(column: InstrumentedAttribute[Any], told: InstrumentedAttribute[Any], ask: Ask) -> ColumnElement[Any]:
    """A ticket's column as it was when the period ended, told by the last line before."""
    last = (
        select(told)
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.at < ask.end)
        .order_by(TicketEvent.seq.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )
    return case((Ticket.updated_at < ask.end, column), else_=last)


def _ages(ask: Ask) -> dict[str, ColumnElement[bool]]:
    tests: dict[str, ColumnElement[bool]] = {"open": true()}
    older: ColumnElement[bool] | None = None
    for name, days in reversed(AGES):
        filed = Ticket.created_at <= ask.end - timedelta(days=days)
        tests[name] = and_(filed, ~older) if older is not None else filed
        older = filed
    return tests


def _changes(session: Session, ask: Ask) -> Tally:
    """How many tickets more were open after each day or week of the period than before it."""
    opened, were = TicketEvent.after.in_(workflow.OPEN), TicketEvent.before.in_(workflow.OPEN)
    source = TicketEvent.__table__.join(Ticket.__table__)
    found = Tally()
    turns = (ask.within(TicketEvent.at), TicketEvent.action.in_(_TURNS))
    for test, unit, sign in ((opened, TicketEvent.unit, 1), (were, unit_before(TicketEvent), -1)):
        side = unit if ask.by_unit else Ticket.unit
        count(session, ask, found, {"open": test}, *turns, unit=side, moment=TicketEvent.at, source=source, sign=sign)
    return found


def _spread(ask: Ask, at_end: Tally, changes: Tally, tally: Tally) -> None:
    """From what is open at the end, and how it changed, what was open at the end of each day or week."""
    places = [i for i, name in enumerate(ask.by) if name in TIMES]

    def apart(key: Key) -> tuple[Key, tuple[int, ...]]:
        others = tuple(v for i, v in enumerate(key) if i not in places)
        return others, tuple(int(key[i] or 0) for i in places)

    moved: defaultdict[Key, Counter[tuple[int, ...]]] = defaultdict(Counter)
    for key, counts in changes.counts.items():
        others, when = apart(key)
        moved[others][when] += counts["open"]
    by_group: defaultdict[Key, list[tuple[tuple[int, ...], Key]]] = defaultdict(list)
    for key in tally.groups() | changes.groups():
        others, when = apart(key)
        by_group[others].append((when, key))
    for others, keys in by_group.items():
        left, later = at_end.counts[others]["open"], sorted(moved[others].items())
        for when, key in sorted(keys, reverse=True):
            while later and later[-1][0] > when:
                left -= later.pop()[1]
            tally.counts[key]["open"] = left


def backlog(session: Session, ask: Ask, tally: Tally) -> Counter[str]:
    """Count what was open at the end of the period, in the groups and altogether.

    Grouped by days or weeks the groups have what was open at their end, without ages; it is no part of a sum.

    Returns:
        The counts of all groups together, at the end of the period.
    """
    plain = replace(ask, by=tuple(d for d in ask.by if d not in TIMES))
    at_end = Tally()
    unit = _was(Ticket.unit, TicketEvent.unit, ask) if ask.by_unit else Ticket.unit
    is_open = _was(Ticket.status, TicketEvent.after, ask).in_(workflow.OPEN)
    count(session, plain, at_end, _ages(ask), Ticket.created_at < ask.end, is_open, unit=unit, moment=Ticket.created_at)
    total: Counter[str] = Counter()
    for counts in at_end.counts.values():
        total.update(counts)
    if ask.times:
        _spread(ask, at_end, _changes(session, ask), tally)
    else:
        for key, counts in at_end.counts.items():
            tally.counts[key].update(counts)
    return total
