"""Pages of a queue while others work on it."""

from __future__ import annotations

import base64
import json
from contextlib import suppress
from itertools import chain
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_cases_api import Api, Maker, api, client, operator

from cases.api.cursors import checked
from cases.service import BadCursorError

__all__ = ["api", "client", "operator"]


def pages(who: Api, size: int, **query: Any) -> list[list[str]]:
    found, after = [], None
    while True:
        page = who.get("/tickets", size=size, **query, **({"after": after} if after else {}))
        found.append([t["number"] for t in page["tickets"]])
        after = page["next"]
        if after is None:
            return found


def test_every_ticket_is_on_exactly_one_page_soonest_first(operator: Api) -> None:
    filed = {operator.file(urgent=n % 3 == 0, matter=m) for n, m in enumerate(["environment.noise", "hazard.gas"] * 4)}
    whole = operator.get("/tickets", size=200)["tickets"]
    dues = [t["next_due"] for t in whole]
    assert dues == sorted(dues)
    for size in (1, 3, 8, 9):
        got = pages(operator, size)
        assert list(chain(*got)) == [t["number"] for t in whole]
        assert set(chain(*got)) == filed
        assert all(len(page) == size for page in got[:-1])


def test_tickets_that_owe_nothing_come_last(operator: Api, api: Maker) -> None:
    unit = api("department", unit="CG01")
    numbers = [operator.file() for _ in range(4)]
    for number in numbers[:2]:
        unit.act(number, "accept")
        unit.act(number, "suspend", note="等设备")
    got = list(chain(*pages(operator, 1)))
    assert (set(got[:2]), set(got[2:])) == (set(numbers[2:]), set(numbers[:2]))


def test_what_changes_between_two_pages_loses_and_doubles_nothing_else(operator: Api, api: Maker) -> None:
    unit = api("department", unit="CG01")
    numbers = [operator.file() for _ in range(6)]
    first = operator.get("/tickets", size=2)
    moved, gone = first["tickets"][0]["number"], first["tickets"][1]["number"]
    unit.act(moved, "accept")
    operator.act(gone, "withdraw")
    added = operator.file(urgent=True)  # owed sooner than all: before the cursor, so on a later reading
    rest, after = [], first["next"]
    while after:
        page = operator.get("/tickets", size=2, after=after)
        rest += [t["number"] for t in page["tickets"]]
        after = page["next"]
    unchanged = [n for n in numbers if n not in (moved, gone)]
    assert [n for n in rest if n != moved] == unchanged
    assert added not in rest and gone not in rest


def test_pages_are_of_ones_own_tickets(operator: Api, api: Maker) -> None:
    numbers = [operator.file(matter=m) for m in ("environment.noise", "service.transit") * 3]
    own = list(chain(*pages(api("department", unit="CG01"), 2)))
    assert own == numbers[::2]


def cursor(content: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode()


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "====",
        "é",
        "\ud800",
        cursor(5),
        cursor([]),
        cursor([None]),
        cursor([None, "1"]),
        cursor([None, True]),
        cursor([None, 0]),
        cursor([None, 10**30]),
        cursor([None, 1e400]),
        cursor([5, 1]),
        cursor(["yesterday", 1]),
        cursor(["2025-01-01T00:00:00", 1]),
        cursor(["0001-01-01T00:00:00+23:59", 1]),
        cursor({"a": 1, "b": 2}),
        cursor([[[[]]]] * 2),
        base64.urlsafe_b64encode(b"[" * 100).decode(),
        base64.urlsafe_b64encode(b"\xff\x00").decode(),
    ],
)
def test_a_cursor_nobody_gave_out_is_refused(text: str) -> None:
    with pytest.raises(BadCursorError):
        checked(text)


@given(st.one_of(st.text(), st.recursive(st.none() | st.integers() | st.floats() | st.text(), st.lists).map(cursor)))
def test_any_text_is_a_cursor_or_refused(text: str) -> None:
    with suppress(BadCursorError):
        assert checked(text) == text


def test_a_refused_cursor_is_told(operator: Api) -> None:
    for text in ("x", cursor([None, 10**30]), cursor(["0001-01-01T00:00:00+23:59", 1])):
        assert operator.get("/tickets", 400, after=text)["code"] == "bad_cursor"
    assert operator.get("/tickets", after=cursor([None, 5]))["next"] is None
