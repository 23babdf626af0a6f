"""What is kept of a ticket that also lives on the platform above: under which id, and how far either knows the other.

Until a ticket that goes up has its id there, the link's ``remote_id`` begins with ``~``: ``~pending:<number>`` while it
is on its way (``pulled_at`` says since when), ``~token:...`` while the platform has only given a token,
``~refused:<number>`` when it does not take it. ``remote_status`` is the platform's word, ``deleted`` when it does not
have the matter any more, or ``told`` after we told it of a closing or reopening: what it says next is our own news.
"""

from __future__ import annotations

import hashlib
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from cases.model import Ticket, UpstreamLink

KEY = "up:"  # begins the source key of every ticket that came from a platform above
_LONGEST_KEY = 80
PENDING, REFUSED = "~pending:", "~refused:"
DELETED = "deleted"
TOLD = "told"
_RECENT = 2000


def source_key(system: str, remote_id: str) -> str:
    """The source key of a ticket that came from above; long ids by their hash."""
    made = f"{KEY}{system}:{remote_id}"
    return (
        made if len(made) <= _LONGEST_KEY else f"{KEY}{system}:#{hashlib.sha256(remote_id.encode()).hexdigest()[:40]}"
    )


def is_known_there(link: UpstreamLink) -> bool:
    """Whether the ticket has its id on the platform."""
    return not link.remote_id.startswith("~")


def by_remote(session: Session, system: str, remote_id: str, *, hold: bool = False) -> UpstreamLink | None:
    """The link of a matter of the platform; with ``hold`` kept from others until commit."""
    query = select(UpstreamLink).where(UpstreamLink.system == system, UpstreamLink.remote_id == remote_id)
    return session.scalar(query.with_for_update() if hold else query)


def of_number(session: Session, system: str, number: str) -> UpstreamLink | None:
    """The link of one of our tickets."""
    query = select(UpstreamLink).join(Ticket, Ticket.id == UpstreamLink.ticket_id)
    return session.scalar(query.where(UpstreamLink.system == system, Ticket.number == number))


def newest_pull(session: Session, system: str) -> datetime | None:
    """Up to when the platform's matters were taken in: when the newest of them was filed there, or there was news of one
    (which is asked for only after all new ones were taken in)."""
    from_there = Ticket.source_key.startswith(f"{KEY}{system}:", autoescape=True)
    query = select(UpstreamLink.pulled_at).join(Ticket, Ticket.id == UpstreamLink.ticket_id)
    recent = query.where(UpstreamLink.system == system, from_there).order_by(Ticket.id.desc()).limit(_RECENT).subquery()
    newest: datetime | None = session.scalar(select(func.max(recent.c.pulled_at)))
    return newest
