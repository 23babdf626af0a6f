"""Changing a ticket by a request: it is the caller's, it has the version they saw, it is done once, it is told after."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response
from sqlalchemy.orm import Session

from cases import service
from cases.api import tickets_out
from cases.api.access import find, hold
from cases.api.errors import documented
from cases.api.idempotency import Answer, Sending, sends
from cases.api.tickets_out import TicketDetail
from cases.api.versions import ETAG, Seen, tag
from cases.service import Actor, TicketNotFoundError
from common.db import reading

ANSWERS = {200: ETAG, **documented(404, 409, 412, 413, 422)}
# Gets the session, the ticket's plain number, and who does it.
Work = Callable[[Session, str, Actor], object]


@dataclass(frozen=True)
class Changing:
    """A request to change a ticket."""

    sending: Sending
    seen: int | None
    response: Response

    def run(self, number: str, work: Work, other: str | None = None) -> TicketDetail:
        """Do ``work`` with a ticket.

        Args:
            number: the ticket's, in any spelling.
            work: what is done.
            other: number of another ticket that it touches.

        Returns:
            The ticket as it is then. A request that is sent again gets what it got, with what was said, where and by
            whom as it stands now: of that no second copy is kept.

        Raises:
            NotANumberError, TicketNotFoundError, StaleVersionError: see :mod:`cases.api.access`.
        """
        caller, told = self.sending.caller, None

        def once(session: Session) -> Answer:
            nonlocal told
            own = find(session, caller, number)
            touched = {own} if other is None else {own, find(session, caller, other)}
            # Always in the same order, so that two who touch the same two cannot wait for each other.
            held = {n: hold(session, caller, n, self.seen if n == own else None) for n in sorted(touched)}
            work(session, own, caller.acting_on(held[own]))
            session.flush()
            told = tickets_out.detail(session, held[own], caller)
            return told.without_personal().model_dump(mode="json")

        kept = self.sending.once(once)
        told = told or self._again(TicketDetail.model_validate(kept))
        tag(self.response, told.version)
        return told

    def _again(self, kept: TicketDetail) -> TicketDetail:
        caller = self.sending.caller
        with reading() as session:
            try:
                ticket = service.get(session, find(session, caller, kept.number))
            except TicketNotFoundError:  # not the caller's any more
                return kept
            return kept.with_personal_of(tickets_out.detail(session, ticket, caller))


def changes(scope: str) -> Callable[..., Changing]:
    """A dependency: a request to change a ticket, by a key with this scope."""

    def changing(seen: Seen, response: Response, sending: Sending = Depends(sends(scope))) -> Changing:
        return Changing(sending, seen, response)

    return changing


Acting = Annotated[Changing, Depends(changes("tickets:act"))]
Adding = Annotated[Changing, Depends(changes("tickets:write"))]
