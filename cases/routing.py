"""Which unit handles a matter: the unit of the place's own street first, then the city's; type before category."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Area, Unit


def _street(session: Session, grid: str | None) -> str | None:
    code = grid
    while code:
        area = session.get(Area, code)
        if area is None or area.level == "street":
            return area.code if area else None
        code = area.parent
    return None


def responsible_unit(session: Session, type_: str | None, category: str, grid: str | None) -> Unit | None:
    """The unit for a matter type at a place; None when no unit covers it (an operator decides)."""
    street = _street(session, grid)
    best: tuple[int, Unit] | None = None
    for unit in session.scalars(select(Unit).order_by(Unit.code)):
        if unit.area and unit.area != street:
            continue
        if type_ in unit.handles:
            score = 4
        elif category in unit.handles:
            score = 2
        else:
            continue
        score += 1 if unit.area else 0
        if best is None or score > best[0]:
            best = (score, unit)
    return best[1] if best else None
