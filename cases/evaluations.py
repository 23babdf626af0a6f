"""What the residents think of the outcome (评价), and what follows from it.

Satisfied or fairly satisfied closes the ticket. The first bad word sends it back to be handled again; the second goes
to a supervisor, who reopens it or upholds the outcome. Silence closes it after LAPSE_DAYS without a score.

Everyone whose report was merged into the ticket has a word of their own, kept with their own ticket, one a person for
each outcome. The worst decides: one bad word among them does what it does from the first reporter, also when another
was satisfied and closed the ticket. A good one closes only what is the person's own.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.actor import SYSTEM, Actor
from cases.merging import followers
from cases.model import Evaluation, Ticket
from cases.moves import StaleTicketError, check_reopenable, open_for_change, run
from common.db import now

SCORES = {"satisfied": "满意", "fair": "基本满意", "unsatisfied": "不满意"}
LAPSE_DAYS = 7
BATCH = 200
# The states of a ticket in which those whose reports were merged into it have a word.
RATED = ("evaluating", "contested", "closed")


class ScoreError(ValueError):
    """There is no such score, or a bad one came without its reason."""


def evaluate(
    session: Session,
    number: str,
    score: str,
    *,
    actor: Actor,
    channel: str,
    reason: str | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Take a resident's word on the outcome. A further word on the same outcome takes the place of the first.

    Args:
        session: of the database; the caller commits.
        number: plain digits; of the resident's own ticket, also when it was merged into another.
        score: a key of ``SCORES``.
        actor: the resident, or the operator who called them.
        channel: by which it came.
        reason: why; owed for a bad score.
        at: when; by default now.

    Returns:
        The ticket the word is kept with: of a person's several tickets in one case the first.

    Raises:
        ScoreError: no such score, or an unsatisfied one without a reason.
        IllegalTransitionError: there is nothing to evaluate now, or not by this actor.
        StaleTicketError: the ticket was merged or split meanwhile.
    """
    if score not in SCORES:
        raise ScoreError(f"there is no score {score!r}; there are: {', '.join(SCORES)}")
    if score == "unsatisfied" and not (reason or "").strip():
        raise ScoreError("an unsatisfied evaluation needs a reason")
    moment = at or now()
    ticket, head = _opened(session, number)
    data = {"score": score}
    said = f"{SCORES[score]}{'：' + reason if reason else ''}"
    bad = score == "unsatisfied"
    fault = "contest" if head.reopenings > 0 else "reopen"
    kept, round_ = _kept(session, ticket), head.reopenings + 1
    if ticket is head and head.status != "contested":
        run(session, ticket, fault if bad else "evaluate", actor, said, data=data, at=moment)
    else:
        check_open(ticket, head, actor, moment)
        run(session, ticket, "rate", actor, said, data=data, at=moment)
        if bad and head.status != "contested":
            # The line names the ticket the word came with; who it was is not the first reporter's to know.
            by = Actor("resident") if actor.role == "resident" else actor
            run(session, head, fault, by, said, data={**data, "from": ticket.number}, at=moment)
            ticket.reopenings += fault == "reopen"
    ticket.score = score if not bad or fault == "contest" else None
    kept.at, kept.score, kept.reason, kept.actor, kept.channel = moment, score, reason, actor.id, channel
    kept.round = round_
    session.add(kept)
    session.flush()
    return ticket


def _opened(session: Session, number: str) -> tuple[Ticket, Ticket]:
    """The ticket a word given with ``number`` is kept with, and the one it is about, kept from others until commit."""
    asked = session.scalar(select(Ticket).where(Ticket.number == number))
    if asked is None or asked.merged_into is None:
        ticket = open_for_change(session, number)
        if ticket.merged_into is not None:
            raise StaleTicketError(f"ticket {numbers.spoken(number)} was merged meanwhile: read it again")
        return ticket, ticket
    # The head first, as in merging, so that nobody waits for each other.
    head = open_for_change(session, session.get_one(Ticket, asked.merged_into).number)
    case = [head, *followers(session, head)]
    own = next((t for t in case if t is asked or _same_person(t, asked)), asked)
    ticket = head if own is head else open_for_change(session, own.number)
    if ticket is not head and ticket.merged_into != head.id:
        raise StaleTicketError(f"ticket {numbers.spoken(number)} was split off meanwhile: read it again")
    return ticket, head


def _same_person(one: Ticket, other: Ticket) -> bool:
    return one.reporter is not None and one.reporter == other.reporter


def _kept(session: Session, ticket: Ticket) -> Evaluation:
    """Where the word is kept: the person's last one, if that was of the same outcome."""
    last = select(Evaluation).where(Evaluation.ticket_id == ticket.id).order_by(Evaluation.id.desc()).limit(1)
    known = session.scalar(last) if ticket.score is not None else None
    return known or Evaluation(ticket_id=ticket.id)


def check_open(ticket: Ticket, head: Ticket, actor: Actor, at: datetime) -> None:
    """Whether a word on the outcome is taken with this ticket now.

    Args:
        ticket: whose reporter speaks.
        head: the ticket it was merged into, or itself.
        actor: who speaks.
        at: when.

    Raises:
        IllegalTransitionError: it is not; the message says why.
    """
    states = RATED if ticket is not head else RATED[:2]
    if head.status not in states:
        raise workflow.IllegalTransitionError(
            f"there is nothing to evaluate while {numbers.spoken(head.number)}, whose outcome counts for "
            f"{numbers.spoken(ticket.number)}, is '{head.status}' ({workflow.STATES[head.status]})"
        )
    check_reopenable(head, actor, at)


def lapse(session: Session, at: datetime | None = None) -> int:
    """Close tickets nobody has said a word on for LAPSE_DAYS. Returns how many."""
    moment = at or now()
    waiting = (
        select(Ticket.number)
        .where(Ticket.status == "evaluating", Ticket.updated_at < moment - timedelta(days=LAPSE_DAYS))
        .order_by(Ticket.id)
        .limit(BATCH)
    )
    found = list(session.scalars(waiting))
    for number in found:
        run(session, open_for_change(session, number), "lapse", SYSTEM, at=moment)
    return len(found)


__all__ = ["SCORES", "check_open", "evaluate", "followers", "lapse"]
