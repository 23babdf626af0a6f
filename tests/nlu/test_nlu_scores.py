"""Figures on outcomes small enough to count by hand."""

from __future__ import annotations

import pytest

from nlu.measure import report, scores
from nlu.measure.labelled import Labelled
from nlu.measure.scores import Outcome
from nlu.understand.pipeline import Candidate, Entity, Reading


def outcome(
    truth: str, said: str, confidence: float, others: tuple[str, ...] = (), urgent: tuple[bool, bool] = (False, False)
) -> Outcome:
    """An outcome whose types are ``<category>.x``."""
    candidates = tuple(Candidate(c, f"{c}.x", 0.1) for c in (said, *others))
    reading = Reading(
        text="文",
        intent="report",
        intent_confidence=1.0,
        act="report",
        act_confidence=1.0,
        category=said,
        type=f"{said}.x",
        confidence=confidence,
        candidates=candidates,
        also=(),
        urgent=urgent[1],
        urgency=0.0,
        entities=(),
        matters=(),
    )
    return Outcome(Labelled("1", "", "文", truth, f"{truth}.x", "report", (), urgent[0]), reading)


def test_first_and_first_three_guesses() -> None:
    made = [
        outcome("a", "a", 0.9),
        outcome("b", "a", 0.8, ("c", "b")),
        outcome("d", "a", 0.7, ("b", "c", "d")),
    ]
    figures = scores.measure(made)["category"]
    assert figures["top1"] == pytest.approx(1 / 3, abs=1e-4)
    assert figures["top3"] == pytest.approx(2 / 3, abs=1e-4)


def test_precision_recall_and_macro_f1_per_class() -> None:
    table = scores.per_class(["a", "a", "b"], ["a", "b", "b"])
    assert table["a"] == {"precision": 1.0, "recall": 0.5, "f1": 0.6667, "support": 2}
    assert table["b"] == {"precision": 0.5, "recall": 1.0, "f1": 0.6667, "support": 1}
    assert scores.macro_f1(table) == 0.6667


def test_a_class_never_predicted_has_no_precision_and_scores_nothing() -> None:
    assert scores.per_class(["a"], ["b"])["a"] == {"precision": None, "recall": 0.0, "f1": 0.0, "support": 1}


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    # 0.95 said, half of it right; 0.25 said, all of it right
    figures = scores.calibration([0.95, 0.95, 0.25, 0.25], [True, False, True, True])
    assert figures["ece"] == pytest.approx(0.5 * 0.45 + 0.5 * 0.75)
    assert [b["n"] for b in figures["bins"]] == [2, 2]


def test_risk_falls_as_the_threshold_rises() -> None:
    points = scores.risk_coverage([0.9, 0.8, 0.7, 0.6], [True, True, False, True])
    assert [(p["threshold"], p["coverage"], round(p["risk"], 3)) for p in points] == [
        (0.9, 0.25, 0.0),
        (0.8, 0.5, 0.0),
        (0.7, 0.75, 0.333),
        (0.6, 1.0, 0.25),
    ]
    best = scores.threshold_for(points, 0.25)
    assert best is not None and best["threshold"] == 0.6
    assert scores.threshold_for(points, 0.0)["threshold"] == 0.8  # type: ignore[index]
    assert scores.threshold_for(scores.risk_coverage([0.5], [False]), 0.1) is None


def test_equal_confidences_are_answered_together() -> None:
    points = scores.risk_coverage([0.5, 0.5], [True, False])
    assert points == [{"threshold": 0.5, "coverage": 1.0, "risk": 0.5}]


def test_urgency_precision_and_recall() -> None:
    made = [
        outcome("a", "a", 0.9, urgent=(True, True)),
        outcome("a", "a", 0.9, urgent=(True, False)),
        outcome("a", "a", 0.9, urgent=(False, True)),
    ]
    assert scores.measure(made)["urgent"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "positives": 2}


def test_an_entity_counts_only_when_kind_and_text_are_exact() -> None:
    made = outcome("a", "a", 0.9)
    truth = Labelled("1", "", "文", "a", "a.x", entities={"place": ("和平路", "解放路"), "time": ("昨晚",)})
    found = (
        Entity("place", "和平路", 0, 3),
        Entity("place", "解放", 0, 2),
        Entity("person", "昨晚", 0, 2),
    )
    from dataclasses import replace

    table = scores.entities([Outcome(truth, replace(made.reading, entities=found))])
    assert table["place"] == {"precision": 0.5, "recall": 0.5, "f1": 0.5, "support": 2}
    assert table["time"]["recall"] == 0.0
    assert table["person"] == {"precision": 0.0, "recall": None, "f1": 0.0, "support": 0}
    assert table["all"]["support"] == 3


def test_the_report_says_where_each_threshold_lies() -> None:
    made = [outcome("a", "a", 0.9), outcome("a", "b", 0.4, ("a",))]
    text = "\n".join(report.lines(scores.measure(made)))
    assert "top-1 0.500" in text
    assert "at most 5% wrong: sure from 0.90 on, answers 50% without asking" in text
    assert "1 × a read as b" in text
