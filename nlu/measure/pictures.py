"""Calibration, risk–coverage and confusion as PNG files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

WIDTH, HEIGHT = 6.4, 4.8  # inches


def _figure(width: float = WIDTH, height: float = HEIGHT) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.add_subplot()


def _calibration(report: dict[str, Any]) -> Any:
    figure, axes = _figure()
    bins = report["calibration"]["bins"]
    axes.plot([0, 1], [0, 1], linestyle="--", color="0.6", label="as said")
    axes.bar(
        [b["from"] + 0.05 for b in bins],
        [b["accuracy"] for b in bins],
        width=0.09,
        color="#2f6f9f",
        label="right in fact",
    )
    for b in bins:
        axes.annotate(str(b["n"]), (b["from"] + 0.05, b["accuracy"] + 0.015), ha="center", fontsize=8)
    axes.set(
        xlabel="confidence said",
        ylabel="share right",
        xlim=(0, 1),
        ylim=(0, 1.08),
        title=f"Calibration of the category (expected error {report['calibration']['ece']:.3f})",
    )
    axes.legend(loc="upper left")
    return figure


def _risk_coverage(report: dict[str, Any]) -> Any:
    figure, axes = _figure()
    points = report["risk_coverage"]
    axes.plot([p["coverage"] for p in points], [p["risk"] for p in points], color="#2f6f9f")
    for wanted in (0.9, 0.8, 0.7, 0.6, 0.5):
        near = min(points, key=lambda p: abs(p["threshold"] - wanted))
        axes.plot(near["coverage"], near["risk"], "o", color="#b3541e", markersize=4)
        axes.annotate(
            f"{near['threshold']:.2f}", (near["coverage"], near["risk"]), xytext=(4, -10), textcoords="offset points"
        )
    axes.set(
        xlabel="coverage: share settled without asking",
        ylabel="risk: share of these that is wrong",
        xlim=(0, 1.02),
        title="Risk and coverage by threshold",
    )
    axes.set_ylim(bottom=0)
    axes.grid(alpha=0.3)
    return figure


def _confusion(report: dict[str, Any]) -> Any:
    table = report["category"]["confusion"]
    truth = sorted(table)
    said = sorted({s for row in table.values() for s in row} | set(truth))
    counts = np.array([[table[t].get(s, 0) for s in said] for t in truth], dtype=float)
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    figure, axes = _figure(7.6, 6.2)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1, aspect="auto")
    for i, row in enumerate(counts):
        for j, n in enumerate(row):
            if n:
                axes.text(
                    j, i, int(n), ha="center", va="center", fontsize=9, color="white" if shares[i, j] > 0.5 else "black"
                )
    axes.set_xticks(range(len(said)), said, rotation=40, ha="right")
    axes.set_yticks(range(len(truth)), truth)
    axes.set(xlabel="read as", ylabel="is", title="Categories: what was read for what was meant")
    return figure


def draw(report: dict[str, Any], folder: Path) -> list[Path]:
    """Write the pictures of a report into ``folder`` and return their files."""
    folder.mkdir(parents=True, exist_ok=True)
    files: list[Path] = []
    for name, figure in (
        ("calibration", _calibration(report)),
        ("risk_coverage", _risk_coverage(report)),
        ("confusion", _confusion(report)),
    ):
        file = folder / f"{name}.png"
        figure.savefig(file, dpi=110)
        files.append(file)
    return files
