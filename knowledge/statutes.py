"""The index of statutes: a file a law in ``knowledge/statutes``, against which every citation is checked."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import yaml

from common.nodes import Source
from knowledge.citations import Citation, number
from knowledge.model import Law

FOLDER = Path(__file__).parent / "statutes"
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
    try:
        version = date.fromisoformat(source.text(fields["version"], "version"))
    except ValueError:
        source.bad(fields["version"], "version must be a day, 2018-12-29")
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
        if law is not None:
            laws[law.name] = law
    return laws, problems


def flaw(laws: dict[str, Law], citation: Citation) -> str | None:
    """What is wrong with a citation; None if nothing is."""
    law = laws.get(citation.law)
    if law is None:
        return f"the statutes' index has no {citation.law!r}"
    if not 1 <= number(citation.article) <= law.articles:
        return f"{citation.law} has {law.articles} articles, no {citation.article}"
    if citation.article not in law.gists:
        return f"the statutes' index has no gist of {citation}"
    return None


def in_full(laws: dict[str, Law], citation: Citation) -> str:
    """As it is cited in full: 中华人民共和国民法典第一千零六十七条."""
    law = laws.get(citation.law)
    return f"{law.formal if law else citation.law}{citation.article}"
