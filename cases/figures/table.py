"""A table of figures: what its columns mean, its rows, and the total."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

Value = int | float | None
Cell = str | int | float | None


@dataclass(frozen=True)
class Column:
    """A column. ``kind`` is ``name`` or ``code`` of a group, or ``count``, ``rate`` (0 to 1) or ``hours``."""

    key: str
    heading: str
    kind: str
    definition: str


@dataclass(frozen=True)
class Row:
    """A group's figures. ``keys`` has the group's codes by grouping, ``names`` what they are called.

    A figure is None where there is nothing to tell: a rate or a median of nothing.
    """

    keys: Mapping[str, str | None]
    names: Mapping[str, str]
    values: Mapping[str, Value]

    def cell(self, column: Column) -> Cell:
        """What stands in a column."""
        if column.kind == "name":
            return self.names.get(column.key)
        if column.kind == "code":
            return self.keys.get(column.key)
        return self.values.get(column.key)


@dataclass(frozen=True)
class Table:
    """The answer to a question: ``since`` to ``until`` (which is not in it), as far as had happened ``at`` then."""

    since: datetime
    until: datetime
    at: datetime
    zone: ZoneInfo
    by: tuple[str, ...]
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    total: Row

    def cells(self) -> Iterator[list[Cell]]:
        """All rows and, if they are grouped, the total as the last one, column by column."""
        for row in (*self.rows, self.total) if self.by else (self.total,):
            yield [row.cell(column) for column in self.columns]
