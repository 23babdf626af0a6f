"""Numbers as people write and say them."""

from __future__ import annotations

import pytest

from nlu.entities.numbers import as_digits, value


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0", 0),
        ("12", 12),
        ("3.5", 3.5),
        ("3万", 30000),
        ("1.5万", 15000),
        ("零", 0),
        ("两", 2),
        ("俩", 2),
        ("十", 10),
        ("十二", 12),
        ("二十", 20),
        ("二十三", 23),
        ("一百", 100),
        ("一百零三", 103),
        ("一百一十三", 113),
        ("一百二", 120),
        ("两千三", 2300),
        ("两千零三", 2003),
        ("三千五百", 3500),
        ("一万", 10000),
        ("两万三", 23000),
        ("十二万", 120000),
        ("一亿", 100000000),
        ("五零一", 501),
        ("三〇二", 302),
        ("幺二", 12),
        ("叁佰", 300),
        ("贰拾", 20),
    ],
)
def test_value_of_a_number(text: str, number: float) -> None:
    assert value(text) == number


@pytest.mark.parametrize("text", ["", "几", "号", "三号", "abc", "1.2.3", "-1", "半"])
def test_what_is_no_number_has_no_value(text: str) -> None:
    assert value(text) is None


@pytest.mark.parametrize(
    ("text", "digits"),
    [("幺三九 0000-一二三四", "13900001234"), ("六〇零", "600"), ("没有", ""), ("壹贰叁", "123")],
)
def test_spelled_out_digits(text: str, digits: str) -> None:
    assert as_digits(text) == digits
