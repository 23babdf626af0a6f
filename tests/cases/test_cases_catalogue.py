"""The routing catalogue: the sample city's is complete and kept to, and a wrong one is refused whole, every mistake told."""

from __future__ import annotations

import csv
import re
import tempfile
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from cases import catalogue, city
from cases.clock.time import working_time
from cases.model import AuditLine, CatalogueRow
from common.db import reading, transaction
from nlu.taxonomy import taxonomy

FILE = city.SAMPLE / "catalogue.yml"
BEIJING = ZoneInfo("Asia/Shanghai")

# A row without mistakes, for a city of two units and two areas.
ROW = """\
- type: environment.noise
  unit: A
  helpers: [B]
  standard: 两个工作日内到现场测声，把结果告知反映人。
  limits: {verify: 1, feedback: 2, close: 5, urgent_hours: 12}
"""
UNITS, AREAS = {"A", "B"}, {"S", "T"}
NO_ROW = "no row for"


def column(name: str, key: str) -> dict[str, str]:
    """A column of a file of the sample city, by code."""
    with (city.SAMPLE / name).open(encoding="utf-8", newline="") as file:
        return {row["code"]: row[key] for row in csv.DictReader(file)}


@lru_cache(maxsize=1)
def sample() -> list[CatalogueRow]:
    return catalogue.read(FILE, set(column("units.csv", "name")), set(column("areas.csv", "name")))


def read(text: str) -> list[CatalogueRow]:
    """The rows of ``text``, completed to a catalogue of all types."""
    missing = [ROW.replace("environment.noise", t.code) for t in taxonomy() if f"- type: {t.code}\n" not in text]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "catalogue.yml"
        file.write_text(text + "".join(missing), encoding="utf-8")
        return catalogue.read(file, UNITS, AREAS)


def mistakes(text: str) -> list[str]:
    with pytest.raises(catalogue.CatalogueError) as error:
        read(text)
    return error.value.problems


# What the sample city promises


def test_every_matter_type_has_a_row_of_its_own() -> None:
    assert sorted(r.type for r in sample() if not r.area) == sorted(t.code for t in taxonomy())


def hears(row: CatalogueRow) -> bool:
    """Whether the standard says that somebody is told."""
    return re.search("告知|答复|回复|回访|回电|反馈", row.standard) is not None


def terms(row: CatalogueRow) -> set[int]:
    """Working days that the standard names. 法定 marks a term that the law sets for somebody else than the ticket's unit."""
    return {int(days) for days in re.findall(r"(?<!\d)(?<!法定)(\d+)个工作日", row.standard)}


def hours(row: CatalogueRow) -> list[int]:
    """Hours that the standard names."""
    return [int(hours) for hours in re.findall(r"(\d+)小时内", row.standard)]


def test_a_standard_is_a_sentence_or_two_and_says_that_the_resident_hears() -> None:
    assert [r.standard for r in sample() if not 20 <= len(r.standard) <= 120 or not hears(r)] == []


def test_a_standard_names_its_rows_limits_and_no_others() -> None:
    for row in sample():
        assert {row.feedback_days, row.close_days} <= terms(row), (row.type, row.area)
        assert terms(row) <= {row.verify_days, row.feedback_days, row.close_days}, (row.type, row.area)
        assert max(hours(row), default=0) <= row.urgent_hours, (row.type, row.area)


def test_every_standard_is_written_for_its_own_matter() -> None:
    said = Counter(r.standard for r in sample() if not r.area)
    assert [s for s, times in said.items() if times > 1] == []


# Calendar days a law gives, from the receipt of the matter.
BY_LAW = [
    ("dispute.other", "feedback_days", 15),  # 信访工作条例 第二十二、二十三条
    ("dispute.other", "close_days", 60),  # 信访工作条例 第三十四条
    ("environment.illegal_building", "close_days", 90),  # 行政处罚法 第六十条
]


@pytest.mark.parametrize(("type_", "limit", "calendar_days"), BY_LAW)
def test_a_limit_ends_within_the_laws_term_over_any_holiday(type_: str, limit: str, calendar_days: int) -> None:
    days = next(getattr(r, limit) for r in sample() if (r.type, r.area) == (type_, ""))
    day, last = datetime(2024, 1, 1, 9, tzinfo=BEIJING), datetime(2026, 8, 31, tzinfo=BEIJING)
    while day < last:
        due = working_time().add_working_days(day, days).astimezone(BEIJING)
        assert (due.date() - day.date()).days <= calendar_days, day
        day += timedelta(days=1)


def test_a_consumer_is_answered_within_seven_working_days_as_the_law_has_it() -> None:
    assert {r.feedback_days for r in sample() if r.type == "dispute.consumer"} == {7}  # 消费者权益保护法 第四十六条


def test_a_unit_that_serves_one_area_is_responsible_there_only() -> None:
    serves = column("units.csv", "area")
    assert [(r.type, r.area, r.unit) for r in sample() if serves[r.unit] not in ("", r.area)] == []


def test_a_street_helps_nowhere_but_at_home() -> None:
    serves, parent = column("units.csv", "area"), column("areas.csv", "parent")
    for row in sample():
        for helper in row.helpers:
            assert serves[helper] in ("", row.area, parent.get(row.area)), (row.type, row.area, helper)


def test_nobody_is_called_twice_to_the_same_matter() -> None:
    assert [(r.type, r.area) for r in sample() if len({r.unit, *r.helpers}) != 1 + len(r.helpers)] == []


# What is refused

MISTAKES: list[tuple[str, Callable[[str], str], list[str]]] = [
    ("an unknown unit", lambda r: r.replace("unit: A", "unit: Z"), ["1: unit 'Z' is not in units.csv"]),
    ("no unit", lambda r: r.replace("  unit: A\n", ""), ["1: unit None is not in units.csv"]),
    ("an unknown helper", lambda r: r.replace("[B]", "[B, Z]"), ["1: helper 'Z' is not in units.csv"]),
    ("helpers that are no list", lambda r: r.replace("[B]", "B"), ["1: helpers must be a list of units"]),
    ("its own helper", lambda r: r.replace("[B]", "[A]"), ["1: A is its own helper"]),
    (
        "a misspelt field",
        lambda r: r + "  helper: [B]\n",
        ["1: unknown field 'helper'; there are: at, helpers, limits, standard, type, unit"],
    ),
    (
        "a standard of a word",
        lambda r: re.sub("standard: .*", "standard: 尽快办理", r),
        ["1: standard must be a text of 10 to 200 characters"],
    ),
    (
        "a standard that is no text",
        lambda r: re.sub("standard: .*", "standard: 12", r),
        ["1: standard must be a text of 10 to 200 characters"],
    ),
    (
        "no limits",
        lambda r: re.sub("  limits: .*\n", "", r),
        ["1: limits must be a mapping with verify, feedback, close, urgent_hours"],
    ),
    (
        "a limit that is missing",
        lambda r: r.replace("close: 5, ", ""),
        ["1: limit 'close' must be a whole number from 1 to 90, not None"],
    ),
    (
        "a limit out of range",
        lambda r: r.replace("urgent_hours: 12", "urgent_hours: 100"),
        ["1: limit 'urgent_hours' must be a whole number from 1 to 72, not 100"],
    ),
    (
        "a limit in words",
        lambda r: r.replace("verify: 1", "verify: 一天"),
        ["1: limit 'verify' must be a whole number from 1 to 10, not '一天'"],
    ),
    (
        "yes for one",
        lambda r: r.replace("verify: 1", "verify: yes"),
        ["1: limit 'verify' must be a whole number from 1 to 10, not True"],
    ),
    (
        "an unknown limit",
        lambda r: r.replace("urgent_hours: 12", "urgent_hours: 12, hours: 2"),
        ["1: unknown field 'hours'; there are: close, feedback, urgent_hours, verify"],
    ),
    (
        "feedback after closing",
        lambda r: r.replace("feedback: 2", "feedback: 6"),
        ["1: limits must grow: verify, feedback, close"],
    ),
    ("exceptions in a list", lambda r: r + "  at: [S]\n", ["1: 'at' must be a mapping of areas to what differs there"]),
    ("an unknown area", lambda r: r + "  at:\n    X: {unit: B, helpers: []}\n", ["1: area 'X' is not in areas.csv"]),
    ("a bare exception", lambda r: r + "  at: {S: B}\n", ["1: what differs in S must be a mapping"]),
    (
        "an unknown unit in one area",
        lambda r: r + "  at:\n    S: {helpers: []}\n    T: {unit: Z}\n",
        ["8: unit 'Z' is not in units.csv"],
    ),
    ("a helper who became responsible", lambda r: r + "  at:\n    S: {unit: B}\n", ["7: B is its own helper"]),
    (
        "a type that differs by area",
        lambda r: r + "  at:\n    S: {type: environment.fume}\n",
        ["7: unknown field 'type'; there are: helpers, limits, standard, unit"],
    ),
    (
        "half of the limits in one area",
        lambda r: r + "  at:\n    S:\n      limits: {close: 3}\n",
        [
            f"8: limit '{name}' must be a whole number from 1 to {most}, not None"
            for name, most in (("verify", 10), ("feedback", 20), ("urgent_hours", 72))
        ],
    ),
]


@pytest.mark.parametrize(("change", "said"), [m[1:] for m in MISTAKES], ids=[m[0] for m in MISTAKES])
def test_a_mistake_is_told_with_its_line(change: Callable[[str], str], said: list[str]) -> None:
    assert [p.removeprefix("catalogue.yml:") for p in mistakes(change(ROW))] == said


def test_a_type_nobody_knows_is_told_and_the_one_it_stood_for_is_missed() -> None:
    assert mistakes(ROW + ROW.replace("environment.noise", "environment.nois")) == [
        "catalogue.yml:6: unknown matter type 'environment.nois'"
    ]


def test_a_second_row_for_a_type_is_told_where_it_stands() -> None:
    assert mistakes(ROW + "\n" + ROW) == ["catalogue.yml:7: environment.noise has a row already"]


def test_the_types_without_a_row_are_named(tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text(ROW, encoding="utf-8")
    with pytest.raises(catalogue.CatalogueError) as error:
        catalogue.read(tmp_path / "c.yml", UNITS, AREAS)
    others = [t for t in taxonomy() if t.code != "environment.noise"]
    assert error.value.problems == [f"c.yml: {NO_ROW} {t.code} ({t.name})" for t in others]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "c.yml:1: expected a list of entries"),
        (b"environment.noise: CG01\n", "c.yml:1: expected a list of entries"),
        (b"- type: x\n  unit: {\n", "c.yml:3: not valid YAML in UTF-8"),
        ("- type: environment.noise\n  standard: 测声".encode("gb18030"), "c.yml:1: not valid YAML in UTF-8"),
        (None, "c.yml: No such file or directory"),
    ],
)
def test_a_file_that_is_no_catalogue_is_told(tmp_path: Path, content: bytes | None, said: str) -> None:
    if content is not None:
        (tmp_path / "c.yml").write_bytes(content)
    with pytest.raises(catalogue.CatalogueError) as error:
        catalogue.read(tmp_path / "c.yml", UNITS, AREAS)
    assert len(error.value.problems) == 1
    assert error.value.problems[0].startswith(said)


def test_an_entry_that_is_no_mapping_is_told() -> None:
    assert mistakes("- 环境噪声\n") == ["catalogue.yml:1: entry 1 is no mapping"]


def test_a_file_saved_with_a_byte_order_mark_is_read() -> None:
    assert len(read("\ufeff" + ROW)) == len(list(taxonomy()))


days = st.integers(-2, 100)


@given(days, days, days, days)
def test_limits_are_taken_exactly_when_they_are_in_range_and_grow(
    verify: int, feedback: int, close: int, urgent: int
) -> None:
    limits = f"{{verify: {verify}, feedback: {feedback}, close: {close}, urgent_hours: {urgent}}}"
    values = {"verify": verify, "feedback": feedback, "close": close, "urgent_hours": urgent}
    good = all(low <= values[name] <= high for name, (low, high) in catalogue.LIMITS.items())
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "c.yml"
        file.write_text(re.sub("limits: .*", f"limits: {limits}", ROW), encoding="utf-8")
        with pytest.raises(catalogue.CatalogueError) as error:
            catalogue.read(file, UNITS, AREAS)  # the other types have no row
    told = [p for p in error.value.problems if NO_ROW not in p]
    assert (told == []) == (good and verify <= feedback <= close)


# What an exception takes over, and loading


def test_an_exception_keeps_what_it_does_not_change() -> None:
    rows = read(ROW + "  at:\n    S: {unit: B, helpers: []}\n    T: {helpers: []}\n")
    mine = {r.area: r for r in rows if r.type == "environment.noise"}
    assert {area: (r.unit, r.helpers) for area, r in mine.items()} == {"": ("A", ["B"]), "S": ("B", []), "T": ("A", [])}
    assert {r.standard for r in mine.values()} == {mine[""].standard}
    assert {(r.verify_days, r.feedback_days, r.close_days, r.urgent_hours) for r in mine.values()} == {(1, 2, 5, 12)}


def stored() -> list[tuple[str, ...]]:
    with reading() as session:
        columns = (CatalogueRow.type, CatalogueRow.area, CatalogueRow.unit, CatalogueRow.standard)
        return sorted(tuple(row) for row in session.execute(select(*columns)))


@pytest.mark.usefixtures("city_database")
def test_a_loaded_catalogue_replaces_the_one_before_and_is_told_in_the_audit(tmp_path: Path) -> None:
    before = stored()
    text = FILE.read_text(encoding="utf-8")
    assert text.count("  unit: JR01\n") == 1
    file = tmp_path / "new.yml"
    file.write_text(text.replace("  unit: JR01\n", "  unit: ZW01\n"), encoding="utf-8")
    with transaction() as session:
        assert catalogue.load(session, file, by="admin-1") == len(before) == len(sample())
    assert [new for new, old in zip(stored(), before, strict=True) if new != old] == [
        (kind, area, "ZW01", said) for kind, area, unit, said in before if unit == "JR01"
    ]
    with reading() as session:
        line = session.scalars(select(AuditLine).order_by(AuditLine.id.desc())).first()
        assert line is not None
        assert (line.actor, line.action, line.about) == ("admin-1", "catalogue.load", "new.yml")
        assert line.note == f"{len(before)} rows"


@pytest.mark.usefixtures("city_database")
def test_a_catalogue_with_mistakes_lists_them_all_and_changes_nothing(tmp_path: Path) -> None:
    before = stored()
    text = FILE.read_text(encoding="utf-8")
    file = tmp_path / "catalogue.yml"
    wrong = text.replace("  unit: RQ01\n", "  unit: RQ99\n").replace(
        "    S05:\n      unit: ZF02", "    S95:\n      unit: ZF02"
    )
    file.write_text(wrong, encoding="utf-8")
    gas = text[: text.index("- type: hazard.gas")].count("\n") + 1
    roads = text[: text.index("- type: environment.facility")].count("\n") + 1
    with pytest.raises(catalogue.CatalogueError) as error, transaction() as session:
        catalogue.load(session, file)
    assert error.value.problems[0] == f"catalogue.yml:{gas}: unit 'RQ99' is not in units.csv"
    assert error.value.problems[-1] == f"catalogue.yml:{roads}: area 'S95' is not in areas.csv"
    assert str(error.value).startswith("the catalogue was not loaded:\n  catalogue.yml:")
    assert stored() == before
    with reading() as session:
        loads = select(func.count()).select_from(AuditLine).where(AuditLine.action == "catalogue.load")
        assert session.scalar(loads) == 0
