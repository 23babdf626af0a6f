"""Keeping: what is counted, and which entries are due to be read again, the most urgent first."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from legal_texts import small, whole

from knowledge import keeping
from knowledge.checking import check
from knowledge.citations import Citation
from knowledge.keeping import Urgency
from knowledge.library import Library, load
from knowledge.model import Entry, Review

TODAY = date(2026, 11, 22)


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return load(small(tmp_path))


def with_entry(library: Library, **changes: object) -> Library:
    """A library of one entry, changed."""
    entry: Entry = replace(library.entries["wage.late"], **changes)  # type: ignore[arg-type]
    return replace(library, entries={entry.id: entry})


def reviewed(days_ago: int) -> Review:
    return Review("王", TODAY - timedelta(days=days_ago))


def test_an_entry_reviewed_lately_is_not_due(library: Library) -> None:
    assert keeping.due(with_entry(library, reviewed=reviewed(180)), TODAY, 180) == []


@pytest.mark.parametrize(
    ("changes", "urgency", "why"),
    [
        ({"reviewed": None}, Urgency.NEVER, "not reviewed yet"),
        ({"reviewed": reviewed(181)}, Urgency.OLD, "reviewed 181 days ago"),
        (
            {"reviewed": reviewed(91), "by_name": ("刑法",)},
            Urgency.UNWATCHED,
            "reviewed 91 days ago; not in the index: 刑法",
        ),
        (
            {"reviewed": None, "by_name": ("治安管理处罚法",)},
            Urgency.CHANGED,
            "治安管理处罚法 was changed on 2026-01-01",
        ),
        (
            {"reviewed": Review("王", date(2025, 12, 31)), "by_name": ("治安管理处罚法",)},
            Urgency.CHANGED,
            "治安管理处罚法 was changed on 2026-01-01",
        ),
    ],
)
def test_why_an_entry_is_due(library: Library, changes: dict[str, object], urgency: Urgency, why: str) -> None:
    (item,) = keeping.due(with_entry(library, **changes), TODAY, 180)
    assert item.urgency is urgency
    assert item.why[0] == why


def test_an_entry_is_due_when_its_law_has_a_newer_version(library: Library) -> None:
    newer = replace(library.laws["劳动法"], version=TODAY)
    library = replace(with_entry(library, reviewed=reviewed(3)), laws={**library.laws, "劳动法": newer})
    (item,) = keeping.due(library, TODAY)
    assert (item.urgency, item.why) == (Urgency.CHANGED, (f"劳动法 has a version of {TODAY}",))


def test_an_entry_reviewed_after_the_change_is_not_due(library: Library) -> None:
    library = with_entry(library, reviewed=reviewed(3), by_name=("治安管理处罚法",))
    assert keeping.due(library, TODAY) == []


def test_every_reason_is_told(library: Library) -> None:
    (item,) = keeping.due(with_entry(library, reviewed=reviewed(400), by_name=("治安管理处罚法",)), TODAY)
    assert item.why == ("治安管理处罚法 was changed on 2026-01-01", "reviewed 400 days ago")


def test_the_most_urgent_come_first_and_time_limits_before_others(library: Library) -> None:
    late, owed = library.entries["wage.late"], library.entries["wage.owed"]
    entries = [
        replace(late, id="a.old", reviewed=reviewed(200)),
        replace(late, id="b.older", reviewed=reviewed(300)),
        replace(late, id="c.never"),
        replace(owed, id="d.never-limited", reviewed=None, by_name=()),
        replace(late, id="e.changed", by_name=("治安管理处罚法",)),
    ]
    found = keeping.due(replace(library, entries={e.id: e for e in entries}), TODAY)
    assert [d.entry.id for d in found] == ["e.changed", "d.never-limited", "c.never", "b.older", "a.old"]
    assert keeping.counted(found) == {Urgency.CHANGED: 1, Urgency.NEVER: 2, Urgency.UNWATCHED: 0, Urgency.OLD: 2}


@given(age=st.integers(0, 2000), days=st.integers(1, 2000), more=st.integers(0, 500))
def test_what_is_due_stays_due_until_it_is_reviewed(age: int, days: int, more: int) -> None:
    one = next(iter(whole().library.entries.values()))
    library = replace(whole().library, entries={one.id: replace(one, reviewed=reviewed(age))})
    if keeping.due(library, TODAY, days):
        assert keeping.due(library, TODAY + timedelta(days=more), days)


def test_articles_of_time_limits_are_cited_too(library: Library) -> None:
    assert keeping.cited(library.entries["wage.owed"]) == (
        Citation("劳动法", "第五十条"),
        Citation("劳动争议调解仲裁法", "第二十七条"),
    )


def test_everything_is_counted(tmp_path: Path) -> None:
    found = check(small(tmp_path))
    figures = keeping.figures(found.library, found.guides, found.drafts)
    assert (figures.entries, figures.phrasings, figures.articles, figures.laws, figures.by_name) == (2, 12, 2, 2, 1)
    assert (figures.with_limits, figures.reviewed) == (1, 1)
    assert (figures.guides, figures.questions, figures.results, figures.drafts) == (1, 2, 2, 1)
    assert [t.name for t in figures.topics] == ["wage"]


def test_topics_add_up_to_the_whole() -> None:
    found = whole()
    figures = keeping.figures(found.library, found.guides, found.drafts)
    assert sum(t.entries for t in figures.topics) == figures.entries == len(found.library.entries)
    assert sum(t.phrasings for t in figures.topics) == figures.phrasings
