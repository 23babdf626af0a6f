"""This pipeline's side; runs in the app's environment (.venv).

python own.py FOLDER   reads FOLDER/messages.json, writes FOLDER/own.json; trains into FOLDER/models
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import measured


def main(folder: Path) -> None:
    """Train from nothing but the corpus as it is shipped, then read every message."""
    os.environ["XIAOGE_MODELS"] = str(folder / "models")
    from nlu.understand.pipeline import default_pipeline
    from xiaoge.training import train_model

    begin = time.perf_counter()
    train_model(None)
    seconds = time.perf_counter() - begin
    pipeline = default_pipeline()

    def read(text: str) -> list[str]:
        reading = pipeline.parse(text)
        return list(dict.fromkeys([reading.category, *(c.category for c in reading.candidates)]))

    messages = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
    measured.run(read, messages, folder / "own.json", seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
