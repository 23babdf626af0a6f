"""The situation behind a ticket: what else the same person told, and what else is known of the same place.

At most one query each, made when a rule first asks; all use indexes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

from sqlalchemy import ColumnElement, Executable, bindparam, or_, select
from sqlalchemy.orm import Session

from cases.model import Ticket
from nlu.entities.place import PlaceParts, parts

MOST = 200  # tickets looked at; who has more is noticed anyway
_ESTATE = re.compile(r"(?:小区|社区)$")
_COLUMNS = (
    Ticket.id,
    Ticket.created_at,
    Ticket.category,
    Ticket.type,
    Ticket.risk,
    Ticket.score,
    Ticket.reopenings,
    Ticket.place,
    Ticket.address,
)


@dataclass(frozen=True)
class Reach:
    """How far back the rules ever look, and for which matter types at a place."""

    person_days: int
    place_days: int
    place_types: tuple[str, ...]


@dataclass(frozen=True)
class Other:
    """Another ticket, as far as rules look at it."""

    id: int
    created_at: datetime
    category: str
    type: str | None
    risk: str
    score: str | None
    reopenings: int
    place: str | None
    address: int | None


def _lately(*conditions: ColumnElement[bool]) -> Executable:
    """Made once: putting a query together takes longer than the database does to answer it."""
    return (
        select(*_COLUMNS)
        .where(
            *conditions,
            Ticket.created_at > bindparam("since"),
            Ticket.created_at <= bindparam("at"),
            Ticket.status != "withdrawn",
        )
        .order_by(Ticket.created_at.desc())
        .limit(MOST)
    )


_PHONE, _REPORTER = Ticket.phone == bindparam("phone"), Ticket.reporter == bindparam("reporter")
# by whether the phone and the reporter are known
_BY_PERSON = {
    (True, True): _lately(or_(_PHONE, _REPORTER)),
    (True, False): _lately(_PHONE),
    (False, True): _lately(_REPORTER),
    (False, False): None,
}
_AT_PLACE = _lately(Ticket.type.in_(bindparam("types", expanding=True)), Ticket.grid == bindparam("grid"))


def by_person(ticket: Ticket) -> ColumnElement[bool] | None:
    """The condition that a ticket is by the same phone or reporter; None when neither is known."""
    known = []
    if ticket.phone:
        known.append(Ticket.phone == ticket.phone)
    if ticket.reporter:
        known.append(Ticket.reporter == ticket.reporter)
    return or_(*known) if known else None


def _alike(a: str | None, b: str | None) -> bool:
    """Whether two names can be the same estate's: in one grid, one may say more of it, or nothing."""
    if not a or not b:
        return True
    first, second = _ESTATE.sub("", a), _ESTATE.sub("", b)
    return first in second or second in first


def nearness(a: PlaceParts, b: PlaceParts) -> str | None:
    """How near two places of one grid are: ``dwelling``, ``building``, or None."""
    if not a.building or a.building != b.building or not _alike(a.name, b.name):
        return None
    if a.door and a.door == b.door and (a.unit == b.unit or not a.unit or not b.unit):
        return "dwelling"
    return "building"


class Neighbourhood:
    """Tells how near other tickets' places are to one ticket's. All are of one grid."""

    def __init__(self, ticket: Ticket) -> None:
        self._address = ticket.address
        self._parts = parts(ticket.place) if ticket.place else PlaceParts()

    @property
    def known(self) -> bool:
        """Whether the place is told down to the building at least."""
        return self._address is not None or self._parts.building is not None

    def nearness(self, place: str | None, address: int | None) -> str | None:
        """``dwelling``, ``building``, or None."""
        if address is not None and address == self._address:
            return "dwelling"
        return nearness(self._parts, parts(place)) if place else None


class Facts:
    """Facts of one ticket's situation, looked up when asked for.

    Args:
        session: of the database. Nothing is flushed by asking.
        ticket: may be one that is still being filed.
        at: the moment the facts are asked at.
        reach: of the rules.
    """

    def __init__(self, session: Session, ticket: Ticket, at: datetime, reach: Reach) -> None:
        self._session, self._ticket, self._at, self._reach = session, ticket, at, reach

    def _others(self, query: Executable, days: int, **asked: Any) -> list[Other]:
        asked |= {"since": self._at - timedelta(days=days), "at": self._at}
        with self._session.no_autoflush:
            return [Other(*row) for row in self._session.execute(query, asked) if row.id != self._ticket.id]

    @cached_property
    def _person(self) -> list[Other]:
        query = _BY_PERSON[bool(self._ticket.phone), bool(self._ticket.reporter)]
        if query is None or not self._reach.person_days:
            return []
        return self._others(query, self._reach.person_days, phone=self._ticket.phone, reporter=self._ticket.reporter)

    @cached_property
    def _place(self) -> list[tuple[Other, str | None]]:
        ticket, reach = self._ticket, self._reach
        around = Neighbourhood(ticket)
        if ticket.grid is None or not reach.place_types or not around.known:
            return []
        others = self._others(_AT_PLACE, reach.place_days, types=reach.place_types, grid=ticket.grid)
        return [(o, around.nearness(o.place, o.address)) for o in others]

    def of_person(self, days: int, same: str) -> list[Other]:
        """Other tickets of the same phone or reporter.

        Args:
            days: how far back.
            same: ``type``, ``category`` or ``any``.
        """
        ticket, since = self._ticket, self._at - timedelta(days=days)
        found = [o for o in self._person if o.created_at > since]
        if same == "type":
            return [o for o in found if o.type is not None and o.type == ticket.type]
        return found if same == "any" else [o for o in found if o.category == ticket.category]

    def at_place(self, days: int, within: str) -> list[Other]:
        """Other tickets about the same place.

        Args:
            days: how far back.
            within: ``dwelling`` or ``building``, which every dwelling of it counts to.
        """
        since = self._at - timedelta(days=days)
        wanted = ("dwelling",) if within == "dwelling" else ("dwelling", "building")
        return [o for o, near in self._place if near in wanted and o.created_at > since]

    @cached_property
    def merged(self) -> list[str]:
        """Grades of the tickets merged into this one."""
        if not any((event.data or {}).get("merged") for event in self._ticket.events):
            return []
        with self._session.no_autoflush:
            return list(self._session.scalars(select(Ticket.risk).where(Ticket.merged_into == self._ticket.id)))
