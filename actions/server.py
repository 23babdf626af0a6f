"""Run the action server: Rasa's own, with the knowledge base read while it starts, so that nobody's question waits for it."""

from __future__ import annotations

import threading

from rasa_sdk.__main__ import main as serve

from common.logs import log
from knowledge.library import KnowledgeError
from knowledge.shelf import shelf


def _read() -> None:
    try:
        shelf()
    except KnowledgeError as error:
        log().error("knowledge not read", mistakes=len(error.problems), first=error.problems[0])


def main() -> None:
    """Serve with the arguments of ``python -m rasa_sdk``."""
    threading.Thread(target=_read, daemon=True).start()
    serve()


if __name__ == "__main__":
    main()
