"""Tell residents when their ticket moves. A cursor over the tickets' history says what has been told."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot import evaluating, outbox
from bot.model import ChannelState, Conversation
from bot.words import word
from cases import numbers, service, workflow
from cases.model import Ticket, TicketEvent, Unit
from common.db import reading, transaction
from nlu.taxonomy import taxonomy

CURSOR = "progress:last_event"
# What happens between filing and the first dispatch is said in the same breath as the number.
TOLD = frozenset(
    {"accept", "feedback", "suspend", "resume", "verify", "merge", "reopen", "uphold", "withdraw", "refuse"}
)
# What those hear whose report was merged into another.
TOLD_FOLLOWERS = frozenset({"verify", "refuse", "withdraw", "reopen", "uphold"})
WITH_NOTE = frozenset({"feedback", "suspend", "uphold", "refuse", "withdraw"})
BATCH = 100


def tell_residents() -> int:
    """Queue a message for each new step residents should hear of. Returns how many were queued."""
    with reading() as session:
        row = session.get(ChannelState, CURSOR)
        newest = session.scalar(select(func.coalesce(func.max(TicketEvent.id), 0))) or 0
    if row is not None and int(row.value) >= newest:
        return 0
    told = 0
    with transaction() as session:
        row = session.get(ChannelState, CURSOR)
        if row is None:  # the first start: the past is not told
            session.add(ChannelState(key=CURSOR, value=str(newest)))
            return 0
        events = session.scalars(
            select(TicketEvent).where(TicketEvent.id > int(row.value)).order_by(TicketEvent.id).limit(BATCH)
        ).all()
        for event in events:
            row.value = str(event.id)
            told += _tell(session, event)
    return told


def _tell(session: Session, event: TicketEvent) -> int:
    if event.action not in TOLD and not (event.action == "dispatch" and event.role != "system"):
        return 0
    ticket = session.get_one(Ticket, event.ticket_id)
    knows = _whose_word(session, ticket, event)
    told = 0
    if knows is not ticket:
        told += _put(session, ticket, _message(session, ticket, event))
    asks = event.action == "verify" and ticket.status == "evaluating"
    heard = {ticket.reporter}
    if asks and told:
        evaluating.ask(session.get_one(Conversation, ticket.reporter), ticket.number)
    if event.action in TOLD_FOLLOWERS:
        for follower in _followed_then(session, ticket, event):
            if follower.reporter not in heard and follower is not knows:
                told += _tell_follower(session, follower, ticket, event, asks)
            heard.add(follower.reporter)
    if event.action == "merge":
        told += _tell_late(session, ticket, event)
    return told


def _whose_word(session: Session, ticket: Ticket, event: TicketEvent) -> Ticket | None:
    """The ticket whose reporter had it handled again: they were answered already."""
    if event.action != "reopen" or event.role != "resident":
        return None
    came_with = (event.data or {}).get("from")
    return service.get(session, came_with) if came_with else ticket


def _followed_then(session: Session, ticket: Ticket, event: TicketEvent) -> list[Ticket]:
    """The tickets that had been merged into this one when it happened; those merged later hear of it then."""
    later = set(
        session.scalars(
            select(TicketEvent.ticket_id)
            .join(Ticket, Ticket.id == TicketEvent.ticket_id)
            .where(Ticket.merged_into == ticket.id, TicketEvent.action == "merge", TicketEvent.id > event.id)
        )
    )
    return [follower for follower in service.followers(session, ticket) if follower.id not in later]


def _tell_follower(session: Session, follower: Ticket, ticket: Ticket, event: TicketEvent, asks: bool) -> int:
    told = _put(session, follower, _result(session, follower, ticket, event, asks))
    if asks and told:
        evaluating.ask(session.get_one(Conversation, follower.reporter), follower.number)
    return told


def _tell_late(session: Session, follower: Ticket, merged: TicketEvent) -> int:
    """Whose report was merged into a ticket that had been checked already hears the outcome now."""
    head = service.head_of(session, follower)
    if head is follower or head.status != "evaluating" or head.reporter == follower.reporter:
        return 0
    before = select(TicketEvent).where(TicketEvent.ticket_id == head.id, TicketEvent.id < merged.id)
    before = before.order_by(TicketEvent.id.desc()).limit(1)
    last = session.scalar(before)
    if last is None or last.after != "evaluating":
        return 0
    check = session.scalars(before.where(TicketEvent.action == "verify")).one()
    return _tell_follower(session, follower, head, check, asks=True)


def _put(session: Session, ticket: Ticket, message: dict[str, Any]) -> int:
    conversation = session.get(Conversation, ticket.reporter) if ticket.reporter else None
    if conversation is None:
        return 0
    outbox.put(session, conversation.id, [{**message, "ticket": numbers.spoken(ticket.number)}])
    return 1


def _matter(ticket: Ticket) -> str:
    return taxonomy().type(ticket.type).plain if ticket.type else "您反映的事"


def _outcome(session: Session, ticket: Ticket, event: TicketEvent) -> str:
    """What was done, in the words of those who did it; why nothing was done when it was refused."""
    if event.action != "verify":
        return f"{workflow.STATES[event.after or ticket.status]}。{event.note or ''}"
    query = select(TicketEvent.note).where(TicketEvent.ticket_id == ticket.id, TicketEvent.action == "finish")
    return session.scalar(query.order_by(TicketEvent.seq.desc()).limit(1)) or ""


def _message(session: Session, ticket: Ticket, event: TicketEvent) -> dict[str, Any]:
    number = numbers.spoken(ticket.number)
    if event.action == "merge":
        return {"text": word("merged", matter=_matter(ticket), number=number)}
    if event.action == "verify":
        result = _outcome(session, ticket, event)
        said = word("ask_evaluation", matter=_matter(ticket), number=number, result=result).replace("\n\n", "\n")
        return {"text": said, "choices": evaluating.CHOICES}
    unit = session.get(Unit, ticket.unit) if ticket.unit else None
    where = f"，在{unit.name}" if unit and event.after in ("dispatched", "handling") else ""
    note = f"说明：{event.note}。" if event.note and event.action in WITH_NOTE else ""
    status = workflow.STATES[event.after or ticket.status] + where
    return {"text": word("progress", matter=_matter(ticket), number=number, status=status, note=note)}


def _result(session: Session, follower: Ticket, ticket: Ticket, event: TicketEvent, asks: bool) -> dict[str, Any]:
    about = {"matter": _matter(follower), "number": numbers.spoken(follower.number)}
    if event.action == "reopen":
        return {"text": word("merged_again", **about)}
    result = _outcome(session, ticket, event)
    if asks:
        said = word("ask_merged_evaluation", **about, result=result).replace("\n\n", "\n")
        return {"text": said, "choices": evaluating.CHOICES}
    return {"text": word("merged_result", **about, result=result)}
