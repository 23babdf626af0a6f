"""Reading entries: what is written is what is read, and every mistake is told with file, entry, field and line."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from legal_texts import ENTRY, OTHER

from knowledge.citations import Citation
from knowledge.model import Change, Entry, Limit, Review
from knowledge.reading import read_file

DAY = date(2026, 6, 1)


def read(folder: Path, text: str) -> tuple[list[Entry], list[str]]:
    file = folder / "wage.yml"
    file.write_text(text, encoding="utf-8")
    return read_file(file, DAY)


def test_every_field_is_read(tmp_path: Path) -> None:
    (entry,), problems = read(tmp_path, ENTRY)
    assert problems == []
    assert (entry.id, entry.topic, entry.file, entry.line) == ("wage.owed", "wage", "wage.yml", 1)
    assert entry.phrasings[:2] == ("老板不给工钱怎么办？", "老板欠我工资")
    assert entry.steps == ("把欠的数写下来", "去劳动监察投诉")
    assert entry.limits == (
        Limit("申请劳动仲裁", "一年内", "离开那天", "可能不再支持", Citation("劳动争议调解仲裁法", "第二十七条")),
    )
    assert entry.statutes == (Citation("劳动法", "第五十条"),)
    assert (entry.by_name, entry.guide, entry.mediation, entry.phone) == (("刑法",), "unpaid-wages", "labour", "12333")
    assert entry.reviewed == Review("王法官", date(2026, 3, 1))
    assert entry.changes == (Change(date(2026, 2, 1), "改了期限"),)


def test_what_may_be_left_out_may_be_left_out(tmp_path: Path) -> None:
    (entry,), problems = read(tmp_path, OTHER)
    assert problems == []
    assert (entry.limits, entry.fees, entry.reviewed, entry.changes) == ((), None, None, ())
    assert entry.phone == "12348"


LONG = "一" * 61
BAD = [
    ("id: wage.owed", "id: Wage owed", 1, "wage.yml:1: Wage owed: id 'Wage owed' must be topic.words-with-dashes"),
    ("id: wage.owed", "id: ''", 1, "id must be a text that is not empty"),
    ("  question: 老板不给工钱怎么办？\n", "", 1, "wage.owed: question is missing"),
    ("老板不给工钱怎么办？", "一" * 121, 2, "a way to ask of 121 characters; 120 are the most"),
    (", 拖欠工资找谁, 俺的工钱咋要]", "]", 3, "3 other ways to ask, 5 are the least"),
    ("俺的工钱咋要]", "老板欠我工资]", 3, "also: '老板欠我工资' stands twice"),
    ("俺的工钱咋要]", "'']", 3, "also must hold texts that are not empty"),
    (
        "also: [老板欠我工资, 工钱要不回来, 干完活不给钱, 拖欠工资找谁, 俺的工钱咋要]",
        "also: 老板欠我工资",
        3,
        "also must be a list",
    ),
    ("先去劳动监察投诉，不收钱。", "", 4, "an answer of 1 sentences; 2 or 3 are asked for"),
    ("先去劳动监察投诉，不收钱。", "一。二。三。", 4, "an answer of 4 sentences"),
    ("先去劳动监察投诉，不收钱。", f"{LONG}。", 4, "answer: a sentence of 61 characters; 60 are the most"),
    ("把欠的数写下来", LONG, 5, "steps: a sentence of 61 characters"),
    ("[把欠的数写下来, 去劳动监察投诉]", "[]", 5, "steps must not be empty"),
    ("  steps: [把欠的数写下来, 去劳动监察投诉]\n", "", 1, "steps is missing"),
    ("where: [labour_inspection]", "where: []", 7, "where must not be empty"),
    ("  where: [labour_inspection]\n", "", 1, "where is missing"),
    ("time: 一年内, ", "", 9, "limits lacks time"),
    ("time: 一年内", "time: ''", 9, "limits: time must be a text that is not empty"),
    ("time: 一年内", "until: 一年内", 9, "unknown field 'until'"),
    ("劳动争议调解仲裁法第二十七条}", "劳动争议调解仲裁法27条}", 9, "limits: statute must be a law and an article"),
    ("warnings: [不要动手]", f"warnings: [{LONG}]", 11, "warnings: a sentence of 61 characters"),
    ("related: []", "related: [wage.owed]", 12, "related names the entry itself"),
    ("statutes: [劳动法第五十条]", "statutes: []", 13, "statutes must not be empty"),
    ("statutes: [劳动法第五十条]", "statutes: [劳动法]", 13, "statutes must be a law and an article"),
    ("statutes: [劳动法第五十条]", "statutes: [劳动法第五十条, 劳动法第五十条]", 13, "an article stands twice"),
    ("mediation: labour", "mediation: judge", 16, "mediation is 'judge'; there are: people"),
    ('phone: "12333"', "phone: 打市长", 17, "phone is '打市长'; a number such as 12348"),
    ("on: 2026-03-01", "on: 三月", 18, "reviewed: on must be a day, 2026-11-22"),
    ("on: 2026-03-01", "on: 2026-06-02", 18, "reviewed: on is 2026-06-02, which is yet to come"),
    ("{by: 王法官, on", "{on", 18, "reviewed lacks by"),
    ("by: 王法官", "by: ''", 18, "reviewed: by must be a text that is not empty"),
    ("on: 2026-02-01", "on: 2027-02-01", 20, "changes: on is 2027-02-01, which is yet to come"),
    ("what: 改了期限", "why: 改了期限", 20, "unknown field 'why'"),
    ("fees:", "price:", 10, "unknown field 'price'"),
    ("fees:", "phone:", 17, "'phone' stands twice (line 10)"),
]


@pytest.mark.parametrize(("old", "new", "line", "message"), BAD)
def test_a_mistake_is_told_with_file_line_and_field(
    tmp_path: Path, old: str, new: str, line: int, message: str
) -> None:
    assert old in ENTRY
    _, problems = read(tmp_path, ENTRY.replace(old, new, 1))
    told = [p for p in problems if message in p]
    assert len(told) == 1, problems
    assert told[0].startswith(f"wage.yml:{line}: ")


def test_a_mistake_names_its_entry(tmp_path: Path) -> None:
    _, problems = read(tmp_path, ENTRY + OTHER.replace("  steps: [先问清楚]\n", ""))
    assert problems == ["wage.yml:21: wage.late: steps is missing"]


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    _, problems = read(tmp_path, ENTRY.replace("fees:", "price:").replace("mediation: labour", "mediation: x"))
    assert len(problems) == 2


def test_a_day_in_the_city_is_not_yet_to_come(tmp_path: Path) -> None:
    _, problems = read(tmp_path, ENTRY.replace("on: 2026-03-01", "on: 2026-06-01"))
    assert problems == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "wage.yml:1: empty"),
        ("- id: [", "wage.yml:1: not valid YAML"),
        ("id: x", "wage.yml:1: the file must be a list that is not empty"),
        ("- 老板", "wage.yml:1: an entry must be a mapping"),
    ],
)
def test_a_file_that_is_no_list_of_entries(tmp_path: Path, text: str, message: str) -> None:
    entries, problems = read(tmp_path, text)
    assert entries == []
    assert problems[0].startswith(message)


def test_a_file_in_another_encoding_is_told(tmp_path: Path) -> None:
    file = tmp_path / "wage.yml"
    file.write_bytes(ENTRY.encode("gbk"))
    assert read_file(file, DAY) == ([], ["wage.yml:1: not UTF-8: save it as UTF-8"])
