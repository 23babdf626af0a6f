"""The examples in docs/knowledge.md and docs/guides.md are right."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from legal_texts import whole

from common.settings import ROOT
from knowledge import offices, reading, statutes
from knowledge.guiding import reading as guides_reading
from knowledge.guiding import references
from knowledge.papers import reading as drafts_reading


def examples(page: str) -> list[str]:
    """The YAML blocks of a page."""
    return re.findall(r"```yaml\n(.*?)```", (ROOT / "docs" / page).read_text(encoding="utf-8"), re.S)


def test_the_example_of_an_entry_is_one_without_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "consumer.yml"
    file.write_text(examples("knowledge.md")[0], encoding="utf-8")
    (entry,), problems = reading.read_file(file)
    assert problems == []
    library = whole().library
    assert entry.id not in library.entries
    assert [statutes.flaw(library.laws, c, library.changed) for c in entry.statutes] == [None]
    assert set(entry.where) <= set(library.offices) and set(entry.related) <= set(library.entries)
    assert entry.guide in whole().guides
    assert not set(entry.by_name) & set(library.laws)


def test_the_example_of_an_entry_has_every_field_and_the_table_tells_each() -> None:
    page = (ROOT / "docs/knowledge.md").read_text(encoding="utf-8")
    fields = re.findall(r"^(?:- |  )([a-z_]+):", examples("knowledge.md")[0], re.M)
    told = re.findall(r"^\| `([a-z_]+)` \|", page[page.index("| field |") :], re.M)
    assert fields == told[: len(fields)]
    assert "unknown field" not in page and len(fields) == 18


def test_the_example_of_a_law_is_one(tmp_path: Path) -> None:
    (tmp_path / "law.yml").write_text(examples("knowledge.md")[1], encoding="utf-8")
    laws, problems = statutes.read(tmp_path)
    assert problems == [] and list(laws) == ["劳动争议调解仲裁法"]
    assert laws["劳动争议调解仲裁法"].articles == whole().library.laws["劳动争议调解仲裁法"].articles


def test_the_example_of_a_changed_law_is_one(tmp_path: Path) -> None:
    (tmp_path / "changed.yml").write_text(examples("knowledge.md")[2], encoding="utf-8")
    changed, problems = statutes.read_changed(tmp_path / "changed.yml")
    assert problems == [] and changed.items() <= whole().library.changed.items()


def test_the_example_of_the_citys_offices_is_one(tmp_path: Path) -> None:
    (tmp_path / "offices.yml").write_text(examples("knowledge.md")[3], encoding="utf-8")
    found, problems = offices.read(own=tmp_path / "offices.yml")
    assert problems == [] and found["legal_aid"].name == "云溪市法律援助中心"


def test_the_example_of_a_guide_and_its_draft_have_no_mistakes(tmp_path: Path) -> None:
    guide_text, draft_text = examples("guides.md")
    for name, text in (("guides/deposit-small", guide_text), ("drafts/deposit-letter", draft_text)):
        file = tmp_path / f"{name}.yml"
        file.parent.mkdir()
        file.write_text(text, encoding="utf-8")
    guides, problems = guides_reading.read(tmp_path / "guides")
    drafts, torn = drafts_reading.read(tmp_path / "drafts")
    assert [*problems, *torn, *drafts_reading.flaws(drafts, guides)] == []
    assert references.flaws(guides, whole().library) == []
    assert {blank for draft in drafts.values() for blank in draft.keys} & set(guides["deposit-small"].questions) == {
        "amount"
    }


@pytest.mark.parametrize("number", [reading.LONGEST_PHRASING, reading.LONGEST_SENTENCE, 180])
def test_limits_told_are_those_of_the_code(number: int) -> None:
    assert str(number) in (ROOT / "docs/knowledge.md").read_text(encoding="utf-8")
