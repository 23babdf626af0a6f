"""The resident's word on an outcome, taken by the inbox itself: asked as 1, 2, 3 when a ticket has been checked."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.model import Conversation
from bot.words import word
from cases import evaluations, numbers, service
from cases.model import Ticket
from cases.workflow import IllegalTransitionError
from common.db import now
from nlu.text.normalise import for_model

Payload = dict[str, Any]
CHOICES = list(service.SCORES.values())
_NO_PLACE = r"(?![楼层号栋幢单个天点月])"  # 三楼漏水 is no score
# The order matters: 不满意 holds 满意.
_SCORES = (
    (
        "unsatisfied",
        re.compile(
            rf"^(?:3|三|③){_NO_PLACE}(?:[^\d]{{0,3}}$|[，,。.、：:；;！! ]+(?=[^\d\s]))|不(?:太|大|是很|怎么)?满意|差评|没(?:办好|解决|修好|弄好|处理好)|还是老样子|根本没"
        ),
    ),
    ("fair", re.compile(rf"^(?:2|二|②){_NO_PLACE}[^\d]{{0,3}}$|基本(?:上)?满意|一般|凑合|还行|还可以|马马虎虎|过得去")),
    (
        "satisfied",
        re.compile(rf"^(?:1|一|①){_NO_PLACE}[^\d]{{0,3}}$|满意|好评|办得(?:好|快|不错)|(?:修|弄|办|处理)好了"),
    ),
)
_NO_REASON = re.compile(r"^(?:没有?|不想说|不说了?|算了|没啥|没什么|就是不满意|不知道)")
LONGEST = 60  # characters; what is longer is a matter of its own
WITH_REASON = 8


def ask(conversation: Conversation, number: str) -> None:
    """Remember that this resident was asked about a ticket; a short answer is about it for LAPSE_DAYS."""
    until = now() + timedelta(days=evaluations.LAPSE_DAYS)
    conversation.evaluating = {"number": number, "until": until.isoformat()}


def score_of(text: str) -> str | None:
    """The score a message gives; None when it gives none."""
    plain = for_model(text)
    if len(plain) > LONGEST:
        return None
    return next((score for score, pattern in _SCORES if pattern.search(plain)), None)


def take(session: Session, conversation: Conversation, text: str) -> list[Payload]:
    """Take a message as the evaluation that was asked for.

    Returns:
        What to answer; nothing when the message is about something else.
    """
    asked = dict(conversation.evaluating or {})
    number = str(asked.get("number") or "")
    if not number or conversation.open_since is not None:
        return []
    ticket = service.get(session, number)
    actor = service.Actor("resident", None if ticket.anonymous else conversation.id)
    if not _still_asked(session, ticket, actor, asked):
        conversation.evaluating = None
        return []
    score = str(asked.get("score") or "") or score_of(text)
    if score is None:
        return []
    reason = text.strip()[:500]
    if score == "unsatisfied" and not asked.get("score") and len(for_model(text)) < WITH_REASON:
        conversation.evaluating = {**asked, "score": score}
        return [{"text": word("evaluation_why")}]
    if score == "unsatisfied" and _NO_REASON.match(for_model(text)):
        reason = "未说明原因"
    told = reason if score == "unsatisfied" or len(reason) >= WITH_REASON else None
    service.evaluate(session, number, score, actor=actor, channel=conversation.channel, reason=told)
    conversation.evaluating = None
    head = service.head_of(session, ticket)
    answer = {"handling": "evaluation_again", "contested": "evaluation_above"} if score == "unsatisfied" else {}
    said = word(answer.get(head.status, "evaluation_thanks"), number=numbers.spoken(number))
    return [{"text": said, "ticket": numbers.spoken(number)}]


def _still_asked(session: Session, ticket: Ticket, actor: service.Actor, asked: Payload) -> bool:
    """Whether a word on the outcome is still taken, and a short message still likely to be one."""
    moment = now()
    if asked.get("until") and moment > datetime.fromisoformat(asked["until"]):
        return False
    try:
        evaluations.check_open(ticket, service.head_of(session, ticket), actor, moment)
    except IllegalTransitionError:
        return False
    return True
