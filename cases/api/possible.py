"""What a key may do with a ticket now: the workflow's table, without what cannot be done for another reason."""

from __future__ import annotations

from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from cases import workflow
from cases.actor import check_scope
from cases.api.access import Caller
from cases.evaluations import check_open
from cases.extensions import MOST_TIMES, open_request
from cases.merging import head_of
from cases.model import Ticket
from cases.moves import PLAIN, REOPENABLE_DAYS, others_wait, whistled
from cases.whistles import above, current
from cases.workflow import IllegalTransitionError
from common.db import now

# Where each action is done. Only what makes a ticket is not here: ``POST /tickets`` reports, or collects a draft.
ROUTES = {
    "submit": "submission",
    "add": "information",
    "correct": "corrections",
    "evaluate": "evaluation",
    "contest": "evaluation",
    "rate": "evaluation",
    "merge": "merge",
    "regrade": "risk",
    "visit": "visits",
    "whistle": "whistles",
    "check_in": "whistles/check-in",
    "end_whistle": "whistles/end",
    "escalate": "escalation",
    "ask_extension": "extension",
    "grant_extension": "extension/decision",
    "deny_extension": "extension/decision",
    **dict.fromkeys(PLAIN, "actions"),
}
WRITTEN = frozenset({"add"})  # by tickets:write; all others are acts


class PossibleOut(BaseModel):
    """An action that is possible now."""

    action: str
    name: str
    needs_note: bool = Field(description="A reason is owed")
    after: str | None = Field(description="The state it leads to; null if the state stays")
    route: str = Field(description="Where to post it, under the ticket's address")


def _not_now(session: Session, ticket: Ticket, caller: Caller) -> set[str]:
    """Actions the table allows that something else forbids."""
    out = {"unsupervise"} if not ticket.supervised else {"supervise"}
    asked = open_request(session, ticket.id) is not None
    if asked or ticket.extensions >= MOST_TIMES:
        out.add("ask_extension")
    if not asked:
        out |= {"grant_extension", "deny_extension"}
    whistle = current(session, ticket.id)
    if whistle is not None:
        out.add("whistle")
    else:
        out |= {"check_in", "end_whistle"}
    if whistle is not None and caller.unit is not None:
        waited_for = {c.unit for c in whistle.calls if c.checked_in_at is None}
        out |= set() if caller.unit in waited_for else {"check_in"}
    if above(ticket.level) is None:
        out.add("escalate")
    # An evaluation is contested when the ticket was reopened before; until then a bad one reopens it.
    out.add("contest" if ticket.reopenings == 0 else "")
    closed = ticket.closed_at
    if caller.role == "resident" and closed is not None and (now() - closed).days > REOPENABLE_DAYS:
        out |= {"reopen", "contest"}
    if caller.role == "resident" and others_wait(session, ticket):
        out.add("withdraw")
    try:
        check_open(ticket, head_of(session, ticket), caller.actor, now())
    except IllegalTransitionError:
        out.add("rate")
    return out


def possible_now(session: Session, ticket: Ticket, caller: Caller) -> list[PossibleOut]:
    """What ``caller`` may do with ``ticket`` now, in the table's order."""
    try:
        check_scope(ticket, caller.actor, whistled(session, ticket))
    except IllegalTransitionError:
        return []
    impossible = _not_now(session, ticket, caller)
    return [
        PossibleOut(action=t.action, name=t.name, needs_note=t.needs_note, after=t.after, route=ROUTES[t.action])
        for t in workflow.possible(ticket.status, caller.role)
        if t.action in ROUTES
        and t.action not in impossible
        and caller.may("tickets:write" if t.action in WRITTEN else "tickets:act")
    ]
