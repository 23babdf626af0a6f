"""A ticket's clock: functions that set its due times and what was done by when. They change the ticket, nothing else.

``next_due`` is always the nearest due time of what is not done, past or not; None while the ticket is suspended and
when nothing is owed. What was missed stays missed.
"""

from __future__ import annotations

from datetime import datetime

from cases.clock.dues import DEFAULT, Limits, due_times, open_dues, state_of
from cases.clock.sweep import sweep
from cases.clock.time import to_utc, working_time
from cases.model import Ticket

__all__ = [
    "DEFAULT",
    "Limits",
    "due_times",
    "extend",
    "fed_back",
    "finished",
    "restart",
    "resume",
    "start",
    "state_of",
    "stop",
    "suspend",
    "sweep",
    "unfinished",
    "verified",
]

# The states in which somebody owes something.
RUNNING = frozenset({"registered", "dispatched", "handling", "suspended"})


def _nearest(ticket: Ticket) -> datetime | None:
    if ticket.suspended_at is not None or ticket.finished_at is not None:
        return None
    return next((due for _, due in open_dues(ticket)), None)


def _settle(ticket: Ticket) -> None:
    """Find the nearest due time anew, unless the clock stands still."""
    if ticket.next_due is not None:
        ticket.next_due = _nearest(ticket)


def _set(ticket: Ticket, limits: Limits, at: datetime) -> None:
    """Give what is not done its whole time from ``at`` on."""
    verify, feedback, close = due_times(limits, at, ticket.urgent)
    if ticket.verified_at is None:
        ticket.verify_due = verify
    if ticket.feedback_at is None:
        ticket.feedback_due = feedback
    ticket.close_due = close
    ticket.warned = ticket.overdue = None
    ticket.next_due = _nearest(ticket)


def start(ticket: Ticket, limits: Limits, at: datetime) -> None:
    """Start the clock of a filed ticket.

    Args:
        ticket: whose ``urgent`` decides between working days and the clock on the wall.
        limits: of its matter at its place.
        at: when it was filed.

    Raises:
        ValueError: ``at`` has no zone.
    """
    moment = to_utc(at)
    ticket.verified_at = ticket.feedback_at = ticket.finished_at = ticket.suspended_at = None
    _set(ticket, limits, moment)


def restart(ticket: Ticket, limits: Limits, at: datetime, *, anew: bool = False) -> None:
    """Give what is not done its whole time again, by other limits perhaps.

    Args:
        ticket: a reclassified one; nothing happens to it when it owes nothing, being finished, ended or not filed yet.
        limits: that hold now.
        at: when.
        anew: the ticket was reopened or taken out of another: it is to be finished (again), whatever its state was.
            What had been verified and fed back stays done.
    """
    moment = to_utc(at)
    if anew:
        ticket.finished_at = ticket.suspended_at = None
    elif ticket.finished_at is not None or ticket.status not in RUNNING:
        return
    if ticket.suspended_at is not None:
        ticket.suspended_at = moment  # all of the new time is left when it is resumed
    _set(ticket, limits, moment)


def verified(ticket: Ticket, at: datetime) -> None:
    """The responsible unit has taken the matter up. Only the first time counts."""
    if ticket.verified_at is None:
        ticket.verified_at = to_utc(at)
    _settle(ticket)


def fed_back(ticket: Ticket, at: datetime) -> None:
    """The unit has told how it stands, so it has verified too. Only the first time counts."""
    verified(ticket, at)
    if ticket.feedback_at is None:
        ticket.feedback_at = to_utc(at)
    _settle(ticket)


def finished(ticket: Ticket, at: datetime) -> None:
    """The unit has finished, which is feedback too. Nothing is owed any more."""
    fed_back(ticket, at)
    if ticket.finished_at is None:
        ticket.finished_at = to_utc(at)
    ticket.next_due = None


def unfinished(ticket: Ticket, at: datetime | None = None) -> None:
    """The check found that it is not finished.

    Args:
        ticket: a finished one; otherwise nothing happens.
        at: when. What was left when it was finished is left again: the time of the check is not the unit's. None keeps
            the due time, so that the check counts.
    """
    since, ticket.finished_at = ticket.finished_at, None
    if since is None:
        return
    if at is not None:
        _shift(ticket, since, to_utc(at))
    ticket.next_due = _nearest(ticket)


def _shift(ticket: Ticket, since: datetime, at: datetime) -> None:
    """Move the open due times that were not missed at ``since``, so that as much is left at ``at`` as was left then."""
    at = max(at, since)
    working = working_time()
    for name, due in open_dues(ticket):
        if due < since:
            continue
        if ticket.urgent:
            moved = due + (at - since)
        else:
            moved = max(due, working.add(at, working.between(since, due)))
        setattr(ticket, f"{name}_due", moved)


def suspend(ticket: Ticket, at: datetime) -> None:
    """Stop the clock until :func:`resume`; a suspended ticket owes nothing meanwhile."""
    if ticket.suspended_at is None:
        ticket.suspended_at = to_utc(at)
    ticket.next_due = None


def resume(ticket: Ticket, at: datetime) -> None:
    """Let the clock run on: what was left is left again, in working time, for an urgent ticket by the clock.

    What had been missed before stays missed. Due times that were warned of are not warned of again.
    """
    since, ticket.suspended_at = ticket.suspended_at, None
    if since is None:
        return
    _shift(ticket, since, to_utc(at))
    ticket.next_due = _nearest(ticket)


def extend(ticket: Ticket, days: int, at: datetime) -> None:
    """Give more time to close, counted from when it is due, not from the decision.

    Args:
        ticket: also a suspended one; without a clock nothing happens.
        days: working days, at least 1, for urgent tickets too.
        at: when this was decided. If the new time is ahead then (or was when the ticket was suspended), it is warned
            of and missed anew.

    Raises:
        ValueError: less than one day.
    """
    if ticket.close_due is None:
        return
    ticket.close_due = working_time().add_working_days(ticket.close_due, days)
    if ticket.close_due > (ticket.suspended_at or to_utc(at)):
        # Of the earlier ones only those still open matter from here on, and of these the last was marked before.
        last = next((name for name, _ in reversed(open_dues(ticket)) if name != "close"), None)
        ticket.warned = last if ticket.warned == "close" else ticket.warned
        ticket.overdue = last if ticket.overdue == "close" else ticket.overdue
    _settle(ticket)


def stop(ticket: Ticket) -> None:
    """The ticket has ended, or waits for the resident's word: nothing is owed. Due times stay, for the reports."""
    ticket.next_due = ticket.suspended_at = None
