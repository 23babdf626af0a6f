"""Figures as the API tells them: as JSON, as CSV, as a workbook; and the morning report."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime, timedelta

from pydantic import BaseModel, Field
from starlette.responses import Response

from cases import numbers
from cases.figures import Listed, Report, Row, Table, spoken, to_csv, to_xlsx
from cases.figures.words import words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FORMATS = {"json": "application/json", "csv": "text/csv", "xlsx": XLSX}
GROUPS = ("name", "code")  # kinds of columns that hold no figures
Figure = int | float | None


class GroupingOut(BaseModel):
    """A grouping."""

    key: str
    heading: str
    definition: str


class FigureOut(BaseModel):
    """What a figure is. A rate is a part of 1."""

    key: str
    heading: str
    kind: str = Field(description="count, rate or hours")
    definition: str


class GroupOut(BaseModel):
    """A group's figures. A figure is null where there is nothing to tell, or too few persons are behind it."""

    codes: dict[str, str | None] = Field(description="By grouping; null for tickets that have none")
    names: dict[str, str]
    figures: dict[str, Figure]


class FiguresOut(BaseModel):
    """The answer to a question about figures."""

    since: date = Field(description="The first day, local time")
    until: date = Field(description="The day after the last")
    at: datetime = Field(description="The moment it was looked from; what lies after it has not happened")
    timezone: str
    area: str | None = Field(description="The area it is of; null: the whole city")
    where: dict[str, list[str]] = Field(description="What else was let through, by dimension")
    by: list[GroupingOut]
    columns: list[FigureOut]
    rows: list[GroupOut]
    total: dict[str, Figure] = Field(description="Of all tickets, not of the rows: a median has no sum")


class ListedOut(BaseModel):
    """A ticket the report names."""

    number: str
    spoken: str
    matter: str
    place: str | None = Field(description="Only with `personal:read`")
    unit: str
    due: str | None = Field(description="What it owes first: verify, feedback or close")
    due_at: datetime | None
    reasons: list[str] = Field(description="Why it is a key ticket: red, supervised, urgent")


class LateOut(BaseModel):
    """A unit with overdue tickets."""

    unit: str
    tickets: int


class MorningOut(BaseModel):
    """The report on a morning: of yesterday, of now (`at`), and of the last seven days."""

    day: date
    at: datetime
    until: datetime = Field(description="The end of the next working day; what is due until then is due soon")
    area: str | None
    unit: str | None
    filed: int = Field(description="Yesterday, like `closed` and `missed`")
    closed: int
    missed: int = Field(description="Tickets of which a due time passed unmet")
    open: int
    overdue: int
    late: list[LateOut]
    overdue_tickets: list[ListedOut]
    soon: int
    due_today: int
    soon_tickets: list[ListedOut]
    red: int
    supervised: int
    urgent: int
    key: int
    key_tickets: list[ListedOut]
    closed_lately: int = Field(description="In the last seven days, like `evaluated` and `satisfaction`")
    evaluated: int
    satisfaction: float | None = Field(description="Null if fewer than five have said a word")
    hot_spots: list[str] = Field(
        description="A line each; only with `personal:read`, else empty; none in a unit's report"
    )
    text: str | None = Field(description="All of it to be read; only with `personal:read`")


def _figures(row: Row, table: Table) -> dict[str, Figure]:
    """A row's figures in the order of the columns."""
    return {c.key: row.values.get(c.key) for c in table.columns if c.kind not in GROUPS}


def _group(row: Row, table: Table) -> GroupOut:
    return GroupOut(codes=dict(row.keys), names=dict(row.names), figures=_figures(row, table))


def told(table: Table, area: str | None, where: dict[str, list[str]]) -> FiguresOut:
    """A table; ``area`` and ``where`` are what it is of."""
    said = words()["dimensions"]
    return FiguresOut(
        since=table.since.astimezone(table.zone).date(),
        until=table.until.astimezone(table.zone).date(),
        at=table.at,
        timezone=table.zone.key,
        area=area,
        where=where,
        by=[GroupingOut(key=n, heading=said[n]["heading"], definition=said[n]["definition"]) for n in table.by],
        columns=[
            FigureOut(key=c.key, heading=c.heading, kind=c.kind, definition=c.definition)
            for c in table.columns
            if c.kind not in GROUPS
        ],
        rows=[_group(row, table) for row in table.rows],
        total=_figures(table.total, table),
    )


_WRITE: dict[str, Callable[[Table, io.BytesIO], None]] = {"csv": to_csv, "xlsx": to_xlsx}


def file(table: Table, form: str) -> Response:
    """A table as a file to be saved; ``form`` is csv or xlsx."""
    stream = io.BytesIO()
    _WRITE[form](table, stream)
    last = table.until.astimezone(table.zone).date() - timedelta(days=1)
    name = f"figures-{table.since.astimezone(table.zone).date()}-{last}.{form}"
    kind = f"{FORMATS[form]}; charset=utf-8; header=present" if form == "csv" else FORMATS[form]
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Vary": "Accept"}
    return Response(stream.getvalue(), media_type=kind, headers=headers)


_QUALITY = re.compile(r";\s*q=([01](?:\.[0-9]{0,3})?)\s*(?:;|$)")


def wanted(accept: str) -> str:
    """The form an ``Accept`` header likes best; JSON when it likes none of them, or all alike."""
    liked: dict[str, float] = {}
    for part in accept.split(","):
        quality = _QUALITY.search(part)
        liked[part.partition(";")[0].strip().lower()] = float(quality[1]) if quality else 1.0
    forms = {form: liked.get(kind, 0.0) for form, kind in FORMATS.items()}
    forms["json"] = max(forms["json"], liked.get("application/*", 0.0), liked.get("*/*", 0.0))
    best = max(forms.values())
    return next(form for form, quality in forms.items() if quality == best) if best else "json"


def _listed(ticket: Listed, personal: bool) -> ListedOut:
    return ListedOut(
        number=ticket.number,
        spoken=numbers.spoken(ticket.number),
        matter=ticket.matter,
        place=ticket.place if personal else None,
        unit=ticket.unit,
        due=ticket.due,
        due_at=ticket.due_at,
        reasons=list(ticket.reasons),
    )


def report_out(report: Report, area: str | None, unit: str | None, personal: bool) -> MorningOut:
    """A morning report; ``personal``: where tickets lie is told, which stands in its text as well."""
    plain = {f.name: getattr(report, f.name) for f in fields(report) if f.name in MorningOut.model_fields}
    lists = {name: [_listed(t, personal) for t in plain[name]] for name in plain if name.endswith("_tickets")}
    return MorningOut(
        **{
            **plain,
            **lists,
            "area": area,
            "unit": unit,
            "late": [LateOut(unit=unit, tickets=number) for unit, number in report.late],
            "hot_spots": list(report.hot_spots) if personal else [],
            "text": spoken(report) if personal else None,
        }
    )
