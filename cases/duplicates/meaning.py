"""The meanings of tickets: encoded once, kept in half precision beside the ticket.

The encoder is the caller's (``nlu.understand.encoder.default_encoder()`` in the worker): nothing here loads a model.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases.duplicates.reports import READ, Vector
from cases.model import Ticket, TicketMeaning
from nlu.text.normalise import for_model

if TYPE_CHECKING:
    from nlu.understand.encoder import Encoder

STORED = np.dtype("<f2")


def remember(session: Session, ticket: Ticket, encoder: Encoder) -> Vector:
    """Encode a ticket's text and keep its meaning; one that this encoder made already is not made again.

    Encoding takes 10 to 40 ms for a short text, so this is called after filing, not in it.

    Args:
        session: of the database; the caller commits.
        ticket: flushed, so that it has an id.
        encoder: turns a text into a unit vector; meanings of different encoders are not compared.

    Returns:
        The meaning, shape (encoder.dim,), unit length, as it is kept.
    """
    kept = session.get(TicketMeaning, ticket.id)
    if kept is not None and kept.encoder == encoder.name:
        known = vector(kept.vector, encoder.dim)
        if known is not None:
            return known
    made = encoder.encode([for_model(ticket.text[:READ])])[0].astype(STORED)
    if kept is not None:
        kept.encoder, kept.vector = encoder.name, made.tobytes()
        session.flush()
    else:
        with suppress(IntegrityError), session.begin_nested():  # another process may have kept it meanwhile
            session.add(TicketMeaning(ticket_id=ticket.id, encoder=encoder.name, vector=made.tobytes()))
    lasting: Vector = made.astype(np.float32)
    return lasting


def vector(kept: bytes | None, dim: int) -> Vector | None:
    """A kept meaning as numbers; None when there is none or it has not ``dim`` of them."""
    if kept is None or len(kept) != dim * STORED.itemsize:
        return None
    return np.frombuffer(kept, dtype=STORED).astype(np.float32)
