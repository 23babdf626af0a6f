"""The worker: takes the inbox through the engine, the outbox to the channels, and ticket progress to residents; beside
that what the case backend does by itself: its clock, comparing new tickets, webhooks, platforms.

Several workers may run; leases and row locks keep each message with one of them.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import select

from bot import inbox, outbox, progress
from bot.channels.base import Pusher, TryLaterError, WindowClosedError
from bot.channels.telegram import Telegram
from bot.channels.wechat import WeChat
from bot.engine import Engine
from bot.handler import Handler
from bot.model import Conversation, Inbound, Outbound
from cases import duty
from cases.duplicates import newcomers
from cases.outward import rounds
from common.db import now, reading, transaction
from common.logs import configure, log
from common.settings import Settings, settings
from knowledge.guiding import kept
from nlu.understand.encoder import default_encoder

CONCURRENT = 8
IDLE = 0.05  # seconds between looks at an empty inbox
PUSHES = 4  # residents pushed to at one time: a voice takes a second or two, others do not wait for it
PUSH_IDLE = 0.3
PROGRESS_EVERY = 2.0
IDLE_EVERY = 5.0
DUTY_EVERY = 30.0
DUPLICATES_EVERY = 2.0
OUTWARD_EVERY = 3.0
FORGET_EVERY = 3600.0


def channels(config: Settings) -> dict[str, Any]:
    """The channels that are switched on and can push."""
    out: dict[str, Any] = {}
    if config.wechat_token.get_secret_value():
        out["wechat"] = WeChat(config)
    if config.telegram_token.get_secret_value():
        out["telegram"] = Telegram(config)
    return out


class Worker:
    """One worker process."""

    def __init__(self, config: Settings) -> None:
        self.pushers: dict[str, Pusher] = channels(config)
        self.engine = Engine(config)
        self.handler = Handler(config, self.engine, self.pushers)
        self.idle_after = timedelta(minutes=config.idle_minutes)
        self.stopping = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._pushing: set[asyncio.Future[None]] = set()
        self._push_threads = ThreadPoolExecutor(PUSHES, "push")
        self._last_duty: datetime | None = None

    async def run(self) -> None:
        """Work until told to stop; what is in hand is finished first."""
        await asyncio.gather(
            self._inbound(),
            self._outbound(),
            self._regularly("telling progress", PROGRESS_EVERY, progress.tell_residents),
            self._regularly("looking for unfinished reports", IDLE_EVERY, partial(_wake_idle, self.idle_after)),
            self._regularly("round of duty", DUTY_EVERY, self._duty),
            self._regularly("comparing new tickets", DUPLICATES_EVERY, self._duplicates),
            self._regularly("webhooks and platforms", OUTWARD_EVERY, rounds.go),
            self._regularly("forgetting old interviews", FORGET_EVERY, _forget_interviews),
        )
        if unfinished := {*self._running, *self._pushing}:
            await asyncio.wait(unfinished, timeout=10)
        self._push_threads.shutdown(wait=False)
        await asyncio.to_thread(rounds.close)
        await self.engine.close()

    async def _pause(self, seconds: float) -> None:
        try:
            await asyncio.wait_for(self.stopping.wait(), seconds)
        except TimeoutError:
            return

    async def _inbound(self) -> None:
        while not self.stopping.is_set():
            row = None
            if len(self._running) < CONCURRENT:
                try:
                    row = await asyncio.to_thread(_claim_inbound)
                except Exception as error:  # the database is away for a moment; nothing is lost
                    log().error("inbox not reachable", error=type(error).__name__)
                    await self._pause(2)
            if row is None:
                await self._pause(IDLE)
                continue
            task = asyncio.create_task(self._handle(row))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    async def _handle(self, row: Inbound) -> None:
        try:
            await self.handler.handle(row)
        except Exception as error:  # keep the worker alive; the lease brings the message back
            log().error("message not handled", inbound=row.id, error=type(error).__name__)

    async def _outbound(self) -> None:
        while not self.stopping.is_set():
            work = None
            if len(self._pushing) < PUSHES:
                try:
                    work = await asyncio.to_thread(_claim_outbound, self.pushers)
                except Exception as error:
                    log().error("outbox not worked", error=type(error).__name__)
            if work is None:
                await self._pause(PUSH_IDLE)
                continue
            task = asyncio.ensure_future(asyncio.get_running_loop().run_in_executor(self._push_threads, work))
            self._pushing.add(task)
            task.add_done_callback(self._pushed)

    def _pushed(self, task: asyncio.Future[None]) -> None:
        self._pushing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            log().error("outbox not worked", error=type(error).__name__)  # the lease brings the messages back

    async def _regularly(self, what: str, every: float, work: Callable[[], object]) -> None:
        """Do ``work`` in a thread every so many seconds; a failure is logged and it is tried again next time."""
        while not self.stopping.is_set():
            try:
                await asyncio.to_thread(work)
            except Exception as error:
                log().error(f"{what} failed", error=type(error).__name__)
            await self._pause(every)

    def _duty(self) -> None:
        """The case backend's clock. It lives here, as this process is there all day."""
        begun = now()
        done = duty.round_of_duty(begun, self._last_duty)
        self._last_duty = begun
        if done != duty.Done():
            log().info("round of duty", **vars(done))

    def _duplicates(self) -> None:
        moment = now()
        if newcomers.waiting(moment, 1):  # the encoder is loaded with the first ticket, not with the worker
            suggested = newcomers.compare(default_encoder(), moment)
            if suggested:
                log().info("duplicates suggested", number=suggested)


def _claim_inbound() -> Inbound | None:
    with reading() as session:  # a cheap look first: an idle inbox must not keep the database's write lock busy
        if (
            session.scalar(select(Inbound.id).where(Inbound.status == "new", Inbound.next_try_at <= now()).limit(1))
            is None
        ):
            return None
    with transaction() as session:
        return inbox.claim(session)


def _wake_idle(after: timedelta) -> None:
    limit = now() - after
    with reading() as session:
        if session.scalar(select(Conversation.id).where(Conversation.open_since < limit).limit(1)) is None:
            return
    with transaction() as session:
        inbox.wake_idle(session, limit)


def _forget_interviews() -> None:
    with transaction() as session:
        gone = kept.purge(session)
    if gone:
        log().info("old interviews forgotten", number=gone)


def push_once(pushers: dict[str, Pusher]) -> bool:
    """Push what waits for one resident. False when nothing waits."""
    work = _claim_outbound(pushers)
    if work is None:
        return False
    work()
    return True


def _claim_outbound(pushers: dict[str, Pusher]) -> Callable[[], None] | None:
    """The push of what waits for one resident, claimed and to be done; None when nothing waits."""
    if not pushers:
        return None
    with reading() as session:
        if (
            session.scalar(
                select(Outbound.id).where(Outbound.status == "waiting", Outbound.next_try_at <= now()).limit(1)
            )
            is None
        ):
            return None
    with transaction() as session:
        rows = outbox.claim(session, list(pushers))
    if not rows:
        return None
    with reading() as session:
        conversation = session.get_one(Conversation, rows[0].conversation_id)
    return partial(_push, pushers[conversation.channel], conversation, rows)


def _push(pusher: Pusher, conversation: Conversation, rows: Sequence[Outbound]) -> None:
    before = conversation.pushed
    try:
        done = pusher.push(conversation, rows)
    except WindowClosedError as error:
        with transaction() as session:
            outbox.hold(session, rows, str(error)[:200])
        log().info("held until the resident writes again", outbound=rows[0].id, reason=str(error))
        return
    except TryLaterError as error:
        with transaction() as session:
            outbox.retry(session, rows, str(error))
        log().warning("push failed, will be tried again", outbound=rows[0].id, reason=str(error))
        return
    except Exception as error:  # a bug in a channel must not stop the others
        with transaction() as session:
            outbox.retry(session, rows, type(error).__name__)
        log().error("push failed, will be tried again", outbound=rows[0].id, error=type(error).__name__)
        return
    with transaction() as session:
        outbox.sent(session, rows[:done], "push")
        outbox.retry(session, rows[done:], "partly delivered")
        current = session.get_one(Conversation, conversation.id)
        current.pushed += conversation.pushed - before


async def main() -> None:
    """Run a worker until SIGTERM or SIGINT."""
    worker = Worker(settings())
    loop = asyncio.get_running_loop()
    for name in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(name, worker.stopping.set)
    log().info("worker started", channels=sorted(worker.pushers))
    await worker.run()


if __name__ == "__main__":
    configure("worker")
    asyncio.run(main())
