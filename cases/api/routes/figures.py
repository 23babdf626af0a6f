"""Figures: grouped, as JSON, CSV or a workbook, and the morning report."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.responses import Response

from cases import hotspots
from cases.api import bounds, figures_out
from cases.api.access import Caller, needs
from cases.api.bounds import Bounds
from cases.api.errors import Problem, QuestionError, documented
from cases.api.fields import CATEGORIES, TYPES, CategoryCode, Channel, Code, Day, MatterType, OneOf, Risk
from cases.api.figures_out import FORMATS, XLSX, FiguresOut, MorningOut
from cases.areas import AreaTree
from cases.figures import DIMENSIONS, PARTS, Question, morning, query
from cases.figures.ask import AREAS
from cases.model import Unit
from common.db import now, reading
from common.settings import settings

router = APIRouter(tags=["figures"])
Looking = Annotated[Caller, Depends(needs("figures:read", slow=True))]
USUAL = timedelta(days=28)
LONGEST = timedelta(days=1100)  # three years and a little
FIRST, LAST = date(1971, 1, 1), date(2970, 1, 1)
MOST_GROUPINGS = 4
MOST_POSSIBLE = 100_000  # groups there could be: each takes memory while it is counted
MOST_ROWS = {"json": 5_000, "csv": 5_000, "xlsx": 2_000}  # groups that are told; a workbook of so many takes 3 s
MOST_VALUES = 100  # of a filter
OLDEST_MORNING = timedelta(days=366)
CHANNELS, RISKS = 16, 4  # about how many there are, with none


class FiguresQuery(BaseModel):
    """Which figures of which tickets. What is not given does not narrow them."""

    model_config = ConfigDict(extra="forbid")

    since: Day | None = Field(None, description="The first day, local time; by default 28 days before `until`")
    until: Day | None = Field(None, description="The day after the last; by default tomorrow")
    by: list[Annotated[str, OneOf(DIMENSIONS, "A grouping")]] = Field(
        [], max_length=MOST_GROUPINGS, description="Groupings, in this order; none: the total alone"
    )
    area: Code | None = Field(None, description="An area of any level; by default all the key may ask about")
    unit: list[Code] = Field([], max_length=MOST_VALUES)
    category: list[CategoryCode] = Field([], max_length=len(CATEGORIES))
    type: list[MatterType] = Field([], max_length=len(TYPES))
    channel: list[Channel] = Field([], max_length=MOST_VALUES)
    risk: list[Risk] = Field([], max_length=RISKS)
    part: list[Annotated[str, OneOf(PARTS, "A part of the figures")]] = Field(
        [], max_length=len(PARTS), description="By default all"
    )
    format: Annotated[str, OneOf(tuple(FORMATS), "By default what `Accept` says")] | None = None


class MorningQuery(BaseModel):
    """Whose report on which day."""

    model_config = ConfigDict(extra="forbid")

    day: Day | None = Field(None, description="By default today; at most a year back")
    area: Code | None = None
    unit: Code | None = None


def _today() -> date:
    return now().astimezone(ZoneInfo(settings().timezone)).date()


def _period(which: FiguresQuery) -> tuple[date, date]:
    until = which.until or _today() + timedelta(days=1)
    return which.since or max(FIRST, until - USUAL) if until >= FIRST else FIRST, until


def _of_the_period(since: date, until: date) -> list[Problem]:
    if since < FIRST or until > LAST:
        place = "query.since" if since < FIRST else "query.until"
        return [Problem(where=place, message=f"a day is not before {FIRST} and not after {LAST}")]
    if since >= until:
        return [Problem(where="query.until", message=f"until is the day after the last, and not after since ({since})")]
    if until - since > LONGEST:
        told = f"the period has {(until - since).days} days, at most {LONGEST.days} are counted at once"
        return [Problem(where="query.since", message=told)]
    return []


def _times(by: list[str], days: int) -> int:
    if "day" in by:
        return days
    return max(1, (days // 28 + 2) * ("month" in by) + (days // 7 + 2) * ("week" in by))


def _possible(session: Session, which: FiguresQuery, limits: Bounds, days: int) -> int:
    """How many groups there could be; of groupings within each other the finest counts."""
    by, tree = which.by, AreaTree.of(session)
    levels = [tree.nodes[code].level for code in (tree.under(limits.area) if limits.area else tree.nodes)]
    matters = {"category": len(which.category) or len(CATEGORIES), "type": len(which.type) or len(TYPES) + 1}
    units = len(limits.where.get("unit", ())) or (session.scalar(select(func.count()).select_from(Unit)) or 0) + 1
    return math.prod(
        (
            max((levels.count(name) + 1 for name in AREAS if name in by), default=1),
            max((size for name, size in matters.items() if name in by), default=1),
            units if "unit" in by else 1,
            len(which.channel) or CHANNELS if "channel" in by else 1,
            len(which.risk) or RISKS if "risk" in by else 1,
            _times(by, days),
        )
    )


_FEWER = "group by less, take a shorter period or a smaller area"


def _answer(session: Session, which: FiguresQuery, caller: Caller, form: str) -> Response:
    since, until = _period(which)
    problems = _of_the_period(since, until) + bounds.unknown(session, which.area, which.unit)
    if len(set(which.by)) < len(which.by):
        problems.append(Problem(where="query.by", message="grouped by the same twice"))
    if problems:
        raise QuestionError(problems)
    limits = bounds.bounds(session, caller, which.area, list(dict.fromkeys(which.unit)))
    possible = _possible(session, which, limits, (until - since).days)
    if possible > MOST_POSSIBLE:
        told = f"there could be {possible} groups, more than {MOST_POSSIBLE}: {_FEWER}"
        raise QuestionError([Problem(where="query.by", message=told)])
    narrowed = {name: list(dict.fromkeys(getattr(which, name))) for name in ("category", "type", "channel", "risk")}
    where = {**limits.where, **{name: codes for name, codes in narrowed.items() if codes}}
    table = query(
        session, Question(since, until, by=which.by, where=where, area=limits.area, parts=which.part or PARTS)
    )
    if len(table.rows) > MOST_ROWS[form]:
        told = f"there are {len(table.rows)} groups, more than {MOST_ROWS[form]} as {form}: {_FEWER}"
        raise QuestionError([Problem(where="query.by", message=told)])
    if form != "json":
        return figures_out.file(table, form)
    made = figures_out.told(table, limits.area, where).model_dump_json()
    return Response(made, media_type=FORMATS["json"], headers={"Vary": "Accept"})


_FILES: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
        "headers": {
            "Content-Disposition": {"description": "Of a file: its name", "schema": {"type": "string"}},
        },
    }
}


@router.get(
    "/figures",
    summary="How many, how fast, how well, by group",
    response_model=FiguresOut,
    responses={**_FILES, **documented(422)},
)
def figures(request: Request, caller: Looking, which: Annotated[FiguresQuery, Query()]) -> Response:
    """Scope `figures:read`. What each figure means comes along. As a file too: `format`, or `Accept`."""
    form = which.format or figures_out.wanted(request.headers.get("accept", ""))
    with reading() as session:
        return _answer(session, which, caller, form)


@router.get("/figures/morning", summary="The morning report", responses=documented(422))
def morning_report(caller: Looking, which: Annotated[MorningQuery, Query()]) -> MorningOut:
    """Scope `figures:read`. What came in yesterday, what is late or soon due, what matters most."""
    today = _today()
    day = which.day or today
    units = [which.unit] if which.unit else []
    with reading() as session:
        problems = bounds.unknown(session, which.area, units)
        if not today - OLDEST_MORNING <= day <= today:
            told = f"reports are of days from {today - OLDEST_MORNING} to today, {today}"
            problems.insert(0, Problem(where="query.day", message=told))
        if problems:
            raise QuestionError(problems)
        limits = bounds.bounds(session, caller, which.area, units)
        hot = hotspots.lines(session, area=limits.area)[1:] if caller.told_all and limits.unit is None else []
        report = morning(session, day, hot, area=limits.area, where=limits.where)
        return figures_out.report_out(report, limits.area, limits.unit, caller.told_all)
