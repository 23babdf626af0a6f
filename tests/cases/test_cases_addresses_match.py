"""Matching of single wordings: what a match tells, how open ones are left open, and laws that hold for every address."""

from __future__ import annotations

import random
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from cases import city
from cases.model import Address, Area
from cases.places import AddressMatch, PlaceIndex, import_addresses, match_address
from cases.places.details import Details, after, before, cell, spell
from cases.places.spelling import blurred, fold, sound
from common.db import reading, transaction

CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
FULL = str.maketrans("0123456789-#", "０１２３４５６７８９－＃")


def match(text: str, hint: str | None = None) -> AddressMatch | None:
    with reading() as session:
        return match_address(session, text, hint)


def found(text: str, hint: str | None = None) -> AddressMatch:
    result = match(text, hint)
    assert result is not None
    return result


@pytest.mark.usefixtures("city_database")
def test_a_dwelling_is_found_with_its_row() -> None:
    result = found("幸福里三号楼二单元五零一")
    assert (result.level, result.text, result.grid, result.area) == (
        "dwelling",
        "幸福里3号楼2单元501室",
        "S0101G1",
        "S0101G1",
    )
    with reading() as session:
        row = session.get_one(Address, result.address)
    assert (row.estate, row.building, row.stairwell, row.door) == ("幸福里", "3", "2", "501")


@pytest.mark.usefixtures("city_database")
def test_a_house_is_a_dwelling_too() -> None:
    for text in ("李家屯12号", "人民路88号"):
        result = found(text)
        assert (result.level, result.text) == ("building", text)
        assert result.address is not None


@pytest.mark.usefixtures("city_database")
def test_a_door_without_its_stairwell_leaves_those_there_are() -> None:
    result = found("幸福里3号楼501")
    assert (result.level, result.text, result.address) == ("building", "幸福里3号楼", None)
    assert [a.text for a in result.alternatives] == [f"幸福里3号楼{n}单元501室" for n in (1, 2, 3)]
    assert {a.grid for a in result.alternatives} == {"S0101G1"}
    assert found("云溪购物广场A座501").level == "dwelling"  # a house without stairwells


@pytest.mark.usefixtures("city_database")
def test_what_the_library_does_not_have_is_not_asserted() -> None:
    assert found("幸福里3号楼9单元501").text == "幸福里3号楼"
    assert found("幸福里3号楼2单元901").text == "幸福里3号楼2单元"
    assert found("书香苑3号楼2单元901").text == "书香苑3号楼"


@pytest.mark.usefixtures("city_database")
def test_two_estates_of_one_name_are_both_offered() -> None:
    result = found("安居苑2号楼1单元")
    assert (result.grid, result.address, result.text, result.level) == (None, None, "安居苑2号楼1单元", "stairwell")
    assert result.area == "YX"
    assert [a.text for a in result.alternatives] == ["东关街道安居苑2号楼1单元", "柳河镇安居苑2号楼1单元"]
    assert sum(a.sure for a in result.alternatives) == pytest.approx(result.sure, abs=0.01)
    assert found("柳河镇安居苑2号楼1单元").text == "柳河镇安居苑2号楼1单元"


@pytest.mark.usefixtures("city_database")
def test_an_open_match_knows_the_area_that_holds_all_of_it() -> None:
    assert found("幸福里").area == "S0101"
    assert found("文峰街道").area == "S01"
    assert found("文峰街道").alternatives == ()
    assert len(found("幸福社区").alternatives) == 4


@pytest.mark.usefixtures("city_database")
def test_an_unknown_building_is_a_guess_that_names_the_estates_grids() -> None:
    result = found("幸福里99号楼")
    assert (result.grid, result.level) == (None, "estate")
    assert result.sure < 0.5
    assert {a.grid for a in result.alternatives} == {"S0101G1", "S0101G2"}


@pytest.mark.usefixtures("city_database")
def test_a_village_is_meant_whatever_the_number_of_the_house() -> None:
    result = found("北崖158号")
    assert (result.text, result.grid, result.level) == ("北崖", "S0502G1", "village")
    assert result.sure < found("北崖12号").sure


@pytest.mark.usefixtures("city_database")
def test_a_scanned_code_never_overrules_what_was_said() -> None:
    for hint in ("S0101G2", "S0501G1", "nowhere"):
        assert found("幸福里3号楼2单元", hint) == found("幸福里3号楼2单元")


@pytest.mark.usefixtures("city_database")
def test_the_written_forms_of_every_dwelling_come_to_it() -> None:
    with reading() as session:
        rows = list(session.scalars(select(Address).where(Address.stairwell != "").order_by(Address.id)))

    forms = {
        "plain": "{0}{1}号楼{2}单元{3}室",
        "dashes": "{0}{1}-{2}-{3}",
        "hash": "{0}{1}#{2}-{3}",
        "栋": "{0} {1}栋 {2}单元 {3}",
        "sentence": "我家住{0}{1}号楼{2}单元{3}，楼上漏水",
        "brackets": "{1}号楼{2}单元{3}（{0}）",
    }
    chance = random.Random(5)
    with reading() as session:
        for row in chance.sample(rows, 60):
            name = (
                row.estate if row.estate != "安居苑" else ("东关街道" if row.grid == "S0302G4" else "柳河镇") + "安居苑"
            )
            said = chance.choice(list(forms.values())).format(name, row.building, row.stairwell, row.door)
            said = said.translate(chance.choice([{}, FULL, {} if row.building == "甲3" else CHINESE]))
            result = match_address(session, said)
            assert result is not None, said
            assert (result.address, result.level) == (row.id, "dwelling"), said


@pytest.mark.usefixtures("city_database")
def test_anything_at_all_can_be_said() -> None:
    pieces = st.sampled_from(
        [
            "幸福里",
            "3号楼",
            "人民路",
            "和",
            "路口",
            "云溪市",
            "（",
            "甲",
            "李家屯",
            "号",
            "-",
            "一",
            "的",
            "南京",
            "东",
            "安居苑",
            "\n",
            "😀",
        ]
    )
    texts = st.one_of(st.text(max_size=40), st.lists(pieces, max_size=8).map("".join))
    with reading() as session:

        @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
        @given(texts, st.sampled_from([None, "S0101G1", "S0103G4", "?"]))
        def check(text: str, hint: str | None) -> None:
            result = match_address(session, text, hint)
            if result is None:
                return
            assert 0 < result.sure <= 1
            assert result.grid is None or result.area == result.grid
            assert all(a.sure <= result.sure and a.grid for a in result.alternatives)
            assert (result.level == "dwelling") <= (result.address is not None)
            index = PlaceIndex.of(session).match(text, hint)
            assert index is None or index.grid == result.grid

        check()


@pytest.mark.usefixtures("city_database")
def test_a_change_of_the_library_is_seen_at_once_also_after_a_rollback(tmp_path: Path) -> None:
    file = tmp_path / "new.csv"
    file.write_text("小区,楼栋,单元,室,网格\n新星园,1,1,101,S0101G1\n", encoding="utf-8")
    assert match("新星园1号楼") is None
    with transaction() as session:
        import_addresses(session, file)
        assert match_address(session, "新星园1号楼") is not None
        session.rollback()
    assert match("新星园1号楼") is None
    with transaction() as session:
        import_addresses(session, file)
    assert found("新星园1号楼1单元101").grid == "S0101G1"
    file.write_text("小区,楼栋,单元,室,网格\n新星园,1,1,101,S0101G3\n", encoding="utf-8")
    with transaction() as session:
        import_addresses(session, file)
    assert found("新星园1号楼").grid == "S0101G3"


@pytest.mark.usefixtures("city_database")
def test_a_renamed_area_is_known_after_loading_the_city_again(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))
    areas = folder / "areas.csv"
    areas.write_text(areas.read_text(encoding="utf-8").replace("钟楼社区,", "鼓楼社区,"), encoding="utf-8")
    assert match("鼓楼社区") is None
    with transaction() as session:
        city.load(session, folder)
    assert found("鼓楼社区").area == "S0104"


@pytest.mark.usefixtures("city_database")
def test_two_communities_of_one_name_are_both_offered(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(city.SAMPLE, tmp_path / "city"))
    areas = folder / "areas.csv"
    areas.write_text(areas.read_text(encoding="utf-8").replace("朝阳社区,", "钟楼社区,"), encoding="utf-8")
    with transaction() as session:
        city.load(session, folder)
    result = found("钟楼社区")
    assert (result.grid, result.area) == (None, "YX")
    assert {a.grid and a.grid[:5] for a in result.alternatives} == {"S0104", "S0203"}
    assert found("滨河街道钟楼社区").area == "S0203"


@pytest.mark.usefixtures("city_database")
def test_without_dwellings_the_places_still_tell_the_grid() -> None:
    with transaction() as session:
        session.execute(delete(Address))
    assert (found("幸福里3号楼2单元501").text, found("幸福里3号楼").grid) == ("幸福里3号楼", "S0101G1")


@pytest.mark.usefixtures("city_database")
def test_one_name_in_one_street_is_one_estate_and_in_two_streets_two(tmp_path: Path) -> None:
    file = tmp_path / "twins.csv"
    rows = ["双子园,1,S0101G1", "双子园,2,S0102G1", "双子园,1,S0501G1"]
    file.write_text("\n".join(["小区,楼栋,网格", *rows]) + "\n", encoding="utf-8")
    with transaction() as session:
        import_addresses(session, file)
        session.execute(update(Area).where(Area.code == "S05").values(name="望海镇"))
    assert found("双子园2号楼").text == "文峰街道双子园2号楼"
    assert {a.text for a in found("双子园1号楼").alternatives} == {"文峰街道双子园1号楼", "望海镇双子园1号楼"}


@pytest.mark.usefixtures("database")
def test_an_empty_database_knows_nothing() -> None:
    assert match("幸福里3号楼") is None


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


NUMBERS = st.integers(1, 99).map(str)
DOORS = st.integers(101, 3304).map(str)


@given(NUMBERS, NUMBERS, DOORS)
def test_what_is_spelt_out_is_read_again(building: str, stairwell: str, door: str) -> None:
    said = Details(building, stairwell, door)
    spelt = spell("", building, stairwell, door)
    assert after(fold(spelt)) == said
    assert after(fold(spelt.translate(CHINESE))) == said
    assert before(fold(spelt)) == said
    assert after(fold(f"{building}-{stairwell}-{door}")) == said


@pytest.mark.parametrize(
    ("text", "part", "number"),
    [
        ("3号楼", "building", "3"),
        ("三号楼", "building", "3"),
        ("03", "building", "3"),
        ("3.0", "building", "3"),
        ("甲3", "building", "甲3"),
        ("b座", "building", "B"),
        ("88-1号", "building", "88-1"),
        ("二单元", "stairwell", "2"),
        ("东单元", "stairwell", "东"),
        ("0501", "door", "501"),
        ("５０１室", "door", "501"),
        ("", "door", ""),
        ("地下室", "door", None),
        ("=1+2", "building", None),
        ("3?", "building", None),
        ("2024-03-02", "building", None),
    ],
)
def test_cells_are_read_as_numbers(text: str, part: str, number: str | None) -> None:
    assert cell(text, part) == number


def test_sounds_ignore_tones_and_dialects_blur_more() -> None:
    assert [sound(c) for c in "理里"] == ["li", "li"]
    assert sound("市") != sound("四")
    assert blurred("市") == blurred("四")
    assert blurred("明") == blurred("民")
    assert sound("A") == "A"
