"""Guides as graphs: flawed ones are refused, and from everywhere in ours one gets out."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from legal_texts import GUIDE, whole

from knowledge.guiding import graph, interview
from knowledge.guiding.model import Guide
from knowledge.guiding.reading import read, read_file

GUIDES = sorted(whole().guides)
RESULT = "{position: 去问。, steps: [打12348], where: [legal_aid], statutes: [劳动法第五十条]}"


def guide_of(folder: Path, questions: str, results: tuple[str, ...] = ("end",), start: str = "a") -> list[str]:
    """The mistakes of a guide with these questions, in YAML flow style."""
    text = f"id: g\ntitle: 题\nabout: 问您几句。\nalso: [问一句]\nstart: {start}\nquestions:\n"
    text += "".join(f"  {line.strip()}\n" for line in questions.strip().splitlines())
    text += "results:\n" + "".join(f"  {name}: {RESULT}\n" for name in results)
    file = folder / "g.yml"
    file.write_text(text, encoding="utf-8")
    return read_file(file)[1]


def test_a_sound_guide_has_no_flaw(tmp_path: Path) -> None:
    assert guide_of(tmp_path, "a: {ask: 问？, kind: text, go: end}") == []


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ("a: {ask: 问？, kind: text, go: gone}", "g.yml:7: a: leads to 'gone', which does not exist"),
        ("a: {ask: 问？, kind: text}", "g.yml:7: a: leads nowhere"),
        (
            "a: {ask: 问？, kind: text, turns: [{if: x, go: end}]}",
            "g.yml:7: a: the last of its turns must be 'otherwise'",
        ),
        ("a: {ask: 问？, kind: text, turns: [{if: x, go: end}, {go: end}]}", "g.yml:7: a: no choice notes 'x'"),
        ("a: {ask: 问？, kind: text, go: end}\nb: {ask: 问？, kind: text, go: end}", "g.yml:8: nobody comes to b"),
        (
            "a: {ask: 问？, choices: [{say: 甲, go: end}, {say: 乙, go: b}]}\nb: {ask: 问？, kind: text, go: c}\nc: {ask: 问？, kind: text, go: b}",
            "g.yml:8: from b no result can be come to",
        ),
        # The choice that notes the fact stands after the question that turns by it.
        (
            "a: {ask: 问？, kind: text, turns: [{if: x, go: end}, {go: b}]}\nb: {ask: 问？, choices: [{say: 甲, go: end, notes: [x]}, {say: 乙, go: end}]}",
            "g.yml:7: a: never turns by 'x': no way there notes it",
        ),
        # Whoever noted y has noted x before.
        (
            "a: {ask: 问？, choices: [{say: 甲, go: b, notes: [x, y]}, {say: 乙, go: b}]}\nb: {ask: 问？, kind: text, turns: [{if: x, go: end}, {if: y, go: end}, {go: end}]}",
            "g.yml:8: b: never turns by 'y': an earlier turn always comes first",
        ),
        # A loop that only the fact leads out of, which is noted before the loop or never.
        (
            "a: {ask: 问？, choices: [{say: 甲, go: b, notes: [x]}, {say: 乙, go: b}]}\nb: {ask: 问？, kind: text, turns: [{if: x, go: end}, {go: c}]}\nc: {ask: 问？, kind: text, go: b}",
            "g.yml:8: from b no result can be come to",
        ),
    ],
)
def test_a_flawed_graph_is_refused(tmp_path: Path, questions: str, message: str) -> None:
    problems = guide_of(tmp_path, questions)
    assert any(p.startswith(message) for p in problems), problems


def test_a_start_that_is_no_question_is_refused(tmp_path: Path) -> None:
    assert guide_of(tmp_path, "a: {ask: 问？, kind: text, go: end}", start="end") == [
        "g.yml:1: start 'end' is no question"
    ]


def test_a_result_nobody_comes_to_is_refused(tmp_path: Path) -> None:
    problems = guide_of(tmp_path, "a: {ask: 问？, kind: text, go: end}", ("end", "lost"))
    assert problems == ["g.yml:10: nobody comes to lost"]


def test_a_result_behind_a_fact_that_cannot_hold_is_refused(tmp_path: Path) -> None:
    """Each line exists, but nobody who notes the fact passes the turn."""
    questions = """
        a: {ask: 问？, choices: [{say: 甲, go: end, notes: [x]}, {say: 乙, go: b}]}
        b: {ask: 问？, kind: text, turns: [{if: x, go: lost}, {go: end}]}
    """
    problems = guide_of(tmp_path, questions, ("end", "lost"))
    assert "g.yml:11: nobody comes to lost" in problems


def test_a_loop_with_an_exit_is_allowed(tmp_path: Path) -> None:
    questions = """
        a: {ask: 问？, kind: text, go: b}
        b: {ask: 对吗？, choices: [{say: 对, go: end}, {say: 重说, go: a}]}
    """
    assert guide_of(tmp_path, questions) == []


def test_a_way_that_is_too_long_is_refused(tmp_path: Path) -> None:
    count = graph.LONGEST_WAY + 1
    questions = "\n".join(
        f"q{n}: {{ask: 问？, kind: text, go: {f'q{n + 1}' if n + 1 < count else 'end'}}}" for n in range(count)
    )
    assert guide_of(tmp_path, questions, start="q0") == [
        f"g.yml:1: a way of {count} questions; {count - 1} are the most"
    ]


@pytest.mark.parametrize(
    ("questions", "message"),
    [
        ("a: {ask: 问？, choices: [{say: 甲, go: end}]}", "g.yml:7: a: two to 6 choices"),
        ("a: {ask: 问？, choices: [{say: 甲, go: end}, {say: 乙}]}", "g.yml:7: a: a choice needs say and go"),
        (
            f"a: {{ask: 问？, choices: [{{say: 甲, go: end}}, {{say: {'乙' * 25}, go: end}}]}}",
            "g.yml:7: a: a choice of 25",
        ),
        (f"a: {{ask: {'问' * 61}, kind: text, go: end}}", "g.yml:7: a: a question of 61 characters"),
        ("a: {ask: 问？, kind: colour, go: end}", "g.yml:7: a: kind is 'colour'"),
        ("a: {kind: text, go: end}", "g.yml:7: a: ask is missing"),
        ("a: {ask: 问？, kind: choice, go: end}", "g.yml:7: a: a question has either choices or another kind"),
    ],
)
def test_a_malformed_question_is_told_with_its_line(tmp_path: Path, questions: str, message: str) -> None:
    problems = guide_of(tmp_path, questions)
    assert any(p.startswith(message) for p in problems), problems


@pytest.mark.parametrize("name", ["position", "steps", "where", "statutes"])
def test_a_result_that_lacks_something_is_told(tmp_path: Path, name: str) -> None:
    lines = GUIDE.replace("id: small", "id: g").splitlines()
    left = [line.replace(f"{name}: ", f"{name}s_: ") if line.startswith("  r_left") else line for line in lines]
    (tmp_path / "g.yml").write_text("\n".join(left), encoding="utf-8")
    assert f"g.yml:18: r_left: {name} is missing" in read_file(tmp_path / "g.yml")[1]


def test_a_guide_is_named_as_its_file(tmp_path: Path) -> None:
    (tmp_path / "other.yml").write_text(GUIDE, encoding="utf-8")
    assert read(tmp_path)[1] == ["other.yml:1: id 'small' must be the file's name, 'other'"]


def test_the_ways_of_a_guide_are_those_people_can_go(tmp_path: Path) -> None:
    (tmp_path / "small.yml").write_text(GUIDE, encoding="utf-8")
    guide = read(tmp_path)[0]["small"]
    still = frozenset({"still"})
    assert graph.ways(guide) == {
        ("there", frozenset()): (("amount", still), ("amount", frozenset())),
        ("amount", still): (("r_still", frozenset()),),
        ("amount", frozenset()): (("r_left", frozenset()),),
        ("r_still", frozenset()): (),
        ("r_left", frozenset()): (),
    }
    assert graph.longest(guide) == 2


@pytest.mark.parametrize("id_", GUIDES)
def test_our_guides_have_no_flaw_and_end(id_: str) -> None:
    guide = whole().guides[id_]
    assert graph.flaws(guide) == []
    length = graph.longest(guide)
    assert length is not None and length <= graph.LONGEST_WAY


def step(guide: Guide, here: interview.Interview, pick: int) -> interview.Interview:
    asked = interview.question(guide, here)
    assert asked is not None
    if asked.choices:
        return interview.choose(guide, here, pick % len(asked.choices) + 1)
    return interview.say(guide, here, ("", "三千块", "大概去年吧")[pick % 3])


@settings(max_examples=300, deadline=None)
@given(id_=st.sampled_from(GUIDES), picks=st.lists(st.integers(0, 5), min_size=16, max_size=16))
def test_every_random_walk_ends_in_a_result_and_back_undoes_each_step(id_: str, picks: list[int]) -> None:
    guide = whole().guides[id_]
    here = interview.begin(guide)
    for pick in picks:
        if interview.result(guide, here) is not None:
            break
        after = step(guide, here, pick)
        assert interview.back(guide, after) == here
        assert interview.Interview.of(after.stored()) == after
        assert interview.fits(guide, after)
        here = after
    assert interview.result(guide, here) is not None
    assert (here.at, frozenset()) in graph.ways(guide)


@settings(max_examples=100, deadline=None)
@given(id_=st.sampled_from(GUIDES), picks=st.lists(st.integers(0, 5), min_size=16, max_size=16))
def test_a_walk_passes_only_states_the_graph_knows(id_: str, picks: list[int]) -> None:
    guide = whole().guides[id_]
    states = {state for state, _ in graph.ways(guide)}
    here = interview.begin(guide)
    for pick in picks:
        assert here.at in states
        if interview.result(guide, here) is not None:
            break
        here = step(guide, here, pick)
