"""What a ticket owes: verifying, feedback and closing, by when, and how near that is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row

from cases.clock.time import to_utc, working_time
from cases.model import CatalogueRow, Ticket

# The three, in the order they are owed. Who has given feedback has verified, and who has finished has done both, so
# what is open is always an end of this list.
DUES = ("verify", "feedback", "close")
# Urgent matters go by the clock on the wall, day and night.
URGENT_VERIFY = timedelta(hours=2)
URGENT_FEEDBACK = 2  # feedback is due after the hours to close, divided by this
# A due time is near when less than this part of the time since filing is left, and less than one working day.
DUE_SOON = 5  # a fifth: 20 %
MOST_DAYS = 366

# A ticket, or a row with the columns of its clock.
Clocked = Ticket | Row[Any]


@dataclass(frozen=True)
class Limits:
    """How long a matter may take: working days, and hours by the clock to close an urgent one.

    Raises:
        ValueError: a limit that is none, listing all of them.
    """

    verify_days: int
    feedback_days: int
    close_days: int
    urgent_hours: int

    def __post_init__(self) -> None:
        most = {"urgent_hours": MOST_DAYS * 24}
        wrong = [
            f"{name} must be 1 to {most.get(name, MOST_DAYS)}, not {value}"
            for name, value in vars(self).items()
            if not 1 <= value <= most.get(name, MOST_DAYS)
        ]
        if wrong:
            raise ValueError("; ".join(wrong))

    @classmethod
    def from_row(cls, row: CatalogueRow) -> Limits:
        """The limits of a row of the routing catalogue."""
        return cls(row.verify_days, row.feedback_days, row.close_days, row.urgent_hours)


# "1212" as Weihai runs it: verified within one working day, feedback within two, closed within twelve.
DEFAULT = Limits(1, 2, 12, 24)


def due_times(limits: Limits, at: datetime, urgent: bool) -> tuple[datetime, datetime, datetime]:
    """When a matter that starts at ``at`` is to be verified, fed back on and closed.

    None is later than the next: what is to be closed within a day is to be fed back on within that day as well.

    Raises:
        ValueError: ``at`` has no zone.
    """
    at = to_utc(at)
    if urgent:
        verify = at + URGENT_VERIFY
        feedback = at + timedelta(hours=limits.urgent_hours) / URGENT_FEEDBACK
        close = at + timedelta(hours=limits.urgent_hours)
    else:
        working = working_time()
        verify = working.add_working_days(at, limits.verify_days)
        feedback = working.add_working_days(at, limits.feedback_days)
        close = working.add_working_days(at, limits.close_days)
    feedback = min(feedback, close)
    return min(verify, feedback), feedback, close


def open_dues(ticket: Clocked) -> list[tuple[str, datetime]]:
    """What is not done yet, with its due time, nearest first; missed ones too."""
    times = (
        (ticket.verify_due, ticket.verified_at),
        (ticket.feedback_due, ticket.feedback_at),
        (ticket.close_due, ticket.finished_at),
    )
    return [(name, due) for name, (due, done) in zip(DUES, times, strict=True) if due is not None and done is None]


def is_soon(ticket: Clocked, due: datetime, at: datetime) -> bool:
    """Whether a due time that is still ahead is near: see ``DUE_SOON``.

    Time is working time, for urgent tickets that of the clock. It is counted from filing, also when the ticket was
    suspended, reopened or reclassified since: then the warning comes earlier, but never earlier than one working day.
    Of a ticket's due times an earlier one is near whenever a later one is.
    """
    working = working_time()
    left = due - at if ticket.urgent else working.between(at, due)
    if left >= working.hours.length:
        return False
    whole = due - ticket.created_at if ticket.urgent else working.between(ticket.created_at, due)
    return left * DUE_SOON < whole


def state_of(ticket: Clocked, at: datetime) -> str:
    """How a ticket stands with its time limits.

    Returns:
        ``paused`` while it is suspended; ``done`` when it is finished or ended; ``overdue`` when something that is not
        done was due before ``at``; ``soon`` when something is due soon; ``ok`` otherwise, also before its clock starts.
    """
    if ticket.suspended_at is not None:
        return "paused"
    if ticket.next_due is None:
        return "ok" if ticket.close_due is None else "done"
    if at > ticket.next_due:
        return "overdue"
    return "soon" if is_soon(ticket, ticket.next_due, at) else "ok"


def _after(name: str, marked: str | None) -> bool:
    """Whether a due comes after the one last marked."""
    return marked is None or DUES.index(name) > DUES.index(marked)


def unmarked(ticket: Clocked, at: datetime) -> Iterator[tuple[str, str, datetime]]:
    """What the history has yet to say of a ticket's due times: ``miss`` or ``warn``, which one, its time; in order."""
    for name, due in open_dues(ticket):
        if not _after(name, ticket.overdue):
            continue
        if at > due:
            yield "miss", name, due
        elif not is_soon(ticket, due, at):
            return  # nor is any later one
        elif _after(name, ticket.warned):
            yield "warn", name, due
