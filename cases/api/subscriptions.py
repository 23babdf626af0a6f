"""Which webhooks are a key's: those it subscribed itself, told by the city's history.

A subscriber is told of all tickets, so only keys that see all tickets may have any. Nobody sees another's address, whose
path may hold a secret, or gets a new secret for it; at the terminal all are listed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, Path
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases.api.access import Caller, needs, require
from cases.api.errors import OutsideError, WebhookNotFoundError
from cases.api.idempotency import Sending, sends
from cases.model import AuditLine, Webhook
from cases.outward import webhooks
from cases.outward.webhooks import Subscription

SCOPE = "webhooks:manage"
HookId = Annotated[int, Path(ge=1, le=2**31 - 1, description="Of the subscription")]


def _of_the_whole_city(caller: Caller) -> None:
    if caller.role == "resident" or caller.unit is not None or caller.area is not None:
        raise OutsideError("webhooks tell of all tickets: they are for keys that have neither unit, area nor residents")


def manages(caller: Annotated[Caller, Depends(needs(SCOPE))]) -> Caller:
    """A dependency: a key that may have webhooks.

    Raises:
        OutsideError: it does not see all tickets.
    """
    _of_the_whole_city(caller)
    return caller


def changes_webhooks(slow: bool = False) -> Callable[..., Sending]:
    """A dependency: a request, that may be sent again, of a key that may have webhooks."""

    def sent(sending: Sending = Depends(sends(SCOPE, slow))) -> Sending:
        _of_the_whole_city(sending.caller)
        return sending

    return sent


Managing = Annotated[Caller, Depends(manages)]
Changing = Annotated[Sending, Depends(changes_webhooks())]


def may_have(caller: Caller, pieces: list[str]) -> None:
    """Whether a key may be sent these pieces of personal data.

    Raises:
        ScopeMissingError: there are some, and it may not read personal data.
    """
    if pieces:
        require(caller, "personal:read")


def ids(session: Session, caller: Caller) -> set[int]:
    """The ids of the key's subscriptions that were not ended."""
    # A key's name is never given to another one, and history lines are only added.
    made = select(AuditLine.about).where(AuditLine.action == "webhook.subscribe", AuditLine.actor == caller.by)
    known = [int(about.removeprefix("webhook ")) for about in session.scalars(made)]
    return set(session.scalars(select(Webhook.id).where(Webhook.id.in_(known), Webhook.secret != "")))


def check(session: Session, caller: Caller, id_: int) -> int:
    """A subscription's id, if it is the key's.

    Raises:
        WebhookNotFoundError: it is not, or has ended.
    """
    if id_ not in ids(session, caller):
        raise WebhookNotFoundError(f"this key has no webhook {id_}")
    return id_


def listed(session: Session, caller: Caller) -> list[Subscription]:
    """The key's subscriptions, oldest first."""
    own = ids(session, caller)
    return [hook for hook in webhooks.listing(session) if hook.id in own]


def one(session: Session, id_: int) -> Subscription:
    """A subscription, also one that has just been ended."""
    return next(hook for hook in webhooks.listing(session, ended=True) if hook.id == id_)
