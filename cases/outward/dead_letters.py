"""Deliveries that were given up, and what a person can do with them: send again, or skip."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.orm import Session, aliased

from cases import audit, numbers
from cases.model import Delivery, Ticket, TicketEvent, Webhook
from cases.outward.collecting import of_hook
from cases.outward.webhooks import WebhookError
from common.db import now

PAGE = 100
_AGAIN = ("dead", "waiting")
_SKIPPABLE = ("dead", "waiting")


@dataclass(frozen=True)
class DeadLetter:
    """A delivery that was given up, and how many of the same ticket's wait ``behind`` it."""

    id: int
    webhook: int
    url: str
    number: str
    seq: int
    action: str
    at: datetime
    attempts: int
    error: str | None
    behind: int


def dead(session: Session, webhook: int | None = None, limit: int = PAGE) -> list[DeadLetter]:
    """The deliveries that were given up, oldest first; of one subscription, or of all that have not ended."""
    later = aliased(Delivery)
    behind = (
        select(func.count())
        .where(
            later.webhook_id == Delivery.webhook_id,
            later.ticket_id == Delivery.ticket_id,
            later.event_id > Delivery.event_id,
            later.state.in_(("waiting", "sending")),
        )
        .scalar_subquery()
    )
    query = (
        select(Delivery, Webhook.url, Ticket.number, TicketEvent.seq, TicketEvent.action, TicketEvent.at, behind)
        .join(Webhook, Webhook.id == Delivery.webhook_id)
        .join(Ticket, Ticket.id == Delivery.ticket_id)
        .join(TicketEvent, TicketEvent.id == Delivery.event_id)
        .where(Delivery.state == "dead")
        .order_by(Delivery.event_id, Delivery.id)
        .limit(limit)
    )
    if webhook is not None:
        query = query.where(of_hook(webhook))
    return [
        DeadLetter(d.id, d.webhook_id, url, number, seq, action, at, d.attempts, d.error, waiting)
        for d, url, number, seq, action, at, waiting in session.execute(query)
    ]


def replay(
    session: Session,
    *,
    by: str,
    ids: Collection[int] | None = None,
    ticket: str | None = None,
    webhook: int | None = None,
    delivered: bool = False,
    at: datetime | None = None,
) -> int:
    """Send again, at once and with all tries: what was given up, and what waits for its next try.

    Args:
        session: of the database; the caller commits.
        by: who wants it, for the audit.
        ids: these deliveries;
        ticket: those of the ticket with this number (plain digits);
        webhook: those of this subscription. At least one of the three; together they narrow each other.
        delivered: also what arrived or was skipped, for a receiver that lost what it had. It may then get an event
            after a later one of the same ticket.
        at: when; by default now.

    Returns:
        How many deliveries will be sent.

    Raises:
        WebhookError: nothing was chosen, or there is no such delivery, ticket or subscription.
    """
    if ids is None and ticket is None and webhook is None:
        raise WebhookError("say what to replay: delivery ids, a ticket's number or a webhook")
    chosen: list[ColumnElement[bool]] = [Delivery.state.in_((*_AGAIN, "delivered", "skipped") if delivered else _AGAIN)]
    chosen.append(Delivery.webhook_id.in_(select(Webhook.id).where(Webhook.secret != "")))
    if ids is not None:
        there = set(session.scalars(select(Delivery.id).where(Delivery.id.in_(ids), Delivery.state != "mark")))
        if missing := sorted(set(ids) - there):
            raise WebhookError(f"there is no delivery {', '.join(map(str, missing))}")
        chosen.append(Delivery.id.in_(there))
    if ticket is not None:
        found = session.scalar(select(Ticket.id).where(Ticket.number == ticket))
        if found is None:
            raise WebhookError(f"no ticket has the number {numbers.spoken(ticket)}")
        chosen.append(Delivery.ticket_id == found)
    if webhook is not None:
        if session.get(Webhook, webhook) is None:
            raise WebhookError(f"there is no webhook {webhook}")
        chosen.append(of_hook(webhook))
    again = update(Delivery).where(*chosen).values(state="waiting", attempts=0, next_try=at or now(), delivered_at=None)
    number = int(session.execute(again).rowcount)  # type: ignore[attr-defined]
    about = f"webhook {webhook}" if webhook is not None else numbers.spoken(ticket) if ticket else "deliveries"
    audit.log(session, by, "webhook.replay", about, f"{number} deliveries")
    return number


def skip(session: Session, id_: int, *, by: str) -> None:
    """Leave a delivery out for good, so that the ticket's later ones can go.

    Raises:
        WebhookError: there is no such delivery, it has arrived, or it is being sent at this moment.
    """
    delivery = session.scalar(select(Delivery).where(Delivery.id == id_, Delivery.state != "mark").with_for_update())
    if delivery is None:
        raise WebhookError(f"there is no delivery {id_}")
    if delivery.state not in _SKIPPABLE:
        why = "is being sent at this moment: try again in two minutes" if delivery.state == "sending" else "is done"
        raise WebhookError(f"delivery {id_} cannot be skipped: it {why}")
    delivery.state = "skipped"
    session.flush()
    audit.log(session, by, "webhook.skip", f"delivery {id_}", delivery.error)
