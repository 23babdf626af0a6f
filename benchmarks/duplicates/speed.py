"""How fast duplicates are suggested among 10,000 open tickets, and hot spots found among 100,000.

A district is made up as large ones are: 10 streets, 100 communities, 1,200 grids with an estate, a road and a shop each.
Texts come from the corpus; tickets gather where people live (some grids have ten times the tickets of others), a tenth has
no place and a tenth a place nobody knows. Kept meanings are random vectors: reading them takes as long as reading true ones.
Beside it runs the plain way: read the meanings of all open tickets and take the five nearest, whatever their place and type.
"""

from __future__ import annotations

import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.orm import Session

from cases import duplicates, hotspots, workflow
from cases.duplicates.reports import Vector
from cases.model import Area, Place, Ticket, TicketMeaning
from common import db
from nlu import corpus
from nlu.taxonomy import taxonomy
from nlu.understand.encoder import default_encoder

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests/support"))

STREETS, COMMUNITIES, GRIDS = 10, 10, 12  # under each
SYLLABLES = "东西南北春华秋实文锦绣江河湖海松柏梅兰竹菊云山水月朝阳光明和平幸福安康宁远长青玉泉金银花园"
DATABASES = ("sqlite", "postgresql")
PLAIN = 5  # nearest meanings
BATCH = 5_000
OPEN_DAYS, ENDED_DAYS = 30, 63
ENDED = ("closed", "closed", "closed", "merged", "withdrawn")


def district(chance: random.Random) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Rows of areas and of places."""
    areas = [{"code": "D", "parent": None, "level": "county", "name": "示范区", "aliases": []}]
    places: list[dict[str, Any]] = []
    used: set[str] = set()

    def name(ending: str) -> str:
        while (made := "".join(chance.sample(SYLLABLES, 3)) + ending) in used:
            pass
        used.add(made)
        return made

    for s in range(STREETS):
        street = f"D{s:02}"
        areas.append({"code": street, "parent": "D", "level": "street", "name": name("街道"), "aliases": []})
        for c in range(COMMUNITIES):
            community = f"{street}{c:02}"
            areas.append(
                {"code": community, "parent": street, "level": "community", "name": name("社区"), "aliases": []}
            )
            for g in range(GRIDS):
                grid = f"{community}{g:02}"
                areas.append({"code": grid, "parent": community, "level": "grid", "name": name("网格"), "aliases": []})
                road = name("路")
                for kind, ending in (("estate", "小区"), ("road", ""), ("market", "超市")):
                    own = road if kind == "road" else name(ending)
                    places.append(
                        {
                            "name": own,
                            "kind": kind,
                            "grid": grid,
                            "buildings": "1-20" if kind == "estate" else "",
                            "aliases": [own[:-2] + "家属院"] if kind == "estate" else [],
                            "road": road,
                            "lat": 0.0,
                            "lng": 0.0,
                        }
                    )
    return areas, places


class Maker:
    """Makes tickets of a district."""

    def __init__(self, chance: random.Random, places: list[dict[str, Any]]) -> None:
        self.chance = chance
        self.told = [(u.type, u.text) for u in corpus.load(taxonomy()) if u.type]
        grids = sorted({p["grid"] for p in places})
        self.by_grid = {g: [p for p in places if p["grid"] == g] for g in grids}
        self.grids, self.crowd = grids, [1 + 9 * chance.random() ** 4 for _ in grids]

    def row(self, number: int, status: str, at: datetime, now: datetime) -> dict[str, Any]:
        """A ticket's columns."""
        chance = self.chance
        type_, said = chance.choice(self.told)
        grid: str | None = chance.choices(self.grids, self.crowd)[0]
        place: str | None = None
        kind = chance.random()
        if kind < 0.1:
            grid = None
        elif kind < 0.2:
            grid, place = None, "".join(chance.sample(SYLLABLES, 2)) + "那边"
        else:
            site = chance.choice(self.by_grid[str(grid)])
            place = chance.choice([site["name"], *site["aliases"]])
            if site["kind"] == "estate" and chance.random() < 0.6:
                place += f"{chance.randint(1, 20)}号楼"
        ended = status in workflow.ENDED
        return {
            "number": f"{number:09}",
            "version": 1,
            "created_at": at,
            "updated_at": at,
            "channel": "wechat",
            "reporter": f"r{chance.randrange(50_000)}",
            "anonymous": False,
            "category": str(type_).split(".")[0],
            "type": type_,
            "needs_review": False,
            "text": said,
            "answers": {},
            "urgent": False,
            "risk": "green",
            "risk_reasons": [],
            "place": place,
            "county": "D",
            "street": grid[:3] if grid else None,
            "community": grid[:5] if grid else None,
            "grid": grid,
            "helpers": [],
            "level": "community",
            "supervised": False,
            "status": status,
            "closed_at": min(now, at + timedelta(days=chance.random() * 14)) if ended else None,
            "next_due": None if ended else now + timedelta(days=chance.random() * 10),
            "extensions": 0,
            "returns": 0,
            "reopenings": 0,
            "events_count": 0,
            "head": "",
        }


def fill(engine: Engine, open_: int, ended: int, now: datetime) -> Maker:
    """A district with so many open and ended tickets."""
    chance = random.Random(1)
    areas, places = district(chance)
    maker = Maker(chance, places)
    numbers = np.random.default_rng(1)
    name, dim = default_encoder().name, default_encoder().dim

    def rows() -> Iterator[dict[str, Any]]:
        states = [s for s in workflow.OPEN if s not in ("collected",)]
        for i in range(open_):
            yield maker.row(i + 1, chance.choice(states), now - timedelta(days=chance.random() * OPEN_DAYS), now)
        for i in range(ended):
            at = now - timedelta(days=chance.random() * ENDED_DAYS)
            yield maker.row(open_ + i + 1, chance.choice(ENDED), at, now)

    with Session(engine) as session, session.begin():
        for level in ("county", "street", "community", "grid"):
            session.execute(insert(Area), [a for a in areas if a["level"] == level])
        session.execute(insert(Place), places)
        made = list(rows())
        for first in range(0, len(made), BATCH):
            ids = list(range(first + 1, min(first + BATCH, len(made)) + 1))
            session.execute(insert(Ticket), [{"id": i, **made[i - 1]} for i in ids])
            vectors = numbers.standard_normal((len(ids), dim))
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            kept = vectors.astype("<f2")
            session.execute(
                insert(TicketMeaning),
                [{"ticket_id": i, "encoder": name, "vector": v.tobytes()} for i, v in zip(ids, kept, strict=True)],
            )
        if engine.dialect.name == "postgresql":
            session.execute(text("SELECT setval('ticket_id_seq', (SELECT max(id) FROM ticket))"))
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("ANALYZE"))
    return maker


def line(title: str, times: list[float]) -> float:
    """Print a row of the table, in milliseconds; its median."""
    times = sorted(t * 1000 for t in times)
    middle = statistics.median(times)
    print(f"  {title:42} median {middle:7.1f} ms   99% below {times[int(len(times) * 0.99)]:7.1f} ms")
    return middle


def plain_way(session: Session, meaning: Vector, encoder: str) -> list[int]:
    """The open tickets with the nearest meanings, by reading them all."""
    query = (
        select(TicketMeaning.ticket_id, TicketMeaning.vector)
        .join(Ticket, Ticket.id == TicketMeaning.ticket_id)
        .where(Ticket.status.in_(workflow.OPEN), TicketMeaning.encoder == encoder)
    )
    rows = session.execute(query).all()
    table = np.frombuffer(b"".join(r.vector for r in rows), dtype="<f2").reshape(len(rows), -1).astype(np.float32)
    return [rows[i].ticket_id for i in np.argsort(-(table @ meaning))[:PLAIN]]


def measure(url: str, open_: int, ended: int, asked: int) -> None:
    """Fill a database and print its times."""
    now, encoder = db.now(), default_encoder()
    db.upgrade(url)
    engine = db.make_engine(url)
    maker = fill(engine, open_, ended, now)
    print(f"{engine.dialect.name}: {open_} open tickets, {ended} ended ones")
    encoding, suggesting, plain, computing, found = [], [], [], [], 0
    for i in range(asked + 1):
        with Session(engine) as session, session.begin():
            ticket = Ticket(**maker.row(900_000_000 + i, "registered", now, now))
            session.add(ticket)
            session.flush()
            start = time.perf_counter()
            meaning = duplicates.remember(session, ticket, encoder)
            encoded, busy = time.perf_counter(), time.process_time()
            found += len(duplicates.suggest(session, ticket, encoder, now))
            suggested = time.perf_counter()
            computing.append(time.process_time() - busy)
            plain_way(session, meaning, encoder.name)
            encoding.append(encoded - start)
            suggesting.append(suggested - encoded)
            plain.append(time.perf_counter() - suggested)
    print(f"  the first suggestion, which reads the city's names: {suggesting[0] * 1000:.0f} ms")
    without = line("a suggestion, without the encoding", suggesting[1:])
    line("  of it on the processor (not the server's)", computing[1:])
    line("encoding the new text and keeping it", encoding[1:])
    both = line("both", [a + b for a, b in zip(encoding[1:], suggesting[1:], strict=True)])
    beside = line("the plain way, without the encoding", plain[1:])
    print(f"  a suggestion takes {without / beside:.2f} of the plain way, with the encoding {both / beside:.2f}")
    print(f"  {found} suggestions for {asked + 1} new tickets")
    times = []
    for _ in range(5):
        with Session(engine) as session:
            start = time.perf_counter()
            spots = hotspots.find(session, now)
            times.append(time.perf_counter() - start)
    print(f"  hot spots: {len(spots)}; first time {times[0]:.2f} s, then {statistics.median(times[1:]):.2f} s")
    engine.dispose()


def show(kind: str, open_: int, ended: int, asked: int) -> None:
    """Measure on a new database of a kind (``DATABASES``)."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            measure(f"sqlite:///{folder}/district.db", open_, ended, asked)
    else:
        from databases import fresh_postgresql

        measure(fresh_postgresql(), open_, ended, asked)
