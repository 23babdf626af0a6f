"""How is it going: by number, by when, by what."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from dialogue import Resident, responses

from actions import tracking
from actions.tracking import Track, since_when
from cases import numbers, service
from cases.outward.backend import backend
from cases.service import NewTicket
from common.db import transaction
from nlu.understand.pipeline import Pipeline

WEDNESDAY = datetime(2026, 3, 4, 2, 30, tzinfo=UTC)  # 10:30 in Shanghai
LATE = datetime(2026, 3, 3, 17, 0, tzinfo=UTC)  # one in the night of the same day


def file(reporter: str = "resident-1", type_: str = "environment.noise", text: str = "楼下吵") -> str:
    with transaction() as session:
        new = NewTicket(text, type_.split(".")[0], type_, "web", reporter=reporter)
        return service.file_ticket(session, new).number


def track(resident: Resident, text: str) -> list[dict[str, object]]:
    resident.hear(text)
    return resident.run(Track())


@pytest.mark.parametrize("moment", [WEDNESDAY, LATE])
@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("今天报的", (3, 4), (3, 5)),
        ("昨天那个事咋样了", (3, 3), (3, 4)),
        ("昨晚报的", (3, 3), (3, 4)),
        ("前天反映的路灯", (3, 2), (3, 3)),
        ("我上周反映的", (2, 23), (3, 2)),
        ("上個禮拜報的", (2, 23), (3, 2)),
        ("上个月的", (2, 1), (3, 1)),
    ],
)
def test_when_it_was_in_local_days(
    monkeypatch: pytest.MonkeyPatch, moment: datetime, text: str, first: tuple[int, int], last: tuple[int, int]
) -> None:
    monkeypatch.setattr(tracking, "now", lambda: moment)
    stretch = since_when(text)
    assert stretch is not None
    assert [(t.month, t.day, t.hour, t.minute) for t in stretch] == [(*first, 0, 0), (*last, 0, 0)]
    assert all(t.utcoffset() is not None for t in stretch)


def test_last_month_in_january_is_december(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracking, "now", lambda: datetime(2026, 1, 5, tzinfo=UTC))
    stretch = since_when("上个月反映的")
    assert stretch is not None
    assert [(t.year, t.month, t.day) for t in stretch] == [(2025, 12, 1), (2026, 1, 1)]


@pytest.mark.parametrize("text", ["办得怎么样了", "600-000-017", ""])
def test_no_time_said(text: str) -> None:
    assert since_when(text) is None


@pytest.mark.usefixtures("city_database")
def test_nothing_reported_yet(resident: Resident) -> None:
    file(reporter="resident-2")
    assert responses(track(resident, "我的事办得怎么样了")) == ["utter_track_none"]


@pytest.mark.usefixtures("city_database")
def test_the_only_ticket_is_told(resident: Resident) -> None:
    number = file()
    [said] = track(resident, "我的事办得怎么样了")
    assert said["response"] == "utter_track_one"
    assert (said["number"], said["status"], said["unit"]) == (numbers.spoken(number), "已分派", "市城市管理局")
    assert said["matter"] == "噪声太吵"


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize("spell", [numbers.spoken, lambda n: " ".join(n), str])
def test_a_ticket_by_its_number(resident: Resident, spell: object) -> None:
    number = file()
    file(type_="environment.garbage")
    [said] = track(resident, f"查一下{spell(number)}")  # type: ignore[operator]
    assert (said["response"], said["number"]) == ("utter_track_one", numbers.spoken(number))


@pytest.mark.usefixtures("city_database")
def test_somebody_elses_number_tells_the_state_and_no_more(resident: Resident) -> None:
    number = file(reporter="resident-2")
    [said] = track(resident, f"查一下{number}")
    assert said["response"] == "utter_track_status_only"
    assert said["status"] == "已分派"
    assert not {"matter", "unit", "day"} & said.keys()


@pytest.mark.usefixtures("city_database")
def test_a_wrong_or_unknown_number_is_told(resident: Resident) -> None:
    number = file()
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert responses(track(resident, f"查一下{wrong}")) == ["utter_track_bad_number"]
    assert responses(track(resident, f"查一下{numbers.compose(2026, 777)}")) == ["utter_track_unknown"]


@pytest.mark.usefixtures("city_database")
def test_several_are_listed_newest_first_and_at_most_three(resident: Resident) -> None:
    given = [file(text=f"楼下吵{i}") for i in range(4)]
    [said] = track(resident, "我的事办得怎么样了")
    assert (said["response"], said["count"]) == ("utter_track_list", 4)
    assert [line.split("　")[0] for line in str(said["list"]).split("\n")] == [numbers.spoken(n) for n in given[:0:-1]]


@pytest.mark.usefixtures("city_database")
def test_what_it_was_about_picks_the_ticket(resident: Resident) -> None:
    file()
    lamp = file(type_="environment.facility", text="路灯坏了")
    [said] = track(resident, "我报的路灯坏了好几盏没人修，现在办到哪一步了")
    assert (said["response"], said["number"]) == ("utter_track_one", numbers.spoken(lamp))


@pytest.mark.usefixtures("city_database")
def test_whoever_knows_number_and_code_is_told_of_an_anonymous_matter(resident: Resident, pipeline: Pipeline) -> None:
    backend.cache_clear()  # nobody has guessed yet
    resident.report("幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管")
    resident.answer("匿名")
    filed, code = resident.answer("对")
    assert responses([filed, code]) == ["utter_filed", "utter_code"]
    other = Resident(pipeline, sender="resident-2")
    assert responses(track(other, f"{filed['number']}办得怎么样了")) == ["utter_track_status_only"]
    assert responses(track(other, f"{filed['number']} 查询码{code['code']}")) == ["utter_track_one"]
    wrong = str((int(str(code["code"])) + 1) % 1_000_000).zfill(6)
    for _ in range(10):
        assert responses(track(other, f"{filed['number']} 查询码{wrong}")) == ["utter_track_status_only"]
    # Somebody is guessing: for an hour no code opens it, not even the right one.
    assert responses(track(other, f"{filed['number']} 查询码{code['code']}")) == ["utter_track_status_only"]


@pytest.mark.usefixtures("city_database")
def test_a_matter_with_a_name_has_no_code(resident: Resident) -> None:
    resident.report("幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管")
    assert responses(resident.answer("对")) == ["utter_filed"]
