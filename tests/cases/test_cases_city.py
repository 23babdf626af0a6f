"""Loading a city: all or nothing, and every mistake told with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cases import city
from cases.model import Area, Place, Unit, Worker
from cases.service import NewTicket, file_ticket
from common.db import Base, reading, transaction

TABLES: tuple[type[Any], ...] = (Area, Place, Unit, Worker)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample city, to be changed."""
    return Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))


def counts() -> dict[str, int]:
    with reading() as session:
        return {t.__name__: session.scalar(select(func.count()).select_from(t)) or 0 for t in TABLES}


def rows() -> list[tuple[Any, ...]]:
    with reading() as session:
        tables = [Base.metadata.tables[t.__tablename__] for t in TABLES]
        return [tuple(map(str, row)) for table in tables for row in session.execute(select(table))]


def change(file: Path, line: int, new: str) -> None:
    lines = file.read_text(encoding="utf-8").split("\n")
    lines[line - 1] = new
    file.write_text("\n".join(lines), encoding="utf-8")


def append(file: Path, *lines: str) -> int:
    """Add lines; returns the number of the first."""
    text = file.read_text(encoding="utf-8").rstrip("\n")
    file.write_text("\n".join([text, *lines, ""]), encoding="utf-8")
    return text.count("\n") + 2


def load(folder: Path) -> dict[str, int]:
    with transaction() as session:
        return city.load(session, folder)


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(city.CityError) as error:
        load(folder)
    return error.value.problems


@pytest.mark.usefixtures("database")
def test_the_sample_city_loads_and_loads_again() -> None:
    said = load(city.SAMPLE)
    first = counts()
    assert said == {
        "areas": first["Area"],
        "places": first["Place"],
        "units": first["Unit"],
        "workers": first["Worker"],
    }
    assert all(n > 20 for n in first.values())
    load(city.SAMPLE)
    assert counts() == first


@pytest.mark.usefixtures("city_database")
def test_every_mistake_is_told_with_its_line_and_nothing_is_changed(folder: Path) -> None:
    area = append(
        folder / "areas.csv",
        "S0199,S77,community,新社区,",
        "S0101G9,S01,grid,幸福网格,",
        "S0101,S01,community,两次,",
        "S0109,S01,village,钟楼村,",
        "YY,YX,city,二城,",
    )
    change(folder / "places.csv", 37, "和平小区,estate,S0103G4,1-16")
    place = append(
        folder / "places.csv",
        "幸福路,road,S9999,,,,37.2,122.0",
        "棉纺新村,estate,S0101G3,1-x,,,37.2,122.0",
        "纱厂街,road,S0101G3,,,,north,122.0",
        "老纱厂,building,S0101G3,,,,137.2,122.0",
        "和平路,road,S0103G4,,,,37.2,122.0,more",
    )
    change(folder / "units.csv", 3, "DJ02,市纪委监委,S99,party.conduct|party.gossip")
    change(folder / "workers.csv", 4, "W003,王秀芹,S0101,13900012973")
    before = rows()
    numbers = "lat and lng must be numbers, buildings like 1-8|12"
    assert mistakes(folder) == [
        f"areas.csv:{area}: the parent of a community must be a street above it",
        f"areas.csv:{area + 1}: the parent of a grid must be a community above it",
        f"areas.csv:{area + 2}: code 'S0101' is empty or used twice",
        f"areas.csv:{area + 3}: level 'village' is none of city, street, community, grid",
        f"areas.csv:{area + 4}: the city has no parent",
        "places.csv:37: 8 columns expected",
        f"places.csv:{place}: 'S9999' is not a grid of areas.csv",
        f"places.csv:{place + 1}: {numbers} (invalid literal for int() with base 10: 'x')",
        f"places.csv:{place + 2}: {numbers} (could not convert string to float: 'north')",
        f"places.csv:{place + 3}: 137.2, 122.0 is no place on earth",
        f"places.csv:{place + 4}: 8 columns expected",
        "units.csv:3: 'party.gossip' is no category or matter type",
        "units.csv:3: area 'S99' is not in areas.csv",
        "workers.csv:4: 'S0101' is not a grid of areas.csv",
    ]
    assert rows() == before


@pytest.mark.usefixtures("database")
def test_missing_files_and_columns_are_told(folder: Path) -> None:
    (folder / "workers.csv").unlink()
    change(folder / "units.csv", 1, "code,name,area,handles")
    assert mistakes(folder) == ["units.csv:1: column(s) missing: categories", "workers.csv: missing"]
    assert set(counts().values()) == {0}


@pytest.mark.usefixtures("database")
def test_a_file_that_is_not_utf8_is_told_with_its_line(folder: Path) -> None:
    places = (folder / "places.csv").read_text(encoding="utf-8")
    (folder / "places.csv").write_bytes(places.encode("gb18030"))
    change(folder / "workers.csv", 2, "W001,陈玉梅,,1")
    assert mistakes(folder) == [
        "places.csv:2: not UTF-8 (Excel: save as 'CSV UTF-8')",
        "workers.csv:2: '' is not a grid of areas.csv",
    ]


@pytest.mark.usefixtures("database")
def test_a_file_saved_by_excel_as_utf8_is_read(folder: Path) -> None:
    for file in folder.glob("*.csv"):
        content = file.read_text(encoding="utf-8").replace("\n", "\r\n")
        file.write_bytes(b"\xef\xbb\xbf" + content.encode("utf-8"))
    assert load(folder)["areas"] == counts()["Area"] > 20


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize(("lat", "lng"), [("nan", "122.0"), ("37.2", "inf")])
def test_coordinates_must_be_on_earth(folder: Path, lat: str, lng: str) -> None:
    change(folder / "places.csv", 5, f"幸福路,road,S0101G2,,,,{lat},{lng}")
    assert [t.split(":")[1] for t in mistakes(folder)] == ["5"]


@pytest.mark.usefixtures("city_database")
def test_a_city_with_tickets_can_be_loaded_again(folder: Path) -> None:
    with transaction() as session:
        new = NewTicket("吵", "environment", "environment.noise", "web", place="幸福里3号楼")
        number = file_ticket(session, new).number
    change(folder / "areas.csv", 2, "YX,,city,新云溪市,云溪")
    change(folder / "workers.csv", 2, "W001,李新,S0101G1,13900010007")
    load(folder)
    with reading() as session:
        assert session.get_one(Area, "YX").name == "新云溪市"
        assert session.get_one(Worker, "W001").name == "李新"
    assert number


def test_names_for_the_entity_rules_are_places_and_areas_with_aliases() -> None:
    names = city.place_names()
    assert {"幸福里", "老纺织厂宿舍", "云溪市", "幸福社区"} <= set(names)
    assert names == sorted(set(names))


def test_the_sample_covers_every_matter_type_and_gives_every_grid_a_worker() -> None:
    from nlu.taxonomy import taxonomy

    units = (city.SAMPLE / "units.csv").read_text(encoding="utf-8").split("\n")[1:]
    handled = {code for line in units if line for code in line.rsplit(",", 1)[1].split("|")}
    assert [t.code for t in taxonomy() if not {t.code, t.category} & handled] == []
    areas = (city.SAMPLE / "areas.csv").read_text(encoding="utf-8").split("\n")[1:]
    workers = (city.SAMPLE / "workers.csv").read_text(encoding="utf-8").split("\n")[1:]
    grids = {line.split(",")[0] for line in areas if ",grid," in line}
    assert grids == {line.split(",")[2] for line in workers if line}
