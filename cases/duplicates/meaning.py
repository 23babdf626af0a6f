"""The meanings of tickets: encoded once, kept in half precision beside the ticket."""

from __future__ import annotations

import numpy as np
from sqlalchemy.orm import Session

from cases.duplicates.reports import READ, Vector
from cases.model import Ticket, TicketMeaning
from nlu.text.normalise import for_model
from nlu.understand.encoder import default_encoder

STORED = np.dtype("<f2")


def remember(session: Session, ticket: Ticket) -> Vector:
    """Encode a ticket's text and keep its meaning; one that is kept already is not encoded again.

    Encoding takes 10 to 40 ms for a short text, so this is called after filing, not in it.

    Args:
        session: of the database; the caller commits.
        ticket: flushed, so that it has an id.

    Returns:
        The meaning, shape (dim,), unit length, as it is kept.
    """
    encoder = default_encoder()
    kept = session.get(TicketMeaning, ticket.id)
    if kept is not None and kept.encoder == encoder.name:
        known = vector(kept.vector)
        if known is not None:
            return known
    made = encoder.encode([for_model(ticket.text[:READ])])[0].astype(STORED)
    if kept is None:
        session.add(TicketMeaning(ticket_id=ticket.id, encoder=encoder.name, vector=made.tobytes()))
    else:
        kept.encoder, kept.vector = encoder.name, made.tobytes()
    session.flush()
    lasting: Vector = made.astype(np.float32)
    return lasting


def vector(kept: bytes | None) -> Vector | None:
    """A kept meaning as numbers; None when there is none or it is no vector of the shared encoder's size."""
    if kept is None or len(kept) != default_encoder().dim * STORED.itemsize:
        return None
    return np.frombuffer(kept, dtype=STORED).astype(np.float32)
