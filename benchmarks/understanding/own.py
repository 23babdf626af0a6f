"""This pipeline's side; runs in the app's environment (.venv).

python own.py FOLDER LONGEST   trains on the corpus's messages of at most LONGEST characters (0: all), reads
                               FOLDER/messages.json, writes FOLDER/own.json
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import measured


def main(folder: Path, longest: int) -> None:
    """Train from nothing but the corpus as it is shipped, then read every message."""
    os.environ["XIAOGE_MODELS"] = str(folder / "models")
    from cases.city import SAMPLE, place_names
    from nlu import corpus
    from nlu.taxonomy import taxonomy
    from nlu.understand.encoder import default_encoder
    from nlu.understand.pipeline import Pipeline
    from nlu.understand.train import train
    from nlu.understand.vectors import VectorStore

    begin = time.perf_counter()
    encoder = default_encoder()
    vectors = VectorStore(encoder, corpus.VECTORS, folder / "models/vectors.npz")
    utterances = measured.no_longer_than(longest, corpus.load(taxonomy()))
    pipeline = Pipeline(train(utterances, encoder, place_names(SAMPLE), vectors, print), encoder)
    seconds = time.perf_counter() - begin

    def read(text: str) -> list[str]:
        reading = pipeline.parse(text)
        return list(dict.fromkeys([reading.category, *(c.category for c in reading.candidates)]))

    messages = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
    measured.run(read, messages, folder / "own.json", seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
