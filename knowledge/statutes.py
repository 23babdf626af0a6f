"""The index of statutes: a file a law in ``knowledge/statutes``, against which every citation is checked. ``changed.yml`` beside it
names the laws that were changed since."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import yaml

from common.nodes import Source
from knowledge.citations import Citation, number
from knowledge.model import Law

FOLDER = Path(__file__).parent / "statutes"
CHANGED = Path(__file__).parent / "changed.yml"
_FIELDS = ("name", "formal", "version", "articles", "gists")
LONGEST_GIST = 80  # characters


def _gists(source: Source, node: yaml.Node, articles: int) -> dict[str, str]:
    found: dict[str, str] = {}
    for article, key, value in source.pairs(node, "gists"):
        if not 1 <= number(article) <= articles:
            source.bad(key, f"there is no {article!r}: the law has {articles} articles")
        gist = source.text(value, article)
        if len(gist) > LONGEST_GIST:
            source.bad(value, f"the gist of {article} has {len(gist)} characters, more than {LONGEST_GIST}")
        found[article] = gist
    return found


def _day(source: Source, node: yaml.Node, what: str) -> date | None:
    try:
        return date.fromisoformat(source.text(node, what))
    except ValueError:
        source.bad(node, f"{what} must be a day, 2018-12-29")
        return None


def _law(source: Source) -> Law | None:
    root = source.root()
    fields = source.fields(root, "a law", _FIELDS) if root is not None else None
    if fields is None:
        return None
    for name in _FIELDS:
        if name not in fields:
            source.bad(root or 1, f"{name} is missing")
    if source.problems:
        return None
    version = _day(source, fields["version"], "version")
    if version is None:
        return None
    articles = source.number(fields["articles"], "articles", 1, 2000)
    name, formal = source.text(fields["name"], "name"), source.text(fields["formal"], "formal")
    return Law(name, formal, version, articles, _gists(source, fields["gists"], articles))


def read(folder: Path = FOLDER) -> tuple[dict[str, Law], list[str]]:
    """All laws by name, and every mistake with its file and line."""
    laws: dict[str, Law] = {}
    problems: list[str] = []
    for file in sorted(folder.glob("*.yml")):
        source = Source(file)
        law = _law(source)
        problems += source.problems
        if law is not None and law.name in laws:
            problems.append(f"{file.name}:1: {law.name} has another file too")
        elif law is not None:
            laws[law.name] = law
    return laws, problems


def read_changed(file: Path = CHANGED) -> tuple[dict[str, date], list[str]]:
    """Laws that were changed, with the day from which the new version holds, and every mistake."""
    source = Source(file)
    root = source.root()
    found = {}
    for law, _, node in source.pairs(root, "the file") if root is not None else ():
        if day := _day(source, node, law):
            found[law] = day
    return found, source.problems


def outdated(laws: Mapping[str, Law], changed: Mapping[str, date], name: str) -> bool:
    """Whether a law was changed and the index does not have the new version."""
    return name in changed and (name not in laws or laws[name].version < changed[name])


def flaw(laws: Mapping[str, Law], citation: Citation, changed: Mapping[str, date] | None = None) -> str | None:
    """What is wrong with a citation; None if nothing is.

    Args:
        laws: the index.
        citation: of an article.
        changed: laws that were changed, by :func:`read_changed`; their articles are not to be cited.
    """
    if changed and outdated(laws, changed, citation.law):
        return f"{citation.law} was changed on {changed[citation.law]}: name it under by_name, without an article"
    law = laws.get(citation.law)
    if law is None:
        return f"the statutes' index has no {citation.law!r}"
    if not 1 <= number(citation.article) <= law.articles:
        return f"{citation.law} has {law.articles} articles, no {citation.article}"
    if citation.article not in law.gists:
        return f"the statutes' index has no gist of {citation}"
    return None


def in_full(laws: Mapping[str, Law], citation: Citation) -> str:
    """As it is cited in full: 中华人民共和国民法典第一千零六十七条."""
    law = laws.get(citation.law)
    return f"{law.formal if law else citation.law}{citation.article}"
