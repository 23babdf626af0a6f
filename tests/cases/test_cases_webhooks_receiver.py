"""A receiver of webhooks, written from the documentation alone, and what it can rely on."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import select

from cases import service
from cases.actor import Actor
from cases.history import record
from cases.model import Ticket, Webhook
from cases.outward import rounds, webhooks
from cases.outward.addresses import Rules
from cases.outward.client import Client
from cases.outward.collecting import collect
from cases.outward.delivery import Report, deliver
from common.db import reading, transaction
from common.settings import ROOT, settings

START = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
DOCS = ROOT / "docs/webhooks.md"
HERE = Rules(loopback=True)
LINE = "王小明说还在吵"
DROP = 0  # instead of a status: take the message, then hang up without an answer


@dataclass
class Got:
    """A message as it arrived: when, and how it was answered."""

    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 200
    began: float = field(default_factory=time.monotonic)
    ended: float = 0.0

    @property
    def told(self) -> Any:
        return json.loads(self.body)

    @property
    def event(self) -> tuple[str, int]:
        """Which event of which ticket it tells of."""
        return self.told["ticket"]["number"], self.told["event"]["seq"]

    @property
    def id(self) -> str:
        return self.headers["X-Xiaoge-Delivery"]


class Receiver:
    """A subscriber's server on loopback; ``answer`` decides what each message is answered with."""

    def __init__(self) -> None:
        self.got: list[Got] = []
        self.answer: Callable[[Got], int] = lambda _got: 200
        self.headers: dict[str, str] = {}
        self.lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                got = Got(self.path, dict(self.headers.items()), body)
                with outer.lock:
                    outer.got.append(got)
                got.status = outer.answer(got)
                got.ended = time.monotonic()
                if got.status == DROP:
                    self.close_connection = True
                    return
                self.send_response(got.status)
                for name, value in {"Content-Length": "0", **outer.headers}.items():
                    self.send_header(name, value)
                self.end_headers()

            def log_message(self, *args: Any) -> None:
                pass

        class Server(ThreadingHTTPServer):
            request_queue_size = 64

            def handle_error(self, *args: Any) -> None:
                pass  # a client that hung up

        self.http = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}/hooks"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def events(self) -> list[tuple[str, int]]:
        return [got.event for got in self.got]

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    running = Receiver()
    yield running
    running.close()


@pytest.fixture
def client() -> Iterator[Client]:
    with Client(HERE, seconds=20) as made:
        yield made


def subscribe(
    receiver: Receiver, *actions: str, path: str = "", pieces: tuple[str, ...] = (), at: datetime = START
) -> tuple[int, str]:
    with transaction() as session:
        hook, secret = webhooks.subscribe(
            session, receiver.url + path, actions, "zhang", pieces=pieces, rules=HERE, at=at
        )
        return hook.id, secret


_serial = iter(range(1, 10_000_000))


def happen(*actions: str, number: str | None = None) -> str:
    """Write lines into a ticket's history; a new ticket's, unless a number is given. Returns its number."""
    with transaction() as session:
        if number is None:
            number = f"{next(_serial):09}"
            session.add(
                Ticket(
                    number=number,
                    created_at=START,
                    updated_at=START,
                    channel="web",
                    anonymous=False,
                    category="environment",
                    type="environment.noise",
                    needs_review=False,
                    text="幸福里8号楼楼下烧烤店半夜吵，我是王小明，电话13912345678",
                    answers={},
                    urgent=False,
                    status="handling",
                    events_count=0,
                    head="",
                )
            )
            session.flush()
        ticket = session.scalars(select(Ticket).where(Ticket.number == number).with_for_update()).one()
        for action in actions:
            record(session, ticket, Actor("operator", "li"), action, ticket.status, LINE, at=START)
    return number


def collected(at: datetime = START) -> int:
    with transaction() as session:
        return collect(session, at)


def run(client: Client, at: datetime = START) -> Report:
    """One round of the worker, without luck."""
    collected(at)
    return deliver(at, client, luck=lambda: 0.5)


def documented(start: str, language: str) -> str:
    """The block of the documentation that begins with a line."""
    blocks: list[str] = re.findall(rf"```{language}\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.S)
    return next(b for b in blocks if b.startswith(start))


@pytest.fixture
def genuine() -> Callable[..., bool]:
    """The receiver's check, as the documentation has it."""
    space: dict[str, Any] = {}
    exec(documented("import hashlib", "python"), space)
    found: Callable[..., bool] = space["genuine"]
    return found


def test_the_documented_check_is_short() -> None:
    body = documented("import hashlib", "python").partition("def genuine")[2]
    assert len(body.strip().splitlines()) <= 10


@pytest.mark.usefixtures("database")
def test_the_documented_check_accepts_what_is_sent_and_nothing_else(
    receiver: Receiver, client: Client, genuine: Callable[..., bool]
) -> None:
    _, secret = subscribe(receiver)
    happen("add")
    moment = datetime.now(UTC)
    assert run(client, moment) == Report(delivered=1)
    got = receiver.got[0]
    assert genuine(got.headers, got.body, secret)
    assert not genuine(got.headers, got.body + b" ", secret)
    assert not genuine(got.headers, got.body, secret + "x")
    assert not genuine({**got.headers, "X-Xiaoge-Timestamp": str(int(moment.timestamp()) + 1)}, got.body, secret)
    assert not genuine({**got.headers, "X-Xiaoge-Signature": "v1=" + "0" * 64}, got.body, secret)
    for stamp in ("", "x", "-5", "9" * 5000, "٣"):
        assert not genuine({**got.headers, "X-Xiaoge-Timestamp": stamp}, got.body, secret)
    assert not genuine({**got.headers, "X-Xiaoge-Signature": "v1=é,,"}, got.body, secret)
    assert not genuine({}, got.body, secret)


@pytest.mark.usefixtures("database")
def test_while_a_secret_is_changed_both_are_accepted(
    receiver: Receiver, client: Client, genuine: Callable[..., bool]
) -> None:
    hook, old = subscribe(receiver)

    def accepted(*secrets: str) -> list[bool]:
        happen("add")
        run(client, datetime.now(UTC))
        got = receiver.got[-1]
        return [genuine(got.headers, got.body, secret) for secret in secrets]

    assert accepted(old) == [True]
    with transaction() as session:
        new = webhooks.rotate(session, hook, "zhang")
    assert accepted(old, new) == [True, True]
    with transaction() as session:
        newer = webhooks.rotate(session, hook, "zhang")
    assert accepted(old, new, newer) == [False, True, True]
    with transaction() as session:
        webhooks.retire(session, hook, "zhang")
    assert accepted(old, new, newer) == [False, False, True]
    with transaction() as session:
        last = webhooks.rotate(session, hook, "zhang", at_once=True)
    assert accepted(newer, last) == [False, True]
    with pytest.raises(webhooks.WebhookError, match="has no old secret"), transaction() as session:
        webhooks.retire(session, hook, "zhang")


@pytest.mark.usefixtures("database")
def test_the_documented_check_refuses_what_is_old(
    receiver: Receiver, client: Client, genuine: Callable[..., bool]
) -> None:
    _, secret = subscribe(receiver)
    happen("add")
    run(client, datetime.now(UTC) - timedelta(minutes=10))
    assert not genuine(receiver.got[0].headers, receiver.got[0].body, secret)


@pytest.mark.usefixtures("city_database")
def test_the_documented_message_is_what_is_sent_and_names_nobody(receiver: Receiver, client: Client) -> None:
    subscribe(receiver)
    new = service.NewTicket(
        text="幸福里8号楼楼下烧烤店半夜吵，我是王小明",
        category="environment",
        type="environment.noise",
        channel="wechat",
        reporter="openid-77",
        phone="13912345678",
        place="幸福里8号楼2单元501",
        lat=37.2139,
        lng=122.042,
        answers={"when": {"question": "什么时候吵？", "answer": "王小明说半夜"}},
        attachments=["photo-1"],
    )
    with transaction() as session:
        number = service.file_ticket(session, new, at=START).number
        service.add_information(session, number, actor=service.Actor("resident", "openid-77"), note="王小明：还在吵")
    assert run(client).delivered == 3
    with reading() as session:
        unit = service.get(session, number).unit
    shown = json.loads(documented("{", "json"))
    for got, action in zip(receiver.got, ("report", "dispatch", "add"), strict=True):
        told = got.told
        assert set(told) == set(shown)
        assert set(told["ticket"]) == set(shown["ticket"])
        assert set(told["event"]) == set(shown["event"])
        assert got.headers["X-Xiaoge-Event"] == told["type"] == f"ticket.{action}"
        assert got.headers["Content-Type"] == "application/json"
        assert got.path == "/hooks"
        for secret in ("王小明", "13912345678", "openid", "单元", "501", "photo", "幸福里", "烧烤", "37.2", "122.0"):
            assert secret not in got.body.decode()
    second = receiver.got[1].told
    assert second["event"]["seq"] == 2
    assert (second["event"]["before"], second["event"]["after"], second["event"]["role"]) == (
        "registered",
        "dispatched",
        "system",
    )
    assert (second["ticket"]["number"], second["ticket"]["status"], second["ticket"]["unit"]) == (
        number,
        "dispatched",
        unit,
    )
    assert second["ticket"]["created_at"] == second["event"]["at"] == second["created_at"] == "2026-03-02T01:00:00Z"
    assert receiver.got[0].told["ticket"]["status"] == "registered"


PERSONAL = {
    "words": {
        "text": "幸福里8号楼楼下烧烤店半夜吵",
        "answers": [{"question": "什么时候吵？", "answer": "半夜"}],
        "note": LINE,
    },
    "place": {"place": "幸福里8号楼2单元501", "lat": 37.2139, "lng": 122.042},
    "phone": {"phone": "13912345678"},
}


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize("anonymous", [False, True])
def test_personal_data_go_along_only_where_the_subscription_says_so(
    receiver: Receiver, client: Client, anonymous: bool
) -> None:
    wanted: list[tuple[str, ...]] = [(), ("words",), ("place",), ("phone",), ("words", "place", "phone")]
    for pieces in wanted:
        subscribe(receiver, "add", path="/" + "-".join(pieces), pieces=pieces)
    new = service.NewTicket(
        text="幸福里8号楼楼下烧烤店半夜吵",
        category="environment",
        type="environment.noise",
        channel="wechat",
        reporter="openid-77",
        anonymous=anonymous,
        phone="13912345678",
        place="幸福里8号楼2单元501",
        lat=37.2139,
        lng=122.042,
        answers={"when": {"question": "什么时候吵？", "answer": "半夜"}, "odd": "x"},
    )
    with transaction() as session:
        number = service.file_ticket(session, new, at=START).number
        service.add_information(session, number, actor=Actor("resident", "openid-77"), note=LINE)
    run(client)
    told = {got.path.rpartition("/")[2]: got.told.get("personal", {}) for got in receiver.got}
    for pieces in wanted:
        expected = {key: value for piece in pieces for key, value in PERSONAL[piece].items()}
        if anonymous and "phone" in pieces:
            expected["phone"] = None
        assert told["-".join(pieces)] == expected
    assert not any("openid" in got.body.decode() for got in receiver.got)
    shown = json.loads(documented('{\n  "text"', "json"))
    assert set(shown) == set(told["words-place-phone"])


@pytest.mark.usefixtures("city_database")
def test_the_offices_own_notes_go_to_nobody(receiver: Receiver, client: Client) -> None:
    subscribe(receiver, pieces=("words",))
    number = happen("note", "add", "feedback")
    run(client)
    assert [(got.event, got.told["personal"]["note"]) for got in receiver.got] == [
        ((number, 1), None),
        ((number, 2), None),  # by staff
        ((number, 3), LINE),  # written for the resident
    ]


@pytest.mark.usefixtures("city_database")
def test_the_documented_worker_subscribes_collects_and_delivers(receiver: Receiver) -> None:
    code = documented("from cases.outward", "python").replace("https://example.org/xiaoge", receiver.url)
    (settings().var / "outward.yml").write_text("webhooks:\n  loopback: true\n", encoding="utf-8")
    space: dict[str, Any] = {}
    exec(code, space)
    happen("dispatch")
    try:
        until = time.monotonic() + 30
        while not receiver.got and time.monotonic() < until:
            space["work"]()
    finally:
        rounds.close()
    assert [got.told["type"] for got in receiver.got] == ["ticket.dispatch"]
    with reading() as session:
        assert session.scalars(select(Webhook)).one().actions == ["dispatch", "finish", "+words"]
