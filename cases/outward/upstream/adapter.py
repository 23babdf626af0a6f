"""What a platform above must be able to do, in this project's terms. One class per kind of interface."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Outgoing:
    """A matter on its way up.

    ``reference`` is how it is known here (a ticket's number); it goes along, so that the matter is recognised there.
    ``details`` are further lines of the description. ``phone`` only when it may be passed on.
    """

    reference: str
    type: str | None
    text: str
    details: tuple[str, ...] = ()
    place: str | None = None
    lat: float | None = None
    lng: float | None = None
    phone: str | None = None
    media_url: str | None = None


@dataclass(frozen=True)
class Update:
    """How a matter stands here, for the platform above; ``id`` lets it know one it has already."""

    id: str
    at: datetime
    closed: bool
    text: str


@dataclass(frozen=True)
class RemoteMatter:
    """A matter as the platform above tells it. ``type`` is our matter type, None when its service is not mapped."""

    id: str
    service: str
    service_name: str
    type: str | None
    text: str
    status: str
    closed: bool
    notes: str | None = None
    requested_at: datetime | None = None
    updated_at: datetime | None = None
    place: str | None = None
    lat: float | None = None
    lng: float | None = None
    media_url: str | None = None


class Adapter(Protocol):
    """A platform above. Every method may raise :class:`~cases.outward.upstream.errors.UpstreamError`."""

    @property
    def system(self) -> str:
        """Short code of the platform, part of the keys of its tickets; never changes."""

    @property
    def name(self) -> str:
        """What staff call it."""

    @property
    def tells(self) -> bool:
        """Whether it takes updates at all."""

    @property
    def types(self) -> frozenset[str]:
        """Our matter types that can go up."""

    def reference_in(self, text: str) -> str | None:
        """The reference under which we sent a matter up, when its text shows that it was us."""

    def push(self, matter: Outgoing) -> str:
        """File a matter; its id there, or a token (see :meth:`settled`) while it has none yet."""

    def settled(self, remote_id: str) -> str | None:
        """The id a token has become, None while it has not; an id is itself."""

    def find(self, matter: Outgoing, since: datetime) -> str | None:
        """The id under which an earlier push arrived, if it did."""

    def update(self, remote_id: str, update: Update) -> None:
        """Tell how a matter stands."""

    def look(self, remote_id: str) -> RemoteMatter | None:
        """A matter as it stands now; None when the platform says that it has none of this id (any more)."""

    def pull(self, since: datetime, until: datetime) -> list[RemoteMatter]:
        """Open matters filed there between two moments, oldest first."""

    def changes(self, since: datetime, known: Sequence[str]) -> list[RemoteMatter]:
        """The known matters, or those of them that changed since, as they stand now."""
