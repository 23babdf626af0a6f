"""Loading a city: all or nothing, and every mistake told with file and line."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from cases import city
from cases.areas import AreaTree
from cases.model import Address, Area, AuditLine, CatalogueRow, Place, Ticket, Unit, Worker
from common.db import Base, now, reading, transaction

TABLES: tuple[type[Any], ...] = (Area, Place, Unit, Worker, Address, CatalogueRow)


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
        "addresses": first["Address"],
        "outlines": 62,
        "routes": first["CatalogueRow"],
    }
    assert all(n > 20 for n in first.values())
    load(city.SAMPLE)
    assert counts() == first


@pytest.mark.usefixtures("city_database")
def test_the_sample_city_has_all_five_levels() -> None:
    with reading() as session:
        path = AreaTree.of(session).path("S0101G1")
        names = [session.get_one(Area, code).name for code in path]
        drawn = session.scalar(select(func.count(Area.code)).where(Area.level == "grid", Area.shape.is_not(None)))
    assert names == ["幸福社区第一网格", "幸福社区", "文峰街道", "云溪市", "东屿市"]
    assert drawn == 62


@pytest.mark.usefixtures("city_database")
def test_every_load_is_a_line_of_the_audit() -> None:
    with transaction() as session:
        city.load(session, by="office")
    with reading() as session:
        lines = list(session.scalars(select(AuditLine).order_by(AuditLine.id)))
    assert [(line.actor, line.action, line.about) for line in lines] == [
        ("system", "city.load", "sample_city"),
        ("office", "city.load", "sample_city"),
    ]
    assert "62 workers" in str(lines[-1].note)


@pytest.mark.usefixtures("city_database")
def test_every_mistake_is_told_with_its_line_and_nothing_is_changed(folder: Path) -> None:
    area = append(
        folder / "areas.csv",
        "S0199,S77,community,新社区,",
        "S0101G9,S01,grid,幸福网格,",
        "S0101,S01,community,两次,",
        "S0109,S01,village,钟楼村,",
        "YY,YX,city,二城,",
        "S 06,YX,street,六街道,",
        "S07,YX,street,文峰街道,",
        "S08,,street,八街道,",
        "S09,YX,street,,",
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
    unit = append(folder / "units.csv", "DJ02,市纪委监委,S99", "DJ01,市委组织部,")
    worker = append(folder / "workers.csv", "W900,王秀芹,S0101,13900012973", "W001,陈玉梅,S0101G1,13900010007")
    address = append(folder / "addresses.csv", "幸福里,,x!,1,101,S0101G1,,", "幸福里,,3,1,101,S0101,,")
    outlines = folder / "grids.geojson"
    outlines.write_text(outlines.read_text(encoding="utf-8").replace('"code": "S0101G2"', '"code": "S01G"'), "utf-8")
    (folder / "catalogue.yml").write_text("- 1\n", encoding="utf-8")
    before = rows()
    numbers = "lat and lng must be numbers, buildings like 1-8|12"
    told = mistakes(folder)
    assert [t for t in told if not t.startswith("catalogue.yml")] == [
        f"areas.csv:{area}: the parent 'S77' is not in the file",
        f"areas.csv:{area + 1}: the parent of a grid is a community; S01 is a street",
        f"areas.csv:{area + 2}: code 'S0101' is used already (areas.csv:9)",
        f"areas.csv:{area + 3}: level 'village' is none of city, county, street, community, grid",
        f"areas.csv:{area + 4}: a city has no parent",
        f"areas.csv:{area + 5}: code 'S 06' must be letters, digits, '.', '-' or '_' (it goes into QR codes), at most 32",
        f"areas.csv:{area + 6}: there is a 文峰街道 under YX already: S01 (areas.csv:4)",
        f"areas.csv:{area + 7}: no parent; a street lies in a county",
        f"areas.csv:{area + 8}: no name",
        "places.csv:37: 8 columns expected",
        f"places.csv:{place}: 'S9999' is not a grid of areas.csv",
        f"places.csv:{place + 1}: {numbers} (invalid literal for int() with base 10: 'x')",
        f"places.csv:{place + 2}: {numbers} (could not convert string to float: 'north')",
        f"places.csv:{place + 3}: 137.2, 122.0 is no place on earth",
        f"places.csv:{place + 4}: 8 columns expected",
        f"units.csv:{unit}: area 'S99' is not in areas.csv",
        f"units.csv:{unit}: code 'DJ02' is used already",
        f"units.csv:{unit + 1}: code 'DJ01' is used already",
        f"workers.csv:{worker}: 'S0101' is not a grid of areas.csv",
        f"workers.csv:{worker + 1}: code 'W001' is used already",
        f"addresses.csv:{address}: 楼栋: 'x!' is no number like 3, 甲3 or B",
        f"addresses.csv:{address + 1}: there is no grid 'S0101'",
        "grids.geojson: feature 2: no area has the code 'S01G'",
    ]
    assert any(t.startswith("catalogue.yml:1: ") for t in told)
    assert rows() == before


@pytest.mark.usefixtures("city_database")
@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            {2: "DY,S01,city,东屿市,东屿"},
            ["2: a city has no parent", "2: the areas go round in a circle: DY → S01 → YX → DY"],
        ),
        (
            {3: "YX,YX,county,云溪市,"},
            ["3: the parent of a county is a city; YX is a county", "3: the areas go round in a circle: YX → YX"],
        ),
    ],
)
def test_areas_that_go_round_in_a_circle_are_told_once(folder: Path, lines: dict[int, str], told: list[str]) -> None:
    for line, text in lines.items():
        change(folder / "areas.csv", line, text)
    assert mistakes(folder) == [f"areas.csv:{t}" for t in told]


@pytest.mark.usefixtures("database")
def test_areas_may_stand_in_any_order(folder: Path) -> None:
    areas = folder / "areas.csv"
    head, *lines = areas.read_text(encoding="utf-8").strip().split("\n")
    areas.write_text("\n".join([head, *reversed(lines)]) + "\n", encoding="utf-8")
    assert load(folder)["areas"] == len(lines)


@pytest.mark.usefixtures("city_database")
def test_a_city_of_four_levels_grows_a_prefecture_above_it(folder: Path) -> None:
    areas = folder / "areas.csv"
    text = areas.read_text(encoding="utf-8")
    areas.write_text(text.replace("DY,,city,东屿市,东屿\n", "HX,,city,海西市,\n").replace("YX,DY,", "YX,HX,"), "utf-8")
    load(folder)
    with reading() as session:
        assert session.get_one(Area, "YX").parent == "HX"
        assert session.get_one(Area, "S0101G1").shape is not None


@pytest.mark.usefixtures("database")
def test_a_folder_without_dwellings_outlines_and_catalogue_is_a_city_too(folder: Path) -> None:
    for name in ("addresses.csv", "grids.geojson", "catalogue.yml"):
        (folder / name).unlink()
    said = load(folder)
    assert (said["addresses"], said["outlines"], said["routes"]) == (0, 0, 0)
    assert said["areas"] > 20


@pytest.mark.usefixtures("database")
def test_missing_files_and_columns_are_told(folder: Path) -> None:
    (folder / "workers.csv").unlink()
    (folder / "catalogue.yml").unlink()
    change(folder / "units.csv", 1, "code,title,area")
    assert mistakes(folder) == ["units.csv:1: column(s) missing: name", "workers.csv: missing"]
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
def test_files_saved_by_excel_as_utf8_are_read(folder: Path) -> None:
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
        session.add(
            Ticket(
                number="600000017",
                created_at=now(),
                updated_at=now(),
                channel="web",
                anonymous=True,
                category="environment",
                needs_review=False,
                text="吵",
                answers={},
                urgent=False,
                status="dispatched",
                grid="S0101G1",
                unit="CG01",
            )
        )
    change(folder / "areas.csv", 3, "YX,DY,county,新云溪市,云溪")
    change(folder / "workers.csv", 2, "W001,李新,S0101G1,13900010007")
    load(folder)
    with reading() as session:
        assert session.get_one(Area, "YX").name == "新云溪市"
        assert session.get_one(Worker, "W001").name == "李新"
        assert session.scalar(select(Ticket.grid)) == "S0101G1"


def test_names_for_the_entity_rules_are_places_and_areas_with_aliases() -> None:
    names = city.place_names()
    assert {"幸福里", "老纺织厂宿舍", "云溪市", "幸福社区"} <= set(names)
    assert names == sorted(set(names))


def test_the_sample_gives_every_grid_a_worker() -> None:
    areas = (city.SAMPLE / "areas.csv").read_text(encoding="utf-8").split("\n")[1:]
    workers = (city.SAMPLE / "workers.csv").read_text(encoding="utf-8").split("\n")[1:]
    grids = {line.split(",")[0] for line in areas if ",grid," in line}
    assert grids == {line.split(",")[2] for line in workers if line}
