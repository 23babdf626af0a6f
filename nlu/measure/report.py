"""The figures of a labelled set as text for a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from nlu.measure.scores import threshold_for

RISKS = (0.05, 0.10, 0.15)


def _figure(value: float | None) -> str:
    return "    –" if value is None else f"{value:5.3f}"


def _table(title: str, rows: dict[str, dict[str, Any]], width: int) -> Iterator[str]:
    yield ""
    yield f"{title:<{width}}  precision  recall     f1  messages"
    for name, row in rows.items():
        yield (
            f"{name:<{width}}  {_figure(row['precision']):>9}  {_figure(row['recall']):>6}  {_figure(row['f1']):>5}"
            f"  {row['support']:>8}"
        )


def _confusions(confusion: dict[str, dict[str, int]], most: int) -> Iterator[str]:
    pairs = [(n, t, s) for t, row in confusion.items() for s, n in row.items() if t != s]
    for n, truth, said in sorted(pairs, key=lambda p: (-p[0], p[1], p[2]))[:most]:
        yield f"  {n:>4} × {truth} read as {said}"


def lines(report: dict[str, Any], details: bool = True) -> Iterator[str]:
    """The report, line by line.

    Args:
        report: what :func:`nlu.measure.scores.measure` gave.
        details: with the tables per class.
    """
    yield f"{report['messages']} messages"
    category = report["category"]
    yield (
        f"category      top-1 {_figure(category['top1'])}   top-3 {_figure(category['top3'])}   "
        f"macro-F1 {_figure(category['macro_f1'])}"
    )
    if type_ := report.get("type"):
        yield (
            f"matter type   top-1 {_figure(type_['top1'])}   top-3 {_figure(type_['top3'])}   "
            f"macro-F1 {_figure(type_['macro_f1'])}"
        )
    if intent := report.get("intent"):
        yield f"intent        top-1 {_figure(intent['accuracy'])}"
    if act := report.get("act"):
        yield f"turn          top-1 {_figure(act['accuracy'])}"
    if also := report.get("also"):
        yield f"also          precision {_figure(also['precision'])}   recall {_figure(also['recall'])}"
    if urgent := report.get("urgent"):
        yield (
            f"urgent        precision {_figure(urgent['precision'])}   recall {_figure(urgent['recall'])}   "
            f"({urgent['positives']} urgent)"
        )
    yield f"calibration   expected error {_figure(report['calibration']['ece'])}"
    for risk in RISKS:
        point = threshold_for(report["risk_coverage"], risk)
        if point:
            yield (
                f"at most {risk:.0%} wrong: sure from {point['threshold']:.2f} on, answers "
                f"{point['coverage']:.0%} without asking"
            )
        else:
            yield f"at most {risk:.0%} wrong: not reached at any threshold"
    if details:
        yield from _details(report)


def _details(report: dict[str, Any]) -> Iterator[str]:
    yield from _table("category", report["category"]["per_class"], 14)
    yield "most frequent confusions of category:"
    yield from _confusions(report["category"]["confusion"], 12)
    if type_ := report.get("type"):
        yield from _table("matter type", type_["per_class"], 30)
    if intent := report.get("intent"):
        yield from _table("intent", intent["per_class"], 14)
        yield from _confusions(intent["confusion"], 12)
    if entities := report.get("entities"):
        yield from _table("entity", entities, 14)
    yield ""
    yield "calibration: said confidence → right in fact"
    for b in report["calibration"]["bins"]:
        yield f"  {b['from']:.1f}–{b['to']:.1f}  {b['confidence']:.2f} → {b['accuracy']:.2f}   {b['n']:>5} messages"
