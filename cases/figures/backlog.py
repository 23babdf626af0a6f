"""What was open at the end of the period, how long since it was filed, and how that changed from day to day.

Tickets show what they are now. What they were before is read from their histories: a report on last month says
the same whenever it is made.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import replace
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, select, true
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


def _was(told: InstrumentedAttribute[Any], ask: Ask) -> ColumnElement[Any]:
    """What the last line of a ticket's history before the end of the period tells."""
    return (
        select(told)
        .where(TicketEvent.ticket_id == Ticket.id, TicketEvent.at < ask.end)
        .order_by(TicketEvent.seq.desc())
        .limit(1)
        .correlate(Ticket)
        .scalar_subquery()
    )


def _open(session: Session, ask: Ask) -> Tally:
    """What was open at the end of the period, in the groups.

    What has not changed since is open now: the index by state finds it. What has is found by the index of lines by time.
    """
    found = Tally()
    filed = Ticket.created_at < ask.end
    now = (Ticket.updated_at < ask.end, Ticket.status.in_(workflow.OPEN))
    changed = select(TicketEvent.ticket_id).where(TicketEvent.at >= ask.end)
    then = (Ticket.updated_at >= ask.end, Ticket.id.in_(changed), _was(TicketEvent.after, ask).in_(workflow.OPEN))
    count(session, ask, found, _ages(ask), filed, *now, unit=Ticket.unit, moment=Ticket.created_at)
    unit = _was(TicketEvent.unit, ask) if ask.by_unit else Ticket.unit
    count(session, ask, found, _ages(ask), filed, *then, unit=unit, moment=Ticket.created_at)
    return found


def _ages(ask: Ask) -> dict[str, ColumnElement[bool]]:
    tests: dict[str, ColumnElement[bool]] = {"open": true()}
    older: ColumnElement[bool] | None = None
    for name, days in reversed(AGES):
        filed = Ticket.created_at <= ask.end - timedelta(days=days)
        tests[name] = and_(filed, ~older) if older is not None else filed
        older = filed
    return tests


def _changes(session: Session, ask: Ask) -> Tally:
    """How many tickets more were open after each day, week or month of the period than before it."""
    opened, were = TicketEvent.after.in_(workflow.OPEN), TicketEvent.before.in_(workflow.OPEN)
    source = TicketEvent.__table__.join(Ticket.__table__)
    found = Tally()
    turns = (ask.within(TicketEvent.at), TicketEvent.action.in_(_TURNS))
    for test, unit, sign in ((opened, TicketEvent.unit, 1), (were, unit_before(TicketEvent), -1)):
        side = unit if ask.by_unit else Ticket.unit
        count(session, ask, found, {"open": test}, *turns, unit=side, moment=TicketEvent.at, source=source, sign=sign)
    return found


def _spread(ask: Ask, at_end: Tally, changes: Tally, tally: Tally) -> None:
    """From what is open at the end, and how it changed, what was open at the end of each day, week or month."""
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

    Grouped by days, weeks or months the groups have what was open at their end, without ages; it is no part of a sum.

    Returns:
        The counts of all groups together, at the end of the period.
    """
    at_end = _open(session, replace(ask, by=tuple(d for d in ask.by if d not in TIMES)))
    total: Counter[str] = Counter()
    for counts in at_end.counts.values():
        total.update(counts)
    if ask.times:
        _spread(ask, at_end, _changes(session, ask), tally)
    else:
        for key, counts in at_end.counts.items():
            tally.counts[key].update(counts)
    return total
