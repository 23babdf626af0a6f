"""The index of statutes, and every citation of the knowledge base against it."""

from __future__ import annotations

from pathlib import Path

import pytest
from legal_texts import LAWS, whole

from knowledge import keeping, statutes
from knowledge.citations import Citation, number

CHANGED = ("治安管理处罚法", "仲裁法", "传染病防治法")
GOOD = LAWS["labour.yml"]


@pytest.mark.parametrize("name", CHANGED)
def test_a_law_that_was_changed_is_not_cited_by_article(name: str) -> None:
    library = whole().library
    cited = {c.law for entry in library.entries.values() for c in keeping.cited(entry)}
    cited |= {c.law for guide in whole().guides.values() for result in guide.results.values() for c in result.statutes}
    assert name not in cited
    assert statutes.outdated(library.laws, library.changed, name)
    flaw = statutes.flaw(library.laws, Citation(name, "第一条"), library.changed)
    assert flaw is not None and "without an article" in flaw


def test_every_citation_of_an_entry_is_in_the_index() -> None:
    library = whole().library
    flaws = {
        f"{entry.id}: {flaw}"
        for entry in library.entries.values()
        for citation in keeping.cited(entry)
        if (flaw := statutes.flaw(library.laws, citation, library.changed))
    }
    assert flaws == set()


def test_every_citation_of_a_guide_is_in_the_index() -> None:
    library = whole().library
    flaws = {
        f"{guide.id} {result.id}: {flaw}"
        for guide in whole().guides.values()
        for result in guide.results.values()
        for citation in (*result.statutes, *(limit.statute for limit in result.limits if limit.statute))
        if (flaw := statutes.flaw(library.laws, citation, library.changed))
    }
    assert flaws == set()


def test_no_article_is_beyond_the_end_of_its_law() -> None:
    for law in whole().library.laws.values():
        assert all(1 <= number(article) <= law.articles for article in law.gists), law.name


def test_whole_knowledge_base_has_no_mistake() -> None:
    assert whole().problems == ()


def read(folder: Path, text: str) -> list[str]:
    (folder / "labour.yml").write_text(text, encoding="utf-8")
    return statutes.read(folder)[1]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("articles: 107", "articles: 49", "labour.yml:6: there is no '第五十条': the law has 49 articles"),
        ("articles: 107", "articles: 许多", "labour.yml:4: articles must be a whole number from 1 to 2000"),
        ("version: 2018-12-29", "version: 去年", "labour.yml:3: version must be a day, 2018-12-29"),
        ("formal: 中华人民共和国劳动法\n", "", "labour.yml:1: formal is missing"),
        ("工资按月给。", "工" * 81, "labour.yml:6: the gist of 第五十条 has 81 characters, more than 80"),
        ("工资按月给。", "''", "labour.yml:6: 第五十条 must be a text that is not empty"),
        ("name:", "title:", "labour.yml:1: unknown field 'title'"),
    ],
)
def test_a_mistake_in_the_index_is_told_with_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert any(p.startswith(message) for p in read(tmp_path, GOOD.replace(old, new)))


def test_a_law_has_one_file(tmp_path: Path) -> None:
    (tmp_path / "again.yml").write_text(GOOD, encoding="utf-8")
    assert read(tmp_path, GOOD) == ["labour.yml:1: 劳动法 has another file too"]


def test_a_day_of_change_must_be_a_day(tmp_path: Path) -> None:
    file = tmp_path / "changed.yml"
    file.write_text("仲裁法: 明年\n", encoding="utf-8")
    assert statutes.read_changed(file) == ({}, ["changed.yml:1: 仲裁法 must be a day, 2018-12-29"])


def test_a_citation_in_full_has_the_laws_full_name(tmp_path: Path) -> None:
    read(tmp_path, GOOD)
    laws, _ = statutes.read(tmp_path)
    assert statutes.in_full(laws, Citation("劳动法", "第五十条")) == "中华人民共和国劳动法第五十条"
