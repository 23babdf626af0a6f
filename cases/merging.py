"""Several reports of the same matter as one case (并案): one ticket is handled, the others follow its outcome."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.actor import Actor
from cases.history import record
from cases.model import Ticket
from cases.moves import open_for_change, run
from common.db import now


class MergeError(ValueError):
    """The two tickets cannot be merged; the message says why."""


def merge(
    session: Session, number: str, into: str, *, actor: Actor, version: int | None = None, at: datetime | None = None
) -> Ticket:
    """Let ``number`` follow the ticket ``into``. Tickets that followed ``number`` follow ``into`` from now on.

    Args:
        session: of the database; the caller commits.
        number: of the ticket that ends, plain digits.
        into: of the ticket that is handled.
        actor: who decides.
        version: the version of ``number`` the actor saw.
        at: when; by default now.

    Returns:
        The ticket that is handled.

    Raises:
        MergeError: with itself, or into one that is not open.
        TicketNotFoundError, StaleTicketError, IllegalTransitionError: as for every move.
    """
    if number == into:
        raise MergeError("a ticket cannot be merged into itself")
    moment = at or now()
    # Always in the same order, so that two people merging the same pair cannot wait for each other.
    first, second = sorted((number, into))
    opened = {n: open_for_change(session, n, version if n == number else None) for n in (first, second)}
    ticket, head = opened[number], opened[into]
    if head.status in workflow.ENDED:
        told = workflow.STATES[head.status]
        raise MergeError(f"{numbers.spoken(into)} is '{head.status}' ({told}): merge into a ticket that is still open")
    run(session, ticket, "merge", actor, f"并入 {numbers.spoken(into)}", data={"into": into}, at=moment)
    ticket.merged_into = head.id
    for follower in session.scalars(select(Ticket).where(Ticket.merged_into == ticket.id).order_by(Ticket.id)):
        follower.merged_into = head.id
    record(session, head, actor, "add", head.status, f"{numbers.spoken(number)} 并入本单", {"merged": number}, moment)
    head.urgent = head.urgent or ticket.urgent
    session.flush()
    return head


def followers(session: Session, ticket: Ticket) -> list[Ticket]:
    """The tickets merged into this one, oldest first: their reporters hear its outcome too."""
    query = select(Ticket).where(Ticket.merged_into == ticket.id).order_by(Ticket.id)
    return list(session.scalars(query))


def head_of(session: Session, ticket: Ticket) -> Ticket:
    """The ticket whose outcome counts: the one it was merged into, or itself."""
    return session.get_one(Ticket, ticket.merged_into) if ticket.merged_into else ticket
