"""A request that may be sent again gets the answer it got, instead of being done twice (``Idempotency-Key``).

The key's row is written before the work and committed with it, so of two that come at once the second waits for the
first and then finds its answer.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import Depends, Header, Request
from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases.api.access import Caller, needs
from cases.api.errors import KeyReusedError
from cases.model import IdempotentRequest
from common.db import now, reading, transaction

KEPT = timedelta(days=7)
_TRIES = 3
Answer = dict[str, Any]


class _TakenError(RuntimeError):
    """Another request with this key was done while this one waited."""


async def digest(request: Request) -> str:
    """What tells two requests apart: where they were sent and what they bring, not its spelling."""
    raw = await request.body()
    try:
        brought = json.dumps(json.loads(raw), sort_keys=True)
    except (ValueError, RecursionError):  # a form, or nothing that will be taken
        brought = raw.hex()
    told = f"{request.method} {request.scope['path']}\n{brought}"
    return hashlib.sha256(told.encode("utf-8", "replace")).hexdigest()


Digest = Annotated[str, Depends(digest)]
Key = Annotated[
    str | None,
    Header(
        pattern=r"^[\x21-\x7e]{1,100}$",
        description="The same key and request within 7 days are done once and get the same answer",
    ),
]


@dataclass(frozen=True)
class Sending:
    """A request that changes something: who sends it, and what keeps it from being done twice."""

    caller: Caller
    key: str | None
    digest: str

    def once(self, work: Callable[[Session], Answer], status: int = 200) -> Answer:
        """Do ``work`` in a transaction, unless it was done for this key within KEPT.

        Args:
            work: gives an answer that may be kept.
            status: of HTTP, of that answer.

        Returns:
            The answer of the first time.

        Raises:
            KeyReusedError: the key was used with another request.
        """
        if self.key is None:
            with transaction() as session:
                return work(session)
        for _ in range(_TRIES):
            try:
                with transaction() as session:
                    return self._once(session, self.key, work, status)
            except _TakenError:
                continue
        raise KeyReusedError("requests with this key keep coming: send one at a time")

    def once_done(self, work: Callable[[Session], Answer], status: int = 200) -> Answer:
        """Like :meth:`once`, for work that waits for something before it touches the database.

        The key's row is written after the work, so that nobody else is kept waiting for the database meanwhile. Of two
        that come at once the later one's work is taken back.
        """
        if self.key is None:
            return self.once(work, status)
        for _ in range(_TRIES):
            with reading() as session:
                known = self._known(session, self.key)
            if known is not None:
                return known.answer
            try:
                with transaction() as session:
                    answer = work(session)
                    forget(session, now())
                    self._row(session, self.key, status).answer = answer
                    return answer
            except _TakenError:
                continue
        raise KeyReusedError("requests with this key keep coming: send one at a time")

    def _once(self, session: Session, key: str, work: Callable[[Session], Answer], status: int) -> Answer:
        forget(session, now())
        known = self._known(session, key)
        if known is not None:
            return known.answer
        row = self._row(session, key, status)
        row.answer = work(session)
        return row.answer

    @property
    def _sent(self) -> str:
        return hashlib.sha256(f"{self.caller.person}\n{self.digest}".encode()).hexdigest()

    def _known(self, session: Session, key: str) -> IdempotentRequest | None:
        known = session.get(IdempotentRequest, (self.caller.key, key))
        if known is None or known.at < now() - KEPT:
            return None
        if known.body_hash != self._sent:
            raise KeyReusedError("this Idempotency-Key was used with another body, address or person")
        return known

    def _row(self, session: Session, key: str, status: int) -> IdempotentRequest:
        row = IdempotentRequest(
            api_key_id=self.caller.key, key=key, body_hash=self._sent, at=now(), status=status, answer={}
        )
        session.add(row)
        try:
            session.flush()
        except IntegrityError as error:
            raise _TakenError from error
        return row

    def code(self, length: int) -> str | None:
        """A look-up code that follows from the caller's secret and the idempotency key; None without such a key.

        It need not be kept to be told again, and nobody else can find it.
        """
        if self.key is None:
            return None
        made = hmac.new(self.caller.secret.encode(), self.key.encode(), hashlib.sha256).digest()
        return f"{int.from_bytes(made[:8]) % 10**length:0{length}d}"


def sends(scope: str, slow: bool = False) -> Callable[..., Sending]:
    """A dependency: a request of a valid key with this scope, that may be sent again; see :func:`needs`.

    Raises:
        NoKeyError, ScopeMissingError, TooManyError: see :func:`cases.api.access.needs`.
    """

    # Annotations are read outside of this function, where there is no ``scope``.
    def sent(digest: Digest, caller: Caller = Depends(needs(scope, slow)), idempotency_key: Key = None) -> Sending:
        return Sending(caller, idempotency_key, digest)

    return sent


def forget(session: Session, at: datetime) -> None:
    """Drop requests older than KEPT."""
    session.execute(delete(IdempotentRequest).where(IdempotentRequest.at < at - KEPT))
