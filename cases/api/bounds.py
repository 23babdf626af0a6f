"""Of which part of the city a key is told figures: that of its unit or its area, and no other's.

A list of tickets silently leaves out what is not the key's. Figures do not: a zero would be taken for a fact, so a
question about anything else is refused.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.api.access import Caller
from cases.api.errors import OutsideError, Problem, QuestionError
from cases.areas import AreaTree
from cases.model import LEVELS, Unit


@dataclass(frozen=True)
class Bounds:
    """What figures are of: an area of any level, and codes let through by dimension. Both empty: the whole city."""

    area: str | None = None
    where: dict[str, list[str]] = field(default_factory=dict)

    @property
    def unit(self) -> str | None:
        """The one unit they are of, if they are of one."""
        units = self.where.get("unit", [])
        return units[0] if len(units) == 1 else None


def unknown(session: Session, area: str | None, units: Sequence[str] = ()) -> list[Problem]:
    """The codes in a question that stand for nothing, each with its place."""
    found = []
    if area is not None and area not in AreaTree.of(session).nodes:
        found.append(Problem(where="query.area", message=f"there is no area {area!r}; GET /areas lists them"))
    known = set(session.scalars(select(Unit.code).where(Unit.code.in_(units)))) if units else set()
    for code in units:
        if code not in known:
            found.append(Problem(where="query.unit", message=f"there is no unit {code!r}; GET /units lists them"))
    return found


def check(session: Session, area: str | None, units: Sequence[str] = ()) -> None:
    """Whether the codes in a question stand for something.

    Raises:
        QuestionError: naming those that do not.
    """
    if problems := unknown(session, area, units):
        raise QuestionError(problems)


def within(session: Session, caller: Caller, area: str | None) -> str | None:
    """The area that a question about ``area`` is about, if it lies in the caller's; None: the whole city.

    Args:
        session: of the database.
        caller: who asks.
        area: an area there is; None: the caller's own.

    Raises:
        OutsideError: it does not.
    """
    tree = AreaTree.of(session)
    if caller.role != "resident" and caller.area is None and caller.unit is None:
        return area
    if caller.area is not None and caller.area in tree.nodes and (area is None or caller.area in tree.path(area)):
        return area or caller.area
    raise OutsideError(_told(caller))


def bounds(session: Session, caller: Caller, area: str | None, units: Sequence[str] = ()) -> Bounds:
    """What the answer to a question may be about.

    A unit's key is told of its unit, wherever; an area's of its area. Who has both asks for one of them.

    Args:
        session: of the database.
        caller: who asks.
        area: an area there is, asked for; None: as much as may be.
        units: units there are, asked for; none: as much as may be.

    Raises:
        OutsideError: it is about more than is the caller's.
    """
    where = {"unit": list(units)} if units else {}
    own = [caller.unit] if caller.unit is not None else []
    if own and (where.get("unit") == own or (caller.area is None and not units)):
        return Bounds(area, {"unit": own})
    about = within(session, caller, area)
    if caller.area is not None:
        level = AreaTree.of(session).nodes[caller.area].level
        if level != LEVELS[0]:
            # Beside ``area``, as a ticket filed before its community came under this street is not this street's.
            where[level] = [caller.area]
    return Bounds(about, where)


def _told(caller: Caller) -> str:
    if caller.role == "resident":
        return "this is not for keys that act for residents"
    own = [f"the unit {caller.unit}"] if caller.unit else []
    own += [f"the area {caller.area}"] if caller.area else []
    return f"this key may only ask about {' or '.join(own)}"
