"""The score of a pair: its laws, its tables, and how good it is on the written set."""

from __future__ import annotations

import sys
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from cases.duplicates import Names, Report, lexicon, matters, read, score, scoring
from cases.duplicates.features import NAMES, RELATIONS, features

HERE = Path(__file__).parent
SHANGHAI = ZoneInfo("Asia/Shanghai")


def _reports() -> list[Report]:
    names, chance = Names(("", 0)), np.random.default_rng(1)
    out = []
    for i, row in enumerate(yaml.safe_load((HERE / "retold.yml").read_text(encoding="utf-8"))[:120], 1):
        vector = chance.standard_normal(8).astype(np.float32)
        told = SimpleNamespace(
            id=i,
            number=row["id"],
            created_at=datetime.fromisoformat(row["at"]).replace(tzinfo=SHANGHAI),
            category=row["type"].split(".")[0],
            type=row["type"],
            text=row["text"],
            place=row["place"] or None,
            grid=None,
            community=None,
            street=None,
            reporter=f"r{i % 7}",
            phone=None,
            anonymous=False,
        )
        out.append(read(names, told, vector / np.linalg.norm(vector)))
    return out


REPORTS = _reports()
report = st.sampled_from(REPORTS)


@settings(deadline=None)  # the first reading of a text cuts it into words
@given(report, report)
def test_a_score_is_a_probability_and_the_same_from_either_side(one: Report, other: Report) -> None:
    assert 0 <= score(one, other).value <= 1
    assert score(one, other).logit == pytest.approx(score(other, one).logit)


@settings(deadline=None)  # the first reading of a text cuts it into words
@given(report, report)
def test_two_places_lie_to_each_other_in_exactly_one_way(one: Report, other: Report) -> None:
    found = features(one, other)
    assert set(found) == set(NAMES)
    assert sum(found[name] for name in RELATIONS) == 1


@settings(deadline=None)  # the first reading of a text cuts it into words
@given(report, report, st.integers(0, 60), st.integers(0, 60))
def test_more_time_between_never_makes_one_matter_likelier(one: Report, other: Report, less: int, more: int) -> None:
    near, far = sorted((less, more))
    scores = [score(one, replace(other, at=one.at + timedelta(days=d))).logit for d in (near, far)]
    assert scores[0] >= scores[1]


@settings(deadline=None)  # the first reading of a text cuts it into words
@given(report)
def test_nothing_is_likelier_than_a_report_told_again_in_the_same_words(one: Report) -> None:
    assert score(one, one).logit >= max(score(one, replace(other, at=one.at)).logit for other in REPORTS)


def test_an_unencoded_or_broken_meaning_counts_as_an_unknown_one() -> None:
    one, other = REPORTS[:2]
    broken = np.full(8, np.nan, dtype=np.float32)
    assert score(one, replace(other, vector=None)).logit == score(one, replace(other, vector=broken)).logit


def test_every_mistake_in_a_table_is_told(tmp_path: Path) -> None:
    table = tmp_path / "t.yml"
    table.write_text("lasting: {nosuch: {reach: far, days: 0}}\nkindred: [[a, b]]\nbordering: []\n", encoding="utf-8")
    with pytest.raises(matters.MattersError, match=r"(?s)nosuch.*reach is 'far'.*days must be.*kindred: group 1"):
        matters.load(table)
    table.write_text("路灯: [路灯]\n井盖: []\n狗: [狗…]\n路灯: [街灯]\n", encoding="utf-8")
    with pytest.raises(lexicon.LexiconError, match=r"(?s)t.yml:2: 井盖.*t.yml:3: 狗.*t.yml:4: 路灯 stands twice"):
        lexicon.load(table)
    table.write_text("threshold: 2\nintercept: x\nfeatures: {late: {weight: a}, odd: {weight: 1}}\n", encoding="utf-8")
    with pytest.raises(
        scoring.WeightsError, match=r"(?s)odd: no such.*meaning: the weight is missing.*late: weight.*threshold"
    ):
        scoring.load(table, ["late", "meaning"])


@pytest.mark.slow
def test_the_measured_half_stays_as_good_as_documented() -> None:
    sys.path.insert(0, str(HERE.parents[1] / "benchmarks/duplicates"))
    import measured
    import quality
    import written

    with written.sample_city() as session:
        found = quality.compare(written.read_all(session), [])
    linked = measured.linked(found.indices, found.logits, len(found.groups), scoring.weights().floor)
    precision, recall = measured.counted(found.same[found.counts], linked[found.counts])
    assert precision >= 0.87
    assert recall >= 0.69
