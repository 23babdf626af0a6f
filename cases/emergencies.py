"""平 / 急: an announced emergency changes what residents are told, and how urgent matching matters are and who gets them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases import audit
from cases.areas import AreaTree
from cases.model import Emergency, Ticket, Unit
from common.db import address_of, now
from nlu.taxonomy import taxonomy

LONGEST_DAYS = 60


class EmergencyError(ValueError):
    """The announcement has mistakes; ``problems`` lists them all."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the emergency was not announced:\n  " + "\n  ".join(problems))
        self.problems = problems


def announce(
    session: Session,
    *,
    title: str,
    text: str,
    areas: Sequence[str],
    matters: Sequence[str],
    until: datetime,
    by: str,
    unit: str | None = None,
    since: datetime | None = None,
) -> Emergency:
    """Announce an emergency.

    Args:
        session: of the database; the caller commits.
        title: what it is called, 特大暴雨.
        text: what residents are told when they write.
        areas: codes of the areas it holds in; everything under them too.
        matters: category or matter type codes that are urgent meanwhile.
        until: when it ends by itself; at most LONGEST_DAYS after it began.
        by: who announces it.
        unit: takes the matching matters meanwhile; None leaves the routing.
        since: when it begins; by default now.

    Raises:
        EmergencyError: listing every mistake; nothing was changed.
    """
    begin = since or now()
    tree = AreaTree.of(session)
    codes = {c.code for c in taxonomy().categories} | {t.code for t in taxonomy()}
    problems = [f"there is no area {code!r}" for code in areas if code not in tree.nodes]
    problems += [f"there is no category or matter type {code!r}" for code in matters if code not in codes]
    if not title.strip() or not text.strip():
        problems.append("it needs a title and a text for residents")
    if not areas:
        problems.append("it needs at least one area")
    if until <= max(begin, now()):
        problems.append(f"it would be over before it began: until {until:%Y-%m-%d %H:%M}")
    elif (until - begin).days > LONGEST_DAYS:
        problems.append(
            f"until {until:%Y-%m-%d} is more than {LONGEST_DAYS} days away: announce it again when it lasts"
        )
    if unit is not None and session.get(Unit, unit) is None:
        problems.append(f"there is no unit {unit!r}")
    if problems:
        raise EmergencyError(problems)
    made = Emergency(
        title=title.strip(),
        text=text.strip(),
        areas=list(areas),
        matters=list(matters),
        unit=unit,
        since=begin,
        until=until,
        announced_by=by,
    )
    session.add(made)
    session.flush()
    note = f"{'、'.join(tree.name(a) for a in areas)}；{'、'.join(matters) or '不改分派'}；至 {until.isoformat()}"
    audit.log(session, by, "emergency.announce", f"{made.id} {made.title}", note)
    return made


def end_emergency(session: Session, identity: int, *, by: str) -> Emergency:
    """End an emergency before its time.

    Raises:
        LookupError: there is none with this number, or it is over.
    """
    found = session.get(Emergency, identity)
    moment = now()
    if found is None or found.ended_at is not None or found.until <= moment:
        raise LookupError(f"no emergency {identity} is in force")
    found.ended_at, found.ended_by = moment, by
    session.flush()
    audit.log(session, by, "emergency.end", f"{found.id} {found.title}")
    return found


def in_force(session: Session, at: datetime | None = None, area: str | None = None) -> list[Emergency]:
    """Emergencies in force, the newest first.

    Args:
        session: of the database.
        at: when; by default now.
        area: only those that hold there; None for all.
    """
    moment = at or now()
    query = (
        select(Emergency)
        .where(Emergency.since <= moment, Emergency.until > moment, Emergency.ended_at.is_(None))
        .order_by(Emergency.id.desc())
    )
    path = set(AreaTree.of(session).path(area)) if area else None
    return [e for e in session.scalars(query) if path is None or path & set(e.areas)]


_LAST: dict[
    str, tuple[str, datetime | None]
] = {}  # per database: version of the city's data, end of the last emergency


def _is_peace(session: Session, at: datetime) -> bool:
    """Whether no emergency can be in force; in ordinary times this asks the database for nothing."""
    version, key = audit.version(session), address_of(session)
    known = _LAST.get(key)
    if known is None or known[0] != version:
        last = session.scalar(select(func.max(Emergency.until)).where(Emergency.ended_at.is_(None)))
        known = _LAST[key] = (version, last)
    return known[1] is None or known[1] <= at


def matching(session: Session, ticket: Ticket, at: datetime) -> Emergency | None:
    """The emergency a ticket falls under: its matter is named, and its place lies in one of the areas or is not known."""
    if _is_peace(session, at):
        return None
    area = ticket.grid or ticket.community or ticket.street or ticket.county
    for emergency in in_force(session, at, area):
        if {ticket.category, ticket.type} & set(emergency.matters):
            return emergency
    return None


def apply(session: Session, ticket: Ticket, at: datetime) -> None:
    """Make a new ticket urgent, and mark it, when it falls under an emergency."""
    found = matching(session, ticket, at)
    if found is not None:
        ticket.emergency, ticket.urgent = found.id, True
