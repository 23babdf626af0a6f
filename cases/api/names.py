"""Names of what codes stand for."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.model import Unit


def unit_names(session: Session, codes: Iterable[str | None]) -> dict[str, str]:
    """Names of units by code; one query."""
    wanted = {code for code in codes if code}
    if not wanted:
        return {}
    rows = session.execute(select(Unit.code, Unit.name).where(Unit.code.in_(wanted)))
    return dict(rows.tuples().all())
