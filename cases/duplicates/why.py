"""A suggestion's reasons in the words of ``words.yml``."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from cases.duplicates.features import RELATIONS
from cases.duplicates.reports import Report, own_words
from nlu.taxonomy import taxonomy

FILE = Path(__file__).parent / "words.yml"
HOUR, DAY = 3600.0, 86_400.0


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return words


def _listed(names: frozenset[str] | set[str]) -> str:
    return "、".join(sorted(names))


def _type(report: Report) -> str:
    if report.type is not None and taxonomy().has_type(report.type):
        return taxonomy().type(report.type).name
    return taxonomy().category(report.category).name if report.category in _categories() else report.category


@lru_cache(maxsize=1)
def _categories() -> frozenset[str]:
    return frozenset(c.code for c in taxonomy().categories)


def _fill(one: Report, other: Report) -> dict[str, dict[str, str]]:
    """What stands in the gaps of the words, by feature."""
    a, b = one.where, other.where
    x, y = one.words, other.words
    types = {"type": _type(one), "one": _type(one), "other": _type(other)}
    return {
        "same_name": {"name": _listed(a.names & b.names)},
        "alike": {"one": a.loose, "other": b.loose},
        "same_building": {"building": a.building or ""},
        "other_home": {"one": _listed(a.homes), "other": _listed(b.homes)},
        "other_building": {"one": a.building or "", "other": b.building or ""},
        "other_subject": {"one": _listed(x.subjects), "other": _listed(y.subjects)},
        "other_line": {"one": _listed(x.lines), "other": _listed(y.lines)},
        "same_type": types,
        "kindred_type": types,
        "bordering_type": types,
        "other_type": types,
        "same_subject": {"shared": _listed(x.subjects & y.subjects)},
        "same_line": {"line": _listed(x.lines & y.lines)},
    }


def _time(one: Report, other: Report) -> str:
    words, seconds = _words()["time_words"], abs((one.at - other.at).total_seconds())
    for limit, key in ((HOUR, "hour"), (DAY, "day"), (2 * DAY, "two"), (7 * DAY, "week")):
        if seconds <= limit:
            return str(words[key])
    return str(words["days"].format(days=round(seconds / DAY)))


def explain(
    one: Report, other: Report, found: dict[str, float], score: float, followers: int = 0, closed: bool = False
) -> dict[str, Any]:
    """The reasons of a score, each under its heading, as they are stored and shown.

    Args:
        one: a report.
        other: the one it was compared with.
        found: the pair's features.
        score: 0–1.
        followers: how many reports were compared besides, as merged into the other.
        closed: whether the other's ticket is closed.
    """
    words, gaps = _words(), _fill(one, other)
    gaps["own_words"] = {"shared": _listed(own_words(one.words.text) & own_words(other.words.text))}
    gaps["meaning"] = {"near": f"{found['meaning']:.2f}"}
    hold = {name for name, value in found.items() if value}
    if not hold & {"same_type", "kindred_type", "bordering_type"}:
        hold.add("other_type")
    if one.anonymous or other.anonymous:  # who asked to stay unknown is not told from their other reports
        hold.discard("same_person")

    def said(group: str, names: set[str] | None = None) -> list[str]:
        return [t.format(**gaps.get(n, {})) for n, t in words[group].items() if n in (hold if names is None else names)]

    where = next((n for n in RELATIONS if n in hold), "unplaced")
    verdict = words["verdict_case"] if followers else words["verdict_words"]
    reasons = {
        words["verdict"]: verdict.format(score=f"{score:.2f}", followers=followers),
        words["state"]: words["closed"] if closed else "",
        words["place"]: "，".join([*said("place_words", {where}), *said("place_more")]),
        words["time"]: _time(one, other),
        words["matter"]: "，".join(said("matter_words")),
        words["said"]: "，".join(said("said_words")),
        words["person"]: "，".join(said("person_words")),
        words["against"]: "，".join(said("against_words")),
    }
    return {heading: text for heading, text in reasons.items() if text}
