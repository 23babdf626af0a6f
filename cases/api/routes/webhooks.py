"""Webhooks: subscribing to what happens to tickets, changing the secret, ending."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import BaseModel, Field, StringConstraints
from sqlalchemy.orm import Session

from cases import workflow
from cases.api import subscriptions
from cases.api.errors import documented
from cases.api.fields import Body, OneOf
from cases.api.idempotency import Answer, Sending
from cases.api.subscriptions import Changing, HookId, Managing, changes_webhooks
from cases.outward import addresses, webhooks
from cases.outward.city_file import outward
from cases.outward.webhooks import Subscription, WebhookError
from cases.outward.wishes import PIECES
from common.db import reading, transaction

router = APIRouter(prefix="/webhooks", tags=["webhooks"])
# A name is resolved: that may take long.
Subscribing = Annotated[Sending, Depends(changes_webhooks(slow=True))]
MOST = 20  # subscriptions of a key
# Scheme and host, neither user nor fragment; what else is wrong is told after the name was resolved.
URL = r"^https?://[A-Za-z0-9._~:\[\]-]+([/?][!-\"$-~]*)?$"


class WebhookIn(Body):
    """Where to send what."""

    url: Annotated[str, StringConstraints(max_length=addresses.LONGEST, pattern=URL)] = Field(
        description="https; a public address, or one in a network the city has opened"
    )
    actions: list[Annotated[str, OneOf(tuple(workflow.ACTIONS), "An action")]] = Field(
        [], max_length=len(workflow.ACTIONS), description="Of which actions; none: of all"
    )
    pieces: list[Annotated[str, OneOf(PIECES, "A piece of personal data")]] = Field(
        [], max_length=len(PIECES), description="What goes along; needs `personal:read`"
    )


class RotationIn(Body):
    """How to change the secret."""

    at_once: bool = Field(False, description="The old one is not used any more, as somebody else may know it")


class WebhookOut(BaseModel):
    """A subscription, and how it does."""

    id: int
    url: str
    actions: list[str] = Field(description="Empty: all")
    pieces: list[str]
    active: bool = Field(description="False when the receiver said 410 Gone, or it was ended")
    rotating: bool = Field(description="The old secret is still used beside the new one")
    created_at: datetime
    waiting: int = Field(description="Deliveries on their way")
    dead: int = Field(description="Deliveries that were given up")
    last_delivered: datetime | None


_SECRET = "Signs what is sent. Told only here, and not again when the request is sent again: then null"


class SubscribedOut(WebhookOut):
    """A new subscription."""

    secret: str | None = Field(description=_SECRET)


class SecretOut(BaseModel):
    """A new secret."""

    id: int
    secret: str | None = Field(description=_SECRET)


def _out(hook: Subscription) -> WebhookOut:
    plain = {name: getattr(hook, name) for name in WebhookOut.model_fields}
    return WebhookOut(**{**plain, "actions": list(hook.actions), "pieces": list(hook.pieces)})


@router.get("", summary="This key's subscriptions", responses=documented())
def list_webhooks(caller: Managing) -> list[WebhookOut]:
    """Scope `webhooks:manage`. Those this key made; at the terminal all are listed."""
    with reading() as session:
        return [_out(hook) for hook in subscriptions.listed(session, caller)]


@router.post("", status_code=201, summary="Be told what happens to tickets", responses=documented(409, 413, 422))
def subscribe(body: WebhookIn, sending: Subscribing) -> SubscribedOut:
    """Scope `webhooks:manage`. From now on; the `secret` is told only here."""
    caller = sending.caller
    subscriptions.may_have(caller, body.pieces)
    rules = outward().rules
    # What is refused, and most waits for a slow name server, are over before the database is asked.
    addresses.check(body.url, rules)
    secrets: dict[int, str] = {}  # by subscription: another request's answer must not get this one's

    def subscribed(session: Session) -> Answer:
        hook, secret = webhooks.subscribe(session, body.url, body.actions, caller.by, pieces=body.pieces, rules=rules)
        secrets[hook.id] = secret
        if len(subscriptions.ids(session, caller)) > MOST:
            raise WebhookError(f"a key has at most {MOST} webhooks: end one first")
        return _out(subscriptions.one(session, hook.id)).model_dump(mode="json")

    kept = sending.once_done(subscribed, 201)
    return SubscribedOut.model_validate({**kept, "secret": secrets.get(kept["id"])})


@router.delete("/{identity}", summary="End a subscription for good", responses=documented(404, 409))
def unsubscribe(identity: HookId, caller: Managing) -> WebhookOut:
    """Scope `webhooks:manage`. What is still waiting is not sent any more."""
    with transaction() as session:
        webhooks.unsubscribe(session, subscriptions.check(session, caller, identity), caller.by)
        return _out(subscriptions.one(session, identity))


@router.post("/{identity}/secret", summary="Make a new secret", responses=documented(404, 409, 413))
def rotate_secret(identity: HookId, body: RotationIn, sending: Changing) -> SecretOut:
    """Scope `webhooks:manage`. What is sent is signed with the old one too, until that is ended."""
    caller, secret = sending.caller, None

    def rotated(session: Session) -> Answer:
        nonlocal secret
        own = subscriptions.check(session, caller, identity)
        secret = webhooks.rotate(session, own, caller.by, at_once=body.at_once)
        return {"id": own}

    return SecretOut.model_validate({**sending.once(rotated), "secret": secret})


@router.delete("/{identity}/secret", summary="End the old secret", responses=documented(404, 409))
def retire_secret(identity: HookId, caller: Managing) -> WebhookOut:
    """Scope `webhooks:manage`. When the receiver has the new one."""
    with transaction() as session:
        webhooks.retire(session, subscriptions.check(session, caller, identity), caller.by)
        return _out(subscriptions.one(session, identity))


@router.post("/{identity}/resumption", summary="Take a subscription up again", responses=documented(404, 409))
def resume(identity: HookId, sending: Changing) -> WebhookOut:
    """Scope `webhooks:manage`. One that ended as the receiver said 410 Gone; it is told what it missed."""

    def resumed(session: Session) -> Answer:
        webhooks.resume(session, subscriptions.check(session, sending.caller, identity), sending.caller.by)
        return _out(subscriptions.one(session, identity)).model_dump(mode="json")

    return WebhookOut.model_validate(sending.once(resumed))
