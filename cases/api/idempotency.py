"""A request that may be sent again gets the answer it got, instead of being done twice (``Idempotency-Key``).

The key's row is written before the work and committed with it, so of two that come at once the second waits for the
first and then finds its answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases.api.access import Caller
from cases.api.errors import KeyReusedError
from cases.model import IdempotentRequest
from common.db import now, transaction

KEPT = timedelta(days=7)
_TRIES = 3
Done = tuple[int, dict[str, Any]]


class _TakenError(RuntimeError):
    """Another request with this key was done while this one waited."""


def digest(caller: Caller, body: dict[str, Any]) -> str:
    """What tells two bodies apart: their content and for whom they were sent, not their spelling."""
    text = json.dumps([caller.person, body], ensure_ascii=True, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def code_of(caller: Caller, key: str, length: int) -> str:
    """A look-up code that follows from the caller's secret and the idempotency key.

    It need not be kept to be told again, and nobody else can find it.
    """
    made = hmac.new(caller.secret.encode(), key.encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(made[:8]) % 10**length:0{length}d}"


def once(caller: Caller, key: str, body: str, work: Callable[[Session], Done]) -> Done:
    """Do ``work`` in a transaction, unless it was done for this key within KEPT.

    Args:
        caller: whose key it is; keys of others are others.
        key: the idempotency key.
        body: see :func:`digest`.
        work: gives a status and an answer that may be kept.

    Returns:
        The status and the answer of the first time.

    Raises:
        KeyReusedError: it was used with another body.
    """
    for _ in range(_TRIES):
        try:
            with transaction() as session:
                return _once(session, caller, key, body, work)
        except _TakenError:
            continue
    raise KeyReusedError("requests with this key keep coming: send one at a time")


def _once(session: Session, caller: Caller, key: str, body: str, work: Callable[[Session], Done]) -> Done:
    moment = now()
    forget(session, moment)
    known = session.get(IdempotentRequest, (caller.key, key))
    if known is not None:
        if known.body_hash != body:
            raise KeyReusedError("this Idempotency-Key was used with another body")
        return known.status, known.answer
    row = IdempotentRequest(api_key_id=caller.key, key=key, body_hash=body, at=moment, status=0, answer={})
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise _TakenError from error
    row.status, row.answer = work(session)
    return row.status, row.answer


def forget(session: Session, at: datetime) -> None:
    """Drop requests older than KEPT."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.at < at - KEPT))
