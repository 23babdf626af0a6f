"""Ticket numbers: what the check digit catches, and that no number is given out twice."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from cases import numbers, service
from cases.service import NewTicket
from common.db import reading, transaction

SAMPLE = [numbers.compose(2026, serial) for serial in random.Random(7).sample(range(1, numbers.PER_YEAR), 150)]


def test_every_single_wrong_digit_is_caught() -> None:
    for number in SAMPLE:
        for i, digit in enumerate(number):
            for other in set("0123456789") - {digit}:
                assert numbers.parse(number[:i] + other + number[i + 1 :]) is None


def test_every_swap_of_neighbours_is_caught() -> None:
    for number in SAMPLE:
        for i in range(8):
            swapped = number[:i] + number[i + 1] + number[i] + number[i + 2 :]
            assert (numbers.parse(swapped) == number) == (number[i] == number[i + 1])


@pytest.mark.parametrize("spell", [numbers.spoken, str, lambda n: numbers.spoken(n).replace("-", " ")])
def test_what_is_shown_can_be_typed_back(spell: object) -> None:
    for number in SAMPLE:
        assert numbers.parse(spell(number)) == number  # type: ignore[operator]


def test_full_width_and_spoken_digits_are_read() -> None:
    assert numbers.parse("６００－０００－０１７") == numbers.parse("六零零零零零零幺七") == "600000017"


@pytest.mark.parametrize("text", ["", "60000001", "6000000170", "abc", "13912345678"])
def test_what_is_no_number_is_refused(text: str) -> None:
    assert numbers.parse(text) is None


def test_a_number_tells_year_and_serial() -> None:
    assert numbers.compose(2026, 1)[:8] == "60000001"
    assert numbers.compose(2030, 9_999_999)[:8] == "09999999"
    assert numbers.spoken("600000017") == "600-000-017"


@pytest.mark.parametrize("serial", [0, -1, numbers.PER_YEAR])
def test_a_serial_that_does_not_fit_is_refused(serial: int) -> None:
    with pytest.raises(numbers.NumbersExhaustedError, match="2026"):
        numbers.compose(2026, serial)


@pytest.mark.usefixtures("database")
def test_each_year_counts_from_one() -> None:
    with transaction() as session:
        taken = [numbers.take(session, year) for year in (2026, 2026, 2027, 2026)]
    assert taken == [numbers.compose(y, n) for y, n in ((2026, 1), (2026, 2), (2027, 1), (2026, 3))]


@pytest.mark.usefixtures("database")
def test_a_filing_that_fails_leaves_at_most_a_gap() -> None:
    with pytest.raises(RuntimeError), transaction() as session:
        numbers.take(session, 2026)
        raise RuntimeError
    with transaction() as session:
        assert numbers.take(session, 2026) in (numbers.compose(2026, 1), numbers.compose(2026, 2))


@pytest.mark.usefixtures("city_database")
def test_ten_years_later_the_same_digit_counts_on() -> None:
    def filed(year: int) -> str:
        at = datetime(year, 3, 2, 1, tzinfo=UTC)
        new = service.NewTicket("灯不亮", "environment", "environment.facility", "web")
        with transaction() as session:
            return service.file_ticket(session, new, at=at).number

    assert [filed(year) for year in (2026, 2026, 2036, 2037)] == [
        numbers.compose(y, n) for y, n in ((2026, 1), (2026, 2), (2036, 3), (2037, 1))
    ]


@pytest.mark.usefixtures("city_database")
def test_four_threads_get_a_hundred_different_numbers() -> None:
    def file(thread: int) -> list[str]:
        out = []
        for i in range(25):
            with transaction() as session:
                new = NewTicket(f"路灯坏了{thread}-{i}", "environment", "environment.facility", "web")
                out.append(service.file_ticket(session, new).number)
        return out

    with ThreadPoolExecutor(4) as pool:
        given = [number for part in pool.map(file, range(4)) for number in part]
    assert len(set(given)) == 100
    assert sorted(int(n[1:8]) for n in given) == list(range(1, 101))
    with reading() as session:
        assert {t.number for t in service.listing(session, limit=200)} == set(given)
