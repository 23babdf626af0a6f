"""Follow-up visits: the next one is owed as the grade's rhythm says, until the grade changes or the ticket ends."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import case, select
from sqlalchemy.orm import Session

from cases import workflow
from cases.actor import Actor
from cases.areas import AreaTree
from cases.model import Ticket
from cases.moves import checked, open_for_change, run
from cases.risk.rules import rulebook
from common.db import now

MOST = 100
_COLUMNS = {"county": Ticket.county, "street": Ticket.street, "community": Ticket.community, "grid": Ticket.grid}


def _made(ticket: Ticket) -> int:
    """Visits made since the ticket got its grade."""
    made = 0
    for event in ticket.events:
        if event.action == "visit":
            made += 1
        elif event.action == "regrade" and (event.data or {}).get("from") != (event.data or {}).get("to"):
            made = 0
    return made


def visit(
    session: Session,
    number: str,
    note: str,
    *,
    actor: Actor,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """A follow-up visit was made; the next one is due as the grade's rhythm says.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        note: what was found.
        actor: worker, community, street, or an operator who called.
        at: when; by default now.
        version: the version the actor saw; None if they need not have seen the newest.

    Raises:
        TicketNotFoundError, StaleTicketError, IllegalTransitionError: as for every move; nothing was changed.
    """
    moment = at or now()
    ticket = open_for_change(session, number, version)
    checked(session, ticket, "visit", actor, note)
    if ticket.risk != "green":
        ticket.visit_due = rulebook().rhythms[ticket.risk].after(_made(ticket) + 1, moment)
    return run(session, ticket, "visit", actor, note, data={"risk": ticket.risk}, at=moment)


def due_visits(session: Session, at: datetime, area: str | None = None, limit: int = MOST) -> list[Ticket]:
    """Open tickets whose next visit is due, the red ones first, then the longest owed.

    Args:
        session: of the database.
        at: due by then.
        area: code of an area of any level; None for the whole city.
        limit: at most so many.

    Raises:
        LookupError: there is no such area.
    """
    query = select(Ticket).where(Ticket.visit_due <= at, Ticket.risk != "green", Ticket.status.in_(workflow.OPEN))
    if area is not None:
        node = AreaTree.of(session).nodes.get(area)
        if node is None:
            raise LookupError(f"there is no area {area!r}")
        if node.level in _COLUMNS:
            query = query.where(_COLUMNS[node.level] == area)
    red_first = case((Ticket.risk == "red", 0), else_=1)
    return list(session.scalars(query.order_by(red_first, Ticket.visit_due, Ticket.id).limit(limit)))
