"""Running a reader over messages, timed; used by both sides, so it imports nothing of either."""

from __future__ import annotations

import json
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

WARM_UP = 5


def peak_megabytes() -> float:
    """Peak resident memory of this process."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def no_longer_than(longest: int, utterances: list[Any]) -> list[Any]:
    """Those of the corpus's utterances whose every view has at most ``longest`` characters; all of them for 0."""
    return [u for u in utterances if not longest or all(len(view) <= longest for view in u.views)]


def run(read: Callable[[str], list[str]], messages: list[dict[str, str]], out: Path, train_seconds: float) -> None:
    """Read every message, note ranked categories and milliseconds, and write the figures as JSON.

    Args:
        read: categories of a text, likeliest first.
        messages: each with text and category.
        out: where the figures go.
        train_seconds: how long training took.
    """
    for message in messages[:WARM_UP]:
        read(message["text"])
    times: list[float] = []
    first = three = 0
    for message in messages:
        begin = time.perf_counter()
        ranked = read(message["text"])
        times.append((time.perf_counter() - begin) * 1000)
        first += ranked[:1] == [message["category"]]
        three += message["category"] in ranked[:3]
    figures: dict[str, Any] = {
        "top1": first / len(messages),
        "top3": three / len(messages),
        "train_seconds": train_seconds,
        "median_ms": statistics.median(times),
        "p99_ms": sorted(times)[max(0, round(len(times) * 0.99) - 1)],
        "megabytes": peak_megabytes(),
        "messages": len(messages),
    }
    out.write_text(json.dumps(figures), encoding="utf-8")
