"""The commands ``xiaoge kb ...``: what they print, and with which status they end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from legal_texts import ENTRY, GUIDE, OTHER, whole
from typer.testing import CliRunner

from common.settings import settings
from xiaoge.cli import app


@pytest.fixture(autouse=True)
def own_var(tmp_path: Path, use_settings: pytest.MonkeyPatch) -> Iterator[Path]:
    """A var folder of this test."""
    use_settings.setenv("XIAOGE_VAR", str(tmp_path / "var"))
    settings.cache_clear()
    yield tmp_path / "var"


@pytest.fixture
def folders(tmp_path: Path) -> list[str]:
    """Options that name a folder of two entries and one of a guide."""
    for name in ("entries", "guides"):
        (tmp_path / name).mkdir()
    (tmp_path / "entries/wage.yml").write_text(ENTRY + OTHER, encoding="utf-8")
    guide = GUIDE.replace("id: small", "id: unpaid-wages").replace(", draft: claim", "")
    (tmp_path / "guides/unpaid-wages.yml").write_text(guide, encoding="utf-8")
    return ["--entries", str(tmp_path / "entries"), "--guides", str(tmp_path / "guides")]


def run(*words: str) -> tuple[int, str, str]:
    """Status, standard output, standard error."""
    done = CliRunner().invoke(app, ["kb", *words])
    return done.exit_code, done.stdout, done.stderr


def test_check_says_what_it_checked(folders: list[str]) -> None:
    status, out, err = run("check", *folders)
    assert (status, err) == (0, "")
    assert out.startswith("checked: 2 entries, ") and " 1 guides, " in out and out.endswith("no mistakes\n")
    assert out.count("\n") == 1


def test_check_tells_every_mistake_and_ends_with_one(folders: list[str], tmp_path: Path) -> None:
    text = (
        (ENTRY + OTHER)
        .replace("mediation: labour", "mediation: x")
        .replace("where: [labour_inspection]", "where: [moon]", 1)
    )
    (tmp_path / "entries/wage.yml").write_text(text, encoding="utf-8")
    status, out, err = run("check", *folders)
    assert (status, out) == (1, "")
    lines = err.splitlines()
    assert lines[0].startswith(f"{tmp_path}/entries/wage.yml:16: wage.owed: mediation is 'x'")
    assert lines[1] == f"{tmp_path}/entries/wage.yml:1: wage.owed: there is no office 'moon'"
    assert lines[-1] == "2 mistakes"


def test_check_looks_at_the_citys_own_offices(folders: list[str], own_var: Path) -> None:
    own_var.mkdir()
    (own_var / "offices.yml").write_text("moon: {address: 月亮}\n", encoding="utf-8")
    status, _, err = run("check", *folders)
    assert status == 1
    assert f"{own_var}/offices.yml:1: there is no office 'moon'" in err


def test_a_hard_word_is_told_and_is_no_mistake(folders: list[str], tmp_path: Path) -> None:
    text = (ENTRY + OTHER).replace("晚发的可以投诉。", "晚发的可以投诉，由单位举证。")
    (tmp_path / "entries/wage.yml").write_text(text, encoding="utf-8")
    status, out, err = run("check", *folders)
    assert status == 0 and "1 hard words" in out
    assert err.startswith(f"{tmp_path}/entries/wage.yml:21: wage.late: 举证 is not explained: 拿证据")


def test_a_folder_that_is_none_is_told() -> None:
    assert run("check", "--entries", "/no/such/folder") == (1, "", "/no/such/folder is no folder\n")


def test_stats_counts_by_topic_and_in_all() -> None:
    status, out, _ = run("stats")
    assert status == 0
    rows = {line.split()[0]: line.split()[1:] for line in out.splitlines() if line}
    assert rows["all"][0] == str(len(whole().library.entries))
    assert rows["guides"] == [str(len(whole().guides))]
    assert rows["wage"][0] == str(sum(e.topic == "wage" for e in whole().library.entries.values()))


def test_review_as_json_has_all_that_is_due_the_most_urgent_first() -> None:
    status, out, _ = run("review", "--days", "1", "--json")
    assert status == 0
    items = json.loads(out)
    order = ["changed", "never", "unwatched", "old"]
    ranks = [order.index(item["urgency"]) for item in items]
    assert ranks == sorted(ranks)
    assert all(item["id"] in whole().library.entries and item["why"] for item in items)


def test_review_as_a_table_ends_with_the_count() -> None:
    status, out, _ = run("review", "--limit", "2")
    assert status == 0
    assert "entries are due: " in out.splitlines()[-1] or out == "no entry is due\n"


def test_show_prints_an_entry_by_its_id() -> None:
    status, out, _ = run("show", "wage.boss-owes")
    entry = whole().library.entries["wage.boss-owes"]
    assert status == 0
    for part in (
        entry.question,
        entry.answer,
        *entry.steps,
        *entry.also,
        "劳动保障监察大队",
        "怎么办",
        "别错过",
        "依据",
    ):
        assert part in out


def test_show_finds_an_entry_by_words() -> None:
    status, out, _ = run("show", "老板拖欠工资", "怎么办")
    assert status == 0
    assert out.startswith("wage.boss-owes ") and "also near:" in out


def test_show_says_when_nothing_fits() -> None:
    status, out, err = run("show", "qwertzuiop")
    assert (status, out) == (1, "")
    assert err.endswith("no entry has words like these\n")


def test_draw_writes_a_picture_of_each_guide_and_brings_the_page_up_to_date(tmp_path: Path) -> None:
    page = tmp_path / "guides.md"
    page.write_text(
        "# Guides\n<!-- guides: written by `xiaoge kb draw` -->\nold\n<!-- end of guides -->\nend\n", "utf-8"
    )
    (tmp_path / "guides").mkdir()
    (tmp_path / "guides/gone.svg").write_text("<svg/>", encoding="utf-8")
    status, out, err = run("draw", str(tmp_path / "guides"))
    assert (status, out) == (0, f"{tmp_path}/guides: {len(whole().guides)} pictures\n")
    assert err == f"{tmp_path}/guides/gone.svg: there is no such guide any more; remove it\n"
    assert {f.stem for f in (tmp_path / "guides").glob("*.svg")} == {*whole().guides, "gone"}
    text = page.read_text(encoding="utf-8")
    assert text.startswith("# Guides\n") and text.endswith("<!-- end of guides -->\nend\n")
    assert "old" not in text and "| `unpaid-wages` |" in text and 'src="guides/unpaid-wages.svg"' in text


def test_draw_says_when_it_cannot_write(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    status, _, err = run("draw", str(tmp_path / "file"))
    assert status == 1 and err == f"{tmp_path}/file: File exists\n"
