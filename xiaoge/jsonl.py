"""JSONL in, JSONL out: a line that is wrong is reported with its number, and the others go on."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer

from nlu.text.normalise import clean

Work = Callable[[str], dict[str, Any]]


class BadLineError(ValueError):
    """A line is not what was expected."""


def _taken(line: str, field: str) -> tuple[Any, str]:
    try:
        raw = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise BadLineError("not JSON") from None
    if not isinstance(raw, dict):
        raise BadLineError(f'expected an object {{"id", "{field}"}}')
    if "id" not in raw:
        raise BadLineError("'id' is missing")
    text = raw.get(field)
    if not isinstance(text, str):
        raise BadLineError(f"'{field}' is missing or not a text")
    if not text.strip():
        raise BadLineError(f"'{field}' is empty")
    return raw["id"], clean(text)


def results(lines: Iterator[bytes], field: str, work: Work) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """For each line that is not blank: its number and the result, or what was wrong with it.

    Args:
        lines: of the input.
        field: of each object, which holds the text.
        work: what is done with the text.
    """
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            identity, text = _taken(raw.decode("utf-8").lstrip("\ufeff"), field)
        except UnicodeDecodeError:
            yield number, "not UTF-8"
            continue
        except BadLineError as error:
            yield number, str(error)
            continue
        yield number, {"id": identity, **work(text)}


def run(source: Path | None, target: Path | None, field: str, work: Work, done: str) -> int:
    """Read, work and write until the input ends.

    Args:
        source: a file; None: standard input.
        target: a file; None: standard output.
        field: see :func:`results`.
        work: see :func:`results`.
        done: what was done with each line, for the message at the end: classified.

    Returns:
        The exit status: 1 when a line was wrong or there is no such file.
    """
    if source and not source.is_file():
        typer.echo(f"there is no file {source}", err=True)
        return 1
    bad = 0
    # UTF-8 whatever the locale. Half an emoji in an id comes out as the JSON escape it came in as.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
    with ExitStack() as stack:
        lines = stack.enter_context(source.open("rb")) if source else sys.stdin.buffer
        out = (
            stack.enter_context(target.open("w", encoding="utf-8", errors="backslashreplace")) if target else sys.stdout
        )
        for number, result in results(iter(lines), field, work):
            if isinstance(result, str):
                bad += 1
                typer.echo(f"line {number}: {result}", err=True)
            else:
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
                out.flush()
    if bad:
        typer.echo(f"{bad} line(s) were not {done}", err=True)
    return 1 if bad else 0
