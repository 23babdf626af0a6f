"""Tickets filed lately that were not compared with the others yet: whoever runs the backend calls :func:`compare`.

It is done after filing and not in it, since making a text's meaning takes longer than the rest of a filing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from sqlalchemy import select

from cases import workflow
from cases.duplicates.suggesting import suggest
from cases.model import Ticket, TicketMeaning
from common.db import reading, transaction

if TYPE_CHECKING:
    from nlu.understand.encoder import Encoder

LOOK_BACK = timedelta(days=2)  # a worker that was away longer leaves what is older to ``suggest`` on demand
BATCH = 50


def waiting(at: datetime, limit: int = BATCH) -> list[int]:
    """Ids of tickets that still have to be compared, oldest first.

    Args:
        at: the moment that counts as now.
        limit: the most.
    """
    with reading() as session:
        lately = (
            select(Ticket.id)
            .outerjoin(TicketMeaning, TicketMeaning.ticket_id == Ticket.id)
            .where(Ticket.created_at >= at - LOOK_BACK, Ticket.status.in_(workflow.OPEN))
            .where(TicketMeaning.ticket_id.is_(None))
        )
        return list(session.scalars(lately.order_by(Ticket.id).limit(limit)))


def compare(encoder: Encoder, at: datetime) -> int:
    """Compare what is waiting, each in a transaction of its own.

    Args:
        encoder: makes the meanings.
        at: the moment that counts as now.

    Returns:
        How many suggestions are new or renewed.
    """
    suggested = 0
    for identity in waiting(at):
        with transaction() as session:
            suggested += len(suggest(session, session.get_one(Ticket, identity), encoder, at))
    return suggested
