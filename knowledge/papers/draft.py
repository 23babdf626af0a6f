"""What a draft is: a form in the city's usual words, with blanks for what only the person knows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Blank:
    """A place to write in.

    ``key`` is the question whose answer belongs there, ``label`` what to write when nobody asked, ``heard`` what was said
    when it was asked but could not be made to fit.
    """

    key: str
    label: str
    heard: str | None = None


@dataclass(frozen=True)
class Part:
    """A heading or a paragraph: words and blanks in their order.

    It stands in the form when the fact ``when`` was noted and the fact ``unless`` was not; None asks for nothing.
    """

    heading: bool
    pieces: tuple[str | Blank, ...]
    when: str | None
    unless: str | None
    line: int

    def holds(self, facts: frozenset[str]) -> bool:
        """Whether it stands in the form."""
        return (self.when is None or self.when in facts) and (self.unless is None or self.unless not in facts)


@dataclass(frozen=True)
class Draft:
    """A form. ``to`` is whom it is handed to, ``note`` what to mind when handing it in."""

    id: str
    title: str
    to: str | None
    note: str | None
    parts: tuple[Part, ...]
    file: str

    @property
    def keys(self) -> frozenset[str]:
        """The keys of all its blanks."""
        return frozenset(piece.key for part in self.parts for piece in part.pieces if isinstance(piece, Blank))
