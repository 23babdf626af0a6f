"""The frozen sets: written by other people than the corpus, never trained on. Floors lie a little below what was measured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from nlu import corpus
from nlu.measure import labelled
from nlu.measure.scores import Outcome, measure
from nlu.measure.variants import stability, variants
from nlu.taxonomy import taxonomy
from nlu.understand.pipeline import Pipeline

pytestmark = pytest.mark.slow
FOLDER = Path(corpus.__file__).parent / "held_out"


def messages(name: str) -> list[labelled.Labelled]:
    return labelled.read(FOLDER / f"{name}.yml", taxonomy())


@pytest.fixture(scope="module")
def chat(pipeline: Pipeline) -> dict[str, Any]:
    return measure([Outcome(m, pipeline.parse(m.whole)) for m in messages("chat")])


@pytest.fixture(scope="module")
def board(pipeline: Pipeline) -> dict[str, Any]:
    return measure([Outcome(m, pipeline.parse(m.whole)) for m in messages("board")])


def test_the_chat_set_has_every_class_and_every_intent() -> None:
    found = messages("chat")
    assert len(found) >= 300
    assert {m.type for m in found if m.type} == {t.code for t in taxonomy()}
    assert {m.intent for m in found} == set(corpus.INTENTS)


def test_nothing_of_the_frozen_sets_stands_in_the_corpus() -> None:
    written = {u.text for u in corpus.load(taxonomy())}
    assert not written & {m.text for name in ("chat", "board", "answers") for m in messages(name)}


def test_chat_is_understood(chat: dict[str, Any]) -> None:
    assert chat["intent"]["accuracy"] >= 0.9
    assert chat["category"]["top1"] >= 0.85
    assert chat["category"]["top3"] >= 0.93


def test_urgent_chat_is_noticed(chat: dict[str, Any]) -> None:
    assert chat["urgent"]["recall"] >= 0.85
    assert chat["urgent"]["precision"] >= 0.65


def test_posts_are_understood(board: dict[str, Any]) -> None:
    assert board["category"]["top1"] >= 0.86
    assert board["category"]["top3"] >= 0.95


def test_answers_are_taken_as_answers(pipeline: Pipeline) -> None:
    """A short answer tells something or reads like part of a report; it must not end the intake or ring for a person."""
    read = [(m, pipeline.classify(m.text)) for m in messages("answers")]
    told = [r.act for m, r in read if m.intent == "inform"]
    assert sum(act in ("inform", "report", "unclear") for act in told) >= 0.85 * len(told)
    assert sum(act == "cancel" for act in told) <= 2
    turns = [(m.intent, r.act) for m, r in read if m.intent != "inform"]
    assert sum(a == b for a, b in turns) >= 0.85 * len(turns)


def test_confidence_means_what_it_says(chat: dict[str, Any], board: dict[str, Any]) -> None:
    assert chat["calibration"]["ece"] <= 0.08
    assert board["calibration"]["ece"] <= 0.08


def test_entities_are_found(chat: dict[str, Any]) -> None:
    assert chat["entities"]["all"]["f1"] >= 0.8
    assert chat["entities"]["time"]["f1"] >= 0.85


def test_the_label_stays_however_the_message_is_typed(pipeline: Pipeline) -> None:
    texts = [m.text for m in messages("chat")]
    table = stability(pipeline, texts, variants(u.text for u in corpus.load(taxonomy())))
    for name in ("full_width", "traditional", "emoji", "spaces"):
        assert table[name]["label"] >= 0.97, name
    assert table["no_punctuation"]["label"] >= 0.95
    assert table["homophone_typos"]["label"] >= 0.88
