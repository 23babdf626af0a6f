"""The city's file of other systems, the rounds the worker goes, and the commands."""

from __future__ import annotations

import re
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path

import pytest
from open311_platform import JURISDICTION, KEY, NOW, Platform, platform
from sqlalchemy import event, select
from test_cases_webhooks_receiver import START, Receiver, happen, receiver

from cases import numbers, service
from cases.model import Ticket, UpstreamLink
from cases.outward import rounds
from cases.outward.__main__ import main
from cases.outward.city_file import Outward, OutwardError, outward, read
from cases.outward.delivery import Report
from cases.outward.rounds import Done, Rounds
from cases.outward.upstream.services import Services
from cases.service import NewTicket
from common import db
from common.db import reading, transaction
from common.settings import settings

__all__ = ["platform", "receiver"]
NOISE = "environment.noise"
MAPPING = "- {service: N01, type: environment.noise}\n- {service: N02, type: environment.garbage}\n"


ALL = (
    "system name we endpoint jurisdiction_id default_service contact updates plain_http page ids_at_once key services "
    "pull push minutes numbers"
).split()


def write(folder: Path, text: str) -> Path:
    (folder / "city.key").write_text(KEY + "\n", encoding="utf-8")
    (folder / "services.yml").write_text(MAPPING, encoding="utf-8")
    file = folder / "outward.yml"
    file.write_text(text, encoding="utf-8")
    return file


def joined(platform: Platform, **more: str) -> str:
    fields = {
        "system": "city",
        "name": "市12345平台",
        "we": "yunxi",
        "endpoint": platform.url,
        "key": "city.key",
        "jurisdiction_id": JURISDICTION,
        "services": "services.yml",
        "updates": "true",
        "push": "{types: [environment.noise]}",
    }
    first, *rest = [f"{name}: {value}" for name, value in (fields | more).items()]
    return "\n    ".join([f"platforms:\n  - {first}", *rest]) + "\n"


def wait(for_: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not for_():
        assert time.monotonic() < until, "it never came"
        time.sleep(0.02)


# --- the file


def test_without_a_file_nothing_of_the_inside_is_allowed_and_nothing_joined(tmp_path: Path) -> None:
    nothing = read(tmp_path / "outward.yml")
    assert nothing == Outward() and not nothing.rules.loopback and nothing.tls() is None
    with pytest.raises(LookupError, match="there are: none"):
        nothing.platform("city")


def test_all_a_file_can_say(tmp_path: Path, platform: Platform) -> None:
    head = "webhooks:\n  networks: [10.20.0.0/16]\n  loopback: true\n"
    more = {
        "contact": "true",
        "page": "500",
        "ids_at_once": "1",
        "pull": "false",
        "minutes": "15",
        "numbers": "'[0-9]{6}'",
    }
    found = read(write(tmp_path, head + joined(platform, **more, push="{units: [CG01]}") + "bot: city\n"))
    assert found.rules.loopback and found.rules.allow == (ip_network("10.20.0.0/16"),)
    city = found.platform("city")
    assert (city.pull, city.types, city.units, city.every) == (False, (), ("CG01",), timedelta(minutes=15))
    assert (city.settings.api_key, city.settings.page, city.settings.ids_at_once) == (KEY, 500, 1)
    assert city.settings.contact and city.settings.updates and not city.settings.plain_http
    assert city.settings.services.up == {NOISE: "N01", "environment.garbage": "N02"}
    assert (found.bot, city.numbers) == ("city", "[0-9]{6}")
    same = read(write(tmp_path, joined(platform, services="same")))
    assert same.platforms[0].settings.services == Services.same()
    assert KEY not in repr(found)


def test_every_mistake_of_the_file_is_told_with_its_line(tmp_path: Path) -> None:
    text = """\
webhooks:
  networks: [intranet, 10.0.0.1/8]
  loopback: maybe
  authority: nowhere.pem
  color: red
platforms:
  - system: city
    name: 市平台
    we: yunxi
    endpoint: http://12345.example.org/v2
    key: city.key
    services: services.yml
  - system: city
    key: nowhere.key
    services: nowhere.yml
    page: 0
    minutes: x
    numbers: "["
    push: {types: [environment.nosuch, hazard.gas]}
  - just text
bot: county
more: 1
"""
    with pytest.raises(OutwardError) as caught:
        read(write(tmp_path, text))
    said = [re.sub(r" (/\S+/)", " ", p).replace(", ".join(ALL), "ALL") for p in caught.value.problems]
    assert sorted(said, key=lambda line: int(line.split(":")[1])) == [
        "outward.yml:2: not a network (write it like 10.20.0.0/16): 'intranet': 'intranet' does not appear to be an "
        "IPv4 or IPv6 network; '10.0.0.1/8': 10.0.0.1/8 has host bits set",
        "outward.yml:3: loopback is 'maybe'; there are: true, false",
        "outward.yml:4: authority: there is no file nowhere.pem",
        "outward.yml:5: unknown field 'color'; there are: networks, loopback, authority",
        "outward.yml:7: the settings of the platform above have mistakes: endpoint is http: key and words could be "
        "read on the way; use https, or allow plain_http",
        "outward.yml:13: a platform needs 'name'",
        "outward.yml:13: a platform needs 'we'",
        "outward.yml:13: a platform needs 'endpoint'",
        "outward.yml:14: key: there is no file nowhere.key",
        "outward.yml:15: services: there is no file nowhere.yml",
        "outward.yml:16: page must be a whole number from 1 to 10000, not '0'",
        "outward.yml:17: minutes must be a whole number from 1 to 1440, not 'x'",
        "outward.yml:18: numbers is no regular expression: unterminated character set at position 0",
        "outward.yml:19: unknown matter type 'environment.nosuch'",
        "outward.yml:19: hazard.gas goes up to no service: add it to the services",
        "outward.yml:20: a platform must be a mapping with ALL",
        "outward.yml:21: bot: no platform 'county' is joined here",
        "outward.yml:22: unknown field 'more'; there are: webhooks, platforms, bot",
    ]


def test_the_citys_own_certificate_authority_must_be_one(tmp_path: Path) -> None:
    file = write(tmp_path, "webhooks: {authority: services.yml}\n")
    with pytest.raises(OutwardError, match=r"outward\.yml:1: .*services\.yml holds no certificates in PEM"):
        read(file)
    public = ssl.get_default_verify_paths()
    if public.cafile:
        (tmp_path / "services.yml").write_bytes(Path(public.cafile).read_bytes())
        assert isinstance(read(file).tls(), ssl.SSLContext)


def test_a_key_file_holds_the_key_alone_and_a_code_is_joined_once(tmp_path: Path, platform: Platform) -> None:
    text = joined(platform)
    twice = text + text.removeprefix("platforms:\n")
    with pytest.raises(OutwardError, match=r"outward\.yml:11: system 'city' is joined already"):
        read(write(tmp_path, twice))
    file = write(tmp_path, text)
    (tmp_path / "city.key").write_text("api key: abc\n", encoding="utf-8")
    with pytest.raises(OutwardError, match="must hold the key and nothing else"):
        read(file)


# --- rounds


@pytest.fixture
def var(city_database: str) -> Iterator[Path]:
    yield settings().var
    rounds.close()
    outward.__globals__["_kept"].cache_clear()


def file(text: str = "幸福里8号楼楼下烧烤店半夜吵") -> str:
    new = NewTicket(text, "environment", NOISE, "wechat", place="幸福里8号楼")
    with transaction() as session:
        return service.file_ticket(session, new).number


def test_a_round_delivers_and_exchanges_and_the_next_one_tells(
    var: Path, platform: Platform, receiver: Receiver
) -> None:
    config = read(write(var, "webhooks: {loopback: true}\n" + joined(platform)))
    write(var, "webhooks: {loopback: true}\n" + joined(platform))
    assert main(["subscribe", receiver.url, "--action", "report"]) == 0
    file()
    platform.put(text="幸福里垃圾没人清", service="N02")
    with Rounds(config) as going:
        done, at = Done(), NOW
        until = time.monotonic() + 30
        while not done.platforms and time.monotonic() < until:
            now = going.go(at)
            done.collected += now.collected
            done.webhooks.add(now.webhooks)
            done.platforms |= now.platforms
        synced = done.platforms["city"]
        assert synced.pulled is not None and synced.pulled.filed == 1
        assert synced.pushed is not None and synced.pushed.filed == 1
        asked = len(platform.asked)
        assert going.go(at + timedelta(minutes=4)).platforms == {}
        time.sleep(0.1)
        assert len(platform.asked) == asked  # not due yet
        going.go(at + timedelta(minutes=6))
        wait(lambda: len(platform.asked) > asked)
        wait(lambda: len(receiver.got) == 2)


def test_a_slow_platform_and_a_slow_subscriber_keep_no_round_waiting(
    var: Path, platform: Platform, receiver: Receiver
) -> None:
    config = read(write(var, "webhooks: {loopback: true}\n" + joined(platform)))
    assert main(["subscribe", receiver.url]) == 0
    file()
    let_go = threading.Event()
    receiver.answer = lambda _got: 200 if let_go.wait(60) else 500
    platform.lock.acquire()  # it takes every call, and answers none
    try:
        with Rounds(config) as going:
            began = time.monotonic()
            for n in range(3):
                assert going.go(NOW + timedelta(seconds=n), seconds=0.1).webhooks == Report()
            assert time.monotonic() - began < 8
            wait(lambda: len(receiver.got) == 1)  # one subscriber is never sent to by two
            let_go.set()
            platform.lock.release()
    finally:
        let_go.set()
    assert len(platform.did("POST", "requests.json")) <= 1


def test_where_nobody_subscribes_nothing_is_written(var: Path) -> None:
    file()
    written: list[str] = []
    listen = lambda _c, _cursor, statement, *_rest: written.append(statement)  # noqa: E731
    with Rounds(Outward()) as going:
        going.go(NOW)
        event.listen(db.engine(), "before_cursor_execute", listen)
        assert going.go(NOW + timedelta(seconds=5)) == Done()
        event.remove(db.engine(), "before_cursor_execute", listen)
    assert not [s for s in written if "IMMEDIATE" in s or s.startswith(("INSERT", "UPDATE", "DELETE"))]


def test_a_file_with_mistakes_stops_the_rounds_and_not_what_is_put_right(var: Path, platform: Platform) -> None:
    write(var, "colour: red\n")
    with pytest.raises(OutwardError, match="'colour'"):
        rounds.go(NOW)
    write(var, joined(platform))
    assert rounds.go(NOW).collected == 0


# --- commands


def test_the_commands_do_what_they_say(
    var: Path, platform: Platform, receiver: Receiver, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(*words: str, status: int = 0) -> str:
        assert main(["--by", "zhang", *words]) == status
        return capsys.readouterr().out

    write(var, "webhooks: {loopback: true}\n" + joined(platform))
    assert "city (市12345平台): has all services" in run("check")
    assert "its secret, shown this once: xgs_" in run(
        "subscribe", receiver.url, "--action", "report", "--with", "phone"
    )
    listed = run("list")
    assert f"1  {receiver.url}  report with phone  active" in listed and "xgs_" not in listed
    assert "its new secret" in run("rotate", "1")
    assert "old secret still in use" in run("list")
    assert run("retire", "1") == "webhook 1: done\n"
    assert "has no old secret" in run("retire", "1", status=1)
    assert "no action 'sing'" in run("subscribe", receiver.url, "--action", "sing", status=1)

    receiver.answer = lambda _got: 410
    number = happen("report")
    with Rounds(read(var / "outward.yml")) as going:
        going.go(START, seconds=30)
    capsys.readouterr()  # the log
    dead = run("dead")
    assert f"ticket {numbers.spoken(number)} report  1 tries: 410" in dead
    id_ = dead.split()[0]
    assert "ended by the receiver" in run("list")
    run("resume", "1")
    assert run("replay", id_) == "1 deliveries will be sent again\n"
    assert "is left out" in run("skip", id_)
    assert "say what to replay" in run("replay", status=1)
    assert "no ticket number" in run("replay", "--ticket", "1", status=1)
    run("unsubscribe", "1")
    assert "0 subscribers" in run("list")

    ours = file()
    platform.trouble = [None, 422, 422]  # type: ignore[list-item]
    said = run("sync", "city")
    assert "pulled filed 0" in said and "refused 2" in said and "422" in said
    assert "goes up again" in run("forget", "city", numbers.spoken(ours))
    assert "filed 1" in run("sync", "city")
    with reading() as session:
        query = select(UpstreamLink.remote_id).join(Ticket, Ticket.id == UpstreamLink.ticket_id)
        assert session.scalar(query.where(Ticket.number == ours)) is not None
    platform.trouble = [503] * 9
    assert "503" in run("sync", "city", status=1)
    assert "no platform 'county'" in run("sync", "county", status=1)
