"""The one interface the bot files by, and its two implementations: our own case backend, a platform elsewhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from open311_platform import KEY, NOW, Platform, open_adapter, platform

from cases import service, workflow
from cases.outward.backend import Addition, Backend, made
from cases.outward.city_file import read
from cases.outward.own import Own
from cases.outward.remote import Remote
from cases.outward.upstream.errors import RefusedError, UnclearError, UnreachableError
from cases.service import Actor, NewTicket
from common.db import reading, transaction

__all__ = ["platform"]
NEW = NewTicket(
    text="幸福里8号楼楼下烧烤店半夜吵",
    category="environment",
    type="environment.noise",
    channel="wechat",
    source_key="17:0",
    reporter="r1",
    phone="13912345678",
    place="幸福里8号楼",
    answers={"when": {"question": "什么时候吵？", "answer": "半夜"}},
)


@pytest.fixture
def remote(platform: Platform) -> Iterator[Remote]:
    with Remote(open_adapter(platform)) as made:
        yield made


# --- what both promise


@pytest.fixture(params=["own", "remote"])
def backend(request: pytest.FixtureRequest, platform: Platform, city_database: str) -> Iterator[Backend]:
    if request.param == "own":
        yield Own()
    elif city_database.startswith("sqlite"):
        with Remote(open_adapter(platform)) as made:
            yield made
    else:
        pytest.skip("a remote backend has no database")


def test_a_matter_is_filed_once_and_its_standing_told(backend: Backend) -> None:
    number = backend.file(NEW).number
    assert backend.file(NEW).number == number
    other = backend.file(replace(NEW, source_key="17:1")).number
    assert other != number
    assert backend.number_in(f"我反映的{backend.spoken(number)}怎么样了") == number
    found = backend.standing(number, "r1", [number])
    assert found is not None and (found.number, found.own, found.closed) == (number, True, False)
    assert (found.type, found.place) == ("environment.noise", "幸福里8号楼")
    assert found.filed_at is not None and found.changed_at is not None
    assert {s.number for s in backend.theirs("r1", [number, other])} == {number, other}


def test_somebody_elses_matter_is_told_by_its_state_alone(backend: Backend) -> None:
    found = backend.standing(backend.file(NEW).number, "r2")
    assert found is not None
    assert (found.own, found.type, found.place, found.unit, found.note) == (False, None, None, None, None)
    assert found.said


def test_what_is_not_there_is_none_and_nothing_is_added_to_it(backend: Backend) -> None:
    assert backend.standing("600000017", "r1") is None
    assert backend.theirs("r3") == []
    with pytest.raises(service.TicketNotFoundError):
        backend.add("600000017", "r1", Addition(note="还在吵"))


def test_an_addition_is_passed_on(backend: Backend) -> None:
    assert backend.takes_additions
    assert backend.add(backend.file(NEW).number, "r1", Addition(note="还在吵"))


def test_without_words_nothing_is_filed(backend: Backend) -> None:
    with pytest.raises(ValueError, match="needs a text"):
        backend.file(replace(NEW, text=" "))


# --- our own


@pytest.mark.usefixtures("city_database")
def test_our_own_backend_is_the_service_functions() -> None:
    own = Own()
    filed = own.file(NEW)
    assert filed.unit == "市城市管理局"
    own.add(filed.number, "r1", Addition(note="还在吵", phone="13900000000", anonymous=True, attachments=["photo-1"]))
    with reading() as session:
        ticket = service.get(session, filed.number)
        assert (ticket.phone, ticket.anonymous, ticket.events[-1].note) == ("13900000000", True, "还在吵")
        assert [a.reference for a in ticket.attachments] == ["photo-1"]
    with pytest.raises(workflow.IllegalTransitionError, match="their own"):
        own.add(filed.number, "r2", Addition(note="我也要说"))
    with transaction() as session:
        service.act(session, filed.number, "withdraw", actor=Actor("resident", "r1"))
    found = own.standing(filed.number, "r1")
    assert found is not None and (found.said, found.closed, found.unit) == ("已撤回", True, "市城市管理局")
    assert own.number_in("六零零零零零零幺七号") == "600000017" and own.number_in("没有号") is None


# --- a platform


def test_a_platform_gets_what_it_has_fields_for(platform: Platform, remote: Remote) -> None:
    filed = remote.file(NEW)
    assert (filed.number, filed.unit) == ("1001", None)
    (form,) = platform.did("POST", "requests.json")
    assert form["description"] == "幸福里8号楼楼下烧烤店半夜吵\n什么时候吵？半夜\n〔xiaoge:yunxi:17:0〕"
    assert (form["service_code"], form["address_string"]) == ("N01", "幸福里8号楼")
    assert "phone" not in form and "r1" not in str(form)
    platform.requests["1001"] |= {"status": "closed", "status_notes": "已处理"}
    found = remote.standing("1001", "r1", ["1001"])
    assert found is not None
    assert (found.said, found.closed, found.note, found.unit) == ("已办结", True, "已处理", "市12345平台")


@pytest.mark.parametrize("trouble", ["lost", "cut", 500, "<html>"])
def test_after_a_lost_answer_filing_again_files_once(platform: Platform, remote: Remote, trouble: int | str) -> None:
    platform.trouble = [None, trouble]  # type: ignore[list-item]
    with pytest.raises(UnclearError):
        remote.file(NEW)
    with Remote(open_adapter(platform)) as restarted:
        number = restarted.file(NEW).number
    assert list(platform.requests) == [number]


def test_a_platform_that_is_away_takes_nothing_and_everything_later(platform: Platform, remote: Remote) -> None:
    platform.trouble = [503] * 3
    with pytest.raises(UnreachableError):
        remote.file(NEW)
    assert platform.requests == {}
    assert remote.file(NEW).number == "1001"
    with open_adapter(platform, api_key="wrong") as stranger, pytest.raises(RefusedError):
        Remote(stranger).file(replace(NEW, source_key="18:0"))
    with pytest.raises(ValueError, match="source key"):
        remote.file(replace(NEW, source_key=None))


def test_additions_become_words_and_arrive_once(platform: Platform) -> None:
    with Remote(open_adapter(platform, contact=True)) as remote:
        number = remote.file(NEW).number
        said = Addition(
            note="还在吵",
            place="幸福里9号楼",
            lat=37.2,
            lng=122.0,
            answers={"source": {"question": "是什么地方在吵？", "answer": "烧烤店"}},
            attachments=["photo-1", "photo-2"],
            phone="13900000000",
            key="m18",
        )
        assert remote.add(number, "r1", said) and remote.add(number, "r1", said)
        platform.requests[number]["status"] = "closed"
        assert remote.add(number, "r1", Addition(anonymous=True, phone="13900000000"))
        assert not remote.add(number, "r1", Addition())
    first, second = platform.updates
    assert (first["status"], second["status"]) == ("OPEN", "CLOSED")  # as it stood
    assert first["description"].splitlines() == [
        "还在吵",
        "是什么地方在吵？烧烤店",
        "地点更正：幸福里9号楼",
        "定位：37.200000, 122.000000",
        "联系电话：13900000000",
        "居民另有2张照片，存于受理端",
    ]
    assert second["description"] == "报事人要求匿名"


def test_phones_are_added_only_where_they_may_be_passed_on(platform: Platform, remote: Remote) -> None:
    number = remote.file(NEW).number
    assert not remote.add(number, "r1", Addition(phone="13900000000"))
    assert platform.updates == []


def test_a_platform_of_the_plain_standard_takes_no_additions(platform: Platform) -> None:
    with Remote(open_adapter(platform, updates=False)) as remote:
        assert not remote.takes_additions
        assert not remote.add(remote.file(NEW).number, "r1", Addition(note="还在吵"))


def test_a_token_stands_for_the_number_until_there_is_one(platform: Platform, remote: Remote) -> None:
    token = remote.file(replace(NEW, type="environment.facility", text="路灯不亮")).number
    assert remote.file(replace(NEW, type="environment.facility")).number == token
    assert remote.spoken(token) == "t1001"
    waiting = remote.standing(token, "r1", [token])
    assert waiting is not None and (waiting.said, waiting.own) == ("待分派", True)
    assert [s.said for s in remote.theirs("r1", [token])] == ["待分派"]
    assert not remote.add(token, "r1", Addition(note="还是不亮"))
    platform.settle("t1001")
    found = remote.standing(token, "r1", [token])
    assert found is not None and (found.number, found.said, found.own) == ("1001", "受理中", True)
    assert [s.number for s in remote.theirs("r1", [token])] == ["1001"]
    assert remote.add(token, "r1", Addition(note="还是不亮"))


def test_numbers_of_a_platform_are_told_from_phones(platform: Platform, remote: Remote) -> None:
    assert remote.number_in("SH-20260302 办了没") == "SH-20260302"
    assert remote.number_in("我电话13912345678，单号10017") == "10017"
    assert remote.number_in("8号楼302室") is None
    with Remote(open_adapter(platform), numbers="[0-9]{6}") as six:
        assert six.number_in("20260302和123456") == "123456"


def test_a_persons_newest_matters_come_first(platform: Platform, remote: Remote) -> None:
    made = [platform.put(at=NOW - timedelta(hours=n)) for n in range(12)]
    assert [s.number for s in remote.theirs("r1", made)] == made[2:]


def test_the_citys_file_says_where_the_bot_files(platform: Platform, tmp_path: Path, city_database: str) -> None:
    file = tmp_path / "outward.yml"
    assert isinstance(made(read(file)), Own)
    (tmp_path / "city.key").write_text(KEY + "\n", encoding="utf-8")
    (tmp_path / "services.yml").write_text("- {service: N01, type: environment.noise}\n", encoding="utf-8")
    joined = "{system: city, name: 市平台, we: yunxi, key: city.key, services: services.yml, jurisdiction_id: yunxi.gov"
    file.write_text(f"platforms:\n- {joined}, endpoint: '{platform.url}'}}\nbot: city\n", encoding="utf-8")
    chosen = made(read(file))
    assert isinstance(chosen, Remote)
    with chosen:
        assert chosen.file(NEW).number == "1001"
