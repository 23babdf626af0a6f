"""The shelf: entries and guides with the finder over them, as this process serves them. After a change the old version goes on
serving until the new one can be searched."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import lru_cache

from common.logs import log
from knowledge.guiding.model import Guide
from knowledge.guiding.served import Guiding, served
from knowledge.library import Library
from knowledge.search.encoder import remembered
from knowledge.search.finder import Finder
from nlu.understand.vectors import VectorStore


@dataclass(frozen=True)
class Served:
    """One version of everything. ``leads_to`` gives the guide that goes through an entry's trouble, by the entry's id."""

    library: Library
    guides: dict[str, Guide]
    finder: Finder
    leads_to: dict[str, str]


def _leads_to(guiding: Guiding) -> dict[str, str]:
    """The guide an entry names; else the one whose results refer to the entry, of several the one that does so most."""
    named = {e.id: e.guide for e in guiding.library.entries.values() if e.guide}
    counts: dict[str, dict[str, int]] = {}
    for guide in guiding.guides.values():
        for result in guide.results.values():
            for entry in result.entries:
                of = counts.setdefault(entry, {})
                of[guide.id] = of.get(guide.id, 0) + 1
    return {**{entry: max(of, key=lambda g: of[g]) for entry, of in counts.items()}, **named}


def _quiet(_line: str) -> None:
    """The log has a line at the end; a line for every few hundred texts is for a terminal."""


def serve(guiding: Guiding, vectors: VectorStore) -> Served:
    """Make one version searchable; encodes what is new in it."""
    finder = Finder.of(guiding.library, vectors, _quiet)
    return Served(guiding.library, guiding.guides, finder, _leads_to(guiding))


class Shelf:
    """Keeps what is served.

    Args:
        vectors: of the search's encoder.
    """

    def __init__(self, vectors: VectorStore) -> None:
        self._vectors = vectors
        self._lock = threading.Lock()
        self._guiding = served()
        self._served = serve(self._guiding, vectors)

    def now(self) -> Served:
        """What is served; when files have changed a new version is made aside, and this one served meanwhile."""
        guiding = served()
        if guiding is not self._guiding and self._lock.acquire(blocking=False):
            threading.Thread(target=self._renew, args=(guiding,), daemon=True).start()
        return self._served

    def _renew(self, guiding: Guiding) -> None:
        try:
            self._served = serve(guiding, self._vectors)
            log().info("knowledge searched anew", entries=len(guiding.library.entries))
        # Whatever it is, the old version serves; and it is not tried again at every question.
        except Exception as error:
            log().error("knowledge not searched anew", error=type(error).__name__)
        finally:
            self._guiding = guiding
            self._lock.release()


@lru_cache(maxsize=1)
def _shelf() -> Shelf:
    return Shelf(remembered())


_FIRST = threading.Lock()


def shelf() -> Shelf:
    """The process's shelf; made when first asked for, by one of those who ask.

    Raises:
        KnowledgeError: the files have mistakes, and there is no older version to serve.
    """
    with _FIRST:
        return _shelf()
