"""One question, one table: the parts count, here the counts become figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from cases.figures import backlog, counts, limits, privacy, steps
from cases.figures.ask import TIMES, Ask, Key, Question, ask
from cases.figures.hours import summary
from cases.figures.moments import days_of, times_of
from cases.figures.names import CODED, Names, code_of
from cases.figures.table import Column, Row, Table, Value
from cases.figures.tally import Hours, Tally
from cases.figures.words import PARTS, STEPS, Measure, measures, words

_SUMMED = {
    "filing": counts.filing,
    "repeats": counts.repeats,
    "closing": counts.closing,
    "limits": limits.limits,
    "events": counts.events,
    "hours": steps.steps,
}
# PostgreSQL sorts the lines of all tickets on disk unless it may keep about 90 bytes for each in memory.
MEMORY = 256 * 1024  # kB
AGES = tuple(name for name, _ in backlog.AGES)


def query(session: Session, question: Question) -> Table:
    """The figures of a period, by group.

    Args:
        session: of the database; nothing is changed.
        question: what is asked for.

    Returns:
        A row for each group there is something of, ordered by code, those without one last; grouped by month, week or
        day alone, all of the period. The total is of all tickets, not of the rows: a median has no sum.

    Raises:
        FigureError: the question has mistakes; the message lists them all.
    """
    asked, parts = ask(session, question), question.parts
    tally = Tally()
    if asked.by and not set(asked.by) - set(TIMES) and asked.end > asked.since:
        numbers = map(times_of, days_of(asked.since, asked.end, asked.zone))
        tally.shown = {tuple(number[name] for name in asked.by) for number in numbers}
    with _room(session):
        for part, counted in _SUMMED.items():
            if part in parts:
                counted(session, asked, tally)
        total = _total(tally)
        if "backlog" in parts:
            total.update(backlog.backlog(session, asked, tally))
    chosen = [m for part in PARTS if part in parts for m in measures()[part]]
    return _table(session, asked, tally, total, chosen)


@contextmanager
def _room(session: Session) -> Iterator[None]:
    """Have PostgreSQL use more memory meanwhile; the setting is the transaction's own."""
    if session.connection().dialect.name != "postgresql":
        yield
        return
    known = text("SELECT setting FROM pg_settings WHERE name = 'work_mem'")
    before = int(session.scalars(known).one())
    session.execute(select(func.set_config("work_mem", f"{max(before, MEMORY)}kB", True)))
    yield
    session.execute(select(func.set_config("work_mem", f"{before}kB", True)))


def _total(tally: Tally) -> Counter[str]:
    total: Counter[str] = Counter()
    for counted in tally.counts.values():
        total.update(counted)
    return total


def _values(
    chosen: Sequence[Measure], counted: Mapping[str, int], hours: Mapping[str, Sequence[Hours]], hidden: Collection[str]
) -> dict[str, Value]:
    found: dict[str, Value] = {}
    if any(m.kind == "hours" for m in chosen):
        for step in STEPS:
            found |= {f"{step}_{name}": value for name, value in summary(hours.get(step, ())).items()}
    for measure in chosen:
        if measure.kind == "rate":
            over = counted.get(measure.over, 0)
            found[measure.key] = sum(counted.get(key, 0) for key in measure.of) / over if over else None
        elif measure.key not in found:
            found[measure.key] = counted.get(measure.key, 0)
    return found | dict.fromkeys(hidden)


def _ordered(key: Key) -> tuple[tuple[bool, str | int], ...]:
    return tuple((value is None, value if value is not None else "") for value in key)


def _table(session: Session, asked: Ask, tally: Tally, total: Counter[str], chosen: Sequence[Measure]) -> Table:
    names = Names(session)
    ages = {m.key for m in chosen if m.key in AGES} if asked.times else set()
    groups = sorted(tally.groups(), key=_ordered)
    rows = []
    for key, few in zip(groups, privacy.hidden(chosen, [tally.counts[key] for key in groups]), strict=True):
        codes = {name: code_of(name, value) for name, value in zip(asked.by, key, strict=True)}
        called = {name: names.name(name, code) for name, code in codes.items()}
        rows.append(Row(codes, called, _values(chosen, tally.counts[key], tally.hours.get(key, {}), ages | few)))
    together = {step: [h for hours in tally.hours.values() for h in hours[step]] for step in STEPS}
    called = {asked.by[0]: str(words()["dimensions"]["total"])} if asked.by else {}
    (few,) = privacy.hidden(chosen, [total])
    last = Row({}, called, _values(chosen, total, together, few))
    return Table(asked.since, asked.until, asked.at, asked.zone, asked.by, _columns(asked, chosen), tuple(rows), last)


def _columns(asked: Ask, chosen: Sequence[Measure]) -> tuple[Column, ...]:
    found = []
    for name in asked.by:
        said = words()["dimensions"][name]
        found.append(Column(name, said["heading"], "name", said["definition"]))
        if name in CODED:
            found.append(Column(name, said["code"], "code", said["definition"]))
    return (*found, *(Column(m.key, m.heading, m.kind, m.definition) for m in chosen))
