"""The shelf: a changed file can be searched soon after, and the old version serves until then."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import legal_texts
import pytest

from knowledge import shelf as shelves
from knowledge.guiding import served as serving
from knowledge.guiding.served import Serving
from knowledge.library import Folders
from knowledge.search.encoder import remembered
from knowledge.shelf import Shelf


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return legal_texts.small(tmp_path, legal_texts.ENTRY.replace("unpaid-wages", "small"))


@pytest.fixture
def shelf(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    monkeypatch.setattr(serving, "LOOK_EVERY", 0.0)
    kept = Serving(folders)
    monkeypatch.setattr(shelves, "served", kept.now)
    return Shelf(remembered())


def soon(true: Callable[[], bool]) -> None:
    for _ in range(400):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it did not come about within 20 seconds")


def test_an_entry_that_was_added_is_found_without_a_restart(shelf: Shelf, folders: Folders) -> None:
    assert "wage.late" not in shelf.now().library.entries
    (folders.entries / "late.yml").write_text(legal_texts.OTHER, encoding="utf-8")
    soon(lambda: "wage.late" in shelf.now().library.entries)
    assert shelf.now().finder.search("每月晚半个月发").hits[0].entry.id == "wage.late"


def test_a_mistake_leaves_the_old_version_serving(shelf: Shelf, folders: Folders) -> None:
    before = shelf.now()
    (folders.entries / "late.yml").write_text("- id: [", encoding="utf-8")
    time.sleep(0.5)
    assert shelf.now() is before
    assert shelf.now().finder.search("老板欠我工资").hits[0].entry.id == "wage.owed"


def test_an_entry_leads_to_the_guide_it_names(shelf: Shelf) -> None:
    served = shelf.now()
    for entry in served.library.entries.values():
        if entry.guide:
            assert served.leads_to[entry.id] == entry.guide
