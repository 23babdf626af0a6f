"""All that is known, read and checked together; and the shelf that keeps the last good version while files change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from knowledge import offices, reading, statutes
from knowledge.guiding import reading as guides_reading
from knowledge.model import Entry, Law, Office
from knowledge.papers import reading as drafts_reading
from knowledge.statutes import CHANGED

_NOT_SAID = re.compile(r"[\W_]+")


class KnowledgeError(ValueError):
    """The knowledge base has mistakes; ``problems`` lists them all, each with file, line and entry."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("the knowledge base has mistakes:\n  " + "\n  ".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Library:
    """Entries by id, laws by name, offices by key. ``changed`` has laws that were changed, with the day."""

    entries: dict[str, Entry]
    laws: dict[str, Law]
    offices: dict[str, Office]
    changed: dict[str, date] = field(default_factory=dict)


@dataclass(frozen=True)
class Folders:
    """Where the parts lie. ``own_offices`` is the city's file of addresses."""

    entries: Path = reading.FOLDER
    statutes: Path = statutes.FOLDER
    offices: Path = offices.FILE
    own_offices: Path | None = None
    changed: Path = CHANGED
    guides: Path = guides_reading.FOLDER
    drafts: Path = drafts_reading.FOLDER

    def state(self) -> tuple[tuple[str, int, int], ...]:
        """Changes whenever a file does: name, time and size of each."""
        folders = (self.entries, self.statutes, self.guides, self.drafts)
        files = [file for folder in folders for file in folder.glob("*.yml")]
        files += [file for file in (self.offices, self.own_offices, self.changed) if file is not None]
        found = []
        for file in files:
            if file.exists():
                stat = file.stat()
                found.append((str(file), stat.st_mtime_ns, stat.st_size))
        return tuple(sorted(found))


def plain(text: str) -> str:
    """A way to ask without spaces and punctuation: two that differ in these alone are the same."""
    return _NOT_SAID.sub("", text).lower()


def told(folder: Path, problems: Iterable[str]) -> list[str]:
    """Mistakes with the folder before the file's name, as one finds it from where one stands."""
    here = Path.cwd()
    shown = folder.relative_to(here) if folder.is_relative_to(here) else folder
    return [f"{shown / problem}" for problem in problems]


def _flaws(entries: Iterable[Entry], library: Library, guides: frozenset[str] | None) -> list[str]:
    """What is wrong between files: references that lead nowhere, ways to ask that two entries have."""
    found: list[str] = []
    asked: dict[str, Entry] = {}
    first: dict[str, Entry] = {}
    for entry in entries:
        where = f"{entry.file}:{entry.line}: {entry.id}"
        if entry.id in first:
            found.append(f"{where}: this id stands in {first[entry.id].file}:{first[entry.id].line} too")
        first.setdefault(entry.id, entry)
        for phrasing in entry.phrasings:
            key = plain(phrasing)
            if key in asked and asked[key].id != entry.id:
                found.append(f"{where}: {phrasing!r} is asked in {asked[key].id} too")
            elif key in asked:
                found.append(f"{where}: {phrasing!r} stands twice")
            asked.setdefault(key, entry)
        for citation in (*entry.statutes, *(limit.statute for limit in entry.limits if limit.statute)):
            if flaw := statutes.flaw(library.laws, citation, library.changed):
                found.append(f"{where}: {flaw}")
        found += [
            f"{where}: {name} is in the statutes' index: cite its article"
            for name in entry.by_name
            if name in library.laws and not statutes.outdated(library.laws, library.changed, name)
        ]
        found += [f"{where}: there is no office {key!r}" for key in entry.where if key not in library.offices]
        found += [
            f"{where}: related entry {other!r} does not exist"
            for other in entry.related
            if other not in library.entries
        ]
        if entry.guide is not None and guides is not None and entry.guide not in guides:
            found.append(f"{where}: guide {entry.guide!r} does not exist")
    return found


def read(folders: Folders | None = None, guides: frozenset[str] | None = None) -> tuple[Library, list[str]]:
    """Everything that can be read, and every mistake with its file and line.

    Args:
        folders: where it lies; by default the project's own.
        guides: ids of the guides there are, to check that entries name no other; None checks nothing.
    """
    where = folders or Folders()
    laws, wrong = statutes.read(where.statutes)
    problems = told(where.statutes, wrong)
    changed, wrong = statutes.read_changed(where.changed)
    problems += told(where.changed.parent, wrong)
    known, wrong = offices.read(where.offices)
    problems += told(where.offices.parent, wrong)
    if where.own_offices is not None:
        known, wrong = offices.lay_over(known, where.own_offices)
        problems += told(where.own_offices.parent, wrong)
    entries: list[Entry] = []
    wrong = []
    for file in sorted(where.entries.glob("*.yml")):
        found, more = reading.read_file(file)
        entries += found
        wrong += more
    if not entries and not wrong:
        problems.append(f"{where.entries}: there are no entries")
    library = Library({e.id: e for e in entries}, laws, known, changed)
    return library, problems + told(where.entries, wrong + _flaws(entries, library, guides))


def load(folders: Folders | None = None, guides: frozenset[str] | None = None) -> Library:
    """Read and check everything; arguments as for :func:`read`.

    Raises:
        KnowledgeError: listing every mistake.
    """
    library, problems = read(folders, guides)
    if problems:
        raise KnowledgeError(problems)
    return library
