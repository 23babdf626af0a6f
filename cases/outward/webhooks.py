"""Subscriptions: who is told of which events, where."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from cases import audit
from cases.model import Delivery, TicketEvent, Webhook
from cases.outward import addresses, signing
from cases.outward.addresses import Rules
from cases.outward.collecting import UNDELIVERED, put_mark
from cases.outward.wishes import Wishes
from common.db import now


class WebhookError(ValueError):
    """A subscription cannot be made or changed; the message says why."""


@dataclass(frozen=True)
class Subscription:
    """A subscription and how it does; the secret is not shown again.

    ``pieces`` are the personal data that go along, ``rotating`` says that its old secret is still used beside the new
    one, ``waiting`` and ``dead`` count deliveries, ``last_delivered`` is when the newest event that arrived did.
    """

    id: int
    url: str
    actions: tuple[str, ...]
    pieces: tuple[str, ...]
    active: bool
    rotating: bool
    created_at: datetime
    waiting: int
    dead: int
    last_delivered: datetime | None


def subscribe(
    session: Session,
    url: str,
    actions: Iterable[str],
    by: str,
    *,
    pieces: Iterable[str] = (),
    rules: Rules = Rules(),
    at: datetime | None = None,
) -> tuple[Webhook, str]:
    """Tell ``url`` of what happens to tickets from now on.

    The name is resolved here, so call it before anything else in a transaction.

    Args:
        session: of the database; the caller commits.
        url: https, or http to this machine where the rules allow it.
        actions: of the history that are told, keys of ``workflow.ACTIONS``; none for all.
        by: who subscribes, for the audit.
        pieces: of personal data that go along, from ``wishes.PIECES``; by default none.
        rules: which addresses are accepted.
        at: when; by default now.

    Returns:
        The subscription, and its secret, which the receiver needs and which is shown only now.

    Raises:
        AddressError: nothing may be sent there.
        WishError: listing every action and piece there is not.
    """
    wishes = Wishes.checked(actions, pieces)
    addresses.check(url, rules)
    secret, moment = signing.new_secret(), at or now()
    hook = Webhook(url=url, secret=secret, actions=wishes.kept(), active=True, created_at=moment)
    session.add(hook)
    session.flush()
    newest = session.scalar(select(TicketEvent).order_by(TicketEvent.id.desc()).limit(1))
    if newest:
        put_mark(session, hook.id, newest, moment)
    told = ", ".join(wishes.kept() if wishes.actions else ["all", *wishes.kept()])
    audit.log(session, by, "webhook.subscribe", f"webhook {hook.id}", f"{addresses.origin(url)}: {told}")
    return hook, secret


def _known(session: Session, id_: int) -> Webhook:
    hook = session.scalar(select(Webhook).where(Webhook.id == id_).with_for_update())
    if hook is None:
        raise WebhookError(f"there is no webhook {id_}")
    if not hook.secret:
        raise WebhookError(f"webhook {id_} was unsubscribed; subscribe anew")
    return hook


def unsubscribe(session: Session, id_: int, by: str) -> None:
    """End a subscription for good: what is still waiting is not sent any more, and the secret is forgotten.

    Raises:
        WebhookError: there is none, or it has ended.
    """
    hook = _known(session, id_)
    hook.active, hook.secret = False, ""
    waiting = update(Delivery).where(Delivery.webhook_id == id_, Delivery.state.in_(UNDELIVERED))
    dropped = session.execute(waiting.values(state="skipped", error="unsubscribed")).rowcount  # type: ignore[attr-defined]
    session.flush()
    audit.log(session, by, "webhook.unsubscribe", f"webhook {id_}", f"{dropped} deliveries dropped")


def rotate(session: Session, id_: int, by: str, *, at_once: bool = False) -> str:
    """Give a subscription a new secret. Until :func:`retire`, what is sent is signed with the old one too.

    Args:
        session: of the database; the caller commits.
        id_: of the subscription.
        by: who wants it, for the audit.
        at_once: the old one is not used any more, as somebody else may know it.

    Returns:
        The new secret, which is shown only now.

    Raises:
        WebhookError: there is none, or it has ended.
    """
    hook = _known(session, id_)
    secret, hook.secret = signing.rotated(hook.secret, at_once)
    session.flush()
    audit.log(session, by, "webhook.rotate", f"webhook {id_}", "old secret ended at once" if at_once else None)
    return secret


def retire(session: Session, id_: int, by: str) -> None:
    """Stop using the old secret of a subscription, once the receiver has the new one.

    Raises:
        WebhookError: there is none, it has ended, or it has one secret only.
    """
    hook = _known(session, id_)
    if not signing.is_rotating(hook.secret):
        raise WebhookError(f"webhook {id_} has no old secret")
    hook.secret = signing.retired(hook.secret)
    session.flush()
    audit.log(session, by, "webhook.retire", f"webhook {id_}")


def resume(session: Session, id_: int, by: str) -> None:
    """Take up a subscription again that ended because the receiver said 410 Gone. It is told what it missed meanwhile.

    Raises:
        WebhookError: there is none, it was unsubscribed, or it is active.
    """
    hook = _known(session, id_)
    if hook.active:
        raise WebhookError(f"webhook {id_} is active")
    hook.active = True
    session.flush()
    audit.log(session, by, "webhook.resume", f"webhook {id_}")


def _last_delivered(session: Session, hook_id: int) -> datetime | None:
    arrived = select(Delivery.delivered_at).where(Delivery.webhook_id == hook_id, Delivery.state == "delivered")
    return session.scalar(arrived.order_by(Delivery.event_id.desc()).limit(1))


def listing(session: Session, ended: bool = False) -> list[Subscription]:
    """The subscriptions, oldest first; with ``ended`` also those that were unsubscribed."""
    counts: dict[int, dict[str, int]] = {}
    states = select(Delivery.webhook_id, Delivery.state, func.count()).where(Delivery.state.in_(UNDELIVERED))
    for hook_id, state, number in session.execute(states.group_by(Delivery.webhook_id, Delivery.state)):
        counts.setdefault(hook_id, {})[state] = number
    query = select(Webhook).order_by(Webhook.id)
    found = []
    for hook in session.scalars(query if ended else query.where(Webhook.secret != "")):
        has, wishes = counts.get(hook.id, {}), Wishes.read(hook.actions)
        found.append(
            Subscription(
                hook.id,
                hook.url,
                tuple(sorted(wishes.actions)),
                tuple(sorted(wishes.pieces)),
                hook.active,
                signing.is_rotating(hook.secret),
                hook.created_at,
                has.get("waiting", 0) + has.get("sending", 0),
                has.get("dead", 0),
                _last_delivered(session, hook.id),
            )
        )
    return found
