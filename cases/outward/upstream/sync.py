"""One round with the platform above: :func:`pull` what is new there, :func:`push` what is new here.

Both open transactions of their own, none while they wait for the platform, and may be called again at any time: what is
done is not done twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from datetime import datetime

from cases.outward.upstream.adapter import Adapter
from cases.outward.upstream.errors import UpstreamError
from cases.outward.upstream.incoming import TIME_IS_UP, Classify, Pulled, hear, take_in
from cases.outward.upstream.outgoing import BATCH, Pushed, forget, send_up, tell

__all__ = ["Pulled", "Pushed", "forget", "pull", "push"]


SECONDS = 120.0  # after which a pull or a push begins nothing new


Stopping = Callable[[], bool]


def _never() -> bool:
    return False


def _late_after(seconds: float, stopping: Stopping) -> Callable[[], bool]:
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end or stopping()


def pull(
    adapter: Adapter,
    at: datetime,
    *,
    since: datetime | None = None,
    classify: Classify | None = None,
    seconds: float = SECONDS,
    stopping: Stopping = _never,
) -> Pulled:
    """File the platform's new matters as tickets, and add what it says of those it and we know.

    Args:
        adapter: the platform.
        at: now.
        since: from when on; by default from a day before the newest matter that came from it, the first time a day.
        classify: category and matter type of a text whose service is not mapped; the ticket waits for review all the
            same. Without it there is no type.
        seconds: after which nothing new is begun; the next pull goes on.
        stopping: whether to begin nothing new already.

    Returns:
        What was done; ``stopped`` says why, when the platform could not be reached or time was up.
    """
    report, late = Pulled(), _late_after(seconds, stopping)
    try:
        if take_in(adapter, at, since, classify, report, late):
            hear(adapter, at, report, late)
    except UpstreamError as error:
        report.stopped = str(error)
    return report


def push(
    adapter: Adapter,
    at: datetime,
    *,
    types: Collection[str] = (),
    units: Collection[str] = (),
    batch: int = BATCH,
    seconds: float = SECONDS,
    stopping: Stopping = _never,
) -> Pushed:
    """File tickets on the platform, and tell it how those it knows stand.

    Args:
        adapter: the platform.
        at: now.
        types: tickets of these matter types go up, and
        units: tickets these units have. With neither, none does.
        batch: at most so many tickets, and updates of so many.
        seconds: after which nothing new is begun, half of them for tickets and half for updates.
        stopping: whether to begin nothing new already.

    Returns:
        What was done; ``stopped`` says why, when the platform could not be reached, takes nothing from us, or time was up.
    """
    report = Pushed()
    try:
        if not send_up(adapter, at, types, units, batch, report, _late_after(seconds / 2, stopping)):
            report.stopped = TIME_IS_UP
        if not tell(adapter, at, batch, report, _late_after(seconds / 2, stopping)):
            report.stopped = TIME_IS_UP
    except UpstreamError as error:
        report.stopped = str(error)
    return report
