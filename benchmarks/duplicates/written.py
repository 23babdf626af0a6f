"""The written set of re-told reports (tests/cases/retold.yml) and unrelated messages, placed in the sample city and encoded
as tickets would be.

Every second group belongs to half 0, on which weights and threshold are chosen, the others to half 1, on which they are
measured. Lone reports belong to no half.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import yaml
from sqlalchemy.orm import Session

from cases import city
from cases.areas import AreaTree
from cases.duplicates.features import NAMES, features
from cases.duplicates.names import Names
from cases.duplicates.reports import Report, Vector, read
from cases.model import Ticket
from cases.places import ENOUGH, match_address
from common import db
from nlu import corpus
from nlu.entities import place as places
from nlu.taxonomy import taxonomy
from nlu.text.normalise import for_model
from nlu.understand.encoder import default_encoder

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "tests/cases/retold.yml"
CHINA = ZoneInfo("Asia/Shanghai")
WINDOW = timedelta(days=60)  # further apart, tickets are not compared
Table = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Retold:
    """A report and the group of reports that tell the same matter; a lone report has none, and belongs to no half."""

    report: Report
    group: str | None
    half: int | None


Pair = tuple[Retold, Retold]


def rows() -> list[dict[str, Any]]:
    """The written set, as it stands in its file."""
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


@contextmanager
def sample_city() -> Iterator[Session]:
    """A session on a database with nothing but the sample city."""
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/city.db"
        db.upgrade(url)
        engine = db.make_engine(url)
        with Session(engine) as session, session.begin():
            city.load(session)
        with Session(engine) as session:
            yield session
        engine.dispose()


def ticket(session: Session, number: int, text: str, type_: str | None, place: str, at: datetime) -> Ticket:
    """A ticket, put where its place is; not stored."""
    match = match_address(session, place) if place else None
    area = (match.grid or match.area) if match and match.sure >= ENOUGH and "unlisted" not in match.how else None
    above = AreaTree.of(session).above(area)
    return Ticket(
        id=number,
        number=str(number),
        created_at=at,
        category=(type_ or "service.other").split(".")[0],
        type=type_,
        text=text,
        place=place or None,
        **{level: above[level].code if level in above else None for level in ("street", "community", "grid")},
    )


def encoded(texts: Sequence[str]) -> list[Vector]:
    """Meanings as they come back from the database, in half precision."""
    vectors = default_encoder().encode([for_model(t) for t in texts])
    return [v.astype(np.float16).astype(np.float32) for v in vectors]


def read_all(session: Session, types: Sequence[str | None] | None = None) -> list[Retold]:
    """The written set, read for comparing.

    Args:
        session: of the sample city's database.
        types: the matter types to use in the place of the written ones.
    """
    written, names = rows(), Names.of(session)
    vectors = encoded([r["text"] for r in written])
    halves = {g: i % 2 for i, g in enumerate(sorted({r["group"] for r in written if r["group"]}))}
    out: list[Retold] = []
    for i, row in enumerate(written):
        at = datetime.fromisoformat(row["at"]).replace(tzinfo=CHINA)
        made = ticket(session, i + 1, row["text"], types[i] if types else row["type"], row["place"] or "", at)
        out.append(Retold(read(names, made, vectors[i]), row["group"], halves.get(row["group"])))
    return out


def first_place(*texts: str) -> str:
    """The first place the entity rules find in these texts."""
    for text in map(for_model, texts):
        if found := min(places.find(text), key=lambda f: f.start, default=None):
            return text[found.start : found.end]
    return ""


def unrelated(
    session: Session, told: Sequence[Retold], messages: Sequence[tuple[str, str, str]], seed: int
) -> list[Retold]:
    """Messages that have nothing to do with the written set, as lone reports of random moments of its time.

    Args:
        session: of the sample city's database.
        told: the written set.
        messages: text, matter type and place of each.
        seed: of the moments.
    """
    chance, names = random.Random(seed), Names.of(session)
    vectors = encoded([text for text, _, _ in messages])
    first, last = min(t.report.at for t in told), max(t.report.at for t in told)
    out = []
    for i, (text, type_, place) in enumerate(messages):
        at = first + chance.random() * (last - first)
        out.append(
            Retold(read(names, ticket(session, len(told) + i + 1, text, type_, place, at), vectors[i]), None, None)
        )
    return out


def of_corpus(session: Session, told: Sequence[Retold], count: int, seed: int) -> list[Retold]:
    """So many messages of the training corpus as unrelated reports."""
    texts = [u for u in corpus.load(taxonomy()) if u.type]
    chosen = random.Random(seed).sample(texts, count)
    return unrelated(
        session, told, [(u.text, str(u.type), next(iter(u.entities.get("place", ())), "")) for u in chosen], seed
    )


def near(a: Retold, b: Retold) -> bool:
    """Whether two reports are near enough in time to be compared."""
    return abs(a.report.at - b.report.at) <= WINDOW


def pairs(told: Sequence[Retold]) -> list[Pair]:
    """Every two reports that are near enough in time to be compared."""
    return [(a, b) for i, a in enumerate(told) for b in told[i + 1 :] if near(a, b)]


def fitted_on(found: Sequence[Pair]) -> npt.NDArray[np.bool_]:
    """The pairs from which weights may be learnt: of half 0 among itself and with lone reports. All others measure."""
    return np.array([0 in (a.half, b.half) and 1 not in (a.half, b.half) for a, b in found], dtype=np.bool_)


def same(found: Sequence[Pair]) -> npt.NDArray[np.bool_]:
    """Which pairs tell one matter."""
    return np.array([a.group is not None and a.group == b.group for a, b in found], dtype=np.bool_)


def table(found: Sequence[Pair]) -> Table:
    """The features of pairs, one row each, in the order of ``NAMES``."""
    out = np.zeros((len(found), len(NAMES)))
    for i, (a, b) in enumerate(found):
        values = features(a.report, b.report)
        out[i] = [values[name] for name in NAMES]
    return out
