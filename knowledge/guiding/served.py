"""What guided help needs, as this process serves it: guides, the library they lead into, and the drafts. A changed file is live soon
after; one with a mistake leaves the old version serving."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from pathlib import Path

from common.logs import log
from common.settings import settings
from knowledge.checking import check
from knowledge.guiding.model import Guide
from knowledge.library import Folders, KnowledgeError, Library
from knowledge.papers.draft import Draft

LOOK_EVERY = 5.0  # seconds between looks at the files


@dataclass(frozen=True)
class Guiding:
    """One version of everything: guides by id, the library, drafts by id."""

    guides: dict[str, Guide]
    library: Library
    drafts: dict[str, Draft]


def read(folders: Folders) -> Guiding:
    """Read and check everything.

    Args:
        folders: where it lies.

    Raises:
        KnowledgeError: listing every mistake.
    """
    checked = check(folders)
    if checked.problems:
        raise KnowledgeError(list(checked.problems))
    return Guiding(checked.guides, checked.library, checked.drafts)


class Serving:
    """Keeps what is served, and looks at the files now and then.

    Args:
        folders: where they lie.

    Raises:
        KnowledgeError: they have mistakes, and there is no older version to serve.
    """

    def __init__(self, folders: Folders) -> None:
        self._folders = folders
        self._lock = threading.Lock()
        self._looked = time.monotonic()
        self._state = folders.state()
        self._served = read(folders)

    def now(self) -> Guiding:
        """What is served. When a file changed everything is read again aside, and this version served meanwhile; mistakes are
        logged, and then it goes on being served."""
        if time.monotonic() - self._looked >= LOOK_EVERY and self._lock.acquire(blocking=False):
            self._looked = time.monotonic()
            threading.Thread(target=self._look, daemon=True).start()
        return self._served

    def _look(self) -> None:
        try:
            state = self._folders.state()
            if state != self._state:
                self._served = read(self._folders)
                self._state = state
                log().info("guides read again", guides=len(self._served.guides))
        except KnowledgeError as error:
            self._state = state
            log().error("guides not read again", mistakes=len(error.problems), first=error.problems[0])
        except OSError as error:  # a file was taken away while it was looked at: the next look finds it settled
            log().warning("guides not looked at", error=type(error).__name__)
        finally:
            self._lock.release()


_FIRST = threading.Lock()
_SERVING: dict[Path, Serving] = {}


def served() -> Guiding:
    """The process's guides, library and drafts, with the city's own offices; read when first asked for.

    Raises:
        KnowledgeError: the files have mistakes, and there is no older version to serve.
    """
    own: Path = settings().var / "offices.yml"
    with _FIRST:  # a reading takes seconds: who comes first does it, the others wait for it
        serving = _SERVING.get(own)
        if serving is None:
            serving = _SERVING[own] = Serving(Folders(own_offices=own))
    return serving.now()
