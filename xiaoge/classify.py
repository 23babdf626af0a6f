"""``xiaoge classify``: JSONL in, JSONL out."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import typer

from nlu.text.normalise import clean
from nlu.understand.pipeline import Pipeline
from nlu.understand.store import NoModelError


class BadLineError(ValueError):
    """A line cannot be classified."""


def _message(line: str) -> tuple[Any, str]:
    try:
        raw = json.loads(line)
    except (json.JSONDecodeError, RecursionError):
        raise BadLineError("not JSON") from None
    if not isinstance(raw, dict):
        raise BadLineError('expected an object {"id", "text"}')
    if "id" not in raw:
        raise BadLineError("'id' is missing")
    text = raw.get("text")
    if not isinstance(text, str):
        raise BadLineError("'text' is missing or not a text")
    if not text.strip():
        raise BadLineError("'text' is empty")
    return raw["id"], clean(text)


def results(lines: Iterator[bytes], pipeline: Pipeline) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """For each line that is not blank: its number and the result, or what was wrong with it."""
    for number, raw in enumerate(lines, 1):
        if not raw.strip():
            continue
        try:
            identity, text = _message(raw.decode("utf-8").lstrip("\ufeff"))
        except UnicodeDecodeError:
            yield number, "not UTF-8"
            continue
        except BadLineError as error:
            yield number, str(error)
            continue
        yield number, {"id": identity, **pipeline.parse(text).as_dict()}


def classify_lines(source: Path | None, target: Path | None) -> int:
    """Run the command. Returns the exit status."""
    from nlu.understand.pipeline import default_pipeline

    try:
        pipeline = default_pipeline()
    except NoModelError as error:
        typer.echo(str(error), err=True)
        return 1
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
        for number, result in results(iter(lines), pipeline):
            if isinstance(result, str):
                bad += 1
                typer.echo(f"line {number}: {result}", err=True)
            else:
                out.write(json.dumps(result, ensure_ascii=False) + "\n")
                out.flush()
    if bad:
        typer.echo(f"{bad} line(s) were not classified", err=True)
    return 1 if bad else 0
