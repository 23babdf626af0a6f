"""The command line's part for duplicates: what may be the same matter, and what a person decides."""

from __future__ import annotations

from typing import Annotated

import typer

app = typer.Typer(help="Reports that may be the same matter; see docs/duplicates.md.", no_args_is_help=True)
SHOWN = 40  # characters of a text


@app.command("list")
def waiting(
    area: Annotated[str | None, typer.Option(help="Code of an area of any level.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many, likeliest first.", min=1, max=500)] = 20,
) -> None:
    """List the pairs that wait for a decision, and why they may be one matter."""
    from cases import duplicates, numbers
    from common.db import reading

    with reading() as session:
        found = duplicates.pending(session, area, limit)
        for pair in found:
            typer.echo(
                f"{pair.id}  {pair.score:.0%}  {'；'.join(f'{what}：{said}' for what, said in pair.why.items())}"
            )
            for ticket in (pair.ticket, pair.of):
                flat = " ".join(ticket.text.split())
                typer.echo(f"   {numbers.spoken(ticket.number)}  {flat[:SHOWN]}{'…' if len(flat) > SHOWN else ''}")
    typer.echo(f"{len(found)} pairs wait" if found else "no pair waits for a decision")


@app.command("decide")
def decide(
    identity: Annotated[int, typer.Argument(metavar="ID", help="The pair's number, see 'duplicates list'.")],
    same: Annotated[bool, typer.Option("--same/--different", help="One matter, or two for good.")],
    actor: Annotated[str | None, typer.Option(help="Who you are, for the history.")] = None,
) -> None:
    """Say whether two reports are one matter. The same are merged, and both residents hear the outcome."""
    from cases import duplicates, service
    from cases.workflow import IllegalTransitionError
    from common.db import transaction

    mistakes = (
        duplicates.SuggestionNotFoundError,
        duplicates.SuggestionDecidedError,
        IllegalTransitionError,
        service.MergeError,
        service.StaleTicketError,
    )
    try:
        with transaction() as session:
            kept = duplicates.decide(session, identity, same, service.Actor("operator", actor))
    except mistakes as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    typer.echo(f"{identity}: {kept.decision}")
