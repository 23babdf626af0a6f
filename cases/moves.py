"""Moving a ticket along its workflow. Everything that changes a ticket goes through :func:`checked` and the history."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from cases import numbers, routing, workflow
from cases.actor import SYSTEM, Actor, check_scope
from cases.clock import limits as clock
from cases.history import record
from cases.model import Ticket, Unit, Whistle, WhistleCall
from common.db import now

REOPENABLE_DAYS = 30  # after closing


class TicketNotFoundError(LookupError):
    """No ticket has that number."""


class UnknownUnitError(LookupError):
    """There is no such unit; the message lists those there are."""


class StaleTicketError(RuntimeError):
    """Somebody changed the ticket since it was read."""


@dataclass(frozen=True)
class Move:
    """What is known when an action's effects take place."""

    session: Session
    ticket: Ticket
    actor: Actor
    note: str | None
    unit: str | None
    at: datetime


def open_for_change(session: Session, number: str, version: int | None = None) -> Ticket:
    """The ticket with this number (plain digits), kept from others until commit.

    Args:
        session: of the database.
        number: plain digits.
        version: the version the caller saw; None if they need not have seen the newest.

    Raises:
        TicketNotFoundError: there is none.
        StaleTicketError: it has another version now.
    """
    query = select(Ticket).where(Ticket.number == number).with_for_update().execution_options(populate_existing=True)
    ticket = session.scalar(query)
    if ticket is None:
        raise TicketNotFoundError(f"no ticket has the number {numbers.spoken(number)}")
    if version is not None and ticket.version != version:
        raise StaleTicketError(
            f"ticket {numbers.spoken(number)} was changed meanwhile (version {ticket.version}, you saw {version}): "
            "read it again before changing it"
        )
    return ticket


def whistled(session: Session, ticket: Ticket) -> frozenset[str]:
    """Units called to the ticket by a whistle that has not ended."""
    query = select(WhistleCall.unit).join(Whistle).where(Whistle.ticket_id == ticket.id, Whistle.ended_at.is_(None))
    return frozenset(session.scalars(query))


def checked(session: Session, ticket: Ticket, action: str, actor: Actor, note: str | None) -> str:
    """The state ``action`` leads to, when this actor may do it to this ticket now.

    Raises:
        IllegalTransitionError: they may not; the message says why. Nothing was changed.
    """
    after = workflow.next_state(action, ticket.status, actor.role, note)
    check_scope(ticket, actor, whistled(session, ticket) if actor.unit else frozenset())
    return after


def run(
    session: Session,
    ticket: Ticket,
    action: str,
    actor: Actor,
    note: str | None = None,
    *,
    unit: str | None = None,
    data: dict[str, Any] | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Do ``action`` with a ticket that :func:`open_for_change` gave: check, take effect, record."""
    moment = at or now()
    before, number = ticket.status, ticket.number  # after a failed flush nothing can be read from the ticket
    after = checked(session, ticket, action, actor, note)
    move = Move(session, ticket, actor, note, unit, moment)
    said = EFFECTS[action](move) if action in EFFECTS else None
    ticket.status = after
    if after in workflow.ENDED or after == "evaluating":
        clock.stop(ticket)
    record(session, ticket, actor, action, before, note or said, data, moment)
    try:
        session.flush()
    except StaleDataError as error:
        raise StaleTicketError(f"ticket {numbers.spoken(number)} was changed meanwhile: read it again") from error
    return ticket


def act(
    session: Session,
    number: str,
    action: str,
    *,
    actor: Actor,
    note: str | None = None,
    unit: str | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Move a ticket along its workflow.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        action: one of ``PLAIN``; the others have functions of their own, since they need more than a note.
        actor: who.
        note: the reason, owed by some actions.
        unit: code of the unit it is dispatched to.
        version: the version the actor saw; None if they need not have seen the newest.
        at: when; by default now.

    Raises:
        TicketNotFoundError: no such ticket.
        StaleTicketError: somebody changed it meanwhile.
        UnknownUnitError: dispatched to no unit, or to one that does not exist.
        IllegalTransitionError: the move is not allowed; nothing was changed.
    """
    if action in workflow.ACTIONS and action not in PLAIN:
        raise workflow.IllegalTransitionError(
            f"'{action}' is not done by itself: {_INSTEAD.get(action, 'it follows from others')}"
        )
    return run(session, open_for_change(session, number, version), action, actor, note, unit=unit, at=at)


def known_units(session: Session) -> str:
    """All units there are, for messages."""
    return ", ".join(f"{u.code} {u.name}" for u in session.scalars(select(Unit).order_by(Unit.code)))


def _dispatch(move: Move) -> str:
    chosen = move.session.get(Unit, move.unit or move.ticket.unit or "")
    if chosen is None:
        raise UnknownUnitError(f"dispatch needs a unit; {move.unit!r} is none. There are: {known_units(move.session)}")
    move.ticket.unit, move.ticket.needs_review = chosen.code, False
    return chosen.name


def _return(move: Move) -> None:
    move.ticket.returns += 1
    move.ticket.unit, move.ticket.needs_review = None, True  # a person must find the right unit


def _accept(move: Move) -> None:
    clock.verified(move.ticket, move.at)


def _feedback(move: Move) -> None:
    clock.fed_back(move.ticket, move.at)


def _finish(move: Move) -> None:
    clock.finished(move.ticket, move.at)


def _redo(move: Move) -> None:
    clock.unfinished(move.ticket, move.at)


def _close(move: Move) -> None:
    move.ticket.closed_at = move.at


def check_reopenable(ticket: Ticket, actor: Actor, at: datetime) -> None:
    """Whether it is not too late for this actor to find fault with a closed ticket.

    Raises:
        IllegalTransitionError: it is; the message says what to do.
    """
    if ticket.status == "closed" and ticket.closed_at is not None:
        days = (at - ticket.closed_at).days
        if actor.role == "resident" and days > REOPENABLE_DAYS:
            raise workflow.IllegalTransitionError(
                f"closed {days} days ago; a resident may reopen within {REOPENABLE_DAYS} days, later it is a new ticket"
            )


def _reopen(move: Move) -> None:
    ticket = move.ticket
    check_reopenable(ticket, move.actor, move.at)
    ticket.reopenings += 1
    ticket.closed_at, ticket.score = None, None
    for follower in _following(move.session, ticket):
        follower.score = None  # it was of the outcome before
    clock.restart(ticket, routing.limits(move.session, ticket), move.at, anew=True)


def _following(session: Session, ticket: Ticket) -> list[Ticket]:
    return list(session.scalars(select(Ticket).where(Ticket.merged_into == ticket.id).order_by(Ticket.id)))


def others_wait(session: Session, ticket: Ticket) -> bool:
    """Whether somebody else's report was merged into this ticket."""
    return any(t.reporter is None or t.reporter != ticket.reporter for t in _following(session, ticket))


def _contest(move: Move) -> None:
    check_reopenable(move.ticket, move.actor, move.at)
    move.ticket.closed_at = None


def _withdraw(move: Move) -> None:
    if move.actor.role == "resident" and others_wait(move.session, move.ticket):
        raise workflow.IllegalTransitionError(
            "others reported the same and wait for its outcome, so it is not the first reporter's alone to withdraw: "
            "an operator may, or may split off what was merged into it"
        )


def _split(move: Move) -> None:
    move.ticket.merged_into, move.ticket.score, move.ticket.needs_review = None, None, True
    clock.restart(move.ticket, routing.limits(move.session, move.ticket), move.at, anew=True)


def _supervise(move: Move) -> None:
    if move.ticket.supervised:
        raise workflow.IllegalTransitionError("the ticket is under supervision already")
    move.ticket.supervised = True


def _unsupervise(move: Move) -> None:
    if not move.ticket.supervised:
        raise workflow.IllegalTransitionError("the ticket is not under supervision")
    move.ticket.supervised = False


EFFECTS: dict[str, Callable[[Move], str | None]] = {
    "dispatch": _dispatch,
    "return": _return,
    "accept": _accept,
    "feedback": _feedback,
    "suspend": lambda move: clock.suspend(move.ticket, move.at),
    "resume": lambda move: clock.resume(move.ticket, move.at),
    "finish": _finish,
    "redo": _redo,
    "evaluate": _close,
    "lapse": _close,
    "uphold": _close,
    "contest": _contest,
    "reopen": _reopen,
    "withdraw": _withdraw,
    "split": _split,
    "supervise": _supervise,
    "unsupervise": _unsupervise,
}
# Actions that need nothing but a note (and, to dispatch, a unit).
PLAIN = frozenset(
    "dispatch refuse return accept feedback suspend resume finish redo verify reopen uphold withdraw split note "
    "supervise unsupervise".split()
)
_INSTEAD = {
    "report": "use file_ticket",
    "collect": "use file_ticket with a draft",
    "submit": "use submit",
    "add": "use add_information",
    "correct": "use correct",
    "evaluate": "use evaluate",
    "contest": "use evaluate",
    "rate": "use evaluate",
    "merge": "use merge",
    "regrade": "use regrade",
    "visit": "use visit",
    "whistle": "use blow",
    "check_in": "use check_in",
    "end_whistle": "use end_whistle",
    "ask_extension": "use ask_extension",
    "grant_extension": "use decide_extension",
    "deny_extension": "use decide_extension",
    "escalate": "use escalate",
}

__all__ = ["SYSTEM", "act", "check_reopenable", "checked", "open_for_change", "run"]
