"""Phones and ticket numbers in the spellings of phone keyboards and voices."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nlu.entities.ticket import canonical
from nlu.understand.pipeline import Entity

Find = Callable[[str, str], list[Entity]]


@pytest.mark.parametrize(
    ("text", "said", "digits"),
    [
        ("我电话13912345678", "13912345678", "13912345678"),
        ("139 1234 5678打这个", "139 1234 5678", "13912345678"),
        ("手机139-1234-5678", "139-1234-5678", "13912345678"),
        ("１３９１２３４５６７８", "１３９１２３４５６７８", "13912345678"),
        ("幺三九幺二三四五六七八", "幺三九幺二三四五六七八", "13912345678"),
        ("一三九，一二三四，五六七八", "一三九，一二三四，五六七八", "13912345678"),
        ("+86 13912345678", "13912345678", "13912345678"),
        ("打0531-88881234", "0531-88881234", "053188881234"),
        ("电话是88881234", "88881234", "88881234"),
        ("联系400-800-1234", "400-800-1234", "4008001234"),
    ],
)
def test_phone(find: Find, text: str, said: str, digits: str) -> None:
    assert [(e.text, e.value) for e in find(text, "phone")] == [(said, digits)]


@pytest.mark.parametrize("text", ["拖了88881234", "身份证370602196001011234", "12345678901", "交了13900元"])
def test_other_digits_are_no_phone(find: Find, text: str) -> None:
    assert find(text, "phone") == []


SPELLINGS = [
    "600000017",
    "600-000-017",
    "600 000 017",
    "６００ ０００ ０１７",
    "６００－０００－０１７",
    "600.000.017",
    "600。000。017",
    "600—000—017",
    "600、000、017",
    "6 0 0 0 0 0 0 1 7",
    "六零零零零零零幺七",
    "六〇〇〇〇〇〇一七",
    "六零零 零零零 零一七",
    "6OO-OOO-O17",
    "6oooooo17",
    "600-000-0l7",
    "600-000-0I7",
    "600\n000\n017",
    "600-\n000-\n017",
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_ticket_number_in_any_spelling(find: Find, spelling: str) -> None:
    text = f"我的工单{spelling}办得怎么样了"
    assert [(e.text, e.value) for e in find(text, "ticket")] == [(spelling, "600000017")]
    assert canonical(spelling) == "600000017"


@pytest.mark.parametrize("slip", ["600000018", "600-000-071", "６００ ０００ ０１６", "六零零零零零零幺八"])
def test_a_slip_of_the_finger_is_found_without_value(find: Find, slip: str) -> None:
    assert [(e.text, e.value) for e in find(f"查一下{slip}", "ticket")] == [(slip, None)]


@pytest.mark.parametrize("text", ["60000001", "6000000170", "13912345678", "loooool lol", "没有工单号"])
def test_other_runs_are_no_ticket_number(find: Find, text: str) -> None:
    assert find(text, "ticket") == []


def test_a_phone_is_no_ticket_and_both_are_found_side_by_side(find: Find) -> None:
    text = "工单600000017，电话13912345678"
    assert [e.value for e in find(text, "ticket")] == ["600000017"]
    assert [e.value for e in find(text, "phone")] == ["13912345678"]
