"""Where the bot files what residents report: with its own case backend, or at a remote platform.

One small interface with two implementations, :class:`cases.outward.own.Own` and :class:`cases.outward.remote.Remote`;
:func:`backend` gives the one the city's file names.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Protocol

from cases.outward.city_file import Outward, outward
from cases.service import NewTicket


@dataclass(frozen=True)
class Filed:
    """What the resident is told: the number, the unit's name when one is known, and of an anonymous matter the code with
    which whoever knows it can look it up from anywhere (None when it was filed before)."""

    number: str
    unit: str | None = None
    code: str | None = None


@dataclass(frozen=True)
class Addition:
    """What was learnt after filing, at a moment.

    ``key`` names it, so that with the same ``at`` it is added once however often it is sent.
    """

    note: str | None = None
    place: str | None = None
    grid: str | None = None
    lat: float | None = None
    lng: float | None = None
    answers: Mapping[str, Any] = field(default_factory=dict)
    attachments: Sequence[str] = ()
    anonymous: bool | None = None
    phone: str | None = None
    key: str | None = None
    at: datetime | None = None


@dataclass(frozen=True)
class Standing:
    """How a matter stands. ``said`` is its state in the words residents are told.

    ``own`` says that whoever asked reported it; of a matter of somebody else only number, state and moments are told.
    """

    number: str
    said: str
    closed: bool
    own: bool
    type: str | None = None
    place: str | None = None
    unit: str | None = None
    note: str | None = None
    filed_at: datetime | None = None
    changed_at: datetime | None = None


class Backend(Protocol):
    """What the bot needs.

    A remote one may raise :class:`~cases.outward.upstream.errors.UpstreamError` from every method: nothing was done that
    doing it again would do twice, so the message can be tried again later.
    """

    @property
    def takes_additions(self) -> bool:
        """Whether :meth:`add` can do anything. If not, file a matter only when all of it is known."""

    def file(self, new: NewTicket) -> Filed:
        """File a matter; the same ``source_key`` gives the same number.

        Raises:
            ValueError: no text, or (remote) no source key.
        """

    def add(self, number: str, reporter: str | None, what: Addition) -> bool:
        """Add to a matter of the reporter's. False when it could not be passed on, and the resident should know.

        Raises:
            TicketNotFoundError: there is no such matter.
            IllegalTransitionError: (own) it is over, or somebody else's.
        """

    def standing(
        self, number: str, reporter: str, known: Collection[str] = (), code: str | None = None
    ) -> Standing | None:
        """How a matter stands, None when there is none of that number.

        Args:
            number: plain, as :meth:`number_in` gives it.
            reporter: who asks.
            known: numbers the dialogue remembers as theirs; a remote platform does not know who reported what.
            code: what was told at filing, if they say one; a few wrong ones an hour and none is looked at any more.
        """

    def theirs(self, reporter: str, known: Collection[str] = ()) -> list[Standing]:
        """A person's matters, newest first; those of ``known`` where the backend knows nobody."""

    def spoken(self, number: str) -> str:
        """A number as it is shown and read out."""

    def number_in(self, said: str) -> str | None:
        """The number somebody said, None when there is none."""


def made(config: Outward) -> Backend:
    """The backend a city's file names.

    Args:
        config: the file.
    """
    from cases.outward.own import Own
    from cases.outward.remote import Remote

    return Remote.joined(config) if config.bot else Own()


@lru_cache(maxsize=1)
def backend() -> Backend:
    """The backend this process's bot files with.

    Raises:
        OutwardError: the city's file has mistakes.
    """
    return made(outward())
