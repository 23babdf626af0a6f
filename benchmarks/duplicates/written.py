"""The written set of re-told reports (tests/cases/retold.yml), placed in the sample city and encoded as tickets would be."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
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


def rows() -> list[dict[str, Any]]:
    """The written set, as it stands in its file."""
    found: list[dict[str, Any]] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    return found


def ticket(session: Session, number: int, row: dict[str, Any], type_: str | None) -> Ticket:
    """A ticket of a row, put where its place is; not stored."""
    place = row["place"] or None
    match = match_address(session, place) if place else None
    area = (match.grid or match.area) if match and match.sure >= ENOUGH and "unlisted" not in match.how else None
    above = AreaTree.of(session).above(area)
    return Ticket(
        id=number,
        number=row["id"],
        created_at=datetime.fromisoformat(row["at"]).replace(tzinfo=CHINA),
        category=(type_ or "service.other").split(".")[0],
        type=type_,
        text=row["text"],
        place=place,
        **{level: above[level].code if level in above else None for level in ("street", "community", "grid")},
    )


def encoded(texts: Sequence[str]) -> list[Vector]:
    """Meanings as they come back from the database, in half precision."""
    vectors = default_encoder().encode([for_model(t) for t in texts])
    return [v.astype(np.float16).astype(np.float32) for v in vectors]


def read_all(types: Sequence[str | None] | None = None) -> list[Retold]:
    """The written set, read for comparing.

    Args:
        types: the matter types to use in the place of the written ones.
    """
    written = rows()
    vectors = encoded([r["text"] for r in written])
    halves = {g: i % 2 for i, g in enumerate(sorted({r["group"] for r in written if r["group"]}))}
    out: list[Retold] = []
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/city.db"
        db.upgrade(url)
        engine = db.make_engine(url)
        with Session(engine) as session, session.begin():
            city.load(session)
        with Session(engine) as session:
            names = Names.of(session)
            for i, row in enumerate(written):
                made = ticket(session, i + 1, row, types[i] if types else row["type"])
                out.append(Retold(read(names, made, vectors[i]), row["group"], halves.get(row["group"])))
        engine.dispose()
    return out


def no_names() -> Names:
    """The names of a city without a library of places."""
    return Names(("", 0))


def unplaced(number: int, message: dict[str, Any], at: datetime) -> Ticket:
    """A message of elsewhere as a ticket without a place; not stored."""
    return Ticket(
        id=number,
        number=f"m{number}",
        created_at=at,
        category=message["category"],
        type=message["type"],
        text=message["text"],
    )


def pairs(told: Sequence[Retold]) -> list[tuple[Retold, Retold]]:
    """Every two reports that are near enough in time to be compared."""
    return [(a, b) for i, a in enumerate(told) for b in told[i + 1 :] if abs(a.report.at - b.report.at) <= WINDOW]


def of_half(found: Sequence[tuple[Retold, Retold]], half: int) -> npt.NDArray[np.bool_]:
    """Which pairs have to do with a half's groups and not with the other's, lone reports included.

    For the half that is measured (1) pairs with the other half's groups count too: nothing was fitted on them.
    """
    return np.array(
        [half in (a.half, b.half) and (half == 1 or 1 not in (a.half, b.half)) for a, b in found], dtype=np.bool_
    )


def same(found: Sequence[tuple[Retold, Retold]]) -> npt.NDArray[np.bool_]:
    """Which pairs tell one matter."""
    return np.array([a.group is not None and a.group == b.group for a, b in found], dtype=np.bool_)


def table(found: Sequence[tuple[Retold, Retold]]) -> Table:
    """The features of pairs, one row each, in the order of ``NAMES``."""
    out = np.zeros((len(found), len(NAMES)))
    for i, (a, b) in enumerate(found):
        values = features(a.report, b.report)
        out[i] = [values[name] for name in NAMES]
    return out
