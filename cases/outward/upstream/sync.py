"""One round with the platform above: :func:`pull` what is new there, :func:`push` what is new here.

Both open transactions of their own, none while they wait for the platform, and may be called again at any time: what is
done is not done twice.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from cases.outward.upstream.adapter import Adapter
from cases.outward.upstream.errors import UpstreamError
from cases.outward.upstream.incoming import Classify, Pulled, hear, take_in
from cases.outward.upstream.outgoing import BATCH, Pushed, forget, send_up, tell

__all__ = ["Pulled", "Pushed", "forget", "pull", "push"]


def pull(adapter: Adapter, at: datetime, *, since: datetime | None = None, classify: Classify | None = None) -> Pulled:
    """File the platform's new matters as tickets, and add what it says of those it and we know.

    Args:
        adapter: the platform.
        at: now.
        since: from when on; by default from a day before the newest ticket that came from it, the first time a day.
        classify: category and matter type of a text whose service is not mapped; the ticket waits for review all the
            same. Without it there is no type.

    Raises:
        UpstreamError: the platform does not answer; what was done until then stays done.
    """
    report = Pulled()
    take_in(adapter, at, since, classify, report)
    hear(adapter, at, report)
    return report


def push(
    adapter: Adapter,
    at: datetime,
    *,
    types: Collection[str] = (),
    units: Collection[str] = (),
    batch: int = BATCH,
) -> Pushed:
    """File tickets on the platform, and tell it how those it knows stand.

    Args:
        adapter: the platform.
        at: now.
        types: tickets of these matter types go up, and
        units: tickets these units have. With neither, none does.
        batch: at most so many tickets, and updates of so many.

    Returns:
        What was done; ``stopped`` says why, when the platform could not be reached or takes nothing from us.
    """
    report = Pushed()
    try:
        send_up(adapter, at, types, units, batch, report)
        tell(adapter, at, batch, report)
    except UpstreamError as error:
        report.stopped = str(error)
    return report
