"""The search: what is found, what is honestly not, and that it holds its measured quality."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2] / "benchmarks/knowledge"))

from asked import by_article, inside, outside

from knowledge.search import Finder
from knowledge.search.bm25 import BM25
from knowledge.search.finder import LONGEST, MOST, read_of
from knowledge.search.terms import terms
from knowledge.shelf import shelf


@pytest.fixture(scope="module")
def finder() -> Finder:
    return shelf().now().finder


def test_an_entrys_own_question_finds_it_first(finder: Finder) -> None:
    entries = list(finder.library.entries.values())[::50]
    first = [finder.search(e.question).hits[0].entry.id for e in entries]
    assert statistics.mean(f == e.id for f, e in zip(first, entries, strict=True)) > 0.98


@pytest.mark.parametrize(
    ("question", "entry"),
    [
        ("儿子不给养老钱咋办", "elder.children-not-supporting"),
        ("房东死活不退我押金", "deal.rent-deposit"),
        ("网上买的衣服不想要了能退不", "consumer.seven-day-return"),
        ("楼上漏水把俺家天花板泡了，他不赔", "neighbour.upstairs-leak"),
    ],
)
def test_everyday_questions_find_their_entry(finder: Finder, question: str, entry: str) -> None:
    found = finder.search(question)
    assert found.answered
    assert entry in [hit.entry.id for hit in found.hits]


@pytest.mark.parametrize("nothing", ["", "   ", "？？？", "🙂🙂", "\n\t"])
def test_a_question_without_a_word_finds_nothing(finder: Finder, nothing: str) -> None:
    found = finder.search(nothing)
    assert (found.hits, found.answered, found.suggested) == ((), False, False)


def test_of_a_very_long_question_beginning_and_end_are_read(finder: Finder) -> None:
    story = "房东不退押金。" + "我在这儿住了三年。" * 2000 + "押金怎么要回来？"
    assert len(read_of(story)) <= LONGEST
    assert finder.search(story).hits


def test_the_scores_of_all_entries_would_add_up_to_one(finder: Finder) -> None:
    found = finder.search("离婚孩子归谁", limit=99)
    assert len(found.hits) == MOST
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 < sum(scores) <= 1.0001


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=400))
def test_nothing_that_is_asked_breaks_it(question: str) -> None:
    found = shelf().now().finder.search(question)
    assert 0.0 <= found.sure <= 1.0
    assert found.suggested or not found.answered


def test_a_text_scores_one_for_itself_and_nothing_for_strangers() -> None:
    texts = ["房东不退押金", "离婚孩子归谁", "工伤怎么认定"]
    counted = BM25([terms(t) for t in texts])
    scores = counted.scores(terms(texts[0]))
    assert scores[0] == max(scores)
    assert scores[1] == 0
    assert not counted.scores(terms("完全无关的话语")).any()


@pytest.mark.slow
def test_the_measured_quality_is_held(finder: Finder) -> None:
    """The bars are what was measured (docs/knowledge.md), less a little."""
    asked = inside("held_out")
    ids = [[h.entry.id for h in finder.search(a.text).hits] for a in asked]
    assert statistics.mean(i[0] in a.entries for i, a in zip(ids, asked, strict=True)) >= 0.84
    assert statistics.mean(bool(set(a.entries) & set(i)) for i, a in zip(ids, asked, strict=True)) >= 0.94
    lawyerly = by_article("held_out", finder.library)
    firsts = [finder.search(a.text).hits[0].entry.id for a in lawyerly]
    assert statistics.mean(f in a.entries for f, a in zip(firsts, lawyerly, strict=True)) >= 0.78
    assert statistics.mean(not finder.search(q).answered for q in outside("held_out")) >= 0.95


@pytest.mark.slow
def test_no_measured_question_is_a_phrasing_of_an_entry(finder: Finder) -> None:
    phrasings = {"".join(terms(p)) for e in finder.library.entries.values() for p in e.phrasings}
    for name in ("fit", "held_out"):
        questions = [a.text for a in (*inside(name), *by_article(name, finder.library))] + outside(name)
        assert not [q for q in questions if "".join(terms(q)) in phrasings]
