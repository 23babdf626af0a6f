"""An entry as a person reads it, in lines of text; and finding one by its id or by a few words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from knowledge.citations import Citation
from knowledge.library import Library
from knowledge.model import MEDIATION, Entry, Law, Limit, Office
from knowledge.search.bm25 import BM25
from knowledge.search.terms import terms
from knowledge.statutes import in_full

NEAR = 3  # phrasings of an entry that count beside the nearest


def limit(given: Limit) -> str:
    """A time limit in one line: 申请劳动仲裁：一年内（从离开单位那天起）。过了：……"""
    since = f"（算起：{given.since}）" if given.since else ""
    missed = f"。错过了：{given.if_missed}" if given.if_missed else ""
    return f"{given.what}：{given.time}{since}{missed}"


def office(given: Office) -> str:
    """An office in one line, with what is known of how to reach it."""
    reach = [part for part in (given.address, given.hours, given.phone and f"电话{given.phone}") if part]
    return f"{given.name}：{given.does}" + (f"（{'，'.join(reach)}）" if reach else "")


def article(laws: Mapping[str, Law], citation: Citation) -> str:
    """A citation in full, with its gist."""
    gist = laws[citation.law].gists.get(citation.article, "") if citation.law in laws else ""
    return f"{in_full(laws, citation)}：{gist}" if gist else in_full(laws, citation)


def _listed(title: str, lines: Iterable[str], numbered: bool = False) -> list[str]:
    found = [f"  {n}. {line}" if numbered else f"  {line}" for n, line in enumerate(lines, 1)]
    return ["", title, *found] if found else []


def told(entry: Entry, library: Library) -> list[str]:
    """What an entry tells who asks, in lines.

    Args:
        entry: to show.
        library: that it is of; gives offices and laws their names.
    """
    lines = [entry.question, "", entry.answer]
    lines += _listed("怎么办", entry.steps, numbered=True)
    lines += _listed("带什么", ["、".join(entry.papers)] if entry.papers else [])
    lines += _listed("去哪儿", (office(library.offices[key]) for key in entry.where if key in library.offices))
    lines += _listed("别错过", map(limit, entry.limits))
    lines += _listed("要花钱吗", [entry.fees] if entry.fees else [])
    lines += _listed("当心", entry.warnings)
    lines += _listed("打电话", [entry.phone])
    lines += _listed("能调解吗", [MEDIATION[entry.mediation]] if entry.mediation else [])
    lines += _listed("一步一步问", [entry.guide] if entry.guide else [])
    by_name = [f"{name}（只写名）" for name in entry.by_name]
    return lines + _listed("依据", [article(library.laws, c) for c in entry.statutes] + by_name)


def page(entry: Entry, library: Library) -> list[str]:
    """An entry's whole content, in lines; arguments as for :func:`told`."""
    lines = [f"{entry.id}  {entry.file}:{entry.line}", *told(entry, library)]
    lines += _listed("也这样问", entry.also)
    lines += _listed("也许想问", (f"{library.entries[i].question}  {i}" for i in entry.related if i in library.entries))
    review = f"{entry.reviewed.on} {entry.reviewed.by}" if entry.reviewed else "还没有人核对过"
    lines += _listed("核对", [review])
    return lines + _listed("改动", (f"{change.on} {change.what}" for change in entry.changes))


def find(words: str, library: Library, most: int = 5) -> list[Entry]:
    """Entries by id, or by words that stand in their questions, the nearest first.

    Searches by words only, so that it needs no encoder: for the editor, not for residents.

    Args:
        words: an id, the beginning of one, or a question.
        library: to search.
        most: entries at the outside.
    """
    if words in library.entries:
        return [library.entries[words]]
    begun = [e for e in library.entries.values() if e.id.startswith(words)]
    if begun:
        return begun[:most]
    entries = list(library.entries.values())
    scores = iter(BM25([terms(p) for e in entries for p in e.phrasings]).scores(terms(words)).tolist())
    found = {}
    for entry in entries:
        best = sorted((next(scores) for _ in entry.phrasings), reverse=True)
        # One phrasing may share words by chance; an entry that is meant has several that do.
        found[entry.id] = best[0] + sum(best[:NEAR]) / NEAR
    ranked = sorted((id_ for id_, score in found.items() if score > 0), key=lambda id_: (-found[id_], id_))
    return [library.entries[id_] for id_ in ranked[:most]]
