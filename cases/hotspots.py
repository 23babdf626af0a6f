"""Hot spots (未诉先办): the same kind of matter reported again and again at one place, found before people complain anew.

What makes a place hot is how many different people reported, not how often: one person ten times is one. A ticket merged
into another counts, one that was withdrawn or refused does not. A place is an estate, a road, a market ... by its one
name, however residents word it; what names no place that is hot by itself is counted for its community. The list names
nobody. docs/hotspots.md has the rules and the test.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import ColumnElement, Row, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from cases import numbers
from cases.areas import AreaTree
from cases.duplicates.names import Named, Names
from cases.duplicates.reports import said
from cases.model import LEVELS, Ticket
from common.db import now
from common.settings import settings
from nlu.taxonomy import taxonomy

LEAST_PEOPLE = 3
PAST_PERIODS = 8  # as long as the period looked at, that it is compared with
UNUSUAL = 0.01  # a count this improbable by the place's own past is more than chance
SAMPLES = 3
NOT_COUNTED = ("withdrawn", "refused")
WORDS = Path(__file__).with_suffix(".yml")

Cell = tuple[str, str]  # matter type, community
Spot = tuple[str, str, str]  # matter type, community, key of the place


class AreaNotFoundError(LookupError):
    """There is no such area."""


@dataclass(frozen=True)
class HotSpot:
    """A kind of matter that piles up at a place.

    ``place`` is its name, ``level`` estate, village, road, school ... or community. ``people`` are the different reporters
    (:func:`people`). ``since`` is the first report after the last quiet stretch as long as the period. ``before`` is the
    number of people in the period before, ``expected`` how many a period brings by the past eight, ``chance`` the
    probability of so many or more if nothing changed (None without a past to compare with), ``unusual`` whether that is
    too improbable to be chance. ``numbers`` are sample tickets, newest first.
    """

    type: str
    place: str
    level: str
    community: str
    tickets: int
    people: int
    since: datetime
    latest: datetime
    before: int
    expected: float | None
    chance: float | None
    unusual: bool
    numbers: tuple[str, ...]

    @property
    def trend(self) -> str:
        """new, up, down or level: this period against the one before."""
        if not self.before:
            return "new"
        return "up" if self.people > self.before else "down" if self.people < self.before else "level"


def people(rows: Iterable[Any]) -> int:
    """How many different people reported.

    Reports that share a reporter or a phone are one person's, also by way of a third (told by chat, by phone, by both).
    Whether those that name neither are ten people's or one person's ten calls nobody can know: those of one day count as
    one person's.

    Args:
        rows: with ``reporter``, ``phone`` and ``created_at``.
    """
    zone = ZoneInfo(settings().timezone)
    groups: list[set[str]] = []
    for row in rows:
        mine = {name for name in (row.reporter, row.phone) if name} or {f"{row.created_at.astimezone(zone).date()}"}
        for group in [g for g in groups if g & mine]:
            groups.remove(group)
            mine |= group
        groups.append(mine)
    return len(groups)


@dataclass
class _Past:
    """An earlier period: how many people reported in it, and the first report."""

    people: int = 0
    first: datetime | None = None


@dataclass
class _Heap:
    """Reports of one kind at one place, and its earlier periods, the latest first."""

    place: str
    level: str
    rows: list[Row[Any]] = field(default_factory=list)
    past: list[_Past] = field(default_factory=list)

    @property
    def hot(self) -> bool:
        return people(self.rows) >= LEAST_PEOPLE


def _within(session: Session, area: str | None) -> list[ColumnElement[bool]]:
    """The condition that a ticket lies in an area of any level."""
    if area is None:
        return []
    tree = AreaTree.of(session)
    if area not in tree.nodes:
        raise AreaNotFoundError(f"there is no area {area!r}; areas are listed by 'xiaoge places areas'")
    level = tree.nodes[area].level
    return [] if level == LEVELS[0] else [getattr(Ticket, level) == area]


def _between(begin: datetime, end: datetime) -> tuple[ColumnElement[bool], ...]:
    """The condition that a ticket is a report of a time."""
    return Ticket.created_at > begin, Ticket.created_at <= end, Ticket.status.not_in(NOT_COUNTED)


def _cells(session: Session, begin: datetime, at: datetime, within: list[ColumnElement[bool]]) -> list[Cell]:
    """Matter types and communities with enough reports for anything there to be hot; counted by the database."""
    query = (
        select(Ticket.type, Ticket.community)
        .where(Ticket.type.is_not(None), Ticket.community.is_not(None), *_between(begin, at), *within)
        .group_by(Ticket.type, Ticket.community)
        .having(func.count() >= LEAST_PEOPLE)
    )
    return [(str(t), str(c)) for t, c in session.execute(query)]


def _near(found: tuple[Named, ...], grid: str | None) -> list[Named]:
    """Of the known places in a wording those in the ticket's grid, when any is; sites before roads."""
    here = [n for n in found if grid in n.grids] or list(found)
    return sorted(here, key=lambda n: n.kind == "road")


def _key(names: Names, place: str | None, grid: str | None) -> tuple[str, str, str]:
    """Key, name and level of the place a ticket names; the key is empty when it names none."""
    told = said(names, place or "")
    if found := _near(told.found, grid):
        first = found[0]
        return f"{first.name} {min(first.grids, default='')}", first.name, first.kind
    if len(told.loose) > 1:
        return f"?{told.loose}", told.loose, "place"
    return "", "", ""


def _gather(names: Names, rows: Iterable[Any]) -> dict[Spot, _Heap]:
    """Reports by kind, community and place."""
    heaps: dict[Spot, _Heap] = {}
    for row in rows:
        key, name, level = _key(names, row.place, row.grid)
        spot = (row.type, row.community, key)
        heap = heaps.get(spot)
        if heap is None:
            heap = heaps[spot] = _Heap(name, level)
        heap.rows.append(row)
    return heaps


def _alike(heaps: dict[Spot, _Heap]) -> dict[Spot, Spot]:
    """Places the library does not know, one of whose names holds the other (云溪壹品, 壹品): the shorter stands for both."""
    by_cell: dict[Cell, list[Spot]] = defaultdict(list)
    for spot in heaps:
        if spot[2].startswith("?"):
            by_cell[spot[:2]].append(spot)
    meant: dict[Spot, Spot] = {}
    for spots in by_cell.values():
        spots.sort(key=lambda s: (len(s[2]), s[2]))
        for i, spot in enumerate(spots):
            meant[spot] = next((meant[s] for s in spots[:i] if s[2][1:] in spot[2][1:]), spot)
    return meant


def _merged(heaps: dict[Spot, _Heap]) -> dict[Spot, _Heap]:
    meant = _alike(heaps)
    out: dict[Spot, _Heap] = {}
    for spot, heap in heaps.items():
        target = meant.get(spot, spot)
        if target in out:
            out[target].rows += heap.rows
        else:
            out[target] = _Heap(heaps[target].place, heaps[target].level, list(heap.rows))
    return out


def _hot(session: Session, heaps: dict[Spot, _Heap]) -> dict[Spot, _Heap]:
    """The hot places; what is left of a community is hot as a whole or not at all."""
    tree = AreaTree.of(session)
    hot = {spot: heap for spot, heap in heaps.items() if spot[2] and heap.hot}
    rest: dict[Spot, _Heap] = {}
    for spot, heap in heaps.items():
        if spot not in hot:
            whole = (spot[0], spot[1], "")
            rest.setdefault(whole, _Heap(tree.name(spot[1]), "community")).rows.extend(heap.rows)
    return hot | {spot: heap for spot, heap in rest.items() if heap.hot}


def _past_of_places(session: Session, names: Names, hot: dict[Spot, _Heap], begin: datetime, period: timedelta) -> None:
    """Fill in the past of the hot places, from the grids in which they have reports."""
    by_type: dict[str, dict[Spot, _Heap]] = defaultdict(dict)
    for spot, heap in hot.items():
        if spot[2]:
            by_type[spot[0]][spot] = heap
    columns = (Ticket.community, Ticket.grid, Ticket.place, Ticket.created_at, Ticket.reporter, Ticket.phone)
    for type_, heaps in by_type.items():
        grids = {r.grid for h in heaps.values() for r in h.rows if r.grid}
        open_ = {c for _, c, _ in heaps}
        where = or_(Ticket.grid.in_(sorted(grids)), and_(Ticket.grid.is_(None), Ticket.community.in_(sorted(open_))))
        query = select(*columns).where(Ticket.type == type_, where, *_between(begin - PAST_PERIODS * period, begin))
        loose: dict[str, list[str]] = defaultdict(list)
        for _, community, key in heaps:
            if key.startswith("?"):
                loose[community].append(key)
        told: dict[tuple[Spot, int], list[Any]] = defaultdict(list)
        for row in session.execute(query):
            key = _key(names, row.place, row.grid)[0]
            if key.startswith("?"):
                key = next((k for k in loose.get(row.community, ()) if k[1:] in key), key)
            told[(type_, row.community or "", key), (begin - row.created_at) // period].append(row)
        for (spot, ago), rows in told.items():
            if spot in heaps:
                heaps[spot].past[ago] = _Past(people(rows), min(r.created_at for r in rows))


def _past_of_communities(session: Session, hot: dict[Spot, _Heap], begin: datetime, period: timedelta) -> None:
    """Fill in the past of what is left of communities: all their people but those of places that are hot themselves.

    Counted by the database, and so roughly: a person's reports with and without a phone count as two people's, and days
    are those of UTC.
    """
    whole = {spot[:2]: heap for spot, heap in hot.items() if not spot[2]}
    if not whole:
        return
    person = func.coalesce(Ticket.phone, Ticket.reporter, cast(func.date(Ticket.created_at), String))
    counts: list[ColumnElement[Any]] = []
    for ago in range(PAST_PERIODS):
        inside = and_(Ticket.created_at > begin - (ago + 1) * period, Ticket.created_at <= begin - ago * period)
        counts += [func.count(case((inside, person)).distinct()), func.min(case((inside, Ticket.created_at)))]
    query = (
        select(Ticket.type, Ticket.community, *counts)
        .where(
            Ticket.type.in_(sorted({t for t, _ in whole})),
            Ticket.community.in_(sorted({c for _, c in whole})),
            *_between(begin - PAST_PERIODS * period, begin),
        )
        .group_by(Ticket.type, Ticket.community)
    )
    for type_, community, *found in session.execute(query):
        if heap := whole.get((str(type_), str(community))):
            places = [h for s, h in hot.items() if s[2] and s[:2] == (type_, community)]
            for ago, past in enumerate(heap.past):
                past.people = max(0, int(found[2 * ago]) - sum(h.past[ago].people for h in places))
                past.first = found[2 * ago + 1]


def chance(count: int, past: int, share: float) -> float:
    """The probability that, of ``count + past`` people, so many or more fall into the period, if nothing changed.

    The exact conditional test of two Poisson rates (Przyborowski and Wilenski 1940, Biometrika 31): given their sum, the
    count of the period is binomial.

    Args:
        count: people in the period.
        past: people in the time before that it is compared with.
        share: the period's part of the whole time, between 0 and 1.
    """
    total = count + past
    logs = math.log(share), math.log1p(-share)
    terms = (
        math.exp(
            math.lgamma(total + 1)
            - math.lgamma(k + 1)
            - math.lgamma(total - k + 1)
            + k * logs[0]
            + (total - k) * logs[1]
        )
        for k in range(count, total + 1)
    )
    return min(1.0, sum(terms))


def _since(heap: _Heap) -> datetime:
    """The first report of the unbroken run of periods that had any."""
    since: datetime = min(r.created_at for r in heap.rows)
    for past in heap.past:
        if not past.people or past.first is None:
            break
        since = past.first
    return since


def _told(spot: Spot, heap: _Heap, known: int) -> HotSpot:
    """A hot spot, compared with the ``known`` earlier periods of which there are tickets."""
    rows = sorted(heap.rows, key=lambda r: (r.created_at, r.id), reverse=True)
    count, past = people(rows), sum(p.people for p in heap.past[:known])
    likely = chance(count, past, 1 / (1 + known)) if known else None
    return HotSpot(
        type=spot[0],
        place=heap.place,
        level=heap.level,
        community=spot[1],
        tickets=len(rows),
        people=count,
        since=_since(heap),
        latest=rows[0].created_at,
        before=heap.past[0].people,
        expected=past / known if known else None,
        chance=likely,
        unusual=likely is not None and likely < UNUSUAL,
        numbers=tuple(r.number for r in rows[:SAMPLES]),
    )


def find(session: Session, at: datetime | None = None, days: int = 7, area: str | None = None) -> list[HotSpot]:
    """The hot spots of the last days: places where three different people reported matters of one type.

    A community as a whole is only listed when its count is more than chance: over a large area there is always something.

    Args:
        session: of the database.
        at: the end of the period; by default now.
        days: its length.
        area: code of an area of any level; by default everywhere.

    Returns:
        What is unusual first, then by number of people and tickets.

    Raises:
        AreaNotFoundError: there is no such area.
        ValueError: ``days`` is not positive.
    """
    if days < 1:
        raise ValueError(f"a period has at least one day, not {days}")
    end, period = at or now(), timedelta(days=days)
    begin = end - period
    names = Names.of(session)
    within = _within(session, area)
    columns = (
        Ticket.id,
        Ticket.number,
        Ticket.type,
        Ticket.community,
        Ticket.grid,
        Ticket.place,
        Ticket.reporter,
        Ticket.phone,
        Ticket.created_at,
    )
    wanted = set(_cells(session, begin, end, within))
    query = select(*columns).where(*_between(begin, end), *within)
    rows = [r for r in session.execute(query) if (r.type, r.community) in wanted] if wanted else []
    hot = _hot(session, _merged(_gather(names, rows)))
    for heap in hot.values():
        heap.past = [_Past() for _ in range(PAST_PERIODS)]
    _past_of_places(session, names, hot, begin, period)
    _past_of_communities(session, hot, begin, period)
    first = session.scalar(select(func.min(Ticket.created_at)))
    known = max(0, min(PAST_PERIODS, (begin - first) // period)) if first else 0
    spots = [_told(spot, heap, known) for spot, heap in hot.items()]
    listed = [s for s in spots if s.level != "community" or s.unusual]
    return sorted(listed, key=lambda s: (not s.unusual, -s.people, -s.tickets, s.type, s.place))


@lru_cache(maxsize=1)
def _words() -> dict[str, str]:
    words: dict[str, str] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return words


def _line(rank: int, spot: HotSpot, tree: AreaTree, zone: ZoneInfo) -> str:
    words = _words()
    where = spot.place if spot.level == "community" else f"{tree.name(spot.community)}·{spot.place}"
    unusual = words["unusual"].format(expected=f"{spot.expected:.1f}") if spot.unusual else ""
    shown = "、".join(numbers.spoken(n) for n in spot.numbers)
    return words["line"].format(
        rank=rank,
        where=where,
        type=taxonomy().type(spot.type).name if taxonomy().has_type(spot.type) else spot.type,
        tickets=spot.tickets,
        people=spot.people,
        since=spot.since.astimezone(zone).strftime("%m-%d"),
        trend=words[spot.trend].format(before=spot.before),
        unusual=unusual,
        numbers=shown + (words["more"] if spot.tickets > len(spot.numbers) else ""),
    )


def lines(
    session: Session, at: datetime | None = None, days: int = 7, area: str | None = None, most: int = 30
) -> list[str]:
    """The list of hot spots as a person reads it at the terminal, in Chinese: a title and a line for each.

    Args:
        session: of the database.
        at: the end of the period; by default now.
        days: its length.
        area: code of an area of any level; by default everywhere.
        most: how many are listed.
    """
    end, zone, tree, words = at or now(), ZoneInfo(settings().timezone), AreaTree.of(session), _words()
    spots = find(session, end, days, area)
    name = tree.name(area) if area else words["nowhere"]
    title = words["title"].format(area=name, days=days, date=end.astimezone(zone).strftime("%Y-%m-%d"))
    return (
        [title, *(_line(i, s, tree, zone) for i, s in enumerate(spots[:most], 1))] if spots else [title, words["none"]]
    )


__all__ = ["AreaNotFoundError", "HotSpot", "chance", "find", "lines", "people"]
