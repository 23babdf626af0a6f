"""How well the shipped rules grade messages whose grade a supervisor gave. The figures stand in docs/risk.md."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.orm import Session

from cases import risk
from cases.model import Ticket
from cases.risk.grading import firing
from nlu.taxonomy import taxonomy

MESSAGES: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "risk_messages.yml").read_text("utf-8"))
HALVES = {"fitted on": MESSAGES[::2], "held out": MESSAGES[1::2]}
RED_RECALL, GREEN_CALLED_RED, YELLOW_MISSED = 0.9, 0.05, 0.1


@pytest.fixture(scope="module")
def book() -> risk.Rulebook:
    return risk.load()


def graded(book: risk.Rulebook, message: dict[str, Any]) -> str:
    ticket = Ticket(
        text=message["text"],
        type=message["type"],
        category=message["type"].split(".")[0],
        urgent=message.get("urgent", False),
        answers={},
        returns=0,
        reopenings=0,
    )
    fired = firing(book, Session(), ticket, datetime.now(UTC))
    return fired[0].grade if fired else "green"


def counted(book: risk.Rulebook, messages: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((m["grade"], graded(book, m)) for m in messages)


def share(counts: Counter[tuple[str, str]], right: str, given: str) -> float:
    return counts[right, given] / sum(n for (grade, _), n in counts.items() if grade == right)


def test_the_messages_are_160_with_60_that_only_sound_bad() -> None:
    assert len({m["text"] for m in MESSAGES}) == 160
    assert sum(m.get("sounds_bad", False) for m in MESSAGES) == 60
    assert all(m["grade"] == "green" for m in MESSAGES if m.get("sounds_bad"))
    assert all(taxonomy().has_type(m["type"]) and m["why"] for m in MESSAGES)


@pytest.mark.parametrize("half", HALVES)
def test_red_is_found_and_little_is_called_red_that_only_sounds_so(
    book: risk.Rulebook, half: str, capsys: pytest.CaptureFixture[str]
) -> None:
    counts = counted(book, HALVES[half])
    with capsys.disabled():
        print(
            f"\n{half}: red recall {share(counts, 'red', 'red'):.3f}, green called red "
            f"{share(counts, 'green', 'red'):.3f}, green called yellow {share(counts, 'green', 'yellow'):.3f}, "
            f"yellow called green {share(counts, 'yellow', 'green'):.3f}, red {share(counts, 'yellow', 'red'):.3f}"
        )
    assert share(counts, "red", "red") >= RED_RECALL
    assert share(counts, "yellow", "green") <= YELLOW_MISSED


def test_of_all_messages_at_most_a_twentieth_of_the_green_is_called_red(book: risk.Rulebook) -> None:
    assert share(counted(book, MESSAGES), "green", "red") <= GREEN_CALLED_RED
