"""The library: what files say of each other must hold, and a change of any file is seen."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest
from legal_texts import ENTRY, OTHER, small

from knowledge import offices
from knowledge.checking import check
from knowledge.library import KnowledgeError, load, plain, told

GUIDES = frozenset({"unpaid-wages", "small"})


def problems(folder: Path, *entries: str) -> list[str]:
    with pytest.raises(KnowledgeError) as caught:
        load(small(folder, *entries), GUIDES)
    return caught.value.problems


def test_a_sound_knowledge_base_is_read_whole(tmp_path: Path) -> None:
    library = load(small(tmp_path), GUIDES)
    assert list(library.entries) == ["wage.owed", "wage.late"]
    assert library.changed == {"治安管理处罚法": date(2026, 1, 1)}
    assert set(library.laws) == {"劳动法", "劳动争议调解仲裁法"}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("statutes: [劳动法第五十条]", "statutes: [民法典第九条]", "the statutes' index has no '民法典'"),
        ("statutes: [劳动法第五十条]", "statutes: [劳动法第一百零八条]", "劳动法 has 107 articles, no 第一百零八条"),
        (
            "statutes: [劳动法第五十条]",
            "statutes: [劳动法第五十一条]",
            "the statutes' index has no gist of 劳动法第五十一条",
        ),
        ("第二十七条}", "第五十五条}", "劳动争议调解仲裁法 has 54 articles, no 第五十五条"),
        (
            "statutes: [劳动法第五十条]",
            "statutes: [治安管理处罚法第九条]",
            "治安管理处罚法 was changed on 2026-01-01: name it",
        ),
        ("by_name: [刑法]", "by_name: [劳动法]", "劳动法 is in the statutes' index: cite its article"),
        ("where: [labour_inspection]", "where: [moon]", "there is no office 'moon'"),
        ("related: []", "related: [wage.gone]", "related entry 'wage.gone' does not exist"),
        ("guide: unpaid-wages", "guide: gone", "guide 'gone' does not exist"),
        ("工钱要不回来", "工资老是拖", "'工资老是拖' is asked in wage.owed too"),
        ("工钱要不回来", "老板，欠我工资！", "'老板，欠我工资！' stands twice"),
        ("id: wage.owed", "id: wage.late", "this id stands in wage.yml:1 too"),
    ],
)
def test_a_reference_that_leads_nowhere_is_told(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert old in ENTRY
    found = [p for p in problems(tmp_path, ENTRY.replace(old, new, 1), OTHER) if message in p]
    assert len(found) == 1
    assert found[0].startswith(f"{tmp_path}/entries/wage.yml:")


def test_a_law_named_only_may_be_one_that_was_changed(tmp_path: Path) -> None:
    where = small(tmp_path, ENTRY.replace("[刑法]", "[治安管理处罚法]"), OTHER)
    (where.statutes / "police.yml").write_text(
        "name: 治安管理处罚法\nformal: 治安管理处罚法\nversion: 2012-10-26\narticles: 119\ngists: {}\n",
        encoding="utf-8",
    )
    assert load(where, GUIDES).entries["wage.owed"].by_name == ("治安管理处罚法",)


def test_once_the_new_version_is_in_the_index_its_articles_are_cited(tmp_path: Path) -> None:
    where = small(tmp_path, ENTRY.replace("劳动法第五十条", "治安管理处罚法第九条"), OTHER)
    (where.statutes / "police.yml").write_text(
        "name: 治安管理处罚法\nformal: 治安管理处罚法\nversion: 2026-01-01\narticles: 144\ngists:\n  第九条: 小事可以调解。\n",
        encoding="utf-8",
    )
    assert "wage.owed" in load(where, GUIDES).entries


def test_two_ways_to_ask_that_differ_in_marks_alone_are_the_same() -> None:
    assert plain("老板， 欠我 工资！？") == plain("老板欠我工资")


def test_every_mistake_of_every_file_is_told(tmp_path: Path) -> None:
    where = small(tmp_path, ENTRY.replace("mediation: labour", "mediation: x"), OTHER)
    (where.statutes / "labour.yml").write_text("name: 劳动法\n", encoding="utf-8")
    where.offices.write_text("labour_inspection: {name: 劳动监察}\n", encoding="utf-8")
    with pytest.raises(KnowledgeError) as caught:
        load(where, GUIDES)
    text = str(caught.value)
    for part in ("mediation is 'x'", "labour.yml:1: articles is missing", "labour_inspection needs name and does"):
        assert part in text


def test_an_empty_folder_is_a_mistake(tmp_path: Path) -> None:
    where = small(tmp_path)
    (where.entries / "wage.yml").unlink()
    with pytest.raises(KnowledgeError, match="there are no entries"):
        load(where, GUIDES)


def test_the_city_lays_its_own_addresses_over_the_offices(tmp_path: Path) -> None:
    where = small(tmp_path)
    assert where.own_offices is not None
    where.own_offices.parent.mkdir()
    where.own_offices.write_text("labour_inspection: {address: 人民路1号, phone: '0311-1234567'}\n", encoding="utf-8")
    office = load(where, GUIDES).offices["labour_inspection"]
    assert (office.name, office.address, office.phone) == ("劳动监察", "人民路1号", "0311-1234567")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("moon: {address: 月亮}\n", "offices.yml:1: there is no office 'moon'; there are: labour_inspection"),
        ("labour_inspection:\n  street: 人民路\n", "offices.yml:2: unknown field 'street'"),
        ("labour_inspection: {phone: ''}\n", "labour_inspection: phone must be a text that is not empty"),
    ],
)
def test_a_mistake_in_the_citys_offices_is_told(tmp_path: Path, text: str, message: str) -> None:
    where = small(tmp_path)
    own = tmp_path / "offices.yml.own" / "offices.yml"
    own.parent.mkdir()
    own.write_text(text, encoding="utf-8")
    _, found = offices.read(where.offices, own)
    assert len(found) == 1 and message in found[0]


@pytest.mark.parametrize(
    "name",
    [
        "entries/wage.yml",
        "statutes/labour.yml",
        "offices.yml",
        "var/offices.yml",
        "changed.yml",
        "guides/small.yml",
        "drafts/claim.yml",
    ],
)
def test_a_change_of_any_file_is_seen(tmp_path: Path, name: str) -> None:
    where = small(tmp_path)
    before = where.state()
    file = tmp_path / name
    file.parent.mkdir(exist_ok=True)
    text = file.read_text(encoding="utf-8") if file.exists() else ""
    file.write_text(text + "# read again\n", encoding="utf-8")
    assert where.state() != before


def test_a_file_saved_again_with_the_same_size_is_seen(tmp_path: Path) -> None:
    where = small(tmp_path)
    before, file = where.state(), where.entries / "wage.yml"
    stat = file.stat()
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns + 1))
    assert where.state() != before


def test_mistakes_are_told_as_one_finds_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert told(tmp_path / "entries", ["wage.yml:3: wrong"]) == ["entries/wage.yml:3: wrong"]
    assert told(Path("/srv/own"), ["wage.yml:3: wrong"]) == ["/srv/own/wage.yml:3: wrong"]


def test_everything_is_checked_together(tmp_path: Path) -> None:
    where = small(tmp_path, ENTRY.replace("unpaid-wages", "small"), OTHER)
    found = check(where)
    assert found.problems == ()
    assert (list(found.guides), list(found.drafts)) == (["small"], ["claim"])


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        (
            "guides/small.yml",
            "entries: [wage.owed]",
            "entries: [wage.gone]",
            "small.yml:17: r_still: entry 'wage.gone' does not exist",
        ),
        (
            "guides/small.yml",
            "where: [labour_inspection]",
            "where: [moon]",
            "small.yml:17: r_still: there is no office 'moon'",
        ),
        (
            "guides/small.yml",
            "劳动法第五十条",
            "劳动法第五十一条",
            "small.yml:17: r_still: the statutes' index has no gist",
        ),
        ("guides/small.yml", "draft: claim", "draft: gone", "guides/small.yml:18: r_left: there is no draft 'gone'"),
        (
            "guides/small.yml",
            "go: amount}",
            "go: nowhere}",
            "small.yml:8: there: leads to 'nowhere', which does not exist",
        ),
        ("drafts/claim.yml", "'欠{amount|金额}元。'", "'欠{amount}元。'", "drafts/claim.yml:4: "),
        ("drafts/claim.yml", "元。'}", "元。', if: dead}", "drafts/claim.yml:4: if: no choice of small notes 'dead'"),
    ],
)
def test_a_mistake_in_a_guide_or_draft_is_told_once(
    tmp_path: Path, file: str, old: str, new: str, message: str
) -> None:
    where = small(tmp_path, ENTRY.replace("unpaid-wages", "small"), OTHER)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert old in text
    (tmp_path / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    problems = check(where).problems
    assert len(problems) == 1 and message in problems[0], problems


def test_words_that_ask_for_two_guides_are_told(tmp_path: Path) -> None:
    where = small(tmp_path, ENTRY.replace("unpaid-wages", "small"), OTHER)
    text = (where.guides / "small.yml").read_text(encoding="utf-8")
    (where.guides / "tiny.yml").write_text(text.replace("id: small", "id: tiny"), encoding="utf-8")
    assert check(where).problems == (f"{where.guides}/tiny.yml:1: '工钱要不回来了' asks for small too",)
