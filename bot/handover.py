"""Conversations a person was asked into: see them, answer them, hand them back to the assistant."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot import outbox
from bot.model import Conversation, Inbound
from common.db import now


class NoConversationError(LookupError):
    """There is no such conversation; the message says so."""


def waiting(session: Session) -> list[Conversation]:
    """Conversations that wait for a person, or are with one, longest first."""
    query = select(Conversation).where(Conversation.mode != "bot").order_by(Conversation.handover_at)
    return list(session.scalars(query))


def last_words(session: Session, conversation: Conversation) -> str:
    """What the resident said last."""
    row = session.scalar(
        select(Inbound)
        .where(Inbound.conversation_id == conversation.id, Inbound.kind == "text")
        .order_by(Inbound.id.desc())
        .limit(1)
    )
    return str(row.payload.get("text") or "") if row else ""


def _get(session: Session, identity: str) -> Conversation:
    found = list(
        session.scalars(select(Conversation).where(Conversation.id.startswith(identity, autoescape=True)).limit(2))
    )
    if len(found) != 1 or len(identity) < 4:
        raise NoConversationError(f"{identity!r} names {'several' if len(found) > 1 else 'no'} conversation(s)")
    return found[0]


def reply(session: Session, identity: str, text: str) -> None:
    """Write to the resident as a person; the assistant is silent until the conversation is handed back."""
    if not text.strip():
        raise ValueError("the reply is empty")
    conversation = _get(session, identity)
    conversation.mode = "operator"
    outbox.put(session, conversation.id, [{"text": text.strip()}])


def ask_for_person(conversation: Conversation, about: str) -> None:
    """Mark a conversation as waiting for a person. ``about`` tells that person what it is about."""
    conversation.mode, conversation.handover_at, conversation.handover_note = "waiting", now(), about


def hand_back(session: Session, identity: str) -> None:
    """The assistant takes the conversation on again."""
    conversation = _get(session, identity)
    conversation.mode, conversation.handover_at, conversation.handover_note = "bot", None, None
