"""Which unit a ticket belongs to, who helps, and how long everything may take: the catalogue's row for its matter type,
the nearest area's exception first; an emergency's unit before both."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import audit
from cases.areas import AreaTree
from cases.clock.limits import DEFAULT, Limits
from cases.model import CatalogueRow, Emergency, Ticket, Unit
from common.db import address_of


@dataclass(frozen=True)
class Route:
    """Where a ticket goes and what is owed there."""

    unit: str
    helpers: tuple[str, ...]
    standard: str
    limits: Limits


@dataclass(frozen=True)
class _Catalogue:
    version: str
    rows: dict[tuple[str, str], Route]
    units: dict[str, str]  # code → name


_CATALOGUES: dict[str, _Catalogue] = {}


def _catalogue(session: Session) -> _Catalogue:
    version, key = audit.version(session), address_of(session)
    known = _CATALOGUES.get(key)
    if known and known.version == version and known.rows:
        return known
    rows = {
        (row.type, row.area): Route(row.unit, tuple(row.helpers), row.standard, Limits.from_row(row))
        for row in session.scalars(select(CatalogueRow))
    }
    units = {u.code: u.name for u in session.execute(select(Unit.code, Unit.name))}
    made = _CATALOGUES[key] = _Catalogue(version, rows, units)
    return made


def unit_name(session: Session, code: str) -> str | None:
    """What a unit is called."""
    return _catalogue(session).units.get(code)


def at_place(session: Session, type_: str, area: str | None) -> Route | None:
    """The catalogue's route for a matter type at a place; None when the city has no catalogue."""
    rows = _catalogue(session).rows
    for code in [*AreaTree.of(session).path(area), ""]:
        if (type_, code) in rows:
            return rows[type_, code]
    return None


def route(session: Session, ticket: Ticket) -> Route | None:
    """A ticket's route; None when its matter type is not known yet (a person decides)."""
    if ticket.type is None:
        return None
    found = at_place(session, ticket.type, ticket.grid or ticket.community or ticket.street or ticket.county)
    emergency = session.get(Emergency, ticket.emergency) if ticket.emergency else None
    if emergency is None or emergency.unit is None:
        return found
    helpers = [found.unit, *found.helpers] if found else []
    return Route(
        emergency.unit,
        tuple(h for h in dict.fromkeys(helpers) if h != emergency.unit),
        found.standard if found else "",
        found.limits if found else DEFAULT,
    )


def limits(session: Session, ticket: Ticket) -> Limits:
    """A ticket's time limits: the catalogue's, or the city's default of 1, 2 and 12 working days."""
    found = route(session, ticket)
    return found.limits if found else DEFAULT
