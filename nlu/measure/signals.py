"""How surely the signals of messages are heard, on messages written to measure with, and how often falsely."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nlu import signal_corpus
from nlu.measure.scores import binary
from nlu.signal_corpus import SIGNALS
from nlu.understand.pipeline import Pipeline


def measure(pipeline: Pipeline, folder: Path, ordinary: Sequence[str]) -> dict[str, Any]:
    """Precision, recall and F1 of each signal, and its false alarms on ordinary messages.

    Args:
        pipeline: on the model to measure.
        folder: files of signals (see :mod:`nlu.signal_corpus`). All messages in them count for each signal.
        ordinary: messages written for something else. Those the folder says show a signal are no false alarm of it.

    Raises:
        CorpusError: when the files have mistakes.
    """
    corpus = signal_corpus.load(folder)
    heard = [pipeline.classify(s.text).signals for s in corpus.said]
    alarms = [pipeline.classify(text).signals for text in ordinary]
    rows: dict[str, Any] = {}
    for name in SIGNALS:
        truth, said = [name in s.signals for s in corpus.said], [name in found for found in heard]
        false = [
            t for t, a in zip(ordinary, alarms, strict=True) if name in a and not _shows(t, name, corpus.elsewhere)
        ]
        per_thousand = round(1000 * len(false) / len(ordinary), 2) if ordinary else None
        rows[name] = {**binary(truth, said), "false_per_thousand": per_thousand, "false": false}
    return {"messages": len(corpus.said), "ordinary": len(ordinary), "signals": rows}


def _shows(text: str, name: str, elsewhere: dict[str, frozenset[str]]) -> bool:
    return any(name in shown for told, shown in elsewhere.items() if text == told or text.endswith(f"\n{told}"))


def lines(figures: dict[str, Any]) -> Iterator[str]:
    """The figures, line by line."""
    yield f"{figures['messages']} messages written for the signals, {figures['ordinary']} ordinary ones"
    yield ""
    yield f"{'signal':<12}  precision  recall     f1  messages  false alarms per 1,000 ordinary"
    for name, row in figures["signals"].items():
        f1, false = row["f1"], row["false_per_thousand"]
        yield (
            f"{name:<12}  {_figure(row['precision']):>9}  {_figure(row['recall']):>6}  {_figure(f1):>5}"
            f"  {row['positives']:>8}  {'–' if false is None else f'{false:.1f}':>5}"
        )


def _figure(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
