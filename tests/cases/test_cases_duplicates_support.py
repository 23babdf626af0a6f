"""Help for the tests of duplicates and hot spots: an encoder without a model, and tickets of the sample city."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import numpy as np
import numpy.typing as npt

from cases import service
from cases.model import Ticket
from cases.service import NewTicket
from common.db import transaction

NOON = datetime(2026, 9, 16, 4, tzinfo=UTC)  # a Wednesday, twelve o'clock in Shanghai
_serial = count(1)


class Bigrams:
    """Texts are alike that share pairs of characters. ``asked`` are the texts it had to encode."""

    def __init__(self, name: str = "bigrams", dim: int = 64) -> None:
        self.name, self.dim = name, dim
        self.asked: list[str] = []

    def encode(self, texts: list[str]) -> npt.NDArray[np.float32]:
        """Unit vectors."""
        self.asked += texts
        out = np.zeros((len(texts), self.dim), dtype=np.float32)
        for row, text in zip(out, texts, strict=True):
            for i in range(max(1, len(text) - 1)):
                row[zlib.crc32(text[i : i + 2].encode()) % self.dim] += 1
        return out / np.linalg.norm(out, axis=1, keepdims=True)


def file(text: str, type_: str, place: str | None, *, ago: float = 0, **more: Any) -> str:
    """File a ticket ``ago`` days before noon, by somebody new unless ``reporter`` says who; its number."""
    more = {"reporter": f"resident-{next(_serial)}", **more}
    new = NewTicket(text, type_.split(".", 1)[0], type_, "wechat", place=place, **more)
    with transaction() as session:
        return service.file_ticket(session, new, at=NOON - timedelta(days=ago)).number


def change(number: str, **columns: Any) -> None:
    """Set columns of a ticket."""
    with transaction() as session:
        ticket = session.query(Ticket).filter_by(number=number).one()
        for name, value in columns.items():
            setattr(ticket, name, value)
