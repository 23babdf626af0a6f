"""Text as the token numbers the encoder was trained on."""

from __future__ import annotations

import re

from nlu.understand.e5file import ModelFile

PREFIX = "query: "  # e5 expects to be told what it reads
SPACE = "\u2581"


class Tokeniser:
    """The SentencePiece unigram tokeniser of a model file."""

    def __init__(self, file: ModelFile) -> None:
        from tokenizers import Tokenizer, models

        self._model = Tokenizer(models.Unigram(file.pieces, unk_id=file.header.unknown))
        self._normal = file.normal
        self._header = file.header

    def __call__(self, text: str, longest: int) -> list[int]:
        """Token numbers of a text with prefix and special tokens, at most ``longest``."""
        plain = re.sub(" +", " ", (PREFIX + text).translate(self._normal))
        ids = self._model.encode(SPACE + plain.lstrip(" ").replace(" ", SPACE)).ids[: longest - 2]
        return [self._header.begin, *ids, self._header.end]
