"""Filing a ticket, once, and adding to it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from cases import service
from cases.model import Ticket
from cases.service import NewTicket
from common.db import now, reading, transaction

pytestmark = pytest.mark.usefixtures("city_database")

NOISE = NewTicket(
    text="幸福里8号楼楼下烧烤店半夜吵",
    category="environment",
    type="environment.noise",
    channel="wechat",
    source_key="m17:0",
    reporter="resident-1",
    phone="13912345678",
    place="幸福里8号楼",
    answers={"when": {"question": "什么时候吵？", "answer": "半夜"}},
    confidence=0.98,
    attachments=["photo-1", "photo-2"],
)


def file(new: NewTicket = NOISE) -> str:
    with transaction() as session:
        return service.file_ticket(session, new).number


def read(number: str) -> Ticket:
    with reading() as session:
        return service.get(session, number)


def history(number: str) -> list[tuple[Any, ...]]:
    return [(e.role, e.actor, e.action, e.before, e.after, e.note) for e in read(number).events]


def test_a_filed_ticket_keeps_all_it_was_given_and_is_dispatched() -> None:
    before = now()
    ticket = read(file())
    assert ticket.text == NOISE.text
    assert (ticket.category, ticket.type, ticket.channel) == ("environment", "environment.noise", "wechat")
    assert (ticket.reporter, ticket.phone, ticket.anonymous) == ("resident-1", "13912345678", False)
    assert (ticket.place, ticket.grid) == ("幸福里8号楼", "S0101G2")
    assert ticket.answers == NOISE.answers
    assert ticket.confidence == pytest.approx(0.98)
    assert [a.reference for a in ticket.attachments] == ["photo-1", "photo-2"]
    assert (ticket.status, ticket.unit, ticket.urgent) == ("dispatched", "CG01", False)
    assert before <= ticket.created_at <= ticket.updated_at <= now()


def test_the_history_tells_report_and_dispatch() -> None:
    assert history(file()) == [
        ("resident", "resident-1", "report", None, "registered", None),
        ("system", None, "dispatch", "registered", "dispatched", "市城市管理局"),
    ]


def test_an_anonymous_report_names_nobody_in_the_history() -> None:
    number = file(replace(NOISE, anonymous=True))
    assert history(number)[0] == ("resident", None, "report", None, "registered", None)
    assert read(number).anonymous


def test_what_needs_review_waits_for_a_person() -> None:
    ticket = read(file(replace(NOISE, needs_review=True)))
    assert (ticket.status, ticket.unit) == ("registered", None)


def test_filing_again_with_the_same_key_gives_the_same_ticket_unchanged() -> None:
    first = file()
    before = history(first)
    assert file(replace(NOISE, text="别的事", place="文昌苑1号楼")) == first
    ticket = read(first)
    assert (ticket.text, ticket.place) == (NOISE.text, NOISE.place)
    assert history(first) == before
    assert file(replace(NOISE, source_key="m17:1")) != first


def test_without_a_key_every_filing_is_a_ticket() -> None:
    assert file(replace(NOISE, source_key=None)) != file(replace(NOISE, source_key=None))


def test_the_same_key_filed_by_four_at_once_gives_one_ticket() -> None:
    with ThreadPoolExecutor(4) as pool:
        given = list(pool.map(lambda _i: file(), range(8)))
    assert len(set(given)) == 1
    with reading() as session:
        assert len(service.listing(session)) == 1
    assert [h[2] for h in history(given[0])] == ["report", "dispatch"]


@pytest.mark.parametrize("text", ["", "  \n"])
def test_a_ticket_without_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="needs a text"):
        file(replace(NOISE, text=text))
    with reading() as session:
        assert service.listing(session) == []


@pytest.mark.parametrize(
    ("where", "grid"),
    [
        ({"place": "幸福里3号楼"}, "S0101G1"),
        ({"place": "不知道什么地方"}, None),
        ({"place": None, "grid": "S0102G1"}, "S0102G1"),
        ({"place": None, "lat": 37.2139, "lng": 122.0420}, "S0102G1"),
        ({"place": "说不清", "lat": 10.0, "lng": 10.0}, None),
        ({"place": "幸福里", "grid": "S0101G2"}, "S0101G2"),
        ({"place": "幸福路", "lat": 37.20548, "lng": 122.03796}, "S0101G1"),  # a road reaches further than one grid
        ({"place": "幸福里3号楼", "lat": 37.20559, "lng": 122.04173}, "S0101G1"),  # told from the other grid
    ],
)
def test_the_grid_follows_from_place_pin_or_scanned_code(where: dict[str, Any], grid: str | None) -> None:
    assert read(file(replace(NOISE, **where))).grid == grid


def test_later_information_is_added_and_told_in_the_history() -> None:
    number = file(replace(NOISE, place=None))
    with transaction() as session:
        service.add_information(
            session,
            number,
            actor=service.Actor("resident", "resident-1"),
            place="幸福里3号楼",
            answers={"how_long": {"question": "多久了？", "answer": "半个月"}},
            note="补充",
            attachments=["photo-2", "photo-3"],
            phone="13900000000",
            anonymous=True,
        )
    ticket = read(number)
    assert (ticket.place, ticket.grid) == ("幸福里3号楼", "S0101G1")
    assert set(ticket.answers) == {"when", "how_long"}
    assert [a.reference for a in ticket.attachments] == ["photo-1", "photo-2", "photo-3"]
    assert (ticket.phone, ticket.anonymous) == ("13900000000", True)
    assert history(number)[-1] == ("resident", "resident-1", "add", "dispatched", "dispatched", "补充")


def test_information_that_says_nothing_new_of_the_place_leaves_it() -> None:
    number = file()
    with transaction() as session:
        service.add_information(session, number, actor=service.Actor("resident"), note="还在吵")
    ticket = read(number)
    assert (ticket.place, ticket.grid, ticket.answers) == (NOISE.place, "S0101G2", NOISE.answers)


def test_an_unknown_number_is_told_in_the_form_people_know() -> None:
    with pytest.raises(service.TicketNotFoundError, match="600-000-017"), reading() as session:
        service.get(session, "600000017")


def test_a_persons_tickets_come_newest_first_and_nobody_elses() -> None:
    mine = [file(replace(NOISE, source_key=f"m{i}:0")) for i in range(3)]
    file(replace(NOISE, source_key="m9:0", reporter="resident-2"))
    with reading() as session:
        assert [t.number for t in service.of_reporter(session, "resident-1")] == mine[::-1]
        assert [t.number for t in service.of_reporter(session, "resident-1", limit=1)] == mine[-1:]
        assert service.of_reporter(session, "resident-1", since=now() + timedelta(minutes=1)) == []
        assert service.of_reporter(session, "nobody") == []


def test_the_list_can_be_narrowed() -> None:
    plain = file(replace(NOISE, source_key="a"))
    urgent = file(replace(NOISE, source_key="b", urgent=True, needs_review=True))
    with reading() as session:
        assert [t.number for t in service.listing(session)] == [urgent, plain]
        assert [t.number for t in service.listing(session, urgent=True)] == [urgent]
        assert [t.number for t in service.listing(session, status="dispatched")] == [plain]
        assert service.unit_name(session, service.get(session, plain)) == "市城市管理局"
        assert service.unit_name(session, service.get(session, urgent)) is None
