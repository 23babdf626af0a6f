"""Ending a command with an error."""

from __future__ import annotations

import typer


def fail(text: str) -> typer.Exit:
    """Print an error and give the exception that ends the command with status 1."""
    typer.echo(text, err=True)
    return typer.Exit(1)
