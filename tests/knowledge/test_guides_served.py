"""What is served of the guides: a changed file is live soon after, a mistake leaves the old version serving."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from knowledge.guiding import served
from knowledge.guiding.served import Guiding, Serving
from knowledge.library import Folders, KnowledgeError

STATUTE = """
name: 甲法
formal: 中华人民共和国甲法
version: 2020-05-28
articles: 9
gists: {第一条: 儿女要养老人。}
"""
ENTRY = """
- id: elder.care
  question: 儿女不管我怎么办？
  also: [没人管我, 儿子不养我, 女儿不来看我, 我要赡养费, 老了没人管]
  answer: 可以要赡养费。先找村里说。
  steps: [找村里。]
  where: [village]
  statutes: [甲法第一条]
"""
GUIDE = """
id: care
title: 没人养老
about: 问您一句。
also: [没人养老怎么办]
start: safe
questions:
  safe:
    ask: 安全吗？
    choices:
      - {say: 安全, go: r_calm}
      - {say: 不安全, go: r_calm}
results:
  r_calm:
    position: 儿女要养您。
    steps: [找村里。]
    where: [village]
    statutes: [甲法第一条]
    entries: [elder.care]
"""


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folders:
    monkeypatch.setattr(served, "LOOK_EVERY", 0.0)
    where = {name: tmp_path / name for name in ("entries", "statutes", "guides", "drafts")}
    for folder in where.values():
        folder.mkdir()
    (where["statutes"] / "a.yml").write_text(STATUTE, encoding="utf-8")
    (where["entries"] / "elder.yml").write_text(ENTRY, encoding="utf-8")
    (where["guides"] / "care.yml").write_text(GUIDE, encoding="utf-8")
    (tmp_path / "offices.yml").write_text("village: {name: 村委会, does: 开证明}\n", encoding="utf-8")
    return Folders(**where, offices=tmp_path / "offices.yml", own_offices=tmp_path / "own.yml")


def soon(serving: Serving, holds: Callable[[Guiding], bool]) -> bool:
    """Whether it holds within some seconds; who asks meanwhile is served what there is."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if holds(serving.now()):
            return True
        time.sleep(0.02)
    return False


def written(folders: Folders, before: str, after: str) -> None:
    file = folders.guides / "care.yml"
    file.write_text(file.read_text(encoding="utf-8").replace(before, after), encoding="utf-8")


def test_a_changed_guide_is_live_soon_after(folders: Folders) -> None:
    serving = Serving(folders)
    assert serving.now().guides["care"].title == "没人养老"
    written(folders, "没人养老\n", "儿女不养老\n")
    assert soon(serving, lambda now: now.guides["care"].title == "儿女不养老")


def test_the_citys_own_address_is_live_soon_after(folders: Folders) -> None:
    serving = Serving(folders)
    assert folders.own_offices is not None
    folders.own_offices.write_text("village: {address: 东门路1号}\n", encoding="utf-8")
    assert soon(serving, lambda now: now.library.offices["village"].address == "东门路1号")


class Log:
    """What was logged as an error, in words."""

    def __init__(self) -> None:
        self.errors: list[str] = []

    def error(self, event: str, **said: object) -> None:
        self.errors.append(f"{event} {said}")

    def info(self, event: str, **said: object) -> None:
        pass


def test_a_mistake_leaves_the_old_version_and_is_logged_once(folders: Folders, monkeypatch: pytest.MonkeyPatch) -> None:
    log = Log()
    monkeypatch.setattr(served, "log", lambda: log)
    serving = Serving(folders)
    written(folders, "where: [village]", "where: [moon]")
    assert soon(serving, lambda _: any("moon" in said for said in log.errors))
    for _ in range(20):
        assert serving.now().guides["care"].results["r_calm"].where == ("village",)
        time.sleep(0.02)
    assert len(log.errors) == 1
    written(folders, "where: [moon]", "where: [village]")
    written(folders, "没人养老\n", "儿女不养老\n")
    assert soon(serving, lambda now: now.guides["care"].title == "儿女不养老")


def test_nothing_changed_nothing_is_read_again(folders: Folders) -> None:
    serving = Serving(folders)
    first = serving.now()
    for _ in range(20):
        assert serving.now() is first
        time.sleep(0.01)


def test_with_mistakes_from_the_start_there_is_nothing_to_serve(folders: Folders) -> None:
    written(folders, "where: [village]", "where: [moon]")
    with pytest.raises(KnowledgeError, match=r"care\.yml:15: r_calm: there is no office 'moon'"):
        Serving(folders)
