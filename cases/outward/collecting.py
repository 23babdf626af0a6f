"""From lines of the tickets' histories to deliveries: one for every subscriber that wants to know.

Each subscription has one mark among its deliveries (state ``mark``): all events up to it were looked at for good. On
PostgreSQL a line can become visible after lines with higher ids, when its transaction took longer. So there the mark
stays LOOK_BACK events behind, and what lies after it is looked at again each time; what has a delivery already is left.
SQLite has one writer at a time, so lines become visible in the order of their ids. Lines of one ticket never overtake
each other, as whoever writes one holds the ticket until the commit.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Exists, delete, exists, func, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from cases.model import Delivery, TicketEvent, Webhook
from cases.outward.wishes import Wishes
from common.db import UTCDateTime, now

LOOK_BACK = 5000  # events; a district's peak hour has about 3,600
MARK_EVERY = 2500  # events that may lie after the mark without need
BATCH = 5000  # new deliveries a subscription gets at once
KEPT = timedelta(days=90)
UNDELIVERED = ("waiting", "sending", "dead")
_COLUMNS = ("webhook_id", "ticket_id", "event_id", "state", "attempts", "next_try")


def _is_postgresql(session: Session) -> bool:
    return session.get_bind().dialect.name == "postgresql"


def _look_back(session: Session) -> int:
    """How many events behind the newest an event may still become visible."""
    return LOOK_BACK if _is_postgresql(session) else 0


def _has_delivery(hook_id: int) -> Exists:
    return exists().where(Delivery.webhook_id == hook_id, Delivery.event_id == TicketEvent.id)


def of_hook(hook_id: int) -> ColumnElement[bool]:
    """The condition that a delivery is a subscriber's, for queries by state.

    Written so that no index on subscribers is used: nearly all of a subscriber's deliveries have long arrived, and those
    of a state are few.
    """
    return Delivery.webhook_id + 0 == hook_id


def _mark(session: Session, hook_id: int) -> Delivery | None:
    return session.scalar(select(Delivery).where(Delivery.state == "mark", of_hook(hook_id)))


def put_mark(session: Session, hook_id: int, event: TicketEvent, at: datetime) -> None:
    """Say that everything up to ``event``, which has no delivery of this subscription, was looked at."""
    mark = _mark(session, hook_id) or Delivery(webhook_id=hook_id, state="mark", attempts=0)
    mark.event_id, mark.ticket_id, mark.next_try = event.id, event.ticket_id, at
    session.add(mark)
    session.flush()


def _looked_at(session: Session, hook_id: int) -> int:
    """The id of the event up to which all was looked at for good."""
    mark = _mark(session, hook_id)
    newest = session.scalar(select(func.max(Delivery.event_id)).where(Delivery.webhook_id == hook_id)) or 0
    return max(mark.event_id if mark else 0, newest - _look_back(session))


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
    if actions := Wishes.read(hook.actions).actions:
        source = source.where(TicketEvent.action.in_(sorted(actions)))
    dialect: Any = postgresql if _is_postgresql(session) else sqlite
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
        upto = newest - _look_back(session)
        if added < BATCH and upto - after > MARK_EVERY:
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
            Delivery.event_id <= newest - _look_back(session),
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
