"""``xiaoge model``."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table

from nlu.understand import store


def print_models() -> None:
    """Print the models on disk, newest first."""
    home = store.folder()
    table = Table(
        "",
        Column("id", no_wrap=True, min_width=12),
        Column("trained", no_wrap=True, min_width=16),
        "messages",
        "corrected",
        "category",
        "type",
        "intent",
    )
    found = store.manifests(home)
    for m in found:
        scores = m["scores"]
        table.add_row(
            "*" if m["id"] == store.current(home) else "",
            m["id"],
            m["trained_at"][:16].replace("T", " "),
            str(m["messages"]),
            str(m.get("corrections", 0)),
            _top1(scores, "category"),
            _top1(scores, "type"),
            _top1(scores, "intent"),
        )
    if found:
        Console().print(table)
        typer.echo("* is the one that serves. Scores are those on the fifth of the corpus left out in training.")
    else:
        typer.echo(f"no models in {home}: 'xiaoge train' makes one")


def _top1(scores: dict[str, Any], head: str) -> str:
    """A head's score; models of earlier versions do not have all of them."""
    return f"{scores[head]['top1']:.3f}" if "top1" in scores.get(head, {}) else "–"


def use_model(identity: str) -> int:
    """Make a model the current one. Returns the exit status."""
    home = store.folder()
    matching = [m["id"] for m in store.manifests(home) if m["id"].startswith(identity)]
    try:
        store.use(matching[0] if len(matching) == 1 else identity, home)
    except store.NoModelError as error:
        typer.echo(str(error), err=True)
        return 1
    typer.echo(f"{store.current(home)} is now current; restart 'xiaoge up' to serve with it")
    return 0
