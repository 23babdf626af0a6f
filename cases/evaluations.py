"""What the resident thinks of the outcome (评价), and what follows from it.

Satisfied or fairly satisfied closes the ticket. The first bad word sends it back to be handled again; the second goes
to a supervisor, who reopens it or upholds the outcome. Silence closes it after LAPSE_DAYS without a score.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.actor import SYSTEM, Actor
from cases.merging import followers
from cases.model import Evaluation, Ticket
from cases.moves import open_for_change, run
from common.db import now

SCORES = {"satisfied": "满意", "fair": "基本满意", "unsatisfied": "不满意"}
LAPSE_DAYS = 7
BATCH = 200


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
    """Take the resident's word on the outcome.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        score: a key of ``SCORES``.
        actor: the resident, or the operator who called them.
        channel: by which it came.
        reason: why; owed for a bad score.
        at: when; by default now.

    Raises:
        ScoreError: no such score, or an unsatisfied one without a reason.
        IllegalTransitionError: there is nothing to evaluate now, or not by this actor.
    """
    if score not in SCORES:
        raise ScoreError(f"there is no score {score!r}; there are: {', '.join(SCORES)}")
    if score == "unsatisfied" and not (reason or "").strip():
        raise ScoreError("an unsatisfied evaluation needs a reason")
    moment = at or now()
    ticket = open_for_change(session, number)
    data = {"score": score}
    said = f"{SCORES[score]}{'：' + reason if reason else ''}"
    again = ticket.reopenings > 0
    if score != "unsatisfied":
        run(session, ticket, "evaluate", actor, said, data=data, at=moment)
    elif again:
        run(session, ticket, "contest", actor, said, data=data, at=moment)
    else:
        run(session, ticket, "reopen", actor, said, data=data, at=moment)
    ticket.score = score if score != "unsatisfied" or again else None
    session.add(
        Evaluation(
            ticket_id=ticket.id,
            at=moment,
            score=score,
            reason=reason,
            actor=actor.id,
            channel=channel,
            round=ticket.reopenings + (0 if score == "unsatisfied" and not again else 1),
        )
    )
    session.flush()
    return ticket


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


__all__ = ["SCORES", "evaluate", "followers", "lapse"]
