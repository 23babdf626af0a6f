"""Everything read and checked together: entries, statutes, offices, guides, drafts, and what they refer to of each other."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge import library as libraries
from knowledge.guiding import reading as guides_reading
from knowledge.guiding import references
from knowledge.guiding.model import Guide
from knowledge.library import Folders, Library, told
from knowledge.papers import reading as drafts_reading
from knowledge.papers.draft import Draft


@dataclass(frozen=True)
class Checked:
    """What could be read, and every mistake as ``file:line: what``."""

    library: Library
    guides: dict[str, Guide]
    drafts: dict[str, Draft]
    problems: tuple[str, ...]


def check(folders: Folders | None = None) -> Checked:
    """Read and check everything.

    Args:
        folders: where it lies; by default the project's own.
    """
    where = folders or Folders()
    guides, problems = guides_reading.read(where.guides)
    # A guide that could not be read is still there for those who name it: one mistake is told once.
    named = frozenset(guides) | {file.stem for file in where.guides.glob("*.yml")}
    library, wrong = libraries.read(where, named)
    drafts, torn = drafts_reading.read(where.drafts)
    wrong += told(where.guides, [*problems, *references.flaws(guides, library)])
    wrong += told(where.drafts, torn)
    for flaw in drafts_reading.flaws(drafts, guides):
        of_guide = (where.guides / flaw.partition(":")[0]).exists()
        wrong += told(where.guides if of_guide else where.drafts, [flaw])
    return Checked(library, guides, drafts, tuple(wrong))
