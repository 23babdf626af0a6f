"""An announced emergency is told once to whoever writes."""

from __future__ import annotations

from datetime import timedelta

import pytest
from dialogue import Resident, responses

from actions.form import OpenIntake
from actions.talk import Greet
from cases import service
from common.db import now, transaction

pytestmark = pytest.mark.usefixtures("city_database")

TEXT = "今晚有特大暴雨，低洼处的住户请听社区安排转移；被水困住请打119。"


def announced(*areas: str) -> int:
    with transaction() as session:
        emergency = service.announce(
            session,
            title="暴雨红色预警",
            text=TEXT,
            areas=areas,
            matters=["hazard"],
            until=now() + timedelta(hours=8),
            by="admin",
        )
        session.flush()
        return emergency.id


def test_a_greeting_tells_the_emergency_and_a_second_one_does_not(resident: Resident) -> None:
    announced("YX")
    resident.hear("你好")
    assert responses(resident.run(Greet())) == ["utter_greet", "utter_emergency"]
    assert responses(resident.run(Greet())) == ["utter_greet"]


def test_a_report_is_preceded_by_the_emergency_once(resident: Resident) -> None:
    announced("YX")
    resident.hear("幸福里3号楼楼下烧烤摊半夜吵")
    assert responses(resident.run(OpenIntake()))[0] == "utter_emergency"
    resident.hear("你好")
    assert responses(resident.run(Greet())) == ["utter_greet"]


def test_who_scanned_a_grid_elsewhere_is_not_told(resident: Resident) -> None:
    announced("S02")
    resident.hear(event="event_scan", grid="S0101G1")
    assert responses(resident.run(Greet())) == ["utter_greet_grid"]


def test_an_emergency_that_ended_is_not_told(resident: Resident) -> None:
    emergency = announced("YX")
    with transaction() as session:
        service.end_emergency(session, emergency, by="admin")
    resident.hear("你好")
    assert responses(resident.run(Greet())) == ["utter_greet"]


def test_danger_to_life_comes_before_the_announcement(resident: Resident) -> None:
    announced("YX")
    resident.hear("楼上着火了，有人被困在里面")
    said = responses(resident.run(OpenIntake()))
    assert said[0].startswith("utter_safety") and "utter_emergency" not in said
