"""Is a guide a graph one gets out of? No dead end, nothing unreachable, no loop without an exit."""

from __future__ import annotations

from knowledge.guiding.model import Guide


def reached(guide: Guide, start: str) -> set[str]:
    """Ids of all that can be come to from ``start``, itself too."""
    seen, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in guide.questions:
            waiting += guide.questions[here].leads_to
    return seen


def flaws(guide: Guide) -> list[str]:
    """What is wrong with the graph, each with file and line."""
    known = set(guide.questions) | set(guide.results)
    found = []
    for question in guide.questions.values():
        where = f"{guide.file}:{question.line}: {question.id}"
        found += [f"{where}: leads to {go!r}, which does not exist" for go in question.leads_to if go not in known]
        if not question.leads_to:
            found.append(f"{where}: leads nowhere")
        if question.turns and question.turns[-1].fact is not None:
            found.append(f"{where}: the last of its turns must be 'otherwise', or somebody is left standing")
        for fact in (t.fact for t in question.turns if t.fact is not None):
            if fact not in guide.facts:
                found.append(f"{where}: no choice notes {fact!r}")
    if guide.start not in guide.questions:
        return [*found, f"{guide.file}:1: start {guide.start!r} is no question"]
    if found:
        return found
    there = reached(guide, guide.start)
    for id_, part in {**guide.questions, **guide.results}.items():
        if id_ not in there:
            found.append(f"{guide.file}:{part.line}: nobody comes to {id_}")
    for question in guide.questions.values():
        if question.id in there and not reached(guide, question.id) & set(guide.results):
            found.append(f"{guide.file}:{question.line}: from {question.id} no result can be come to")
    return found
