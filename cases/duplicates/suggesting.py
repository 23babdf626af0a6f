"""Suggesting duplicates to a person, and doing what the person decides."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from cases import merging, workflow
from cases.actor import Actor
from cases.duplicates import candidates, why
from cases.duplicates.candidates import Case
from cases.duplicates.meaning import remember
from cases.duplicates.names import Names
from cases.duplicates.reports import Report, read
from cases.duplicates.scoring import Score, probability, score, weights
from cases.model import DuplicateSuggestion, Ticket
from common.db import now

if TYPE_CHECKING:
    from nlu.understand.encoder import Encoder

MERGED, DIFFERENT = "merged", "different"


class SuggestionNotFoundError(LookupError):
    """No suggestion has that id."""


class SuggestionDecidedError(ValueError):
    """A person decided it already; the message says how."""


@dataclass(frozen=True)
class Suggestion:
    """A ticket that may be the same matter as ``of``, how likely that is (0–1), the reasons, and the id to decide it by.

    The ticket may be closed: then the matter was not put right or came back, and it has to be reopened before the other
    can be merged into it. ``why`` says so.
    """

    of: Ticket
    ticket: Ticket
    score: float
    why: dict[str, Any]
    id: int


@dataclass(frozen=True)
class _Found:
    """A case, how likely it is the same matter as a report, and the telling that speaks most for it."""

    head: int
    score: float
    best: Score
    followers: int
    closed: bool

    @property
    def why(self) -> dict[str, Any]:
        one, other, features = self.best.one, self.best.other, self.best.features
        return why.explain(one, other, features, self.score, followers=self.followers, closed=self.closed)


def _compare(mine: Report, case: Case, names: Names) -> _Found:
    """A case is as likely as its reports are on average (in log-odds): a new telling rarely fits them all."""
    scores = [score(mine, read(names, row, meaning)) for row, meaning in case.told]
    whole = probability(sum(s.logit for s in scores) / len(scores))
    best = max(scores, key=lambda s: s.logit)
    closed = case.told[0][0].status == "closed"
    return _Found(case.head, whole, best, len(scores) - 1, closed)


def _decided(session: Session, ticket: Ticket) -> set[int]:
    """Tickets of which a person has said whether this one is the same matter."""
    query = select(DuplicateSuggestion.ticket_id, DuplicateSuggestion.other_id).where(
        or_(DuplicateSuggestion.ticket_id == ticket.id, DuplicateSuggestion.other_id == ticket.id),
        DuplicateSuggestion.decision.is_not(None),
    )
    return {i for pair in session.execute(query) for i in pair} - {ticket.id}


def _pair(session: Session, one: int, other: int) -> DuplicateSuggestion | None:
    """The stored suggestion of two tickets; the newer ticket always stands first."""
    return session.scalar(
        select(DuplicateSuggestion).where(
            DuplicateSuggestion.ticket_id == max(one, other), DuplicateSuggestion.other_id == min(one, other)
        )
    )


def _store(session: Session, ticket: Ticket, found: _Found, at: datetime) -> DuplicateSuggestion | None:
    """Keep a suggestion; None when it was decided meanwhile."""
    kept, reasons = _pair(session, ticket.id, found.head), found.why
    if kept is None:
        first, second = max(ticket.id, found.head), min(ticket.id, found.head)
        kept = DuplicateSuggestion(ticket_id=first, other_id=second, at=at, score=found.score, why=reasons)
        try:
            with session.begin_nested():
                session.add(kept)
        except IntegrityError:  # another process stored the pair between the look and the insert
            kept = _pair(session, ticket.id, found.head)
    if kept is None or kept.decision is not None:
        return None
    kept.score, kept.why = found.score, reasons
    return kept


def suggest(
    session: Session, ticket: Ticket, encoder: Encoder, at: datetime | None = None, limit: int = 5
) -> list[Suggestion]:
    """The tickets that may be the same matter as this one, likeliest first; they are stored for a person to decide.

    Looked at are open tickets and those closed in the last seven days, with what was merged into them. A pair that a
    person has decided, either way, is never suggested again; asking again renews the scores of the others.

    Args:
        session: of the database; the caller commits.
        ticket: an open ticket; others have no duplicates to decide.
        encoder: makes the ticket's meaning when :func:`remember` has not; only meanings of its making are compared.
        at: the moment that counts as now.
        limit: the most suggestions.
    """
    moment = at or now()
    if ticket.status not in workflow.OPEN or limit < 1:
        return []
    meaning = remember(session, ticket, encoder)
    names = Names.of(session)
    mine = read(names, ticket, meaning)
    decided = _decided(session, ticket)
    cases = candidates.find(session, ticket, meaning, encoder.name, moment)
    compared = [_compare(mine, c, names) for c in cases if not decided.intersection(row.id for row, _ in c.told)]
    likely = sorted((f for f in compared if f.score >= weights().threshold), key=lambda f: (-f.score, f.head))
    stored = [(f, kept) for f in likely[:limit] if (kept := _store(session, ticket, f, moment)) is not None]
    session.flush()
    heads = [f.head for f, _ in stored]
    tickets = {t.id: t for t in session.scalars(select(Ticket).where(Ticket.id.in_(heads)))} if heads else {}
    return [Suggestion(ticket, tickets[f.head], kept.score, kept.why, kept.id) for f, kept in stored]


def pending(session: Session, area: str | None = None, limit: int = 50) -> list[Suggestion]:
    """The suggestions a person still has to decide, likeliest first; those whose tickets ended meanwhile are left out.

    Args:
        session: of the database.
        area: code of an area of any level in which one of the two tickets lies; by default everywhere.
        limit: the most suggestions.
    """
    newer, older = aliased(Ticket), aliased(Ticket)
    waiting = (*workflow.OPEN, "closed")
    query = (
        select(DuplicateSuggestion, newer, older)
        .join(newer, newer.id == DuplicateSuggestion.ticket_id)
        .join(older, older.id == DuplicateSuggestion.other_id)
        .where(
            DuplicateSuggestion.decision.is_(None),
            newer.status.in_(waiting),
            older.status.in_(waiting),
            or_(newer.status != "closed", older.status != "closed"),
        )
        .order_by(DuplicateSuggestion.score.desc(), DuplicateSuggestion.id)
        .limit(limit)
    )
    if area is not None:
        columns = [c for t in (newer, older) for c in (t.county, t.street, t.community, t.grid)]
        query = query.where(or_(*(c == area for c in columns)))
    return [Suggestion(of, other, kept.score, kept.why, kept.id) for kept, of, other in session.execute(query)]


def _can_be_merged(ticket: Ticket) -> bool:
    return ticket.status in workflow.ACTIONS["merge"].before


def decide(session: Session, suggestion_id: int, merged: bool, by: Actor) -> DuplicateSuggestion:
    """Settle a suggestion: the two are one matter and are merged, or they are different for good.

    The newer ticket goes into the older one, unless only the older one can still be merged.

    Args:
        session: of the database; the caller commits.
        suggestion_id: of the suggestion.
        merged: whether they are one matter.
        by: who decides.

    Raises:
        SuggestionNotFoundError: no such suggestion.
        SuggestionDecidedError: somebody decided it already.
        IllegalTransitionError: this role may not merge tickets.
        MergeError, StaleTicketError: the two cannot be merged (a closed ticket has to be reopened first); nothing was
            decided.
    """
    if by.role not in workflow.ACTIONS["merge"].roles:
        raise workflow.IllegalTransitionError(
            f"suggestions are decided by {', '.join(workflow.ACTIONS['merge'].roles)}, not by {by.role}"
        )
    kept = session.scalar(
        select(DuplicateSuggestion)
        .where(DuplicateSuggestion.id == suggestion_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    if kept is None:
        raise SuggestionNotFoundError(f"there is no suggestion {suggestion_id}")
    if kept.decision is not None:
        raise SuggestionDecidedError(
            f"suggestion {suggestion_id} was decided '{kept.decision}' by {kept.decided_by or 'somebody'} at {kept.decided_at}"
        )
    if merged:
        pair = (merging.head_of(session, session.get_one(Ticket, i)) for i in (kept.ticket_id, kept.other_id))
        older, newer = sorted(pair, key=lambda t: (t.created_at, t.id))
        if _can_be_merged(older) and not _can_be_merged(newer):
            older, newer = newer, older
        if older.id != newer.id:
            merging.merge(session, newer.number, older.number, actor=by)
    kept.decision = MERGED if merged else DIFFERENT
    kept.decided_by, kept.decided_at = by.id or by.role, now()
    session.flush()
    return kept
