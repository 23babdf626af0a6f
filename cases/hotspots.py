"""Hot spots (未诉先办): the same kind of matter reported again and again at one place, found before people complain anew.

Counted are reports: a ticket merged into another counts too, one that was withdrawn or refused does not. A place is an
estate, a road, a market ... by its one name, however residents word it; what names no place that is hot by itself is
counted for its community. docs/duplicates.md has the rules and the test.
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
from sqlalchemy import ColumnElement, Row, and_, case, func, or_, select
from sqlalchemy.orm import Session

from cases import numbers
from cases.areas import AreaTree
from cases.duplicates.names import Named, Names
from cases.duplicates.reports import said
from cases.model import LEVELS, Ticket
from common.db import now
from common.settings import settings
from nlu.taxonomy import taxonomy

LEAST_PEOPLE = 3  # different reporters, or
LEAST_REPORTS = 5
PAST_WEEKS = 8
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

    ``place`` is its name, ``level`` estate, village, road, school ... or community. ``since`` is the first report after the
    last quiet stretch as long as the period. ``before`` is the number of reports in the period before, ``expected`` what a
    period brings by the past eight weeks, ``chance`` the probability of so many reports or more if nothing changed (None
    without a past to compare with), ``unusual`` whether that is too improbable to be chance. ``numbers`` are sample
    tickets, newest first.
    """

    type: str
    place: str
    level: str
    community: str
    tickets: int
    reporters: int
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
        return "up" if self.tickets > self.before else "down" if self.tickets < self.before else "level"


@dataclass
class _Heap:
    """Reports of one kind at one place."""

    place: str
    level: str
    rows: list[Row[Any]] = field(default_factory=list)
    earlier: list[datetime] = field(default_factory=list)  # of the past; not kept for whole communities
    past: int = 0
    before: int = 0

    @property
    def people(self) -> int:
        return len({p for r in self.rows if (p := r.reporter or r.phone)})

    @property
    def hot(self) -> bool:
        return self.people >= LEAST_PEOPLE or len(self.rows) >= LEAST_REPORTS


def _within(session: Session, area: str | None) -> list[ColumnElement[bool]]:
    """The condition that a ticket lies in an area of any level."""
    if area is None:
        return []
    tree = AreaTree.of(session)
    if area not in tree.nodes:
        raise AreaNotFoundError(f"there is no area {area!r}; areas are listed by 'xiaoge city areas'")
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
        .having(func.count() >= min(LEAST_PEOPLE, LEAST_REPORTS))
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
    for type_, heaps in by_type.items():
        grids = {r.grid for h in heaps.values() for r in h.rows if r.grid}
        open_ = {c for _, c, _ in heaps}
        where = or_(Ticket.grid.in_(sorted(grids)), and_(Ticket.grid.is_(None), Ticket.community.in_(sorted(open_))))
        query = select(Ticket.community, Ticket.grid, Ticket.place, Ticket.created_at).where(
            Ticket.type == type_, where, *_between(begin - timedelta(weeks=PAST_WEEKS), begin)
        )
        loose: dict[str, list[str]] = defaultdict(list)
        for _, community, key in heaps:
            if key.startswith("?"):
                loose[community].append(key)
        for row in session.execute(query):
            key = _key(names, row.place, row.grid)[0]
            if key.startswith("?"):
                key = next((k for k in loose.get(row.community, ()) if k[1:] in key), key)
            if found := heaps.get((type_, row.community or "", key)):
                found.earlier.append(row.created_at)
                found.past += 1
                found.before += row.created_at > begin - period


def _past_of_communities(session: Session, hot: dict[Spot, _Heap], begin: datetime, period: timedelta) -> None:
    """Fill in the past of what is left of communities: all their reports but those of places that are hot themselves."""
    whole = {spot[:2]: heap for spot, heap in hot.items() if not spot[2]}
    if not whole:
        return
    lately = func.sum(case((Ticket.created_at > begin - period, 1), else_=0))
    query = (
        select(Ticket.type, Ticket.community, func.count(), lately)
        .where(
            Ticket.type.in_(sorted({t for t, _ in whole})),
            Ticket.community.in_(sorted({c for _, c in whole})),
            *_between(begin - timedelta(weeks=PAST_WEEKS), begin),
        )
        .group_by(Ticket.type, Ticket.community)
    )
    for type_, community, count, before in session.execute(query):
        if heap := whole.get((str(type_), str(community))):
            places = [h for s, h in hot.items() if s[2] and s[:2] == (type_, community)]
            heap.past = int(count) - sum(h.past for h in places)
            heap.before = int(before) - sum(h.before for h in places)


def chance(count: int, past: int, share: float) -> float:
    """The probability that, of ``count + past`` reports, so many or more fall into the period, if nothing changed.

    The exact conditional test of two Poisson rates (Przyborowski and Wilenski 1940, Biometrika 31): given their sum, the
    count of the period is binomial.

    Args:
        count: reports in the period.
        past: reports in the time before that it is compared with.
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


def _since(heap: _Heap, period: timedelta) -> datetime:
    """The first report after the last stretch of a period without any."""
    moments: list[datetime] = sorted([r.created_at for r in heap.rows] + heap.earlier, reverse=True)
    since = moments[0]
    for moment in moments[1:]:
        if since - moment > period:
            break
        since = moment
    return since


def _told(spot: Spot, heap: _Heap, period: timedelta, history: timedelta) -> HotSpot:
    rows = sorted(heap.rows, key=lambda r: (r.created_at, r.id), reverse=True)
    share = period / (period + history) if history > timedelta() else None
    likely = chance(len(rows), heap.past, share) if share else None
    return HotSpot(
        type=spot[0],
        place=heap.place,
        level=heap.level,
        community=spot[1],
        tickets=len(rows),
        reporters=heap.people,
        since=_since(heap, period),
        latest=rows[0].created_at,
        before=heap.before,
        expected=heap.past * (period / history) if share else None,
        chance=likely,
        unusual=likely is not None and likely < UNUSUAL,
        numbers=tuple(r.number for r in rows[:SAMPLES]),
    )


def find(session: Session, at: datetime | None = None, days: int = 7, area: str | None = None) -> list[HotSpot]:
    """The hot spots of the last days: places with three different reporters or five reports of one matter type.

    A community as a whole is only listed when its count is more than chance: over a large area there is always something.

    Args:
        session: of the database.
        at: the end of the period; by default now.
        days: its length.
        area: code of an area of any level; by default everywhere.

    Returns:
        What is unusual first, then by number of reporters and tickets.

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
    _past_of_places(session, names, hot, begin, period)
    _past_of_communities(session, hot, begin, period)
    first = session.scalar(select(func.min(Ticket.created_at)))
    history = max(timedelta(), min(timedelta(weeks=PAST_WEEKS), begin - first)) if first else timedelta()
    spots = [_told(spot, heap, period, history) for spot, heap in hot.items()]
    listed = [s for s in spots if s.level != "community" or s.unusual]
    return sorted(listed, key=lambda s: (not s.unusual, -s.reporters, -s.tickets, s.type, s.place))


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
        reporters=spot.reporters,
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


__all__ = ["AreaNotFoundError", "HotSpot", "chance", "find", "lines"]
