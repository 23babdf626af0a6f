"""The corpus loader: complete on the shipped corpus, and every mistake told with file and line."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from nlu import corpus
from nlu.corpus import ACTS, INTENTS, MATTER_INTENTS, CorpusError, Utterance
from nlu.taxonomy import taxonomy


@pytest.fixture(scope="module")
def utterances() -> list[Utterance]:
    """The shipped corpus."""
    return corpus.load(taxonomy())


def write(folder: Path, name: str, content: str) -> None:
    file = folder / name
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(content, encoding="utf-8")


def mistakes(folder: Path) -> list[str]:
    with pytest.raises(CorpusError) as error:
        corpus.load(taxonomy(), folder)
    return error.value.problems


def test_every_type_and_every_other_intent_is_well_covered(utterances: list[Utterance]) -> None:
    by_type = Counter(u.type for u in utterances if u.type)
    assert {t.code: by_type[t.code] for t in taxonomy() if by_type[t.code] < 45} == {}
    by_intent = Counter(u.intent for u in utterances if not u.type)
    others = [i for i in INTENTS + ACTS if i not in MATTER_INTENTS]
    assert {i: by_intent[i] for i in others if by_intent[i] < 60} == {}


def test_every_label_is_known(utterances: list[Utterance]) -> None:
    for u in utterances:
        assert u.style in corpus.STYLES
        assert u.intent in INTENTS + ACTS
        assert (u.category == "none") == (u.type is None)
        assert all(piece in u.text for pieces in u.entities.values() for piece in pieces)


def test_a_good_file_is_read_with_all_its_labels(tmp_path: Path) -> None:
    write(
        tmp_path,
        "matters/environment/noise.yml",
        """type: environment.noise
utterances:
- text: 幸福里3号楼楼下半夜吵，还打人
  style: urgent
  rule: 7
  also: [security]
  urgent: true
  entities: {place: [幸福里3号楼], time: [半夜]}
""",
    )
    write(tmp_path, "intents/greet.yml", "intent: greet\nutterances:\n- text: 你好\n  style: short\n")
    noise, greet = corpus.load(taxonomy(), tmp_path)
    assert noise == Utterance(
        "幸福里3号楼楼下半夜吵，还打人",
        "report",
        "environment.noise",
        "urgent",
        "matters/environment/noise.yml:3",
        7,
        ("security",),
        True,
        {"place": ("幸福里3号楼",), "time": ("半夜",)},
    )
    assert (greet.intent, greet.type, greet.category, greet.source) == ("greet", None, "none", "intents/greet.yml:3")


def test_every_mistake_of_every_file_is_told_with_its_line(tmp_path: Path) -> None:
    write(
        tmp_path,
        "matters/environment/noise.yml",
        """type: environment.noise
utterances:
- text: ""
  style: plain
- text: 楼下太吵了
  style: poem
- text: 楼上太吵了
  style: plain
  also: [weather]
- text: 隔壁太吵了
  style: plain
  entities: {place: [幸福里]}
- text: 对面太吵了
  style: plain
  entities: {colour: [对面]}
- text: 后面太吵了
  style: plain
  mood: bad
- just words
- text: 前面太吵了
  style: plain
- text: 前面太吵了
  style: plain
- text: 左边太吵了
  style: plain
  intent: shout
- text: 右边太吵了
  style: plain
  also: security
- text: 里边太吵了
  style: plain
  entities: {place: 里边}
""",
    )
    write(tmp_path, "matters/environment/smell.yml", "type: environment.smell\nutterances: []\n")
    write(tmp_path, "matters/hazard/gas.yml", "type: hazard.gas\nutterances:\n- text: [\n")
    write(tmp_path, "matters/hazard/fire.yml", "type: hazard.fire\n")
    write(tmp_path, "intents/shout.yml", "intent: shout\nutterances: []\n")
    noise = "matters/environment/noise.yml"
    assert mistakes(tmp_path) == [
        f"{noise}:3: 'text' is empty or not a text",
        f"{noise}:5: unknown style 'poem'",
        f"{noise}:7: unknown category in also: 'weather'",
        f"{noise}:10: entity '幸福里' is not a piece of the text",
        f"{noise}:13: unknown entity kind 'colour'",
        f"{noise}:16: unknown field 'mood'",
        f"{noise}: an utterance must be a mapping with 'text' and 'style'",
        f"{noise}:24: unknown intent 'shout'",
        f"{noise}:27: 'also' must be a list, 'entities' a mapping",
        f"{noise}:30: the entities of a kind must be a list",
        f"{noise}:22: same text as {noise}:20",
        "matters/environment/smell.yml:1: unknown matter type 'environment.smell'",
        "matters/hazard/fire.yml:1: expected 'type' or 'intent', and a list 'utterances'",
        "matters/hazard/gas.yml:4: not valid YAML: expected the node content, but found '<stream end>'",
        "intents/shout.yml:1: unknown intent 'shout'",
    ]


def test_the_message_of_the_error_counts_and_lists_the_mistakes(tmp_path: Path) -> None:
    write(tmp_path, "intents/greet.yml", "intent: greet\nutterances:\n- text: 你好\n  style: poem\n")
    with pytest.raises(
        CorpusError, match=r"1 mistake\(s\) in the corpus:\n  intents/greet\.yml:3: unknown style 'poem'"
    ):
        corpus.load(taxonomy(), tmp_path)
