"""What of the tickets Open311 shows to whom.

To everybody: matters of public space, without the resident's words, the door number and the exact point. To a key with
``tickets:read`` also its own tickets, of whatever matter; whole if it has ``personal:read``.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, false
from sqlalchemy.orm import Session

from cases.api.access import Caller, theirs
from cases.model import Ticket

# Matters of streets, buildings and public services. The others are about people: who is in debt, is ill, quarrels or is
# looked after is nobody's business, however little is said.
PUBLIC = ("environment", "hazard", "service")
DECIMALS = 3  # of a public point, about a hundred metres


def public() -> ColumnElement[bool]:
    """The condition that a ticket is shown to everybody."""
    return Ticket.category.in_(PUBLIC)


def own(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """The condition that a ticket is the caller's to see.

    To a key that acts for residents that is what was filed with it.
    """
    if caller is None or not caller.may("tickets:read"):
        return false()
    return filed_with(caller) if caller.role == "resident" else theirs(session, caller)


def filed_with(caller: Caller) -> ColumnElement[bool]:
    """The condition that a ticket was filed with this key, for somebody it told of."""
    return Ticket.reporter.startswith(f"k{caller.key}:", autoescape=True)


def whole(session: Session, caller: Caller | None) -> ColumnElement[bool]:
    """The condition that the caller is told all of a ticket."""
    return own(session, caller) if caller is not None and caller.told_all else false()
