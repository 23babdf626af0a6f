"""A conditional random field that knows where names and times begin and end, learnt from the annotated corpus.

What the hand-written rules of this package found is among its clues, so it starts from their knowledge and corrects
their borders. Phone and ticket numbers are not its business: they have a form that rules know exactly.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from nlu.corpus import Utterance
from nlu.entities.found import Found
from nlu.entities.numbers import CHINESE
from nlu.text.normalise import normalise
from nlu.text.tokenise import placed_words

KINDS = ("place", "time", "person", "org", "money")
LONGEST = 300  # characters of a text the field is trained on; longer letters teach nothing new
C1, C2, ITERATIONS = 0.05, 0.02, 60
Rules = Callable[[str], Sequence[Found]]


def _shape(char: str) -> str:
    if char.isdigit():
        return "0"
    if char in CHINESE:
        return "n"
    if char.isascii() and char.isalpha():
        return "a"
    if "\u4e00" <= char <= "\u9fff":
        return "h"
    return "."


def _words(text: str) -> Iterator[tuple[str, str, str]]:
    """For each character: its place in its word (B M E S), the word's part of speech, the word."""
    words, flags = placed_words(text)
    for (_, word), flag in zip(words, flags, strict=True):
        for i in range(len(word)):
            if len(word) == 1:
                where = "S"
            else:
                where = "B" if i == 0 else "E" if i == len(word) - 1 else "M"
            yield where, flag, word


def clues(text: str, found: Sequence[Found]) -> list[list[str]]:
    """What the field sees of each character of a normalised text."""
    by_rule = [""] * len(text)
    for item in found:
        for i in range(item.start, item.end):
            by_rule[i] = ("B-" if i == item.start else "I-") + item.kind
    words = list(_words(text))
    own: list[dict[str, str]] = []
    for char, (where, flag, word), rule in zip(text, words, by_rule, strict=True):
        own.append({"c": char, "s": _shape(char), "w": where, "f": flag, "k": word if len(word) > 1 else "", "r": rule})
    out: list[list[str]] = []
    for i, here in enumerate(own):
        row = ["bias"]
        for step in (-2, -1, 0, 1, 2):
            if 0 <= i + step < len(own):
                there = own[i + step]
                row.append(f"c{step}={there['c']}")
                row.append(f"s{step}={there['s']}")
                if there["r"]:
                    row.append(f"r{step}={there['r']}")
                if abs(step) <= 1:
                    row.append(f"w{step}={there['w']}{there['f']}")
            else:
                row.append(f"c{step}=∅")
        if here["k"]:
            row.append(f"k={here['k']}{here['w']}")
        for a, b in ((-1, 0), (0, 1), (-2, -1), (1, 2)):
            if i + a >= 0 and i + b < len(own):
                row.append(f"b{a}={own[i + a]['c']}{own[i + b]['c']}")
        out.append(row)
    return out


def labels(text: str, entities: dict[str, tuple[str, ...]]) -> list[str]:
    """B-/I-/O labels of a normalised text; each annotated piece is marked wherever it stands unmarked."""
    out = ["O"] * len(text)
    pieces = sorted(
        ((normalise(p).text, kind) for kind, texts in entities.items() if kind in KINDS for p in texts),
        key=lambda x: -len(x[0]),
    )
    for piece, kind in pieces:
        begin = text.find(piece) if piece else -1
        while begin >= 0:
            end = begin + len(piece)
            if all(label == "O" for label in out[begin:end]):
                out[begin] = f"B-{kind}"
                out[begin + 1 : end] = [f"I-{kind}"] * (len(piece) - 1)
            begin = text.find(piece, end)
    return out


def annotated(corpus: Sequence[Utterance]) -> list[Utterance]:
    """The messages that teach: those with annotations, and short ones, which would have them if there were any."""
    return [u for u in corpus if len(u.text) <= LONGEST and (u.entities or (not u.title and len(u.text) <= 60))]


def fit(corpus: Sequence[Utterance], rules: Rules) -> bytes:
    """Train the field. Deterministic. Returns crfsuite's model file as bytes."""
    import pycrfsuite

    trainer = pycrfsuite.Trainer(algorithm="lbfgs", verbose=False)
    for utterance in annotated(corpus):
        text = normalise(f"{utterance.title}\n{utterance.text}" if utterance.title else utterance.text).text
        if text:
            trainer.append(clues(text, rules(text)), labels(text, utterance.entities))
    trainer.set_params({"c1": C1, "c2": C2, "max_iterations": ITERATIONS, "feature.minfreq": 2})
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "entities.crf"
        trainer.train(str(file))
        return file.read_bytes()


class Tagger:
    """A trained field."""

    def __init__(self, model: bytes) -> None:
        import pycrfsuite

        self._model = model  # crfsuite reads the memory in place
        self._tagger: Any = pycrfsuite.Tagger()
        self._tagger.open_inmemory(model)

    def find(self, text: str, found: Sequence[Found]) -> list[Found]:
        """Entities of a normalised text, given what the rules found."""
        out: list[Found] = []
        for i, label in enumerate(self._tagger.tag(clues(text, found)) if text else ()):
            if label == "O":
                continue
            kind = label[2:]
            if label[0] == "I" and out and out[-1].end == i and out[-1].kind == kind:
                out[-1] = Found(kind, out[-1].start, i + 1)
            else:
                out.append(Found(kind, i, i + 1))
        return out
