"""The Rasa actions on a real tracker, a real dispatcher and a real database: from a message to one ticket."""

from __future__ import annotations

import pytest
from dialogue import Resident, responses

from actions.form import FinishIntake, LeaveHanging, OpenIntake
from cases import numbers, service
from cases.model import Ticket
from common.db import reading
from nlu.taxonomy import taxonomy

pytestmark = pytest.mark.usefixtures("city_database")

WHOLE = "幸福里3号楼楼下烧烤店的喇叭每天晚上一直吵到凌晨两点，吵了好几个月了，找过物业也不管"
GARBAGE = "文昌苑3号楼楼下的垃圾好几天没人收"
FIRE = "幸福里3号楼着火了，好多人困在里面快来人"


def tickets() -> list[Ticket]:
    """All tickets, oldest first, with their history."""
    with reading() as session:
        return [service.get(session, t.number) for t in service.listing(session)][::-1]


def test_a_whole_story_is_confirmed_and_filed(resident: Resident) -> None:
    resident.channel = "wechat"
    said = resident.report(WHOLE)
    assert responses(said) == ["utter_confirm"]
    assert "幸福里3号楼" in said[0]["summary"]
    assert [b["payload"] for b in said[0]["buttons"]] == ["对", "不报了"]
    assert tickets() == []
    said = resident.answer("对")
    [ticket] = tickets()
    assert responses(said) == ["utter_filed"]
    assert said[0]["number"] == numbers.spoken(ticket.number)
    assert said[0]["unit"] == "市城市管理局"
    assert said[0]["custom"] == {"ticket": numbers.spoken(ticket.number)}
    assert (ticket.text, ticket.type, ticket.channel) == (WHOLE, "environment.noise", "wechat")
    assert (ticket.reporter, ticket.grid, ticket.status) == ("resident-1", "S0101G1", "dispatched")
    assert resident.slots["intake"] is None
    assert resident.slots["last_ticket"]["number"] == ticket.number


def test_finishing_twice_gives_one_ticket(resident: Resident) -> None:
    resident.report(WHOLE)
    intake = resident.slots["intake"]
    first = resident.answer("对")
    resident.slots["intake"] = {**intake, "outcome": "file"}
    again = resident.run(FinishIntake())
    assert len(tickets()) == 1
    assert first[0]["number"] == again[0]["number"]


def test_questions_are_asked_and_the_answers_filed(resident: Resident) -> None:
    said = resident.report(GARBAGE)
    assert responses(said) == ["utter_ask_choice"]
    assert said[0]["list"].startswith("① 生活垃圾\n② 装修垃圾")
    said = resident.answer("②")
    assert responses(said) == ["utter_confirm"]
    resident.answer("对")
    [ticket] = tickets()
    asked = taxonomy().type("environment.garbage").followups[0].ask
    assert {"question": asked, "answer": "装修垃圾"} in ticket.answers.values()


def test_a_correction_before_the_yes_is_what_is_filed(resident: Resident) -> None:
    resident.report(WHOLE)
    said = resident.answer("地址说错了，是8号楼")
    assert responses(said) == ["utter_took_corrected", "utter_confirm"]
    resident.answer("对")
    [ticket] = tickets()
    assert (ticket.place, ticket.grid) == ("幸福里8号楼", "S0101G2")


def test_an_anonymous_report_keeps_the_name_out_of_the_history(resident: Resident) -> None:
    resident.report(WHOLE)
    assert responses(resident.answer("匿名"))[0] == "utter_took_anonymous"
    resident.answer("对")
    [ticket] = tickets()
    assert ticket.anonymous
    assert {e.actor for e in ticket.events} == {None}


def test_a_cancelled_matter_is_not_filed(resident: Resident) -> None:
    resident.report(GARBAGE)
    assert responses(resident.answer("不报了")) == ["utter_cancelled"]
    assert tickets() == []
    assert resident.slots["intake"] is None


def test_photo_and_pin_go_with_the_ticket(resident: Resident) -> None:
    resident.slots["photos"] = ["p0"]
    resident.report("路边井盖没了一个，晚上看不见")
    said = resident.answer(event="event_photo", photo="p1")
    assert responses(said)[0] == "utter_took_photo"
    said = resident.answer(event="event_location", lat=37.2139, lng=122.0420, label=None)
    assert responses(said)[0] == "utter_took_pin"
    for _ in range(6):
        if resident.slots.get("intake"):
            resident.answer("对" if resident.lacking == "confirm" else "不知道")
    [ticket] = tickets()
    assert [a.reference for a in ticket.attachments] == ["p0", "p1"]
    assert ticket.grid == "S0102G1"
    assert resident.slots["photos"] is None


def test_danger_is_filed_at_once_with_the_safety_line_first(resident: Resident) -> None:
    said = resident.report(FIRE)
    assert responses(said)[:2] == ["utter_safety_fire", "utter_filed_urgent"]
    [ticket] = tickets()
    assert ticket.urgent
    assert said[1]["number"] == numbers.spoken(ticket.number)
    assert "utter_confirm" not in responses(said)


def test_danger_heard_twice_is_one_ticket(resident: Resident) -> None:
    resident.hear(FIRE)
    resident.run(OpenIntake())
    resident.slots.clear()
    resident.run(OpenIntake())
    assert len(tickets()) == 1


def test_news_shortly_after_danger_belong_to_its_ticket(resident: Resident) -> None:
    resident.report(FIRE)
    while resident.slots.get("intake"):
        resident.answer("不知道")
    said = resident.report("还在冒烟")
    assert responses(said) == ["utter_added"]
    [ticket] = tickets()
    assert ticket.events[-1].note == "还在冒烟"


def test_an_urgent_matter_called_off_is_still_looked_at(resident: Resident) -> None:
    resident.report("我家煤气泄漏了，满屋子煤气味，头晕")
    assert resident.slots["intake"]
    assert responses(resident.answer("不报了")) == ["utter_cancel_urgent"]
    [ticket] = tickets()
    assert ticket.status == "dispatched"
    assert "核实" in str(ticket.events[-1].note)


def test_two_matters_of_one_message_become_two_tickets(resident: Resident) -> None:
    said = resident.report("幸福里3号楼门口路灯坏了好几盏没人修，另外楼下的垃圾也好几天没人收了")
    assert responses(said)[0] == "utter_several"
    assert said[0]["count"] == 2
    heard = []
    for _ in range(12):
        if resident.slots.get("intake"):
            heard += responses(resident.answer("对" if resident.lacking == "confirm" else "不知道"))
    assert heard.count("utter_filed") == 2
    assert "utter_next_matter" in heard
    one, two = tickets()
    assert {one.type, two.type} == {"environment.facility", "environment.garbage"}
    assert one.source_key != two.source_key
    assert str(two.place).startswith("幸福里3号楼")


def test_something_else_leaves_the_intake_as_it_was(resident: Resident) -> None:
    resident.report(GARBAGE)
    before = resident.slots["intake"]
    said = resident.answer("你好")
    assert responses(said) == ["utter_ask_choice"]
    assert resident.slots["intake"] == before


def test_whether_an_answer_is_awaited_is_signalled(resident: Resident) -> None:
    resident.report(WHOLE)
    assert resident.awaiting is True
    resident.answer("对")
    assert resident.awaiting is False


def test_who_goes_silent_half_way_still_gets_a_ticket_that_a_person_reviews(resident: Resident) -> None:
    resident.report(GARBAGE)
    resident.hear(event="event_idle")
    said = resident.run(LeaveHanging())
    [ticket] = tickets()
    assert responses(said) == ["utter_filed_hanging"]
    assert said[0]["number"] == numbers.spoken(ticket.number)
    assert (ticket.needs_review, ticket.status, ticket.type) == (True, "registered", "environment.garbage")
    assert GARBAGE in ticket.text
    assert resident.slots["intake"] is None


def test_silence_without_an_open_matter_files_nothing(resident: Resident) -> None:
    resident.hear(event="event_idle")
    assert resident.run(LeaveHanging()) == []
    resident.report(FIRE)
    assert len(tickets()) == 1
    assert resident.run(LeaveHanging()) == []
    assert len(tickets()) == 1
