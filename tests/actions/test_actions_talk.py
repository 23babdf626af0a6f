"""What is not the intake: handing over, afterwards, greeting by the scanned code."""

from __future__ import annotations

import pytest
from dialogue import Resident, responses

from actions.legal.answering import Legal
from actions.talk import AfterFiling, Greet, Handover, NotUnderstood
from cases import numbers, service
from cases.model import Ticket
from common.db import reading

pytestmark = pytest.mark.usefixtures("city_database")

WHOLE = "幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管"


def filed(resident: Resident) -> str:
    resident.report(WHOLE)
    resident.answer("对")
    return str(resident.slots["last_ticket"]["number"])


def read(number: str) -> Ticket:
    with reading() as session:
        return service.get(session, number)


def afterwards(resident: Resident, text: str = "", **more: object) -> list[str]:
    resident.hear(text, **more)  # type: ignore[arg-type]
    return responses(resident.run(AfterFiling()))


def test_handing_over_takes_what_is_known_along_and_ends_the_intake(resident: Resident) -> None:
    resident.report(WHOLE)
    resident.hear("转人工")
    [said] = resident.run(Handover())
    assert said["response"] == "utter_handover"
    assert "幸福里3号楼" in said["custom"]["handover"]
    assert resident.slots["intake"] is None
    assert resident.lacking == "matter"


def test_handing_over_without_a_matter_says_so(resident: Resident) -> None:
    resident.hear("转人工")
    assert resident.run(Handover())[0]["custom"]["handover"] == "要求人工"


def test_a_photo_sent_afterwards_joins_the_ticket_once(resident: Resident) -> None:
    number = filed(resident)
    for _ in range(2):
        assert afterwards(resident, event="event_photo", photo="p1") == ["utter_added"]
    assert [a.reference for a in read(number).attachments] == ["p1"]


def test_a_correction_afterwards_changes_place_and_grid(resident: Resident) -> None:
    number = filed(resident)
    assert afterwards(resident, "地址说错了，是8号楼") == ["utter_added"]
    ticket = read(number)
    assert (ticket.place, ticket.grid) == ("幸福里8号楼", "S0101G2")
    assert "更正" in str(ticket.events[-1].note)


def test_anonymity_asked_for_afterwards_is_given(resident: Resident) -> None:
    number = filed(resident)
    assert afterwards(resident, "匿名") == ["utter_added"]
    assert read(number).anonymous


def test_a_pin_sent_afterwards_is_kept(resident: Resident) -> None:
    number = filed(resident)
    assert afterwards(resident, event="event_location", lat=37.2, lng=122.0, label=None) == ["utter_added"]
    assert (read(number).lat, read(number).lng) == (37.2, 122.0)


def test_a_yes_afterwards_changes_nothing(resident: Resident) -> None:
    number = filed(resident)
    before = len(read(number).events)
    assert afterwards(resident, "对") == ["utter_already_filed"]
    assert len(read(number).events) == before


def test_a_photo_before_anything_was_said_waits_for_the_matter(resident: Resident) -> None:
    assert afterwards(resident, event="event_photo", photo="p0") == ["utter_photo_first"]
    number = filed(resident)
    assert [a.reference for a in read(number).attachments] == ["p0"]


def test_a_legal_question_can_become_a_report(resident: Resident) -> None:
    resident.hear("老板拖欠我三个月工资，我能不能起诉他")
    assert responses(resident.run(Legal()))[-1] == "utter_legal_offer"
    resident.hear("报", act="affirm")
    resident.run(AfterFiling())
    assert resident.slots["intake"]["text"] == "老板拖欠我三个月工资，我能不能起诉他"
    assert resident.slots["intake"]["category"] != "legal"
    assert resident.followup == "intake_form"


def test_who_scans_a_grids_code_is_greeted_with_grid_and_worker(resident: Resident) -> None:
    resident.hear(event="event_scan", grid="S0101G1")
    [said] = resident.run(Greet())
    assert (said["response"], said["grid"], said["worker"]) == ("utter_greet_grid", "幸福社区第一网格", "陈玉梅")
    resident.hear(event="event_scan", grid="nowhere")
    assert responses(resident.run(Greet())) == ["utter_greet"]


def test_what_is_not_understood_twice_is_answered_differently(resident: Resident) -> None:
    resident.hear("asdf")
    assert responses(resident.run(NotUnderstood())) == ["utter_not_understood"]
    resident.hear("qwer")
    assert responses(resident.run(NotUnderstood())) == ["utter_not_understood_again"]


def test_a_bare_place_is_kept_for_the_matter_that_follows(resident: Resident) -> None:
    resident.hear("幸福里3号楼")
    assert responses(resident.run(NotUnderstood())) == ["utter_place_first"]
    resident.report("楼道里贴满了小广告")
    assert resident.slots["intake"]["place"] == "幸福里3号楼"
    assert resident.slots["heard_place"] is None


def test_numbers_are_said_as_they_are_shown(resident: Resident) -> None:
    number = filed(resident)
    resident.hear("对")
    [said] = resident.run(AfterFiling())
    assert said["number"] == numbers.spoken(number)


def test_a_report_that_sounds_like_an_answer_opens_an_intake_when_nothing_was_asked(resident: Resident) -> None:
    resident.hear("李家屯东头的路灯坏了一盏，三天了", act="inform")
    resident.run(AfterFiling())
    assert resident.followup == "intake_form"
    assert resident.slots["intake"]["place"] == "李家屯东头"


def test_a_further_detail_after_filing_joins_the_ticket_and_another_matter_does_not(resident: Resident) -> None:
    number = filed(resident)
    resident.hear("烧烤店的喇叭夜里十一点声音最大", act="inform")
    assert responses(resident.run(AfterFiling())) == ["utter_added"]
    assert "十一点" in str(read(number).events[-1].note)
    resident.hear("李家屯东头的路灯坏了一盏，三天了", act="inform")
    resident.run(AfterFiling())
    assert resident.slots["intake"]["place"] == "李家屯东头"


@pytest.mark.parametrize("action", [AfterFiling, NotUnderstood])
def test_a_number_and_nothing_else_asks_how_that_ticket_is_going(resident: Resident, action: type) -> None:
    number = filed(resident)
    resident.hear(number, act="inform")
    assert responses(resident.run(action())) == ["utter_track_one"]
