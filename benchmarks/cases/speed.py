"""How long filing, the next step and a queue's page take, one at a time, beside a bare insert."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

import lives
from sqlalchemy import text

from cases import queries, service
from cases.areas import AreaTree
from cases.workflow import IllegalTransitionError
from common.db import engine, now, reading, transaction

PAGES = 4  # looked at of a queue
WARM_UP = 200  # operations before measuring: connections, plans, and the caches of a server that has been running


@dataclass(frozen=True)
class Timed:
    """Milliseconds of one operation."""

    name: str
    times: list[float]

    @property
    def median(self) -> float:
        return statistics.median(self.times)

    @property
    def p99(self) -> float:
        return sorted(self.times)[int(len(self.times) * 0.99)]


def _timed(name: str, count: int, once: Callable[[], bool]) -> Timed:
    """Times ``once`` until it has really done something ``count`` times."""
    times: list[float] = []
    while len(times) < count:
        begin = time.perf_counter()
        if once():
            times.append((time.perf_counter() - begin) * 1000)
    return Timed(name, times)


def measure(count: int, seed: int = 2) -> list[Timed]:
    """Measure each operation ``count`` times; the first is the baseline."""
    chance = random.Random(seed)
    places, units = lives.places_and_units()
    with reading() as session:
        areas = [n for n in AreaTree.of(session).nodes.values() if n.level in ("street", "community", "grid")]
        waiting = [t.number for u in units for t in service.queue(session, queries.Filter(unit=u), size=200).tickets]
    chance.shuffle(waiting)
    with engine().begin() as connection:
        connection.execute(text("CREATE TABLE IF NOT EXISTS bare (n int)"))

    def bare() -> bool:
        with engine().begin() as connection:
            connection.execute(text("INSERT INTO bare VALUES (1)"))
        return True

    def filing() -> bool:
        with transaction() as session:
            service.file_ticket(session, lives.matter(chance, chance.randrange(10**6), places))
        return True

    def next_step() -> bool:
        number = chance.choice(waiting)
        try:
            with transaction() as session:
                chosen = lives.step(service.get(session, number), chance, units)
                if chosen is None:
                    return False
                action, actor, unit = chosen
                service.act(session, number, action, actor=actor, note="按要求办理", unit=unit, at=now())
        except IllegalTransitionError:  # out of this actor's area: not what is measured
            return False
        return True

    page: dict[str, str | None] = {"after": None}
    place_in_queue = [queries.Filter()]

    def queue_page() -> bool:
        if page["after"] is None or chance.random() < 1 / PAGES:
            area = chance.choice(areas)
            which = {"unit": chance.choice(units)} if chance.random() < 0.5 else {area.level: area.code}
            place_in_queue[0], page["after"] = queries.Filter(**which), None  # type: ignore[arg-type]
        with reading() as session:
            page["after"] = service.queue(session, place_in_queue[0], after=page["after"]).next
        return True

    operations = (("baseline: one row", bare), ("filing", filing), ("next step", next_step), ("queue page", queue_page))
    for _, once in operations:
        for _ in range(WARM_UP):
            once()
    return [_timed(name, count, once) for name, once in operations]
