"""Two installations, one above the other: the Open311 server of this program and its own client understand each other."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import city, service
from cases.api import keys
from cases.model import Ticket, UpstreamLink
from cases.moves import TicketNotFoundError
from cases.outward.backend import Addition
from cases.outward.remote import Remote
from cases.outward.upstream import sync
from cases.outward.upstream.errors import RefusedError
from cases.outward.upstream.open311 import Open311, Open311Settings
from cases.outward.upstream.services import Services
from cases.service import Actor, NewTicket
from common import db
from common.db import reading, transaction
from common.settings import ROOT

NOISE = "environment.noise"
START_WITHIN = 60  # seconds


@dataclass
class Above:
    """The other installation: a process of its own with a database of its own."""

    engine: db.Engine
    endpoint: str
    key: str

    def tickets(self) -> list[Ticket]:
        with Session(self.engine) as session:
            found = list(session.scalars(select(Ticket).order_by(Ticket.id)))
            for ticket in found:
                _ = ticket.events
            return found

    def act(self, number: str, *actions: str) -> None:
        with Session(self.engine) as session, session.begin():
            for action in actions:
                service.act(session, number, action, actor=Actor("operator"), note="已查实")


@pytest.fixture(scope="module")
def above(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Above]:
    folder = tmp_path_factory.mktemp("above")
    url = f"sqlite:///{folder / 'above.db'}"
    db.upgrade(url)
    engine = db.make_engine(url)
    with Session(engine) as session, session.begin():
        city.load(session)
        key = keys.make_key(session, "yunxi", ["tickets:read", "tickets:write", "personal:read"], "operator")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "--factory", "cases.api.app:create_app", "--port", str(port)]
    environment = {**os.environ, "XIAOGE_DATABASE_URL": url, "XIAOGE_VAR": str(folder)}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=log, stderr=log)
    endpoint = f"http://127.0.0.1:{port}/open311/v2"
    try:
        _wait(f"{endpoint}/services.json", process, folder / "log")
        yield Above(engine, endpoint, key)
    finally:
        process.terminate()
        process.wait(20)
        engine.dispose()


def _wait(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_WITHIN
    while True:
        try:
            if httpx.get(url, trust_env=False).is_success:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text())
        time.sleep(0.1)


@pytest.fixture
def adapter(above: Above) -> Iterator[Open311]:
    settings = Open311Settings("city", "市平台", "yunxi", above.endpoint, Services.same(), api_key=above.key)
    with Open311(settings) as made:
        yield made


def file(text: str) -> str:
    new = NewTicket(text, "environment", NOISE, "wechat", place="幸福里8号楼", lat=37.21, lng=122.04)
    with transaction() as session:
        return service.file_ticket(session, new).number


def test_both_have_the_same_services(adapter: Open311) -> None:
    assert adapter.missing_services() == []


@pytest.mark.usefixtures("city_database")
def test_a_ticket_goes_up_is_handled_there_and_the_outcome_comes_back(above: Above, adapter: Open311) -> None:
    number = file("幸福里8号楼楼下烧烤店半夜吵")
    assert sync.push(adapter, datetime.now(UTC), types=[NOISE]).filed == 1
    there = above.tickets()[-1]
    assert (there.type, there.channel, there.place, there.grid) == (NOISE, "open311", "幸福里8号楼", "S0101G2")
    assert there.text == f"幸福里8号楼楼下烧烤店半夜吵\n〔xiaoge:yunxi:{number}〕"
    with reading() as session:
        assert session.scalars(select(UpstreamLink.remote_id)).one() == there.number
    assert sync.push(adapter, datetime.now(UTC), types=[NOISE]).filed == 0
    assert sync.pull(adapter, datetime.now(UTC)).filed == 0  # ours is not taken for theirs
    above.act(there.number, "refuse")
    assert sync.pull(adapter, datetime.now(UTC)).heard == 1
    with reading() as session:
        assert service.get(session, number).events[-1].note == "市平台反馈：已办结。不予受理"


@pytest.mark.usefixtures("city_database")
def test_a_ticket_comes_down_whole_and_once(above: Above, adapter: Open311) -> None:
    with Session(above.engine) as session, session.begin():
        new = NewTicket("幸福里3号楼垃圾没人清", "environment", "environment.garbage", "web", place="幸福里3号楼")
        number = service.file_ticket(session, new).number
    moment = datetime.now(UTC)
    assert sync.pull(adapter, moment).filed >= 1
    assert sync.pull(adapter, moment).filed == 0
    with reading() as session:
        ticket = session.scalars(select(Ticket).where(Ticket.source_key == f"up:city:{number}")).one()
    assert (ticket.text, ticket.type, ticket.grid) == ("幸福里3号楼垃圾没人清", "environment.garbage", "S0101G1")
    assert ticket.status == "dispatched"
    assert sync.push(adapter, moment, types=["environment.garbage"]).filed == 0  # and does not go back up


@pytest.mark.usefixtures("city_database")
def test_a_lost_ticket_is_found_there_by_its_mark(above: Above, adapter: Open311) -> None:
    number = file("灯坏了还吵")
    sync.push(adapter, datetime.now(UTC), types=[NOISE])
    with transaction() as session:
        link = session.scalars(select(UpstreamLink)).one()
        known, link.remote_id = link.remote_id, f"~pending:{number}"
    count = len(above.tickets())
    assert sync.push(adapter, datetime.now(UTC) + timedelta(minutes=11), types=[NOISE]).adopted == 1
    with reading() as session:
        assert session.scalars(select(UpstreamLink.remote_id)).one() == known
    assert len(above.tickets()) == count


def test_a_bot_files_there_and_asks_how_it_stands(above: Above, adapter: Open311) -> None:
    backend = Remote(adapter)
    new = NewTicket("路灯不亮", "environment", "environment.facility", "wechat", source_key="m1:0", place="幸福里8号楼")
    number = backend.file(new).number
    assert Remote(adapter).file(new).number == number  # another process asks there first
    said = backend.number_in(f"我的{number[:3]} {number}怎么样了")
    assert said == number
    found = backend.standing(number, "r1", [number])
    assert found is not None and (found.closed, found.own, found.type) == (False, True, "environment.facility")
    above.act(number, "withdraw")
    found = backend.standing(number, "r2")
    assert found is not None and (found.said, found.closed, found.own, found.note) == ("已办结", True, False, None)
    assert backend.standing("999999999", "r1") is None


def test_what_a_bot_adds_arrives_there_once(above: Above) -> None:
    settings = Open311Settings("city", "市平台", "yunxi", above.endpoint, Services.same(), above.key, updates=True)
    new = NewTicket(
        "路灯又不亮", "environment", "environment.facility", "wechat", source_key="m3:0", place="幸福里8号楼"
    )
    with Open311(settings) as platform:
        backend = Remote(platform)
        number = backend.file(new).number
        said = Addition(note="还是不亮" * 600, key="m4", at=datetime.now(UTC))
        assert [backend.add(number, "r1", said) for _ in range(2)] == [True, True]
        with pytest.raises(TicketNotFoundError):
            backend.add("999999999", "r1", Addition(note="还在吵"))
    notes = [e.note for e in next(t for t in above.tickets() if t.number == number).events if e.action == "add"]
    assert notes == ["还是不亮" * 500, "还是不亮" * 100]


@pytest.mark.usefixtures("city_database")
def test_what_is_told_there_does_not_come_back_as_news(above: Above) -> None:
    settings = Open311Settings("city", "市平台", "yunxi", above.endpoint, Services.same(), above.key, updates=True)
    number = file("卡拉OK半夜吵")
    with Open311(settings) as platform:
        assert sync.push(platform, datetime.now(UTC), types=[NOISE]).filed == 1
        with transaction() as session:
            service.act(session, number, "withdraw", actor=Actor("operator"))
        assert sync.push(platform, datetime.now(UTC)).told == 1
        # It took the words, and decides about the state itself.
        assert sync.pull(platform, datetime.now(UTC)).heard == 0
        there = above.tickets()[-1]
        assert (there.status, there.events[-1].note) == ("dispatched", "报事人已撤回")
        above.act(there.number, "withdraw")
        sync.pull(platform, datetime.now(UTC))
    with reading() as session:
        link = session.scalars(select(UpstreamLink).where(UpstreamLink.remote_id == there.number)).one()
        assert link.remote_status == "closed"


def test_a_wrong_key_and_a_wrong_form_are_told_apart(above: Above) -> None:
    settings = Open311Settings("city", "市平台", "yunxi", above.endpoint, Services.same(), api_key="xg_1_wrong")
    new = NewTicket("吵", "environment", NOISE, "wechat", source_key="m2:0", place="幸福里8号楼")
    with Open311(settings) as stranger, pytest.raises(RefusedError, match="403") as caught:
        Remote(stranger).file(new)
    assert not caught.value.about_request
    odd = Services({NOISE: "environment.nosuch"}, {})
    settings = Open311Settings("city", "市平台", "yunxi", above.endpoint, odd, api_key=above.key)
    with Open311(settings) as adapter, pytest.raises(RefusedError, match="404") as caught:
        Remote(adapter).file(new)
    assert caught.value.about_request
