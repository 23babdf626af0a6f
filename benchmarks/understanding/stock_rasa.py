"""Stock Rasa's side; runs in the engine's environment (engine/.venv).

python stock_rasa.py FOLDER   reads FOLDER/nlu.yml, FOLDER/config.yml and FOLDER/messages.json, writes FOLDER/rasa.json
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path

import measured


def main(folder: Path) -> None:
    """Train, then read every message."""
    import structlog
    from rasa.core.agent import Agent
    from rasa.model_training import train_nlu

    # Rasa would print each message it reads.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))

    begin = time.perf_counter()
    model = train_nlu(
        config=str(folder / "config.yml"),
        nlu_data=str(folder / "nlu.yml"),
        output=str(folder / "models"),
        fixed_model_name="stock",
    )
    seconds = time.perf_counter() - begin
    agent = Agent.load(str(model))
    loop = asyncio.new_event_loop()

    def read(text: str) -> list[str]:
        result = loop.run_until_complete(agent.parse_message(text))
        return [r["name"] for r in result["intent_ranking"]]

    messages = json.loads((folder / "messages.json").read_text(encoding="utf-8"))
    measured.run(read, messages, folder / "rasa.json", seconds)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
