"""What guides refer to: articles, offices and entries that must exist."""

from __future__ import annotations

from collections.abc import Mapping

from knowledge import statutes
from knowledge.guiding.model import Guide
from knowledge.library import Library, plain


def flaws(guides: Mapping[str, Guide], library: Library) -> list[str]:
    """References that lead nowhere, and words that ask for two guides, each with file and line."""
    found: list[str] = []
    asked: dict[str, str] = {}
    for guide in guides.values():
        for words in guide.also:
            other = asked.setdefault(plain(words), guide.id)
            if other != guide.id:
                found.append(f"{guide.file}:1: {words!r} asks for {other} too")
        for result in guide.results.values():
            where = f"{guide.file}:{result.line}: {result.id}"
            cited = [*result.statutes, *(limit.statute for limit in result.limits if limit.statute)]
            flawed = dict.fromkeys(statutes.flaw(library.laws, c, library.changed) for c in cited)
            found += [f"{where}: {flaw}" for flaw in flawed if flaw]
            found += [f"{where}: there is no office {key!r}" for key in result.where if key not in library.offices]
            found += [f"{where}: entry {e!r} does not exist" for e in result.entries if e not in library.entries]
    return found
