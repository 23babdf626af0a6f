"""What the codes of groups are called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.areas import AreaTree
from cases.figures.ask import AREAS
from cases.figures.moments import day_name, month_name, week_name
from cases.figures.words import words
from cases.model import Unit
from nlu.taxonomy import taxonomy

# Groupings whose codes stand in a column of their own: their names need not be unique.
CODED = (*AREAS, "unit")


class Names:
    """The names of a database's areas and units, of matters, channels and grades.

    Args:
        session: of the database.
    """

    def __init__(self, session: Session) -> None:
        tree = AreaTree.of(session)
        units = {unit.code: unit.name for unit in session.execute(select(Unit.code, Unit.name))}
        matters = {c.code: c.name for c in taxonomy().categories} | {t.code: t.name for t in taxonomy()}
        self._of: dict[str, Callable[[str], str]] = {
            **dict.fromkeys(AREAS, tree.name),
            "unit": lambda code: units.get(code, code),
            **dict.fromkeys(("category", "type"), lambda code: matters.get(code, code)),
            "channel": lambda code: str(words()["channels"].get(code, code)),
            "risk": lambda code: str(words()["risks"].get(code, code)),
        }

    def name(self, dimension: str, code: str | None) -> str:
        """What a code is called; the code itself when nobody has named it."""
        if code is None:
            return str(words()["dimensions"][dimension]["none"])
        return self._of[dimension](code) if dimension in self._of else code


def code_of(dimension: str, value: Any) -> str | None:
    """A group's code from what the database gave: days, weeks and months are numbers there."""
    if value is None or isinstance(value, str):
        return value
    return {"day": day_name, "week": week_name, "month": month_name}[dimension](value)
