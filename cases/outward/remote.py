"""A bot without a case backend of its own: what it takes in is filed at an Open311 platform, and asked for there."""

from __future__ import annotations

from datetime import datetime, timedelta

from cases.outward.upstream.adapter import Outgoing, RemoteMatter
from cases.outward.upstream.open311 import Open311
from cases.service import NewTicket
from common.db import now

LOOK_BACK = timedelta(days=2)  # for a matter whose filing was not answered


class RemoteBackend:
    """Files into a platform what :func:`cases.service.file_ticket` would file here.

    The platform decides about grid, unit and times, so of a :class:`NewTicket` it gets what it has fields for: text,
    answers, matter type (as a service), place, pin, and the phone if the settings let it pass. Photos stay here.
    """

    def __init__(self, platform: Open311) -> None:
        self._platform = platform

    def file(self, new: NewTicket, *, again: bool = False, since: datetime | None = None) -> str:
        """File a matter.

        Args:
            new: what is known; with a ``source_key``, which lets it be recognised at the platform.
            again: an earlier try ended in an error, so the platform is first asked whether it arrived.
            since: when the earlier try was; by default within LOOK_BACK.

        Returns:
            The platform's number of it (or ``~token:...``, see :meth:`number_of`).

        Raises:
            ValueError: no text, or no source key.
            UnclearError: it may have arrived: call again with ``again``.
            UpstreamError: it did not.
        """
        if not new.text.strip():
            raise ValueError("a ticket needs a text")
        if not new.source_key:
            raise ValueError("a matter filed elsewhere needs a source key, or it could be filed twice")
        matter = Outgoing(
            reference=new.source_key,
            type=new.type,
            text=new.text,
            details=tuple(
                f"{a.get('question') or key}{a['answer']}"
                for key, a in new.answers.items()
                if isinstance(a, dict) and a.get("answer")
            ),
            place=new.place,
            lat=new.lat,
            lng=new.lng,
            phone=None if new.anonymous else new.phone,
        )
        if again:
            known = self._platform.find(matter, since or now() - LOOK_BACK)
            if known:
                return known
        return self._platform.push(matter)

    def number_of(self, number: str) -> str | None:
        """The number a token has become, None while it has not; a number is itself."""
        return self._platform.settled(number)

    def status(self, number: str) -> RemoteMatter | None:
        """How a matter stands; None when the platform does not know it, or has not numbered it yet.

        Raises:
            UpstreamError: it does not answer.
        """
        settled = self._platform.settled(number)
        found = self._platform.changes(now() - LOOK_BACK, [settled]) if settled else []
        return found[0] if found else None
