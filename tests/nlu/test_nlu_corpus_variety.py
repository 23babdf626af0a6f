"""The corpus must be written, not generated: no near-duplicates, no runs of the same opening."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

from nlu import corpus
from nlu.corpus import Utterance
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model

SHORTEST = 12  # characters; shorter texts are alike by nature
GRAM = 5
ALIKE = 0.6
OPENING = 6
SAME_OPENING = 5


def grams(text: str) -> frozenset[str]:
    plain = for_model(text)
    if len(plain) < SHORTEST:
        return frozenset()
    return frozenset(plain[i : i + GRAM] for i in range(len(plain) - GRAM + 1))


def near_duplicates(utterances: Sequence[Utterance]) -> list[str]:
    """Pairs that share most of the smaller one's 5-grams; only texts with a common 5-gram are compared."""
    pairs: list[str] = []
    having: dict[str, list[int]] = defaultdict(list)
    sets: list[frozenset[str]] = []
    for i, utterance in enumerate(utterances):
        own = grams(utterance.text)
        shared = Counter(j for gram in own for j in having[gram])
        pairs += [
            f"{utterance.source} is much like {utterances[j].source}: {utterance.text}"
            for j, count in shared.items()
            if count >= ALIKE * min(len(own), len(sets[j]))
        ]
        for gram in own:
            having[gram].append(i)
        sets.append(own)
    return pairs


def repeated_openings(utterances: Sequence[Utterance]) -> list[str]:
    openings: dict[str, Counter[str]] = defaultdict(Counter)
    for utterance in utterances:
        plain = for_model(utterance.text)
        if len(plain) >= OPENING:
            openings[utterance.source.rsplit(":", 1)[0]][plain[:OPENING]] += 1
    return [f"{file}: {n} times {o!r}" for file, c in openings.items() for o, n in c.items() if n > SAME_OPENING]


def utterance(text: str, line: int) -> Utterance:
    return Utterance(text, "report", "environment.noise", "plain", f"noise.yml:{line}")


def test_no_two_utterances_of_the_corpus_are_nearly_the_same() -> None:
    assert near_duplicates(corpus.load(taxonomy())) == []


def test_no_opening_runs_through_a_file() -> None:
    assert repeated_openings(corpus.load(taxonomy())) == []


def test_a_text_with_a_few_words_exchanged_would_be_noticed() -> None:
    texts = ["幸福里3号楼楼下的烧烤店天天半夜吵得人睡不着", "幸福里3号楼楼下的烧烤店天天半夜吵得俺睡不着觉", "路灯坏了"]
    found = near_duplicates([utterance(t, i) for i, t in enumerate(texts)])
    assert len(found) == 1
    assert found[0].startswith("noise.yml:1 is much like noise.yml:0")


def test_a_run_of_openings_would_be_noticed() -> None:
    ends = ["吵", "臭", "黑", "乱", "脏", "堵"]
    assert repeated_openings([utterance(f"我要反映一下{e}", i) for i, e in enumerate(ends)]) == [
        "noise.yml: 6 times '我要反映一下'"
    ]
    assert repeated_openings([utterance(f"我要反映一下{e}", i) for i, e in enumerate(ends[:5])]) == []
