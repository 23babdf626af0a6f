"""A bot whose city keeps its cases on an Open311 platform: filing, additions, progress, and what the platform cannot do."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dialogue import Resident, responses
from open311_platform import Platform, open_adapter, platform

from actions import filing, form, talk, tracking, words
from actions.talk import AfterFiling
from actions.tracking import Track
from cases.outward.remote import Remote
from cases.outward.upstream.errors import UpstreamError
from nlu.understand.pipeline import Pipeline

__all__ = ["platform"]
pytestmark = pytest.mark.usefixtures("city_database")

WHOLE = "幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管"
FIRE = "幸福里3号楼着火了，好多人困在里面快来人"


def join(monkeypatch: pytest.MonkeyPatch, remote: Remote) -> None:
    """Let the actions file at a platform."""
    for module in (filing, form, talk, tracking, words):
        monkeypatch.setattr(module, "backend", lambda: remote)


@pytest.fixture
def joined(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    with Remote(open_adapter(platform, default_service="N09")) as remote:
        join(monkeypatch, remote)
        yield platform


@pytest.fixture
def silent(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> Iterator[Platform]:
    """A platform of the plain standard, which takes no updates."""
    with Remote(open_adapter(platform, default_service="N09", updates=False)) as remote:
        join(monkeypatch, remote)
        yield platform


@pytest.fixture
def after_filing(joined: Platform, resident: Resident) -> Resident:
    resident.report(WHOLE)
    resident.answer("对")
    return resident


def test_a_report_is_filed_there_and_its_number_told(joined: Platform, resident: Resident) -> None:
    resident.report(WHOLE)
    said = resident.answer("对")
    [(number, request)] = joined.requests.items()
    assert responses(said) == ["utter_filed_review"] and said[0]["number"] == number
    assert request["description"].startswith(WHOLE)
    assert resident.slots["known"] == [number]


def test_progress_is_asked_there_with_the_numbers_remembered(after_filing: Resident, joined: Platform) -> None:
    [number] = joined.requests
    joined.requests[number] |= {"status": "closed", "status_notes": "已责令整改"}
    after_filing.hear("我反映的事怎么样了")
    said = after_filing.run(Track())
    assert responses(said) == ["utter_track_one", "utter_track_note"]
    assert (said[0]["number"], said[0]["status"], said[1]["note"]) == (number, "已办结", "已责令整改")
    after_filing.hear(f"{number}办得怎么样了")
    assert responses(after_filing.run(Track()))[0] == "utter_track_one"


def test_of_somebody_elses_matter_only_its_state_is_told(
    after_filing: Resident, joined: Platform, pipeline: Pipeline
) -> None:
    [number] = joined.requests
    stranger = Resident(pipeline, sender="resident-2")
    stranger.hear(f"{number}办得怎么样了")
    assert responses(stranger.run(Track())) == ["utter_track_status_only"]


def test_what_is_told_afterwards_is_passed_on_once(after_filing: Resident, joined: Platform) -> None:
    after_filing.hear("今天晚上又吵起来了", act="inform", message=77)
    after_filing.latest["reading"]["intent"] = "inform"
    for _ in range(2):  # the message is handled again after a worker's death
        assert responses(after_filing.run(AfterFiling())) == ["utter_added"]
    assert [u["description"] for u in joined.updates] == ["今天晚上又吵起来了"]


def test_where_nothing_can_be_added_the_resident_is_told_whom_to_call(silent: Platform, resident: Resident) -> None:
    resident.report(WHOLE)
    resident.answer("对")
    resident.hear(event="event_photo", photo="photo-1")
    said = resident.run(AfterFiling())
    assert responses(said) == ["utter_not_passed_on"]
    assert said[0]["hotline"] == "12345"


def test_danger_is_filed_at_once_and_no_useless_questions_follow(silent: Platform, resident: Resident) -> None:
    said = resident.report(FIRE)
    assert responses(said)[:2] == ["utter_safety_fire", "utter_filed_urgent"]
    assert len(silent.requests) == 1
    if resident.slots["intake"]:
        said = resident.answer("3单元502")
        assert responses(said) == ["utter_not_passed_on", "utter_urgent_stay"]
    assert resident.slots["intake"] is None


@pytest.mark.parametrize("trouble", [503, "cut"])
def test_while_the_platform_is_away_nothing_is_said_to_be_filed(
    joined: Platform, resident: Resident, trouble: int | str
) -> None:
    resident.report(WHOLE)
    joined.trouble = [trouble] * 4
    with pytest.raises(UpstreamError):
        resident.answer("对")
    joined.trouble = []
    assert resident.slots["intake"] is not None
    assert responses(resident.run(form.FinishIntake())) == ["utter_filed_review"]
    assert len(joined.requests) == 1
