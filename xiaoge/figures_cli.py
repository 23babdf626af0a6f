"""The command line's part for figures: tables, the morning report, hot spots."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from xiaoge.failing import fail

app = typer.Typer(help="How many, how fast, how well; see docs/figures.md.", no_args_is_help=True)
WEEKS = 4  # shown unless told otherwise


def _today() -> date:
    from common.settings import settings

    return datetime.now(ZoneInfo(settings().timezone)).date()


def _day(text: str | None, otherwise: date) -> date:
    try:
        return date.fromisoformat(text) if text else otherwise
    except ValueError:
        raise fail(f"{text!r} is no day; write it as 2026-11-22") from None


@app.command("table")
def table(
    by: Annotated[
        list[str] | None, typer.Option(help="A grouping: area, unit, category, type, week ...; again for more.")
    ] = None,
    since: Annotated[str | None, typer.Option(help="The first day; default: four weeks ago.")] = None,
    until: Annotated[str | None, typer.Option(help="The day after the last; default: today.")] = None,
    area: Annotated[str | None, typer.Option(help="Code of an area of any level.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="A .csv or .xlsx file to write; default: CSV on the terminal.")
    ] = None,
) -> None:
    """Figures of a period, grouped, as CSV or as a workbook."""
    from cases.figures import FigureError, Question, query, to_csv, to_xlsx
    from common.db import reading

    last = _day(until, _today())
    question = Question(_day(since, last - timedelta(weeks=WEEKS)), last, by=by or (), area=area)
    if out is not None and out.suffix.lower() not in (".csv", ".xlsx"):
        raise fail(f"{out}: the file's name must end in .csv or .xlsx")
    try:
        with reading() as session:
            answer = query(session, question)
    except FigureError as error:
        raise fail(str(error)) from None
    if out is None:
        to_csv(answer, typer.get_binary_stream("stdout"))
    elif out.suffix.lower() == ".csv":
        with out.open("wb") as stream:
            to_csv(answer, stream)
    else:
        to_xlsx(answer, out)
    if out is not None:
        typer.echo(f"{out}: {len(answer.rows)} rows")


@app.command("morning")
def morning(
    day: Annotated[str | None, typer.Argument(help="The day, 2026-11-22; default: today.")] = None,
    area: Annotated[str | None, typer.Option(help="Code of an area: its own report.")] = None,
) -> None:
    """The morning report: what came in yesterday, what was closed, what is late or soon due, what matters most."""
    from cases import hotspots
    from cases.figures import FigureError, spoken
    from cases.figures import morning as report
    from common.db import reading

    try:
        with reading() as session:
            hot = hotspots.lines(session, area=area)[1:]
            typer.echo(spoken(report(session, _day(day, _today()), hot, area=area)))
    except (FigureError, hotspots.AreaNotFoundError) as error:
        raise fail(str(error)) from None


@app.command("hotspots")
def hot_spots(
    days: Annotated[int, typer.Option(help="How many days back.", min=1, max=366)] = 7,
    area: Annotated[str | None, typer.Option(help="Code of an area of any level.")] = None,
) -> None:
    """Hot spots (未诉先办): what piles up where, how many people, since when, the trend."""
    from cases import hotspots
    from common.db import reading

    try:
        with reading() as session:
            for line in hotspots.lines(session, days=days, area=area):
                typer.echo(line)
    except hotspots.AreaNotFoundError as error:
        raise fail(str(error)) from None
