"""The command line on a real database: schema, city, tickets."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from cases import city, numbers, service
from cases.service import NewTicket
from common.db import reading, transaction
from common.settings import settings
from xiaoge.cli import app


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def file(**more: object) -> str:
    new = NewTicket(
        text="幸福里3号楼楼下半夜吵\n第二行",
        category="environment",
        type="environment.noise",
        channel="web",
        place="幸福里3号楼",
        answers={"when": {"question": "什么时候吵？", "answer": "半夜"}},
        **more,  # type: ignore[arg-type]
    )
    with transaction() as session:
        return service.file_ticket(session, new).number


def status(number: str) -> str:
    with reading() as session:
        return service.get(session, number).status


def test_the_schema_and_the_city_are_loaded(empty_database: str) -> None:
    assert run("db", "upgrade").exit_code == 0
    done = run("db", "load-city")
    assert (done.exit_code, done.stdout.split(":")[0]) == (0, "loaded")
    with reading() as session:
        assert session.get_one(city.Area, "YX").name == "云溪市"


def test_a_password_in_the_databases_address_is_not_printed(
    empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XIAOGE_DATABASE_URL", empty_database.replace("xiaoge@", "xiaoge:s3cret@"))
    settings.cache_clear()
    done = run("db", "upgrade")
    assert done.exit_code == 0
    assert "s3cret" not in done.output
    assert empty_database.split("@")[-1] in done.output.replace("\n", "")


@pytest.mark.usefixtures("city_database")
def test_a_city_with_mistakes_is_refused_with_all_of_them(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))
    (folder / "workers.csv").write_text("code,name,grid,phone\nW1,甲,S9,1\nW2,乙,S8,1\n", encoding="utf-8")
    done = run("db", "load-city", str(folder))
    assert done.exit_code == 1
    assert "workers.csv:2" in done.output
    assert "workers.csv:3" in done.output


@pytest.mark.usefixtures("city_database")
def test_tickets_are_listed_and_shown() -> None:
    assert "no tickets yet" in run("tickets", "list").output
    number = file()
    urgent = file(urgent=True)
    assert numbers.spoken(number) in run("tickets", "list").output
    assert numbers.spoken(number) not in run("tickets", "list", "--urgent").output
    assert numbers.spoken(urgent) in run("tickets", "list", "--urgent").output
    shown = run("tickets", "show", numbers.spoken(number))
    assert shown.exit_code == 0
    for said in ("幸福里3号楼", "第二行", "市城市管理局", "什么时候吵？ 半夜", "registered → dispatched", "已分派"):
        assert said in shown.output


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize("spell", [str, numbers.spoken, lambda n: n.translate({48 + i: 0xFF10 + i for i in range(10)})])
def test_a_number_may_be_spelt_anyhow(spell: object) -> None:
    number = file()
    done = run("tickets", "act", spell(number), "accept", "--role", "department")  # type: ignore[operator]
    assert (done.exit_code, status(number)) == (0, "handling")


@pytest.mark.usefixtures("city_database")
def test_a_move_that_is_not_allowed_is_refused_with_the_reason() -> None:
    number = file()
    for action, told in (("finish", "possible now: dispatch, refuse, return, accept"), ("evaluate", "use evaluate")):
        done = run("tickets", "act", number, action, "--role", "operator", "--note", "原因")
        assert (done.exit_code, status(number)) == (1, "dispatched")
        assert told in done.output


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize(("number", "told"), [("123", "is no ticket number"), ("600000017", "600-000-017")])
def test_a_wrong_number_is_told(number: str, told: str) -> None:
    for command in (["show", number], ["act", number, "accept"]):
        done = run("tickets", *command)
        assert done.exit_code == 1
        assert told in done.output


def test_a_corrected_ticket_goes_to_the_unit_of_its_real_matter(city_database: str) -> None:
    number = file()
    with reading() as session:
        first = service.get(session, number).unit
    result = run("tickets", "correct", number, "hazard.fire", "--urgent", "--actor", "op1")
    assert result.exit_code == 0, result.output
    with reading() as session:
        ticket = service.get(session, number)
        assert (ticket.category, ticket.type, ticket.urgent) == ("hazard", "hazard.fire", True)
        assert ticket.unit != first
        [kept] = ticket.corrections
        assert (kept.type_before, kept.type, kept.urgent_before, kept.urgent, kept.actor) == (
            "environment.noise",
            "hazard.fire",
            False,
            True,
            "op1",
        )
        assert [e.action for e in ticket.events][-2:] == ["correct", "dispatch"]


def test_an_unknown_type_and_a_bad_number_are_refused_by_name(city_database: str) -> None:
    number = file()
    result = run("tickets", "correct", number, "environment.unicorn")
    assert result.exit_code == 1
    assert "environment.unicorn" in result.output and "environment.noise" in result.output
    assert "no ticket number" in run("tickets", "correct", "12", "hazard.fire").output


def test_what_a_resident_withdrew_is_not_corrected(city_database: str) -> None:
    number = file()
    assert run("tickets", "act", number, "withdraw").exit_code == 0
    result = run("tickets", "correct", number, "hazard.fire")
    assert result.exit_code == 1 and "withdrawn" in result.output
    assert run("tickets", "correct", number, "hazard.fire", "--role", "resident").exit_code == 1


def test_saying_what_is_already_so_leaves_no_correction(city_database: str) -> None:
    number = file()
    assert run("tickets", "correct", number, "environment.noise").exit_code == 0
    with reading() as session:
        assert service.get(session, number).corrections == []
