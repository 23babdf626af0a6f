"""Which days are worked: the library's years, years nobody knows, and a city's own holiday files."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from pathlib import Path

import chinese_calendar
import pytest

from cases.clock import holiday_files
from cases.clock.calendar import LIBRARY, Day
from cases.clock.holiday_files import HolidayFileError, load

YEAR_2027 = """\
year: 2027
holidays:
  - {name: 元旦, from: 2027-01-01, to: 2027-01-03}
  - name: 劳动节
    from: 2027-05-01
    to: 2027-05-05
  - {name: 国庆节, from: 2027-10-01, to: 2027-10-07}
working_days:
  - 2027-05-08
  - 2027-10-09
"""


def mistakes(folder: Path, **files: str) -> list[str]:
    """The mistakes found in files named by keyword: ``y2027`` is 2027.yml."""
    for name, text in files.items():
        (folder / f"{name.removeprefix('y')}.yml").write_text(text, encoding="utf-8")
    with pytest.raises(HolidayFileError) as raised:
        load(folder)
    assert all(problem in str(raised.value) for problem in raised.value.problems)
    return raised.value.problems


def test_national_day_2026_is_off_and_its_moved_days_are_worked() -> None:
    """As in the State Council's notice: off 1 to 7 October, worked on 20 September and 10 October."""
    off = [date(2026, 10, d) for d in range(1, 8)]
    assert [LIBRARY.day(d) for d in off] == [Day(works=False, name="国庆节", known=True)] * 7
    for moved in (date(2026, 9, 20), date(2026, 10, 10)):
        assert moved.weekday() >= 5
        assert LIBRARY.day(moved) == Day(works=True, name="国庆节", known=True)
    assert LIBRARY.day(date(2026, 10, 11)) == Day(works=False, name=None, known=True)
    assert LIBRARY.day(date(2026, 10, 12)) == Day(works=True, name=None, known=True)


def test_every_day_of_the_librarys_years_is_as_the_library_says() -> None:
    day = date(min(LIBRARY.years), 1, 1)
    while day.year in LIBRARY.years:
        said = LIBRARY.day(day)
        assert said.known
        assert said.works == chinese_calendar.is_workday(day), day
        assert (said.name is None) == (chinese_calendar.get_holiday_detail(day)[1] is None), day
        day += timedelta(days=1)
    assert day.year == 1 + max(LIBRARY.years)


@pytest.mark.parametrize("year", [2003, 2099])
def test_a_year_nobody_knows_is_counted_by_weekday_and_says_so(year: int) -> None:
    days = [LIBRARY.day(date(year, 10, 1) + timedelta(days=n)) for n in range(14)]
    assert not any(d.known for d in days)
    assert [d.works for d in days] == [(date(year, 10, 1) + timedelta(days=n)).weekday() < 5 for n in range(14)]


def test_a_moment_is_not_taken_for_a_day() -> None:
    with pytest.raises(TypeError, match="local time"):
        LIBRARY.day(datetime(2026, 10, 1))


def test_next_year_is_asked_for_from_november_on() -> None:
    last = max(LIBRARY.years)
    assert LIBRARY.unknown_years(date(last, 10, 31)) == []
    assert LIBRARY.unknown_years(date(last, 11, 1)) == [last + 1]
    assert LIBRARY.unknown_years(date(last + 1, 1, 1)) == [last + 1]
    assert LIBRARY.unknown_years(date(last + 1, 12, 1)) == [last + 1, last + 2]


def test_a_file_makes_its_year_known(tmp_path: Path) -> None:
    (tmp_path / "2027.yml").write_text(YEAR_2027, encoding="utf-8")
    (tmp_path / "notes.txt").write_text("not a holiday file", encoding="utf-8")
    calendar = load(tmp_path)
    assert calendar.day(date(2027, 10, 7)) == Day(works=False, name="国庆节", known=True)
    assert calendar.day(date(2027, 10, 9)) == Day(works=True, name="调休", known=True)
    assert calendar.day(date(2027, 10, 8)) == Day(works=True, name=None, known=True)
    assert calendar.day(date(2027, 10, 10)) == Day(works=False, name=None, known=True)
    assert calendar.unknown_years(date(2027, 11, 1)) == [2028]
    assert calendar.day(date(2026, 10, 10)) == LIBRARY.day(date(2026, 10, 10))
    assert LIBRARY.unknown_years(date(2027, 1, 1)) == [2027]


def test_a_file_wins_over_the_library_day_by_day(tmp_path: Path) -> None:
    text = """\
year: 2026
holidays:
  - {name: 市庆日, from: 2026-08-11, to: 2026-08-11}
  - {name: 国庆节, from: 2026-10-10, to: 2026-10-10}
working_days:
  - 2026-10-07
"""
    (tmp_path / "2026.yml").write_text(text, encoding="utf-8")
    calendar = load(tmp_path)
    assert calendar.day(date(2026, 8, 11)) == Day(works=False, name="市庆日", known=True)
    assert not calendar.day(date(2026, 10, 10)).works
    assert calendar.day(date(2026, 10, 7)).works
    assert not calendar.day(date(2026, 10, 6)).works


def test_without_a_folder_the_library_is_all_there_is(tmp_path: Path) -> None:
    assert load(None) is LIBRARY
    assert load(tmp_path).years == LIBRARY.years
    with pytest.raises(HolidayFileError, match="no such folder"):
        load(tmp_path / "nowhere")


def test_every_mistake_is_listed_with_its_line(tmp_path: Path) -> None:
    text = """\
year: 2026
holidays:
  - {name: 元旦, from: 2027-01-01, to: 2027-01-03}
  - {name: 新年, from: 2027-01-03, to: 2027-01-04}
  - {name: 春节, from: 2027-02-11, to: 2027-02-05}
  - {name: 劳动节, from: 2027-05-01, to: 2028-05-05}
  - {name: 国庆节, from: 2027-10-01, to: 2027-11-07}
  - {name: " ", from: 2027-06-09, to: 2027-06-31}
  - {from: 2027-09-15, until: 2027-09-15}
  - 2027-12-25
working_days:
  - 2027-01-03
  - 2027-02-15
  - 2027-02-14
  - 2027-02-14
  - 2026-10-09
  - soon
holidays: []
comment: none
"""
    assert mistakes(tmp_path, y2027=text) == [
        "2027.yml:18: 'holidays' stands twice",
        "2027.yml:19: unknown field 'comment'; there are: year, holidays, working_days",
        "2027.yml:1: 'year' is '2026', but the file is named 2027.yml",
        "2027.yml:4: 新年 overlaps 元旦 (line 3) on 2027-01-03",
        "2027.yml:5: 'from' 2027-02-11 is after 'to' 2027-02-05",
        "2027.yml:6: 2028-05-05 is not in 2027; it belongs in 2028.yml",
        "2027.yml:7: 2027-10-01 to 2027-11-07 is longer than 31 days; is 'to' right?",
        "2027.yml:8: 'name' is empty or not a text",
        "2027.yml:8: 'to' must be a date such as 2027-10-01, not '2027-06-31'",
        "2027.yml:9: unknown field 'until'; there are: name, from, to",
        "2027.yml:9: field(s) missing: name, to",
        "2027.yml:10: expected the fields name, from, to",
        "2027.yml:12: 2027-01-03 is a day off, 元旦 (line 3), and cannot be a working day too",
        "2027.yml:13: 2027-02-15 is a Monday, which is worked anyway: leave it out",
        "2027.yml:15: 2027-02-14 stands twice (line 14)",
        "2027.yml:16: 2026-10-09 is not in 2027; it belongs in 2026.yml",
        "2027.yml:17: a working day must be a date such as 2027-10-01, not 'soon'",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "2027.yml:1: empty; expected the fields year, holidays, working_days"),
        ("- 2027\n", "2027.yml:1: expected the fields year, holidays, working_days"),
        (
            "year: 2027\nholidays: [\n",
            "2027.yml:3: not valid YAML: expected the node content, but found '<stream end>'",
        ),
        ("year: 2027\nholidays:\n  - \x07\n", "2027.yml:3: not valid YAML: special characters are not allowed"),
        (YEAR_2027.replace("year: 2027\n", ""), "2027.yml:1: 'year' is missing; by the file's name it is 2027"),
        (YEAR_2027.replace("working_days:", "working_days: 5月8日\nx:"), "2027.yml:8: 'working_days' must be a list"),
        (YEAR_2027.replace("2027-05-05", "20270505"), "2027.yml:6: 'to' must be a date such as 2027-10-01"),
        (YEAR_2027.replace("2027-05-05", "[]"), "2027.yml:6: 'to' must be a date such as 2027-10-01, not None"),
    ],
)
def test_a_file_of_the_wrong_form_is_refused_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    assert any(problem.startswith(said) for problem in mistakes(tmp_path, y2027=text))


def test_a_year_the_library_does_not_know_must_be_listed_in_full(tmp_path: Path) -> None:
    text = "year: 2027\nholidays:\n  - {name: 国庆节, from: 2027-10-01, to: 2027-10-07}\nworking_days:\n"
    (problem,) = mistakes(tmp_path, y2027=text)
    assert problem.startswith("2027.yml:3: always a day off, but not listed: 2027-01-01 元旦, 2027-05-01 劳动节")


def test_the_days_always_off_are_off_in_the_librarys_newest_years() -> None:
    for year in range(2025, max(LIBRARY.years) + 1):
        for (month, day), name in holiday_files.ALWAYS_OFF.items():
            assert LIBRARY.day(date(year, month, day)) == Day(works=False, name=name, known=True)


def test_mistakes_of_all_files_are_listed_and_none_is_read(tmp_path: Path) -> None:
    (tmp_path / "2027.yaml").write_text(YEAR_2027, encoding="utf-8")
    (tmp_path / "2029.yml").write_bytes("year: 2029\n# 假".encode() + "日".encode("gbk"))
    assert mistakes(tmp_path, y2027=YEAR_2027, y2028=YEAR_2027[:11], holidays="") == [
        "2027.yml:1: 2027 is in 2027.yaml already; keep one of the two",
        "2028.yml:1: 'year' is '2027', but the file is named 2028.yml",
        "2028.yml:1: always a day off, but not listed: "
        + ", ".join(f"2028-{m:02}-{d:02} {name}" for (m, d), name in holiday_files.ALWAYS_OFF.items())
        + "; list all holidays of the year",
        "2029.yml:2: not UTF-8: save it as UTF-8",
        "holidays.yml:1: a holiday file is named by its year, such as 2027.yml",
    ]


def test_the_example_of_the_documentation_can_be_loaded(tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/clock.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```yaml\n# holidays/2027\.yml\n(.*?)```", text, re.S)
    (tmp_path / "2027.yml").write_text(example, encoding="utf-8")
    calendar = load(tmp_path)
    assert calendar.unknown_years(date(2027, 1, 1)) == []
    assert calendar.day(date(2027, 2, 14)) == Day(works=True, name="调休", known=True)
    assert calendar.day(date(2027, 9, 15)) == Day(works=False, name="中秋节", known=True)
