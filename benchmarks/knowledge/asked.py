"""The questions the search is fitted and measured on. None of them is a phrasing of an entry."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import yaml

from knowledge.library import Library

FOLDER = Path(__file__).parent / "questions"


@dataclass(frozen=True)
class Asked:
    """A question, and the entries that answer it: the one it was written for first, then those a reader found to answer it as
    well."""

    text: str
    entries: tuple[str, ...]


def inside(name: str) -> list[Asked]:
    """Questions of the knowledge base: ``fit`` or ``held_out``."""
    rows = yaml.safe_load((FOLDER / f"{name}.yml").read_text(encoding="utf-8"))
    return [Asked(str(r["ask"]), (r["entry"], *r.get("or", ()))) for r in rows]


def outside(name: str) -> list[str]:
    """Questions it does not answer: ``fit`` or ``held_out``."""
    return [str(q) for q in yaml.safe_load((FOLDER / f"outside_{name}.yml").read_text(encoding="utf-8"))]


def by_article(name: str, library: Library) -> list[Asked]:
    """Questions in lawyerly words, with the entries that cite one of the articles which decide them: ``fit`` or ``held_out``. Those that no
    entry answers are left out.
    """
    rows = yaml.safe_load((FOLDER / f"formal_{name}.yml").read_text(encoding="utf-8"))
    found = []
    for row in rows:
        wanted = set(row["statutes"])
        entries = tuple(e.id for e in library.entries.values() if wanted & set(map(str, e.statutes)))
        if entries:
            found.append(Asked(str(row["ask"]), entries))
    return found
