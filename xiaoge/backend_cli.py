"""The command line's part for the case backend: audit, catalogue, emergencies, places, keys, figures."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from xiaoge.failing import fail

audit = typer.Typer(
    help="The histories of tickets and of the city's settings: are they unbroken?", no_args_is_help=True
)
catalogue = typer.Typer(help="The routing catalogue: who handles what, within which time.", no_args_is_help=True)
emergency = typer.Typer(help="平 / 急: announce an emergency, end it.", no_args_is_help=True)
keys = typer.Typer(help="Keys of the HTTP API.", no_args_is_help=True)


@audit.command("verify")
def audit_verify(
    number: Annotated[str | None, typer.Argument(help="One ticket's number; default: all, with the seals.")] = None,
) -> None:
    """Recompute the hash chains of all histories. Exit status 1 when one is broken."""
    from cases import audit as lines
    from cases import history, numbers
    from common.db import reading

    with reading() as session:
        try:
            looked, flaws = history.verify(session, numbers.required(number) if number else None)
        except numbers.NotANumberError as error:
            raise fail(str(error)) from None
        broken = [] if number else lines.flaws(session)
    for flaw in flaws:
        where = f"ticket {numbers.spoken(flaw.number)}" if flaw.number else "seal"
        typer.echo(f"{where}{f', line {flaw.seq}' if flaw.seq else ''}: {flaw.what}", err=True)
    for line in broken:
        typer.echo(line, err=True)
    typer.echo(f"{looked} tickets looked at, {len(flaws) + len(broken)} flaws")
    raise typer.Exit(1 if flaws or broken else 0)


@audit.command("seal")
def audit_seal(
    day: Annotated[str | None, typer.Argument(help="The day, 2026-11-21; default: yesterday.")] = None,
) -> None:
    """Seal the histories to the end of a day and print the digest: keep it somewhere else."""
    from cases import history
    from common.db import transaction
    from common.settings import settings

    zone = ZoneInfo(settings().timezone)
    try:
        chosen = date.fromisoformat(day) if day else datetime.now(zone).date() - timedelta(days=1)
        with transaction() as session:
            made = history.seal(session, chosen, zone)
    except ValueError as error:
        raise fail(str(error)) from None
    typer.echo(f"{made.day}  {made.events} lines  {made.digest}")


@catalogue.command("load")
def catalogue_load(
    file: Annotated[Path, typer.Argument(help="A catalogue in YAML; see docs/catalogue.md.")],
    by: Annotated[str, typer.Option(help="Who you are, for the audit.")] = "admin",
) -> None:
    """Replace the routing catalogue. With a mistake in the file nothing is changed; tickets under way stay where they are."""
    from cases import catalogue as rows
    from common.db import transaction

    try:
        with transaction() as session:
            count = rows.load(session, file, by)
    except rows.CatalogueError as error:
        raise fail(str(error)) from None
    typer.echo(f"loaded: {count} rows")


@catalogue.command("show")
def catalogue_show(
    type_: Annotated[str, typer.Argument(metavar="TYPE", help="Matter type, e.g. environment.noise.")],
    area: Annotated[str | None, typer.Option(help="Code of a grid, community or street.")] = None,
) -> None:
    """Show who would handle a matter type at a place, to what standard and within which time."""
    from cases import routing
    from common.db import reading
    from nlu.taxonomy import taxonomy

    if not taxonomy().has_type(type_):
        raise fail(f"unknown matter type {type_!r}")
    with reading() as session:
        route = routing.at_place(session, type_, area)
    if route is None:
        raise fail("the catalogue is empty: 'xiaoge db load-city' or 'xiaoge catalogue load'")
    limits = route.limits
    typer.echo(
        f"{taxonomy().type(type_).name}: {route.unit}" + (f", with {', '.join(route.helpers)}" if route.helpers else "")
    )
    typer.echo(f"  {route.standard}")
    typer.echo(
        f"  verify {limits.verify_days}, feedback {limits.feedback_days}, close {limits.close_days} working days; "
        f"urgent {limits.urgent_hours} hours"
    )


@emergency.command("announce")
def emergency_announce(
    title: Annotated[str, typer.Argument(help="What it is called, e.g. 特大暴雨.")],
    text: Annotated[str, typer.Option(help="What residents are told when they write.")],
    area: Annotated[list[str], typer.Option(help="Code of an area it holds in; again for more.")],
    until: Annotated[datetime, typer.Option(help="When it ends by itself, local time.")],
    matter: Annotated[
        list[str] | None, typer.Option(help="Category or matter type that is urgent; again for more.")
    ] = None,
    unit: Annotated[str | None, typer.Option(help="Unit that takes these matters meanwhile.")] = None,
    by: Annotated[str, typer.Option(help="Who you are, for the audit.")] = "admin",
) -> None:
    """Announce an emergency: greeting, urgency and routing of the named matters change at once."""
    from cases import service
    from cases.emergencies import EmergencyError
    from common.db import transaction
    from common.settings import settings

    end = until.replace(tzinfo=ZoneInfo(settings().timezone))
    try:
        with transaction() as session:
            made = service.announce(
                session, title=title, text=text, areas=area, matters=matter or [], until=end, by=by, unit=unit
            )
    except EmergencyError as error:
        raise fail(str(error)) from None
    typer.echo(f"emergency {made.id} is in force until {end:%Y-%m-%d %H:%M}")


@emergency.command("end")
def emergency_end(
    identity: Annotated[int, typer.Argument(metavar="ID", help="Its number, see 'emergency list'.")],
    by: Annotated[str, typer.Option(help="Who you are, for the audit.")] = "admin",
) -> None:
    """End an emergency before its time."""
    from cases import service
    from common.db import transaction

    try:
        with transaction() as session:
            ended = service.end_emergency(session, identity, by=by)
    except LookupError as error:
        raise fail(str(error)) from None
    typer.echo(f"ended: {ended.title}")


@emergency.command("list")
def emergency_list() -> None:
    """List the emergencies in force."""
    from cases import service
    from common.db import reading
    from common.settings import settings

    zone = ZoneInfo(settings().timezone)
    with reading() as session:
        found = service.in_force(session)
    for e in found:
        typer.echo(
            f"{e.id}  {e.title}  until {e.until.astimezone(zone):%Y-%m-%d %H:%M}  {', '.join(e.areas)}  {', '.join(e.matters)}"
        )
    if not found:
        typer.echo("no emergency is in force")


@keys.command("make")
def keys_make(
    name: Annotated[str, typer.Argument(help="What it is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do; again for more. See docs/api.md.")],
    role: Annotated[
        str,
        typer.Option(
            help="For whom it acts: operator, department, street, community, worker, supervisor; resident: for residents only."
        ),
    ] = "operator",
    unit: Annotated[str | None, typer.Option(help="A department's unit.")] = None,
    area: Annotated[str | None, typer.Option(help="The area of a worker, community or street.")] = None,
) -> None:
    """Make a key and print it, this once."""
    from cases.api import keys as api_keys
    from common.db import transaction

    try:
        with transaction() as session:
            made = api_keys.make_key(session, name, scope, role, unit, area)
    except (ValueError, LookupError) as error:
        raise fail(str(error)) from None
    typer.echo(made)


@keys.command("list")
def keys_list() -> None:
    """List the keys that hold: name, for whom, what they may do. The keys themselves are kept nowhere."""
    from cases.api import keys as api_keys
    from common.db import reading

    with reading() as session:
        found = api_keys.valid_keys(session)
    for key in found:
        where = key.unit or key.area or "the whole city"
        typer.echo(f"{key.name}  {key.role}, {where}  {' '.join(key.scopes)}  since {key.created_at:%Y-%m-%d}")
    if not found:
        typer.echo("no key holds")


@keys.command("revoke")
def keys_revoke(name: Annotated[str, typer.Argument(help="The name it was made with.")]) -> None:
    """Revoke a key: it works no more."""
    from cases.api import keys as api_keys
    from common.db import transaction

    try:
        with transaction() as session:
            api_keys.revoke_key(session, name)
    except (ValueError, LookupError) as error:
        raise fail(str(error)) from None
    typer.echo(f"revoked: {name}")
