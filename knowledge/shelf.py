"""The shelf: the library and its finder as this process serves them. A changed file is live after a reload; one with a mistake leaves the
old version serving."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from functools import lru_cache

from common.logs import log
from common.settings import settings
from knowledge.guiding import reading as guides
from knowledge.guiding.model import Guide
from knowledge.library import Folders, KnowledgeError, Library, load
from knowledge.search.finder import Finder
from nlu.understand.encoder import Encoder, default_encoder

LOOK_EVERY = 5.0  # seconds between looks at the files


@dataclass(frozen=True)
class Served:
    """One version of everything."""

    library: Library
    finder: Finder
    guides: dict[str, Guide]


def folders() -> Folders:
    """The project's files, with the city's own offices."""
    return Folders(own_offices=settings().var / "offices.yml")


class Shelf:
    """Keeps what is served, and looks at the files now and then.

    Args:
        where: the files.
        encoder: for the search; vectors it has made are not made again.
    """

    def __init__(self, where: Folders, encoder: Encoder) -> None:
        self._where, self._encoder = where, encoder
        self._lock = threading.Lock()
        self._state = where.state()
        self._looked = time.monotonic()
        self._served = self._read()

    def _read(self) -> Served:
        known, wrong = guides.read()
        if wrong:
            raise KnowledgeError(wrong)
        library = load(self._where, frozenset(known))
        return Served(library, Finder.of(library, self._encoder), known)

    def now(self) -> Served:
        """What is served; read again when a file changed. Mistakes are logged, and the old version goes on serving."""
        if time.monotonic() - self._looked < LOOK_EVERY or not self._lock.acquire(blocking=False):
            return self._served
        try:
            self._looked = time.monotonic()
            state = self._where.state()
            if state != self._state:
                self._state = state
                try:
                    self._served = self._read()
                    log().info("knowledge read again", entries=len(self._served.library.entries))
                except KnowledgeError as error:
                    log().error("knowledge not read again", mistakes=len(error.problems), first=error.problems[0])
        finally:
            self._lock.release()
        return self._served


@lru_cache(maxsize=1)
def shelf() -> Shelf:
    """The process's shelf.

    Raises:
        KnowledgeError: the files have mistakes, and there is no older version to serve.
    """
    return Shelf(folders(), default_encoder())
