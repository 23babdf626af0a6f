"""Sending deliveries: at least once, each ticket's events in their order, one subscriber never in another's way.

A delivery is claimed in one short transaction, sent in none, and settled in another. Who claims one has it for LEASE; a
process that dies meanwhile loses it to the next. Of the deliveries of one ticket to one subscriber only the oldest that
has not arrived may go, so one that was given up (dead) holds back the ticket's later ones until a person replays or
skips it (:mod:`cases.outward.dead_letters`).

Each subscriber has a lane, a thread of its own, so whoever calls the :class:`Courier` waits for no receiver.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, fields
from datetime import datetime, timedelta

import httpx
from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.orm import Session, aliased

from cases import audit
from cases.model import Delivery, Ticket, TicketEvent, Webhook
from cases.outward import addresses, message, signing
from cases.outward.client import Client
from cases.outward.collecting import UNDELIVERED, of_hook
from cases.outward.wishes import Wishes
from common.db import reading, transaction
from common.logs import log

MAX_ATTEMPTS = 12
FIRST_PAUSE = timedelta(minutes=1)
LONGEST_PAUSE = timedelta(hours=6)
LEASE = timedelta(minutes=2)  # longer than any exchange with its name look-up may take
LANE_SECONDS = 10.0  # after which a lane begins nothing new
LANES = 8  # subscribers sent to at once
BATCH = 500
ENOUGH_FAILURES = 3  # in one lane
FIRST_REST, LONGEST_REST = 15.0, 120.0  # seconds a subscriber is left alone that only failed, doubling


@dataclass
class Report:
    """What was done. ``failed`` ones will be tried again; ``gone`` are subscriptions ended by 410."""

    delivered: int = 0
    failed: int = 0
    dead: int = 0
    gone: int = 0

    def add(self, other: Report) -> None:
        """Count another's in."""
        for field in fields(self):
            setattr(self, field.name, getattr(self, field.name) + getattr(other, field.name))


@dataclass(frozen=True)
class _Claimed:
    """A delivery that is ours to send until its lease ends; ``attempt`` tells our claim from any later one."""

    id: int
    hook: int
    attempt: int
    url: str
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True)
class _Outcome:
    arrived: bool
    gone: bool = False
    error: str | None = None
    wait: float = 0.0  # seconds the receiver asked for


def pause(attempts: int, luck: float, asked: float = 0.0) -> timedelta:
    """How long to wait after a failure: doubling from one minute to six hours, a quarter more or less by chance.

    Args:
        attempts: made so far, from 1.
        luck: from 0 to 1, so that many deliveries that failed together do not come back together.
        asked: seconds the receiver asked to be left alone.
    """
    base = min(FIRST_PAUSE.total_seconds() * 2 ** min(attempts - 1, 20), LONGEST_PAUSE.total_seconds())
    wanted = timedelta(seconds=min(max(base * (0.75 + luck / 2), asked), LONGEST_PAUSE.total_seconds()))
    return max(FIRST_PAUSE, wanted)


def _sendable(moment: datetime) -> ColumnElement[bool]:
    """Due, and nothing of the same ticket is before it."""
    earlier = aliased(Delivery)
    held_back = exists().where(
        earlier.webhook_id == Delivery.webhook_id,
        earlier.ticket_id == Delivery.ticket_id,
        earlier.event_id < Delivery.event_id,
        earlier.state.in_(UNDELIVERED),
    )
    # One that is being sent is due again when its lease is over.
    return and_(Delivery.state.in_(("waiting", "sending")), Delivery.next_try <= moment, ~held_back)


def _hooks_with_work(moment: datetime) -> list[int]:
    due = select(Delivery.webhook_id).where(Delivery.state.in_(("waiting", "sending")), Delivery.next_try <= moment)
    with reading() as session:
        busy = set(session.scalars(due.distinct()))
        return [
            id_ for id_ in session.scalars(select(Webhook.id).where(Webhook.active).order_by(Webhook.id)) if id_ in busy
        ]


def _candidates(hook: int, moment: datetime) -> list[int]:
    query = select(Delivery.id).where(of_hook(hook), _sendable(moment))
    with reading() as session:
        return list(session.scalars(query.order_by(Delivery.event_id).limit(BATCH)))


def _claim(session: Session, id_: int, moment: datetime) -> _Claimed | None:
    query = select(Delivery).where(Delivery.id == id_, _sendable(moment)).with_for_update(skip_locked=True)
    delivery = session.scalar(query)
    if delivery is None:
        return None
    hook = session.get_one(Webhook, delivery.webhook_id)
    if not hook.active:
        return None
    delivery.state, delivery.attempts, delivery.next_try = "sending", delivery.attempts + 1, moment + LEASE
    event = session.get_one(TicketEvent, delivery.event_id)
    pieces = Wishes.read(hook.actions).pieces
    body = message.body(session.get_one(Ticket, delivery.ticket_id), event, pieces)
    timestamp = int(moment.timestamp())
    headers = {
        "Content-Type": "application/json",
        "X-Xiaoge-Event": message.name(event),
        "X-Xiaoge-Delivery": f"{hook.id}-{event.id}",
        "X-Xiaoge-Timestamp": str(timestamp),
        "X-Xiaoge-Signature": signing.header(hook.secret, timestamp, body),
    }
    return _Claimed(id_, hook.id, delivery.attempts, hook.url, headers, body)


def _asked_wait(answer: httpx.Response) -> float:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0  # a date; our own pause will do


def _send(client: Client, claimed: _Claimed) -> _Outcome:
    """One try. The answer's body is not looked at: it might be a page of a machine that nobody should read."""
    try:
        request = client.build_request("POST", claimed.url, content=claimed.body, headers=claimed.headers)
        answer = client.send(request, stream=True, follow_redirects=False)
        answer.close()
    except addresses.AddressError as error:
        return _Outcome(False, error=str(error))
    except httpx.RemoteProtocolError:
        return _Outcome(False, error="no answer in HTTP")  # the exception would tell what was answered instead
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        return _Outcome(False, error=f"{type(error).__name__}: {error}"[:300])
    if answer.is_success:
        return _Outcome(True)
    if answer.status_code == httpx.codes.GONE:
        return _Outcome(False, gone=True, error="410 Gone: the receiver ended the subscription")
    error_ = f"{answer.status_code} {answer.reason_phrase}".strip()
    if answer.has_redirect_location:
        error_ += ": redirects are not followed; subscribe the new address"
    return _Outcome(False, error=error_, wait=_asked_wait(answer))


def _settle(session: Session, claimed: _Claimed, outcome: _Outcome, moment: datetime, luck: float) -> Report:
    """Write down how it went, unless the claim has passed to somebody else or the delivery was dropped meanwhile."""
    mine = (Delivery.id == claimed.id, Delivery.state == "sending", Delivery.attempts == claimed.attempt)
    delivery = session.scalar(select(Delivery).where(*mine).with_for_update())
    if delivery is None:
        return Report()
    delivery.error, delivery.next_try = outcome.error, moment
    if outcome.arrived:
        delivery.state, delivery.delivered_at = "delivered", moment
        return Report(delivered=1)
    if outcome.gone:
        delivery.state = "dead"
        hook = session.scalar(select(Webhook).where(Webhook.id == claimed.hook, Webhook.active).with_for_update())
        if hook is None:
            return Report(dead=1)
        hook.active = False
        session.flush()
        audit.log(session, "system", "webhook.gone", f"webhook {hook.id}", addresses.origin(hook.url))
        return Report(dead=1, gone=1)
    if delivery.attempts >= MAX_ATTEMPTS:
        delivery.state = "dead"
        return Report(dead=1)
    delivery.state, delivery.next_try = "waiting", moment + pause(delivery.attempts, luck, outcome.wait)
    return Report(failed=1)


class Courier:
    """Sends what is due, each subscriber's in a lane of its own; no transaction is open while a receiver is waited for.

    May run in several processes at once. One thread at a time may call it. Close it, or use ``with``.

    Args:
        client: made with the city's address rules.
        luck: from 0 to 1; spreads the next tries.
    """

    def __init__(self, client: Client, luck: Callable[[], float] = random.random) -> None:
        self._client, self._luck = client, luck
        self._pool = ThreadPoolExecutor(LANES, thread_name_prefix="webhook")
        self._lanes: dict[int, Future[Report]] = {}
        self._rests: dict[int, tuple[float, float]] = {}  # until when, and how long the next one is
        self._closing = threading.Event()

    def __enter__(self) -> Courier:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End the lanes, each after the exchange it is in, and wait for them."""
        self._closing.set()
        self._pool.shutdown(cancel_futures=True)

    def go(self, at: datetime, seconds: float | None = None) -> Report:
        """Begin sending to every subscriber that is owed something and not being sent to.

        Args:
            at: the moment to judge by; time passes from it as the lanes go on.
            seconds: to wait for lanes to end; they go on afterwards. None waits for all of them.

        Returns:
            What the lanes that have ended since the last call did.
        """
        began = time.monotonic()
        for hook in _hooks_with_work(at):
            if hook not in self._lanes and self._rests.get(hook, (began, 0.0))[0] <= began:
                self._lanes[hook] = self._pool.submit(self._lane, hook, at, began)
        wait(self._lanes.values(), seconds)
        report = Report()
        for hook, lane in list(self._lanes.items()):
            if lane.done():
                del self._lanes[hook]
                report.add(self._ended(hook, lane))
        return report

    def _ended(self, hook: int, lane: Future[Report]) -> Report:
        if error := lane.exception():  # the database was away; leases bring back what was claimed
            log().error("webhook lane failed", webhook=hook, error=type(error).__name__)
            return Report()
        done = lane.result()
        if done.delivered or not done.failed + done.dead:
            self._rests.pop(hook, None)
        else:
            rest = self._rests.get(hook, (0.0, FIRST_REST))[1]
            self._rests[hook] = time.monotonic() + rest, min(2 * rest, LONGEST_REST)
        return done

    def _lane(self, hook: int, at: datetime, began: float) -> Report:
        """Send what one subscriber is owed, one after another, until nothing is due, time is up or it fails too often."""
        report, end = Report(), time.monotonic() + LANE_SECONDS
        while True:
            claims = 0
            for id_ in _candidates(hook, _after(at, began)):
                tired = report.failed + report.dead >= ENOUGH_FAILURES
                if tired or time.monotonic() > end or self._closing.is_set():
                    return report
                with transaction() as session:
                    claimed = _claim(session, id_, _after(at, began))
                if claimed is None:
                    continue
                claims += 1
                outcome = _send(self._client, claimed)
                with transaction() as session:
                    result = _settle(session, claimed, outcome, _after(at, began), self._luck())
                report.add(result)
                if result.dead:
                    log().warning("webhook delivery given up", webhook=hook, delivery=id_, error=outcome.error)
                if result.gone:
                    return report
            if not claims:
                return report


def _after(at: datetime, began: float) -> datetime:
    """The moment it is now, when it was ``at`` at ``began`` of the monotonic clock."""
    return at + timedelta(seconds=time.monotonic() - began)


def deliver(at: datetime, client: Client, *, luck: Callable[[], float] = random.random) -> Report:
    """One round of a :class:`Courier`, waited for: LANE_SECONDS and an exchange at most."""
    with Courier(client, luck) as courier:
        return courier.go(at)
