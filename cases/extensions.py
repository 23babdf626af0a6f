"""More time for a ticket (延期): asked for with a reason, granted or not by somebody above."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers
from cases.actor import Actor
from cases.clock import limits as clock
from cases.model import Extension
from cases.moves import open_for_change, run
from common.db import now

MOST_DAYS = 12  # working days in one request: as long again as the ordinary limit
MOST_TIMES = 2


class ExtensionError(ValueError):
    """More time cannot be asked for or decided on; the message says why."""


def open_request(session: Session, ticket_id: int) -> Extension | None:
    """The request nobody has decided on yet."""
    query = select(Extension).where(Extension.ticket_id == ticket_id, Extension.decided_at.is_(None))
    return session.scalar(query)


def ask_extension(
    session: Session, number: str, days: int, reason: str, *, actor: Actor, at: datetime | None = None
) -> Extension:
    """Ask for more time.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        days: working days, 1 to MOST_DAYS.
        reason: why it is needed.
        actor: of the unit that has the ticket.

    Raises:
        ExtensionError: too many days, asked too often, or a request is open.
        IllegalTransitionError: not in this state, or not by this actor.
    """
    ticket = open_for_change(session, number)
    if not 1 <= days <= MOST_DAYS:
        raise ExtensionError(f"{days} working days cannot be asked for: 1 to {MOST_DAYS}")
    if ticket.extensions >= MOST_TIMES:
        raise ExtensionError(
            f"{numbers.spoken(number)} has been extended {ticket.extensions} times; no more than {MOST_TIMES}"
        )
    if open_request(session, ticket.id):
        raise ExtensionError(f"{numbers.spoken(number)} has a request that nobody has decided on yet")
    moment = at or now()
    run(session, ticket, "ask_extension", actor, reason, data={"days": days}, at=moment)
    made = Extension(ticket_id=ticket.id, at=moment, asked_by=actor.id, days=days, reason=reason)
    session.add(made)
    session.flush()
    return made


def decide_extension(
    session: Session, number: str, granted: bool, *, actor: Actor, note: str | None = None, at: datetime | None = None
) -> Extension:
    """Grant the open request, or deny it with a reason. Granted days are added to the day it is to be closed by.

    Raises:
        ExtensionError: there is no open request.
        IllegalTransitionError: not by this actor, or no reason for a denial.
    """
    ticket = open_for_change(session, number)
    request = open_request(session, ticket.id)
    if request is None:
        raise ExtensionError(f"nobody has asked for more time for {numbers.spoken(number)}")
    moment = at or now()
    action = "grant_extension" if granted else "deny_extension"
    run(session, ticket, action, actor, note, data={"days": request.days}, at=moment)
    request.decided_at, request.decided_by, request.granted, request.note = moment, actor.id, granted, note
    if granted:
        ticket.extensions += 1
        clock.extend(ticket, request.days, moment)
    session.flush()
    return request
