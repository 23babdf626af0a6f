"""Who asks, what they may do, and which tickets are theirs."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated

from fastapi import Depends, Header, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from sqlalchemy import ColumnElement, String, cast, false, or_, select, true
from sqlalchemy.orm import Session

from cases import numbers
from cases.actor import Actor
from cases.api import keys
from cases.api.errors import NoKeyError, PersonMissingError, ScopeMissingError, StaleVersionError
from cases.api.rates import Rates
from cases.areas import AreaTree
from cases.model import Ticket, Whistle, WhistleCall
from cases.moves import open_for_change
from cases.service import TicketNotFoundError
from common.db import reading

bearer = HTTPBearer(auto_error=False, scheme_name="key", description="A key made at the terminal: `xg_<id>_<secret>`")
PERSON = r"^[A-Za-z0-9._:@+-]{1,48}$"


@dataclass(frozen=True)
class Caller:
    """The key that asks, and the person it acts for, if it said so.

    ``person`` is that reference made unlike those of other keys and of the city's own channels.
    """

    key: int
    name: str
    role: str
    unit: str | None
    area: str | None
    scopes: frozenset[str]
    person: str | None
    secret: str = field(repr=False)

    @property
    def by(self) -> str:
        """What histories call it."""
        return f"key:{self.name}"

    @property
    def actor(self) -> Actor:
        """Who this is to the workflow."""
        if self.role == "resident":
            return Actor("resident", self.person)
        return Actor(self.role, self.by, self.unit, self.area)

    def acting_on(self, ticket: Ticket) -> Actor:
        """Who this is in the ticket's history: nobody in particular, when the resident does not want to be named."""
        return Actor("resident") if self.role == "resident" and ticket.anonymous else self.actor

    @property
    def told_all(self) -> bool:
        """Whether it is told what was said, where exactly, and by whom."""
        return self.may("personal:read")

    def may(self, scope: str) -> bool:
        """Whether the key has a scope."""
        return scope in self.scopes


def address_of(request: Request) -> str:
    """Where a request comes from; behind a proxy that uvicorn trusts, its client."""
    return request.client.host if request.client else "unknown"


def identify(request: Request, token: str | None, person: str | None = None) -> Caller | None:
    """Whose token this is; None for no token. Counts the request.

    Raises:
        NoKeyError: the token is no valid key.
        TooManyError: the key, or the address of who has none, has asked too often.
    """
    rates: Rates = request.app.state.rates
    row = None
    if token is not None:
        with reading() as session:
            row = keys.find_key(session, token)
    if row is None:
        rates.addresses.take(address_of(request))
        if token is not None:
            raise NoKeyError("this is no valid key")
        return None
    rates.keys.take(str(row.id))
    return Caller(
        key=row.id,
        name=row.name,
        role=row.role,
        unit=row.unit,
        area=row.area,
        scopes=frozenset(row.scopes),
        person=f"k{row.id}:{person}" if person else None,
        secret=(token or "").rpartition("_")[2],
    )


def require(caller: Caller, scope: str) -> Caller:
    """The caller, if it has the scope.

    Raises:
        ScopeMissingError: it has not.
    """
    if not caller.may(scope):
        raise ScopeMissingError(f"the key {caller.name!r} lacks the scope {scope}")
    return caller


def needs(scope: str, slow: bool = False) -> Callable[..., Caller]:
    """A dependency: a valid key with this scope; ``slow`` requests may come less often.

    Raises:
        NoKeyError, ScopeMissingError, TooManyError: as they say.
    """

    def known(
        request: Request,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
        x_person: Annotated[
            str | None,
            Header(pattern=PERSON, description="The person the key acts for: your own opaque reference of them"),
        ] = None,
    ) -> Caller:
        caller = identify(request, credentials.credentials if credentials else None, x_person)
        if caller is None:
            raise NoKeyError("send the header 'Authorization: Bearer xg_...'")
        require(caller, scope)
        if slow:
            rates: Rates = request.app.state.rates
            rates.slow.take(str(caller.key))
        return caller

    return known


Reading = Annotated[Caller, Depends(needs("tickets:read"))]


def theirs(session: Session, caller: Caller) -> ColumnElement[bool]:
    """The condition that a ticket is the caller's to see.

    A unit's are those it has, helps with or is whistled to; an area's those that lie in it; a resident's their own.

    Raises:
        PersonMissingError: the key acts for residents and did not say for whom.
    """
    if caller.role == "resident":
        if caller.person is None:
            raise PersonMissingError("say for whom in the header X-Person")
        return Ticket.reporter == caller.person
    if caller.unit is None and caller.area is None:
        return true()
    own: list[ColumnElement[bool]] = []
    if caller.unit is not None:
        called = (
            select(Whistle.ticket_id)
            .join(WhistleCall)
            .where(WhistleCall.unit == caller.unit, Whistle.ended_at.is_(None))
        )
        helps = cast(Ticket.helpers, String).contains(json.dumps(caller.unit), autoescape=True)
        own += [Ticket.unit == caller.unit, helps, Ticket.id.in_(called)]
    if caller.area is not None:
        own.append(_within(session, caller.area))
    return or_(*own)


def _within(session: Session, area: str) -> ColumnElement[bool]:
    node = AreaTree.of(session).nodes.get(area)
    if node is None:
        return false()
    return true() if node.level == "city" else getattr(Ticket, node.level) == area


def find(session: Session, caller: Caller, text: str) -> str:
    """The plain number of a ticket that is the caller's to see.

    Args:
        session: of the database.
        caller: who asks.
        text: its number in any spelling.

    Raises:
        NotANumberError: it is none.
        TicketNotFoundError: there is no such ticket, or it is somebody else's: it is not said which.
    """
    number = numbers.required(text)
    _check(session, caller, number)
    return number


def _check(session: Session, caller: Caller, number: str) -> None:
    if session.scalar(select(Ticket.id).where(Ticket.number == number, theirs(session, caller))) is None:
        raise TicketNotFoundError(f"no ticket of yours has the number {numbers.spoken(number)}")


def hold(session: Session, caller: Caller, number: str, version: int | None) -> Ticket:
    """A ticket that is the caller's, kept from others until commit.

    Args:
        session: of the database.
        caller: who asks.
        number: plain, as :func:`find` gives it.
        version: the version the caller saw; None if they need not have seen the newest.

    Raises:
        TicketNotFoundError: it has gone to others since it was found.
        StaleVersionError: it has another version now.
    """
    ticket = open_for_change(session, number)
    _check(session, caller, number)
    if version is not None and ticket.version != version:
        raise StaleVersionError(number, ticket.version, version)
    return ticket
