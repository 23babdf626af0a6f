"""What a subscriber is told: of which actions, and which of the pieces of a ticket that may name people.

A subscription keeps both in one list, the pieces after a plus sign: ``["dispatch", "finish", "+words"]``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cases import workflow

PIECES = ("words", "place", "phone")
_MORE = "+"


class WishError(ValueError):
    """There is no such action or piece; the message lists those there are."""


@dataclass(frozen=True)
class Wishes:
    """Actions of the history (none: all of them), and pieces of personal data (none: none)."""

    actions: frozenset[str] = frozenset()
    pieces: frozenset[str] = frozenset()

    @classmethod
    def checked(cls, actions: Iterable[str], pieces: Iterable[str]) -> Wishes:
        """From what somebody asked for.

        Raises:
            WishError: listing everything there is not.
        """
        made = cls(frozenset(actions), frozenset(pieces))
        wrong = []
        if unknown := sorted(made.actions - workflow.ACTIONS.keys()):
            wrong.append(
                f"there is no action {', '.join(map(repr, unknown))}; there are: {', '.join(workflow.ACTIONS)}"
            )
        if unknown := sorted(made.pieces.difference(PIECES)):
            wrong.append(f"there is no piece {', '.join(map(repr, unknown))}; there are: {', '.join(PIECES)}")
        if wrong:
            raise WishError("; ".join(wrong))
        return made

    @classmethod
    def read(cls, kept: Iterable[str]) -> Wishes:
        """From a subscription's list."""
        words = list(kept)
        return cls(
            frozenset(w for w in words if not w.startswith(_MORE)),
            frozenset(w.removeprefix(_MORE) for w in words if w.startswith(_MORE)),
        )

    def kept(self) -> list[str]:
        """As a subscription's list."""
        return [*sorted(self.actions), *(_MORE + p for p in sorted(self.pieces))]
