"""``xiaoge evaluate``: measure understanding on a labelled set."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import typer

from nlu import corpus
from nlu.measure import labelled, report, signals
from nlu.measure.scores import measure, read_all
from nlu.measure.variants import stability, variants
from nlu.taxonomy import taxonomy
from nlu.understand.pipeline import Pipeline, default_pipeline
from nlu.understand.store import NoModelError


def evaluate_file(file: Path, out: Path | None, title_only: bool, with_variants: bool, brief: bool) -> int:
    """Run the command. Returns the exit status."""
    if file.is_dir():
        return evaluate_signals(file, out)
    try:
        messages = labelled.read(file, taxonomy())
        pipeline = default_pipeline()
    except (labelled.LabelledError, NoModelError) as error:
        typer.echo(str(error), err=True)
        return 1
    if title_only and not all(m.title for m in messages):
        typer.echo("--title-only: not every message of this file has a title", err=True)
        return 1
    figures = measured(pipeline, messages, title_only)
    for line in report.lines(figures, details=not brief):
        typer.echo(line)
    if with_variants:
        texts = [m.title if title_only else m.whole for m in messages]
        figures["variants"] = stability(pipeline, texts, variants(u.text for u in corpus.load(taxonomy())))
        typer.echo("\nwritten differently: same label · category · matter type")
        for name, row in figures["variants"].items():
            typer.echo(f"  {name:<16} {row['label']:.3f} · {row['category']:.3f} · {row['type']:.3f}")
    if out:
        _write(figures, out)
    return 0


def evaluate_signals(folder: Path, out: Path | None) -> int:
    """Measure the signals on the files of a folder, and their false alarms on the labelled sets beside it."""
    try:
        sets = [labelled.read(f, taxonomy()) for f in sorted(folder.resolve().parent.glob("*.yml"))]
        figures = signals.measure(default_pipeline(), folder, [m.whole for messages in sets for m in messages])
    except (corpus.CorpusError, labelled.LabelledError, NoModelError) as error:
        typer.echo(str(error), err=True)
        return 1
    if not figures["messages"]:
        typer.echo(f"there are no files of signals in {folder}", err=True)
        return 1
    for line in signals.lines(figures):
        typer.echo(line)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        target = out / "signals.json"
        target.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
        typer.echo(f"\nwritten: {target}")
    return 0


def measured(pipeline: Pipeline, messages: list[labelled.Labelled], title_only: bool = False) -> dict[str, Any]:
    """Figures of a labelled set, and which model they are of."""
    outcomes = read_all(pipeline, messages, title_only)
    return {"model": pipeline.model.manifest["id"], **measure(outcomes)}


def _write(figures: dict[str, Any], out: Path) -> None:
    from nlu.measure.pictures import draw

    out.mkdir(parents=True, exist_ok=True)
    target = out / "report.json"
    target.write_text(json.dumps(figures, ensure_ascii=False, indent=1), encoding="utf-8")
    typer.echo("\nwritten: " + ", ".join(str(f) for f in (target, *draw(figures, out))))
