"""Is a guide a graph one gets out of? No dead end, nothing unreachable, no loop without an exit, no turn never taken.

Where a question turns by facts, the facts noted on the way count: what is checked are the ways people can really go.
"""

from __future__ import annotations

from functools import reduce

from knowledge.guiding.model import Guide, Question, Result

LONGEST_WAY = 16  # questions; longer, and people give up
State = tuple[str, frozenset[str]]  # a question or result, and the facts noted that are still asked further on


def reached(guide: Guide, start: str) -> set[str]:
    """Ids of all that can be come to from ``start``, itself too, whatever was noted."""
    seen, waiting = set(), [start]
    while waiting:
        here = waiting.pop()
        if here in seen:
            continue
        seen.add(here)
        if here in guide.questions:
            waiting += guide.questions[here].leads_to
    return seen


def ways(guide: Guide) -> dict[State, tuple[State, ...]]:
    """Every state an interview can be in, and the states that come next; results have none.

    Args:
        guide: one whose questions lead to what exists.
    """
    asks = {q.id: frozenset(t.fact for t in q.turns if t.fact is not None) for q in guide.questions.values()}
    later = {
        id_: reduce(frozenset.union, (asks.get(next_, frozenset()) for next_ in reached(guide, id_)), frozenset[str]())
        for id_ in (*guide.questions, *guide.results)
    }
    found: dict[State, tuple[State, ...]] = {}
    waiting: list[State] = [(guide.start, frozenset())]
    while waiting:
        state = waiting.pop()
        if state in found:
            continue
        id_, facts = state
        question = guide.questions.get(id_)
        if question is None:
            found[state] = ()
        elif question.choices:
            found[state] = tuple((c.go, (facts | c.notes) & later[c.go]) for c in question.choices)
        else:
            go = taken(question, facts)
            found[state] = ((go, facts & later[go]),)
        waiting += found[state]
    return found


def taken(question: Question, facts: frozenset[str]) -> str:
    """Where a question in words turns to when these facts were noted."""
    return next(turn.go for turn in question.turns if turn.fact is None or turn.fact in facts)


def longest(guide: Guide) -> int | None:
    """How many questions the longest way has; None when one can go round in a loop."""
    next_ = ways(guide)
    comers = dict.fromkeys(next_, 0)
    for states in next_.values():
        for state in states:
            comers[state] += 1
    waiting, length = [s for s, n in comers.items() if n == 0], dict.fromkeys(next_, 0)
    done = 0
    while waiting:
        state = waiting.pop()
        done += 1
        for other in next_[state]:
            length[other] = max(length[other], length[state] + 1)
            comers[other] -= 1
            if comers[other] == 0:
                waiting.append(other)
    return max(length.values()) if done == len(next_) else None


def _loose(guide: Guide) -> list[str]:
    """Ends that are not tied: without this, ways cannot be walked."""
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
        found.append(f"{guide.file}:1: start {guide.start!r} is no question")
    return found


def _leaving(next_: dict[State, tuple[State, ...]]) -> set[State]:
    """The states from which a result can be come to."""
    before: dict[State, list[State]] = {state: [] for state in next_}
    for state, others in next_.items():
        for other in others:
            before[other].append(state)
    seen: set[State] = set()
    waiting = [state for state, others in next_.items() if not others]
    while waiting:
        state = waiting.pop()
        if state not in seen:
            seen.add(state)
            waiting += before[state]
    return seen


def _idle_turns(guide: Guide, next_: dict[State, tuple[State, ...]]) -> list[str]:
    """Turns for a fact that nobody who comes there is ever sent by."""
    there: dict[str, list[frozenset[str]]] = {}
    for id_, facts in next_:
        there.setdefault(id_, []).append(facts)
    found = []
    for question in guide.questions.values():
        before: set[str | None] = set()
        for turn in question.turns:
            sent = any((turn.fact is None or turn.fact in f) and not before & f for f in there.get(question.id, ()))
            if (turn.fact is not None and not sent) or None in before:
                why = "no way there notes it" if turn.fact and not before else "an earlier turn always comes first"
                found.append(f"{guide.file}:{question.line}: {question.id}: never turns by {turn.fact!r}: {why}")
            before.add(turn.fact)
    return found


def flaws(guide: Guide) -> list[str]:
    """What is wrong with the graph, each with file and line."""
    found = _loose(guide)
    if found:
        return found
    next_ = ways(guide)
    there, leaving = {id_ for id_, _ in next_}, _leaving(next_)
    found += _idle_turns(guide, next_)
    parts: list[Question | Result] = [*guide.questions.values(), *guide.results.values()]
    for part in parts:
        if part.id not in there:
            found.append(f"{guide.file}:{part.line}: nobody comes to {part.id}")
    for id_ in dict.fromkeys(id_ for id_, facts in next_ if (id_, facts) not in leaving):
        found.append(f"{guide.file}:{guide.questions[id_].line}: from {id_} no result can be come to")
    length = longest(guide)
    if length is not None and length > LONGEST_WAY:
        found.append(f"{guide.file}:1: a way of {length} questions; {LONGEST_WAY} are the most")
    return found
