"""``xiaoge classify``: messages in, their readings out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from nlu.understand.store import NoModelError
from xiaoge import jsonl


def classify_lines(source: Path | None, target: Path | None) -> int:
    """Run the command. Returns the exit status."""
    from nlu.understand.pipeline import default_pipeline

    try:
        pipeline = default_pipeline()
    except NoModelError as error:
        typer.echo(str(error), err=True)
        return 1

    def work(text: str) -> dict[str, Any]:
        return pipeline.parse(text).as_dict()

    return jsonl.run(source, target, "text", work, "classified")
