"""What leaves by itself: whoever runs the backend calls :func:`go` every few seconds, and is never kept long.

Webhooks are sent and platforms are asked in threads beside the caller, so a slow one costs the caller nothing. Several
processes may do it at once.
"""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache

from sqlalchemy import select

from cases.model import Webhook
from cases.outward import collecting
from cases.outward.city_file import Joined, Outward, outward
from cases.outward.client import Client
from cases.outward.delivery import Courier, Report
from cases.outward.upstream import sync
from cases.outward.upstream.incoming import Pulled
from cases.outward.upstream.open311 import SECONDS, Open311
from cases.outward.upstream.outgoing import Pushed
from common.db import now, reading, transaction
from common.logs import log

WAIT = 0.5  # seconds a round waits for what it has begun
MOST_BATCHES = 10  # of new deliveries in a round
TIDY_EVERY = timedelta(days=1)


@dataclass(frozen=True)
class Synced:
    """What an exchange with a platform did; None for what is not exchanged with it."""

    pulled: Pulled | None
    pushed: Pushed | None


@dataclass
class Done:
    """What a round did, or learnt to have been done since the last one: new deliveries, sendings, exchanges."""

    collected: int = 0
    webhooks: Report = field(default_factory=Report)
    platforms: dict[str, Synced] = field(default_factory=dict)


def exchange(joined: Joined, at: datetime, config: Outward, stopping: sync.Stopping = lambda: False) -> Synced:
    """Exchange with a platform what there is to exchange, now. Takes minutes when the platform is slow."""
    client = Client(None, SECONDS, config.tls())
    with Open311(joined.settings, client) as platform:
        pulled = sync.pull(platform, at, stopping=stopping) if joined.pull else None
        pushed = sync.push(platform, at, types=joined.types, units=joined.units, stopping=stopping)
    return Synced(pulled, pushed)


def collect(at: datetime) -> int:
    """Make deliveries of what happened since the last time. The database is not written to where nobody subscribes."""
    with reading() as session:
        if session.scalar(select(Webhook.id).where(Webhook.active).limit(1)) is None:
            return 0
    made = 0
    for _ in range(MOST_BATCHES):
        with transaction() as session:
            added = collecting.collect(session, at)
        made += added
        if not added:
            break
    return made


class Rounds:
    """Goes its rounds. One thread at a time may call it; close it, or use ``with``.

    Args:
        config: the city's file.
    """

    def __init__(self, config: Outward) -> None:
        self._config = config
        self._client = Client(config.rules, verify=config.tls())
        self._courier = Courier(self._client)
        self._pool = ThreadPoolExecutor(max(1, len(config.platforms)), thread_name_prefix="upstream")
        self._running: dict[str, Future[Synced]] = {}
        self._next: dict[str, datetime] = {}
        self._tidied: datetime | None = None
        self._closing = threading.Event()

    def __enter__(self) -> Rounds:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def close(self) -> None:
        """End what is going on, each after the HTTP exchange it is in, and wait for that."""
        self._closing.set()
        self._courier.close()
        self._pool.shutdown(cancel_futures=True)
        self._client.close()

    def go(self, at: datetime | None = None, seconds: float = WAIT) -> Done:
        """Begin what is due, and tell what has been done.

        Args:
            at: the moment; by default now.
            seconds: to wait for sendings to end; they go on afterwards.
        """
        moment = at or now()
        done = Done(collected=collect(moment))
        done.webhooks = self._courier.go(moment, seconds)
        self._tidy(moment)
        for joined in self._config.platforms:
            self._exchange(joined, moment, done)
        return done

    def _tidy(self, at: datetime) -> None:
        if self._tidied is None or at - self._tidied >= TIDY_EVERY:
            self._tidied = at
            with transaction() as session:
                collecting.tidy(session, at)

    def _exchange(self, joined: Joined, at: datetime, done: Done) -> None:
        system = joined.settings.system
        running = self._running.get(system)
        if running is not None and running.done():
            del self._running[system]
            if error := running.exception():
                log().error("exchange with a platform failed", system=system, error=type(error).__name__)
            else:
                done.platforms[system] = running.result()
        if system not in self._running and self._next.get(system, at) <= at:
            self._next[system] = at + joined.every
            self._running[system] = self._pool.submit(exchange, joined, at, self._config, self._closing.is_set)


_lock = threading.Lock()


@lru_cache(maxsize=1)
def _rounds() -> Rounds:
    return Rounds(outward())


def go(at: datetime | None = None) -> Done:
    """One round as the city's file has it; what was done is logged.

    Raises:
        OutwardError: the file has mistakes; the message lists them all.
    """
    with _lock:
        done = _rounds().go(at)
    if done.webhooks != Report():
        log().info("webhooks", **vars(done.webhooks))
    for system, synced in done.platforms.items():
        for way, what in (("pulled", synced.pulled), ("pushed", synced.pushed)):
            if what is not None and what != type(what)():
                # Reasons and problems may repeat a platform's words: the command line shows them, no log keeps them.
                counts = {k: v if isinstance(v, int) else len(v or ()) for k, v in vars(what).items() if k != "stopped"}
                log().info(f"platform {way}", system=system, stopped=what.stopped is not None, **counts)
    return done


def close() -> None:
    """End the rounds of this process; the next :func:`go` begins anew."""
    with _lock:
        if _rounds.cache_info().currsize:
            _rounds().close()
            _rounds.cache_clear()
