"""``xiaoge tickets``."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Column, Table

from bot import handover
from cases import numbers, service, workflow
from cases.model import Ticket
from common.db import reading, transaction
from common.settings import settings
from nlu.taxonomy import taxonomy


def _type_name(ticket: Ticket) -> str:
    return taxonomy().type(ticket.type).name if ticket.type else ticket.category


def print_list(status: str | None, urgent: bool | None, limit: int) -> None:
    """Print a table of tickets."""
    table = Table(Column("number", min_width=11, no_wrap=True), "filed", "type", "place", "grid", "status", "")
    with reading() as session:
        found = service.listing(session, status, urgent, limit)
        for t in found:
            when = t.created_at.astimezone(ZoneInfo(settings().timezone))
            table.add_row(
                numbers.spoken(t.number),
                f"{when:%m-%d %H:%M}",
                _type_name(t),
                t.place or "",
                t.grid or "",
                workflow.STATES[t.status],
                "urgent" if t.urgent else "",
            )
    if found:
        Console().print(table)
    else:
        typer.echo("no tickets yet: 'xiaoge demo' files one in a throw-away database, 'xiaoge chat' in this one")


def describe(ticket: Ticket, unit: str | None) -> list[str]:
    """A ticket as lines for a person."""
    zone = ZoneInfo(settings().timezone)
    lines = [
        f"工单 {numbers.spoken(ticket.number)}  {workflow.STATES[ticket.status]}{'  紧急' if ticket.urgent else ''}",
        f"  类别  {taxonomy().category(ticket.category).name} / {_type_name(ticket)}{'（待核）' if ticket.needs_review else ''}",
        f"  地点  {ticket.place or '—'}  网格 {ticket.grid or '—'}",
        f"  单位  {unit or '—'}",
        f"  来源  {ticket.channel}{'  匿名' if ticket.anonymous else ''}",
        "  原话  " + ticket.text.replace("\n", "\n        "),
    ]
    lines += [f"  {a['question']} {a['answer']}" for a in ticket.answers.values()]
    if ticket.attachments:
        lines.append(f"  照片  {len(ticket.attachments)}张")
    lines.append("  经过")
    for event in ticket.events:
        step = f"{event.before or '·'} → {event.after}" if event.before != event.after else f"{event.after}"
        lines.append(
            f"    {event.at.astimezone(zone):%m-%d %H:%M:%S}  {event.role:<10} {event.action:<10} {step}  {event.note or ''}".rstrip()
        )
    return lines


_REFUSALS = (
    service.TicketNotFoundError,
    service.UnknownUnitError,
    service.StaleTicketError,
    service.ScoreError,
    service.MergeError,
    workflow.IllegalTransitionError,
    numbers.NotANumberError,
)


def print_ticket(text: str) -> int:
    """Print one ticket. Returns the exit status."""
    try:
        with reading() as session:
            ticket = service.get(session, numbers.required(text))
            typer.echo("\n".join(describe(ticket, service.unit_name(session, ticket))))
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        return 1
    return 0


def correct(text: str, type_: str, urgent: bool | None, role: str, actor: str | None) -> int:
    """Correct a ticket's classification. Returns the exit status."""
    if not taxonomy().has_type(type_):
        known = ", ".join(m.code for m in taxonomy() if m.code.startswith(type_.split(".", 1)[0] + "."))
        typer.echo(f"unknown matter type {type_!r}" + (f"; of this category: {known}" if known else ""), err=True)
        return 1
    try:
        with transaction() as session:
            ticket = service.correct(
                session, numbers.required(text), type_, actor=service.Actor(role, actor), urgent=urgent
            )
            unit = service.unit_name(session, ticket)
            number = ticket.number
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{numbers.spoken(number)}: {taxonomy().type(type_).name}, with {unit or 'no unit yet'}")
    return 0


def print_handovers() -> None:
    """Print the conversations that wait for a person."""
    table = Table("conversation", "channel", "mode", "since", "about", "last words")
    with reading() as session:
        found = handover.waiting(session)
        for c in found:
            since = f"{c.handover_at.astimezone(ZoneInfo(settings().timezone)):%m-%d %H:%M}" if c.handover_at else ""
            table.add_row(
                c.id[:8], c.channel, c.mode, since, c.handover_note or "", handover.last_words(session, c)[:60]
            )
    if found:
        Console().print(table)
    else:
        typer.echo("nobody is waiting for a person")


def act_on(text: str, action: str, role: str, actor: str | None, note: str | None, unit: str | None) -> int:
    """Move a ticket. Returns the exit status."""
    try:
        with transaction() as session:
            number = numbers.required(text)
            ticket = service.act(session, number, action, actor=service.Actor(role, actor), note=note, unit=unit)
            status = ticket.status
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{numbers.spoken(number)}: {status} ({workflow.STATES[status]})")
    return 0


def evaluate(text: str, score: str, reason: str | None, actor: str | None) -> int:
    """Take down what the resident said of the outcome on the phone. Returns the exit status."""
    try:
        with transaction() as session:
            number = numbers.required(text)
            operator = service.Actor("operator", actor)
            status = service.evaluate(session, number, score, actor=operator, channel="phone", reason=reason).status
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{numbers.spoken(number)}: {status} ({workflow.STATES[status]})")
    return 0


def merge(text: str, into: str, actor: str | None) -> int:
    """Let a ticket follow another one. Returns the exit status."""
    try:
        with transaction() as session:
            numbers_ = numbers.required(text), numbers.required(into)
            service.merge(session, *numbers_, actor=service.Actor("operator", actor))
    except _REFUSALS as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{numbers.spoken(numbers_[0])} follows {numbers.spoken(numbers_[1])} from now on")
    return 0
