"""The city: who handles what, areas, units."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field
from sqlalchemy import select

from cases.api.access import Caller, needs
from cases.api.errors import documented
from cases.areas import AreaTree
from cases.model import CatalogueRow, Unit
from common.db import reading
from nlu.taxonomy import MatterType, taxonomy

router = APIRouter(tags=["city"])
Known = Annotated[Caller, Depends(needs("catalogue:read"))]
_ANSWERS = documented()


class RouteOut(BaseModel):
    """Who handles a matter type, to what standard, within which time."""

    area: str = Field(description="Where it holds; empty: everywhere else")
    unit: str
    unit_name: str
    helpers: list[str]
    standard: str
    verify_days: int = Field(description="Working days, like those that follow")
    feedback_days: int
    close_days: int
    urgent_hours: int = Field(description="Hours by the clock to close an urgent one")


class QuestionOut(BaseModel):
    """A follow-up question."""

    key: str
    ask: str
    kind: str
    choices: list[str]


class TypeOut(BaseModel):
    """A matter type with its routes."""

    type: str
    name: str
    plain: str = Field(description="Its name in residents' words")
    definition: str
    category: str
    category_name: str
    questions: list[QuestionOut]
    routes: list[RouteOut]


class AreaOut(BaseModel):
    """An area of the five-level tree."""

    code: str
    parent: str | None
    level: str
    name: str


class UnitOut(BaseModel):
    """A unit; ``area`` is set when it serves one area only."""

    code: str
    name: str
    area: str | None


def _type(matter: MatterType, rows: list[CatalogueRow], units: dict[str, str]) -> TypeOut:
    return TypeOut(
        type=matter.code,
        name=matter.name,
        plain=matter.plain,
        definition=matter.definition,
        category=matter.category,
        category_name=taxonomy().category(matter.category).name,
        questions=[QuestionOut(key=f.key, ask=f.ask, kind=f.kind, choices=list(f.choices)) for f in matter.followups],
        routes=[
            RouteOut(
                area=row.area,
                unit=row.unit,
                unit_name=units[row.unit],
                helpers=row.helpers,
                standard=row.standard,
                verify_days=row.verify_days,
                feedback_days=row.feedback_days,
                close_days=row.close_days,
                urgent_hours=row.urgent_hours,
            )
            for row in rows
        ],
    )


@router.get("/catalogue", summary="Matter types, and who handles them", responses=_ANSWERS)
def catalogue(caller: Known) -> list[TypeOut]:
    """Scope `catalogue:read`."""
    with reading() as session:
        units = {unit.code: unit.name for unit in session.scalars(select(Unit))}
        rows: dict[str, list[CatalogueRow]] = {}
        for row in session.scalars(select(CatalogueRow).order_by(CatalogueRow.type, CatalogueRow.area)):
            rows.setdefault(row.type, []).append(row)
        return [_type(matter, rows.get(matter.code, []), units) for matter in taxonomy()]


@router.get("/areas", summary="Areas, from the city down to grids", responses=_ANSWERS)
def areas(caller: Known) -> list[AreaOut]:
    """Scope `catalogue:read`."""
    with reading() as session:
        nodes = AreaTree.of(session).nodes.values()
        return [AreaOut(code=n.code, parent=n.parent, level=n.level, name=n.name) for n in nodes]


@router.get("/units", summary="Units", responses=_ANSWERS)
def units(caller: Known) -> list[UnitOut]:
    """Scope `catalogue:read`."""
    with reading() as session:
        rows = session.scalars(select(Unit).order_by(Unit.code))
        return [UnitOut(code=u.code, name=u.name, area=u.area) for u in rows]
