"""From lines of the tickets' histories to deliveries: one for every subscriber that wants to know.

Each subscription has one mark among its deliveries (state ``mark``): all events up to it were looked at for good. On
PostgreSQL a line can become visible after lines with higher ids, when its transaction took longer. So the mark stays
LOOK_BACK events behind, and what lies after it is looked at again each time; what has a delivery already is left.
Lines of one ticket never overtake each other, as whoever writes one holds the ticket until the commit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Exists, delete, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cases.model import Delivery, TicketEvent, Webhook
from common.db import UTCDateTime, now

LOOK_BACK = 5000  # events; a district's peak hour has about 3,600
BATCH = 5000  # new deliveries a subscription gets at once
KEPT = timedelta(days=90)
UNDELIVERED = ("waiting", "sending", "dead")
_COLUMNS = ("webhook_id", "ticket_id", "event_id", "state", "attempts", "next_try")


def _has_delivery(hook_id: int) -> Exists:
    return exists().where(Delivery.webhook_id == hook_id, Delivery.event_id == TicketEvent.id)


def put_mark(session: Session, hook_id: int, event: TicketEvent, at: datetime) -> None:
    """Say that everything up to ``event``, which has no delivery of this subscription, was looked at."""
    session.execute(delete(Delivery).where(Delivery.webhook_id == hook_id, Delivery.state == "mark"))
    row = Delivery(
        webhook_id=hook_id, ticket_id=event.ticket_id, event_id=event.id, state="mark", attempts=0, next_try=at
    )
    session.add(row)
    session.flush()


def _looked_at(session: Session, hook_id: int) -> int:
    """The id of the event up to which all was looked at for good."""
    marked = select(Delivery.event_id).where(Delivery.webhook_id == hook_id, Delivery.state == "mark")
    newest = select(func.max(Delivery.event_id)).where(Delivery.webhook_id == hook_id)
    return max(session.scalar(marked) or 0, (session.scalar(newest) or 0) - LOOK_BACK)


def _make(session: Session, hook: Webhook, after: int, at: datetime) -> int:
    source = (
        select(
            literal(hook.id),
            TicketEvent.ticket_id,
            TicketEvent.id,
            literal("waiting"),
            literal(0),
            literal(at, UTCDateTime),
        )
        .where(TicketEvent.id > after, ~_has_delivery(hook.id))
        .order_by(TicketEvent.id)
        .limit(BATCH)
    )
    if hook.actions:
        source = source.where(TicketEvent.action.in_(hook.actions))
    dialect: Any = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    added = dialect.insert(Delivery).from_select(_COLUMNS, source)
    added = added.on_conflict_do_nothing(index_elements=["webhook_id", "event_id"])
    return len(session.scalars(added.returning(Delivery.id)).all())


def _move_mark(session: Session, hook: Webhook, after: int, upto: int, at: datetime) -> None:
    """Bring the mark forward, so that who wants few events does not make everything be looked at again."""
    query = select(TicketEvent).where(TicketEvent.id > after, TicketEvent.id <= upto, ~_has_delivery(hook.id))
    last = session.scalar(query.order_by(TicketEvent.id.desc()).limit(1))
    if last:
        put_mark(session, hook.id, last, at)


def collect(session: Session, at: datetime | None = None) -> int:
    """Make deliveries of the events since the last time, for every active subscription that wants them.

    May run in several processes at once. A subscription that is far behind gets BATCH deliveries a time: call it again
    until it returns 0.

    Args:
        session: of the database; the caller commits.
        at: from when on they may be sent; by default now.

    Returns:
        How many deliveries were made.
    """
    made, moment = 0, at or now()
    newest = session.scalar(select(func.max(TicketEvent.id))) or 0
    # A subscription another process collects for at this moment is left to it.
    active = select(Webhook).where(Webhook.active).order_by(Webhook.id).with_for_update(skip_locked=True)
    for hook in session.scalars(active).all():
        after = _looked_at(session, hook.id)
        added = _make(session, hook, after, moment)
        made += added
        upto = newest - LOOK_BACK
        if added < BATCH and upto - after > LOOK_BACK // 2:
            _move_mark(session, hook, after, upto, moment)
    return made


def tidy(session: Session, at: datetime | None = None) -> int:
    """Forget deliveries that arrived or were skipped more than KEPT ago. Returns how many.

    The history itself keeps every event; only the record of its sending goes.
    """
    gone, moment = 0, at or now()
    newest = session.scalar(select(func.max(TicketEvent.id))) or 0
    for hook_id in session.scalars(select(Webhook.id).order_by(Webhook.id).with_for_update()).all():
        old = (
            Delivery.webhook_id == hook_id,
            Delivery.event_id <= newest - LOOK_BACK,
            Delivery.next_try < moment - KEPT,
            Delivery.state.in_(("delivered", "skipped")),
        )
        last = session.scalar(select(func.max(Delivery.event_id)).where(*old))
        if last is None:
            continue
        gone += session.execute(delete(Delivery).where(*old)).rowcount  # type: ignore[attr-defined]
        if last > _looked_at(session, hook_id):
            put_mark(session, hook_id, session.get_one(TicketEvent, last), moment)
    return gone
