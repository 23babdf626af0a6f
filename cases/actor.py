"""Who does something with a ticket, and whether it is theirs."""

from __future__ import annotations

from dataclasses import dataclass

from cases.model import Ticket
from cases.workflow import ROLES, IllegalTransitionError


@dataclass(frozen=True)
class Actor:
    """A role, who has it, and for which unit or area.

    A department's people act on tickets their unit has, helps with or was whistled to; a grid worker, community or
    street on tickets of its area; a resident on their own. Without ``unit`` or ``area`` the actor is the city's own
    administrator at the terminal, and only the role counts.
    """

    role: str
    id: str | None = None
    unit: str | None = None
    area: str | None = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise IllegalTransitionError(f"there is no role {self.role!r}; there are: {', '.join(ROLES)}")


SYSTEM = Actor("system")
_AREA_OF = {"worker": "grid", "community": "community", "street": "street"}


def check_scope(ticket: Ticket, actor: Actor, called: frozenset[str] = frozenset()) -> None:
    """Whether the ticket is the actor's to act on.

    Args:
        ticket: the ticket.
        actor: who.
        called: units whistled to the ticket.

    Raises:
        IllegalTransitionError: it is not; the message says whose it is.
    """
    if actor.role == "resident":
        if actor.id is not None and ticket.reporter != actor.id:
            raise IllegalTransitionError("a resident may act on their own tickets only")
        return
    units = {ticket.unit, *ticket.helpers, *called}
    if actor.unit is not None and actor.unit in units:
        return
    if actor.role == "department" and actor.unit is not None:
        raise IllegalTransitionError(
            f"the ticket is with {ticket.unit or 'no unit'}; {actor.unit} neither has it nor was called to it"
        )
    if actor.role in _AREA_OF and actor.area is not None:
        own = {ticket.grid, ticket.community, ticket.street, ticket.county}
        if actor.area not in own:
            where = getattr(ticket, _AREA_OF[actor.role]) or "no area yet"
            raise IllegalTransitionError(f"the ticket lies in {where}, not in {actor.area}")
