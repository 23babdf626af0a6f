"""Whistles (吹哨): a community calls several departments to one ticket, each checks in (报到) within its limit, and what
is not settled in time goes up one level (网格 → 社区 → 镇街 → 区县 → 市)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.actor import SYSTEM, Actor
from cases.clock import time as working
from cases.history import record
from cases.model import LEVELS, Ticket, Unit, Whistle, WhistleCall
from cases.moves import UnknownUnitError, known_units, open_for_change, run
from common.db import now

# kind: (name, hours of working time to check in, working days to settle it at one level)
KINDS = {
    "joint": ("问题联动哨", 4, 2),  # a problem that several departments share
    "concern": ("民心哨", 8, 3),  # something that is on many residents' minds
    "muster": ("集结哨", 1, 1),  # everybody is needed at once
}
HOUR = 3600
BATCH = 200


class WhistleError(ValueError):
    """A whistle cannot be blown, answered or ended; the message says why."""


def current(session: Session, ticket_id: int) -> Whistle | None:
    """The whistle that has not ended."""
    return session.scalar(select(Whistle).where(Whistle.ticket_id == ticket_id, Whistle.ended_at.is_(None)))


def above(level: str) -> str | None:
    """The level over ``level``; None over the city."""
    place = LEVELS.index(level)
    return LEVELS[place - 1] if place else None


def blow(
    session: Session,
    number: str,
    units: Sequence[str],
    reason: str,
    *,
    actor: Actor,
    kind: str = "joint",
    at: datetime | None = None,
) -> Whistle:
    """Call units to a ticket.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        units: codes of the units called.
        reason: what they are needed for.
        actor: community, street, operator or supervisor.
        kind: a key of ``KINDS``.
        at: when; by default now.

    Raises:
        WhistleError: no such kind, nobody called, or a whistle is still blown for the ticket.
        UnknownUnitError: there is no such unit.
        IllegalTransitionError: not in this state, or not by this actor.
    """
    if kind not in KINDS:
        raise WhistleError(f"there is no whistle {kind!r}; there are: {', '.join(KINDS)}")
    called = list(dict.fromkeys(units))
    if not called:
        raise WhistleError("a whistle calls at least one unit")
    known = {u.code: u.name for u in session.scalars(select(Unit).where(Unit.code.in_(called)))}
    missing = [code for code in called if code not in known]
    if missing:
        raise UnknownUnitError(f"no such unit: {', '.join(missing)}. There are: {known_units(session)}")
    moment = at or now()
    ticket = open_for_change(session, number)
    if current(session, ticket.id):
        raise WhistleError(f"a whistle is still blown for {numbers.spoken(number)}: end it before blowing another")
    name, hours, days = KINDS[kind]
    said = f"{name}：{'、'.join(known[c] for c in called)}。{reason}"
    run(session, ticket, "whistle", actor, said, data={"kind": kind, "units": called}, at=moment)
    due = working.add_working_seconds(moment, hours * HOUR)
    made = Whistle(
        ticket_id=ticket.id,
        kind=kind,
        at=moment,
        called_by=actor.id,
        level=actor.role if actor.role in LEVELS else ticket.level,
        reason=reason,
        due=working.add_working_days(moment, days),
        calls=[WhistleCall(unit=code, due=due, missed=False) for code in called],
    )
    session.add(made)
    session.flush()
    return made


def check_in(
    session: Session,
    number: str,
    *,
    actor: Actor,
    unit: str | None = None,
    note: str | None = None,
    at: datetime | None = None,
) -> WhistleCall:
    """A called unit reports that it is there. Late is better than never, and is kept as late.

    Raises:
        WhistleError: no whistle is blown, the unit was not called, or has checked in already.
    """
    moment = at or now()
    ticket = open_for_change(session, number)
    whistle = current(session, ticket.id)
    code = unit or actor.unit
    call = next((c for c in whistle.calls if c.unit == code), None) if whistle else None
    if whistle is None or call is None:
        called = ", ".join(c.unit for c in whistle.calls) if whistle else "nobody"
        raise WhistleError(f"{code} was not called to {numbers.spoken(number)}; called: {called}")
    if call.checked_in_at:
        raise WhistleError(f"{code} has checked in already")
    run(session, ticket, "check_in", actor, note, data={"unit": code, "late": moment > call.due}, at=moment)
    call.checked_in_at, call.checked_in_by, call.note = moment, actor.id, note
    session.flush()
    return call


def end_whistle(session: Session, number: str, outcome: str, *, actor: Actor, at: datetime | None = None) -> Whistle:
    """The problem is settled, or the whistle was blown in vain: say how it ended.

    Raises:
        WhistleError: no whistle is blown.
    """
    moment = at or now()
    ticket = open_for_change(session, number)
    whistle = current(session, ticket.id)
    if whistle is None:
        raise WhistleError(f"no whistle is blown for {numbers.spoken(number)}")
    run(session, ticket, "end_whistle", actor, outcome, at=moment)
    whistle.ended_at, whistle.outcome = moment, outcome
    session.flush()
    return whistle


def escalate(session: Session, number: str, reason: str, *, actor: Actor, at: datetime | None = None) -> Ticket:
    """Raise a ticket one level.

    Raises:
        WhistleError: it is with the city already.
    """
    moment = at or now()
    ticket = open_for_change(session, number)
    level = above(ticket.level)
    if level is None:
        raise WhistleError(f"{numbers.spoken(number)} is with the city already; nobody is above")
    return _raised(session, ticket, level, reason, actor, moment)


def _raised(session: Session, ticket: Ticket, level: str, reason: str, actor: Actor, moment: datetime) -> Ticket:
    run(session, ticket, "escalate", actor, reason, data={"from": ticket.level, "to": level}, at=moment)
    ticket.level = level
    session.flush()
    return ticket


def sweep(session: Session, at: datetime | None = None) -> tuple[int, int]:
    """Mark units that did not check in, and raise whistles that were not settled at their level in time.

    Returns:
        How many calls were missed, and how many tickets were raised.
    """
    moment = at or now()
    late = (
        select(WhistleCall)
        .join(Whistle)
        .where(
            Whistle.ended_at.is_(None),
            WhistleCall.checked_in_at.is_(None),
            WhistleCall.missed.is_(False),
            WhistleCall.due < moment,
        )
        .limit(BATCH)
    )
    missed = 0
    for call in list(session.scalars(late)):
        call.missed = True
        ticket = open_for_change(session, session.get_one(Ticket, call.whistle.ticket_id).number)
        if ticket.status in workflow.OPEN:
            record(
                session, ticket, SYSTEM, "miss", ticket.status, f"{call.unit} 未按时报到", {"unit": call.unit}, moment
            )
        missed += 1
    raised = 0
    unsettled = select(Whistle).where(Whistle.ended_at.is_(None), Whistle.due < moment).limit(BATCH)
    for whistle in list(session.scalars(unsettled)):
        ticket = open_for_change(session, session.get_one(Ticket, whistle.ticket_id).number)
        level = above(whistle.level)
        if ticket.status not in workflow.OPEN:
            whistle.ended_at, whistle.outcome = moment, f"工单{workflow.STATES[ticket.status]}"
            continue
        _, _, days = KINDS[whistle.kind]
        whistle.due = working.add_working_days(moment, days)
        if level is None:
            continue  # the city has it; it stays there until somebody ends it
        _raised(session, ticket, level, f"吹哨后{whistle.level}级未按时解决", SYSTEM, moment)
        whistle.level = level
        raised += 1
    session.flush()
    return missed, raised
