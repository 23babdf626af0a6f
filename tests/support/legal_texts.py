"""Knowledge for tests: the project's own, read once, and a small one that a test may spoil."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from knowledge.checking import Checked, check
from knowledge.library import Folders

ENTRY = """\
- id: wage.owed
  question: 老板不给工钱怎么办？
  also: [老板欠我工资, 工钱要不回来, 干完活不给钱, 拖欠工资找谁, 俺的工钱咋要]
  answer: 干了活就该拿到工钱。先去劳动监察投诉，不收钱。
  steps: [把欠的数写下来, 去劳动监察投诉]
  papers: [身份证]
  where: [labour_inspection]
  limits:
  - {what: 申请劳动仲裁, time: 一年内, from: 离开那天, if_missed: 可能不再支持, statute: 劳动争议调解仲裁法第二十七条}
  fees: 投诉不收钱。
  warnings: [不要动手]
  related: []
  statutes: [劳动法第五十条]
  by_name: [刑法]
  guide: unpaid-wages
  mediation: labour
  phone: "12333"
  reviewed: {by: 王法官, on: 2026-03-01}
  changes:
  - {on: 2026-02-01, what: 改了期限}
"""
OTHER = """\
- id: wage.late
  question: 工资发晚了怎么办？
  also: [工资老是拖, 每月晚半个月发, 晚发工资违法吗, 工资不按时发, 发工资不准时]
  answer: 工资要按说好的日子发。晚发的可以投诉。
  steps: [先问清楚]
  where: [labour_inspection]
  related: [wage.owed]
  statutes: [劳动法第五十条]
"""
LAWS = {
    "labour.yml": "name: 劳动法\nformal: 中华人民共和国劳动法\nversion: 2018-12-29\narticles: 107\ngists:\n  第五十条: 工资按月给。\n",
    "arbitration.yml": "name: 劳动争议调解仲裁法\nformal: 中华人民共和国劳动争议调解仲裁法\nversion: 2007-12-29\narticles: 54\ngists:\n  第二十七条: 一年内申请。\n",
}
GUIDE = """\
id: small
title: 工钱
about: 问您几个小问题。
also: [工钱要不回来了]
start: there
questions:
  there:
    ask: 您还在那儿干活吗？
    choices:
      - {say: 还在, go: amount, notes: [still]}
      - {say: 走了, go: amount}
  amount:
    ask: 欠您多少钱？
    kind: money
    turns: [{if: still, go: r_still}, {go: r_left}]
results:
  r_still: {position: 还在干也能要。, steps: [去投诉], where: [labour_inspection], statutes: [劳动法第五十条], entries: [wage.owed]}
  r_left: {position: 走了也能要。, steps: [去投诉], where: [labour_inspection], statutes: [劳动法第五十条], draft: claim}
"""
DRAFT = "id: claim\ntitle: 申请书\nparts:\n  - {text: '欠{amount|金额}元。'}\n"


@lru_cache(maxsize=1)
def whole() -> Checked:
    """The project's own knowledge."""
    return check()


def small(folder: Path, *entries: str) -> Folders:
    """A knowledge base of a few texts in a folder; without ``entries`` the two above."""
    for name in ("entries", "statutes", "guides", "drafts"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "entries/wage.yml").write_text("".join(entries or (ENTRY, OTHER)), encoding="utf-8")
    for name, text in LAWS.items():
        (folder / "statutes" / name).write_text(text, encoding="utf-8")
    (folder / "guides/small.yml").write_text(GUIDE, encoding="utf-8")
    (folder / "drafts/claim.yml").write_text(DRAFT, encoding="utf-8")
    (folder / "changed.yml").write_text("治安管理处罚法: 2026-01-01\n", encoding="utf-8")
    (folder / "offices.yml").write_text(
        "labour_inspection: {name: 劳动监察, does: 投诉欠薪, phone: '12333'}\n", "utf-8"
    )
    return Folders(
        entries=folder / "entries",
        statutes=folder / "statutes",
        offices=folder / "offices.yml",
        own_offices=folder / "var/offices.yml",
        changed=folder / "changed.yml",
        guides=folder / "guides",
        drafts=folder / "drafts",
    )
