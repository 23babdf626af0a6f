"""Matching measured on written wordings: how many come to the right place, and whether ``sure`` says how often."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlalchemy.orm import Session

from cases.places import ENOUGH, AddressMatch, match_address
from cases.places.reading import SURE
from common.db import reading

HERE = Path(__file__).parent
FILES = ("addresses.yml", "addresses_held_out.yml")

pytestmark = pytest.mark.usefixtures("city_database")


@lru_cache
def wordings(name: str) -> list[dict[str, Any]]:
    groups = yaml.safe_load((HERE / name).read_text(encoding="utf-8"))
    return [wording for group in groups.values() for wording in group]


@dataclass(frozen=True)
class Judged:
    wording: dict[str, Any]
    match: AddressMatch | None
    place: bool  # it is the place meant, and what is open is left open

    @property
    def right(self) -> bool:
        """The place meant is taken; nothing is taken where nothing may be, or where it is to be asked about."""
        taken = self.match is not None and self.match.sure >= ENOUGH
        if "none" in self.wording:
            return not taken
        return self.place and taken != self.wording.get("ask", False)


def judge(session: Session, wording: dict[str, Any]) -> Judged:
    match = match_address(session, wording["say"], wording.get("hint"))
    if match is None or "none" in wording:
        return Judged(wording, match, False)
    same = (match.text, match.level, match.grid) == (wording["text"], wording["level"], wording.get("grid"))
    if "among" in wording:
        same = same and {a.grid for a in match.alternatives} == set(wording["among"])
    return Judged(wording, match, same)


def judged(*files: str) -> list[Judged]:
    with reading() as session:
        return [judge(session, wording) for name in files for wording in wordings(name)]


def test_the_set_is_large_and_a_good_part_of_it_must_not_match() -> None:
    said = [w["say"] for name in FILES for w in wordings(name)]
    assert len(said) > 450
    unmatched = [w for name in FILES for w in wordings(name) if "none" in w or "among" in w]
    assert len(unmatched) > 120
    assert all({"say", "text", "level"} <= set(w) or "none" in w for name in FILES for w in wordings(name))


@pytest.mark.parametrize(("file", "least"), [("addresses.yml", 0.97), ("addresses_held_out.yml", 0.96)])
def test_wordings_come_to_the_place_meant(file: str, least: float) -> None:
    done = judged(file)
    wrong = [(j.wording["say"], j.match and (j.match.text, j.match.grid, j.match.sure)) for j in done if not j.right]
    assert len(wrong) <= (1 - least) * len(done), wrong


def test_what_must_not_match_is_hardly_ever_taken() -> None:
    done = [j for j in judged(*FILES) if "none" in j.wording]
    wrong = [j.wording["say"] for j in done if not j.right]
    assert len(done) > 100
    assert len(wrong) <= 0.1 * len(done), wrong


def test_every_step_is_worth_what_it_was_measured_to_be() -> None:
    by_weakest: dict[str, list[bool]] = defaultdict(list)
    for one in judged(*FILES):
        if one.match is not None:
            by_weakest[min(one.match.how, key=lambda step: SURE[step])].append(one.place)
    measured = {step: (sum(right) + 1) / (len(right) + 2) for step, right in by_weakest.items()}
    assert set(measured) == set(SURE)
    assert {
        step: (round(share, 2), SURE[step]) for step, share in measured.items() if abs(share - SURE[step]) > 0.02
    } == {}


def test_sure_means_what_it_says() -> None:
    bands: dict[int, list[Judged]] = defaultdict(list)
    for one in judged(*FILES):
        if one.match is not None:
            bands[min(int(one.match.sure * 5), 4)].append(one)
    for band, ones in bands.items():
        said = sum(j.match.sure for j in ones if j.match) / len(ones)
        came = sum(j.place for j in ones) / len(ones)
        spread = 2 * (said * (1 - said) / len(ones)) ** 0.5
        assert abs(said - came) <= max(spread, 0.05), f"{band / 5:.1f}: said {said:.2f}, came {came:.2f}, {len(ones)}"
