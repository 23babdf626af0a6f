"""Bad input is refused with a reason somebody can act on, and leaves every row of the database as it was."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from test_cases_api import NOISE, Api, Maker, api, client, operator

from cases import city, moves, service, workflow
from cases.clock import holiday_files
from cases.clock import time as clock_time
from cases.model import Ticket
from cases.service import Actor, NewTicket, StaleTicketError, UnknownUnitError
from common.db import Base, reading, transaction
from common.settings import settings

__all__ = ["api", "client", "operator"]
pytestmark = pytest.mark.usefixtures("city_database")
NEW = NewTicket("路灯坏了", "environment", "environment.facility", "web", place="幸福里3号楼", reporter="r1")
OPERATOR = Actor("operator", "op1")


def everything() -> dict[str, list[Any]]:
    with reading() as session:
        tables = Base.metadata.sorted_tables
        return {t.name: [tuple(row) for row in session.execute(select(t).order_by(*t.primary_key))] for t in tables}


@contextmanager
def refused(error: type[Exception], reason: str) -> Iterator[None]:
    """What happens inside must fail for this reason, and change nothing."""
    before = everything()
    with pytest.raises(error, match=reason):
        yield
    assert everything() == before


def file() -> str:
    with transaction() as session:
        return service.file_ticket(session, NEW).number


def do(call: Callable[[Any], Any]) -> None:
    with transaction() as session:
        call(session)


def test_an_illegal_transition_tells_what_is_possible_now() -> None:
    number = file()
    with refused(workflow.IllegalTransitionError, "'finish' .* while the ticket is 'dispatched' .* now: .*accept"):
        do(lambda session: service.act(session, number, "finish", actor=Actor("department"), note="好了"))


def test_who_saw_an_older_version_is_told_to_read_again() -> None:
    number = file()
    with reading() as session:
        seen = service.get(session, number).version
    do(lambda session: service.act(session, number, "accept", actor=Actor("department")))
    now_at = seen + 1
    changes: list[Callable[[Any], Any]] = [
        lambda s: service.act(s, number, "finish", actor=Actor("department"), note="好了", version=seen),
        lambda s: service.correct(s, number, "hazard.gas", actor=OPERATOR, version=seen),
        lambda s: service.merge(s, number, other, actor=OPERATOR, version=seen),
        lambda s: service.regrade(s, number, "red", actor=OPERATOR, note="听说了", version=seen),
    ]
    other = file()
    for change in changes:
        with refused(StaleTicketError, rf"version {now_at}, you saw {seen}\): read it again"):
            do(change)


def test_a_ticket_changed_behind_an_open_transaction_is_not_written_over() -> None:
    number = file()

    def overtaken(session: Any) -> None:
        ticket = service.get(session, number)  # without keeping it from others
        behind = update(Ticket).where(Ticket.number == number).values(version=Ticket.version + 1)
        session.execute(behind.execution_options(synchronize_session=False))
        moves.run(session, ticket, "note", OPERATOR, "看过")

    with refused(StaleTicketError, "was changed meanwhile: read it again"):
        do(overtaken)


@pytest.mark.parametrize("unit", [None, "", "XX99"])
def test_an_unknown_unit_is_told_with_those_there_are(unit: str | None) -> None:
    with transaction() as session:
        number = service.file_ticket(session, NewTicket("有件事", "other", None, "web", needs_review=True)).number
    with refused(UnknownUnitError, "CG01 市城市管理局"):
        do(lambda session: service.act(session, number, "dispatch", actor=OPERATOR, unit=unit))
    with refused(UnknownUnitError, "no such unit: XX99. There are: .*CG01 市城市管理局"):
        do(lambda session: service.blow(session, number, ["CG01", "XX99"], "要一起办", actor=OPERATOR))


def changed_city(tmp_path: Path, name: str, change: Callable[[str], str]) -> Path:
    """The sample city with one file changed, and another unit besides, which must not be there afterwards either."""
    folder = Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))
    for file_, edit in ((name, change), ("units.csv", lambda text: text.rstrip("\n") + "\nNEW1,新单位,\n")):
        text = (folder / file_).read_text(encoding="utf-8")
        (folder / file_).write_text(edit(text), encoding="utf-8")
    return folder


def test_areas_that_go_round_in_a_circle_are_told_and_nothing_of_the_city_is_loaded(tmp_path: Path) -> None:
    folder = changed_city(tmp_path, "areas.csv", lambda text: text.replace("DY,,city", "DY,S01,city"))
    with refused(city.CityError, "areas.csv:2: the areas go round in a circle: DY → S01 → YX → DY"):
        do(lambda session: city.load(session, folder))


def test_grids_that_overlap_are_told_and_nothing_of_the_city_is_loaded(tmp_path: Path) -> None:
    def over_each_other(text: str) -> str:
        outlines = json.loads(text)
        first, second = (f for f in outlines["features"] if f["properties"]["code"] in ("S0101G1", "S0101G2"))
        second["geometry"] = first["geometry"]
        return json.dumps(outlines)

    folder = changed_city(tmp_path, "grids.geojson", over_each_other)
    with refused(city.CityError, r"grids.geojson: S0101G1 .* and S0101G2 .* overlap by \d+ m²"):
        do(lambda session: city.load(session, folder))


def test_a_holiday_file_for_the_wrong_year_is_told_and_no_ticket_is_filed_by_half_a_calendar() -> None:
    folder = settings().var / "holidays"
    folder.mkdir()
    lines = ["year: 2027", "holidays:", "  - {name: 元旦, from: 2027-01-01, to: 2027-01-03}"]
    (folder / "2028.yml").write_text("\n".join(lines), encoding="utf-8")
    clock_time.use(None)
    try:
        for reason in (
            r"2028.yml:1: 'year' is '2027', but the file is named 2028.yml",
            r"2028.yml:3: 2027-01-01 is not in 2028; it belongs in 2027.yml",
        ):
            with refused(holiday_files.HolidayFileError, reason):
                do(lambda session: service.file_ticket(session, NEW))
    finally:
        shutil.rmtree(folder)
        clock_time.use(None)
    assert file()


def test_an_idempotency_key_used_for_another_body_is_refused_and_the_first_answer_stays(operator: Api) -> None:
    first = operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1")
    before = everything()
    for body in (NOISE | {"urgent": True}, NOISE | {"text": "另一件事"}):
        other = operator.post("/tickets", body, 409, Idempotency_Key="a-1")
        assert (other["code"], "请换一个" in other["message"]) == ("idempotency_key_reused", True)
    assert everything() == before
    assert operator.post("/tickets", NOISE, 201, Idempotency_Key="a-1") == first


def test_an_api_change_of_an_older_version_is_refused_with_the_newest(operator: Api, api: Maker) -> None:
    number = operator.file()
    api("department", unit="CG01").act(number, "accept")
    before = everything()
    told = operator.post(f"/tickets/{number}/actions", {"action": "note", "note": "看过"}, 412, If_Match='"1"')
    assert told["code"] == "stale_version"
    assert told["version"] > 1
    assert everything() == before
