"""The area tree in memory: who is above whom. Kept per database until the city's data change."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import audit
from cases.model import LEVELS, Area
from common.db import address_of


@dataclass(frozen=True)
class Node:
    """An area without its outline."""

    code: str
    parent: str | None
    level: str
    name: str


@dataclass(frozen=True)
class AreaTree:
    """All areas of a city by code."""

    version: str
    nodes: dict[str, Node]

    @classmethod
    def of(cls, session: Session) -> AreaTree:
        """The tree of the session's database."""
        version, key = audit.version(session), address_of(session)
        known = _TREES.get(key)
        if known and known.version == version and known.nodes:
            return known
        rows = session.execute(select(Area.code, Area.parent, Area.level, Area.name))
        tree = cls(version, {code: Node(code, parent, level, name) for code, parent, level, name in rows})
        _TREES[key] = tree
        return tree

    def above(self, code: str | None) -> dict[str, Node]:
        """The area and all above it, by level."""
        found: dict[str, Node] = {}
        while code and code in self.nodes:
            node = self.nodes[code]
            found[node.level] = node
            code = node.parent
        return found

    def path(self, code: str | None) -> list[str]:
        """Codes from the area itself up to the city."""
        above = self.above(code)
        return [above[level].code for level in reversed(LEVELS) if level in above]

    def under(self, code: str) -> set[str]:
        """The area and everything below it."""
        return {c for c in self.nodes if code in self.path(c)}

    def name(self, code: str | None) -> str:
        """An area's name; its code when there is no such area, nothing for none."""
        return self.nodes[code].name if code in self.nodes else (code or "")


_TREES: dict[str, AreaTree] = {}
