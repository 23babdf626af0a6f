"""A platform above that speaks Open311 GeoReport v2 (JSON).

Source: http://wiki.open311.org/GeoReport_v2. Plain GeoReport has no way to tell how a matter stands here; platforms with
the wide-spread extension ``servicerequestupdates`` (FixMyStreet and others) have, and ``updates`` says that this one is
of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from cases.outward.client import Client
from cases.outward.upstream import marks
from cases.outward.upstream.adapter import Outgoing, RemoteMatter, Update
from cases.outward.upstream.calls import TRIES, Calls
from cases.outward.upstream.errors import AnswerError, RefusedError, UnclearError
from cases.outward.upstream.open311_settings import Open311Settings, SettingsError
from cases.outward.upstream.open311_shapes import (
    LONGEST_ID,
    LONGEST_PLACE,
    LONGEST_UPDATE,
    clean,
    description,
    is_id,
    matter_of,
    written,
)
from common.db import now
from common.logs import log
from common.settings import settings

SECONDS = 30.0  # for one exchange
SPAN = timedelta(days=89)  # a search may cover 90 days
TOKEN = "~token:"


class Open311:
    """The adapter. May be shared by threads; close it, or use ``with``.

    Args:
        settings_: of the platform.
        client: to use instead of its own.
        sleep: waits between tries.
        tries: of calls that may be tried again.
    """

    def __init__(
        self,
        settings_: Open311Settings,
        client: Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
        tries: int = TRIES,
    ) -> None:
        self._settings = settings_
        self._client = client or Client(None, SECONDS)
        self._calls = Calls(settings_.endpoint, self._client, sleep, tries)

    def __enter__(self) -> Open311:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    @property
    def system(self) -> str:
        """See the settings."""
        return self._settings.system

    @property
    def name(self) -> str:
        """See the settings."""
        return self._settings.name

    @property
    def tells(self) -> bool:
        """Whether the platform takes updates."""
        return self._settings.updates

    @property
    def types(self) -> frozenset[str]:
        """Our matter types that have a service there."""
        return frozenset(self._settings.services.up)

    @property
    def contact(self) -> bool:
        """Whether phones are passed on."""
        return self._settings.contact

    def _common(self) -> dict[str, str]:
        known = {"api_key": self._settings.api_key, "jurisdiction_id": self._settings.jurisdiction_id}
        return {name: value for name, value in known.items() if value}

    def _rows(self, path: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = self._calls.get(path, {**self._common(), **values})
        if not isinstance(answer, list):
            raise AnswerError(f"{self.name}: GET {path} was answered with {type(answer).__name__}, not with a list")
        rows = [row for row in answer if isinstance(row, dict)]
        if answer and not rows:
            raise AnswerError(f"{self.name}: GET {path} was answered with a list of nothing that is a request")
        return rows

    def missing_services(self) -> list[str]:
        """Service codes of our mapping the platform does not have; ask once, when setting up."""
        there = {str(row.get("service_code")) for row in self._rows("services.json", {})}
        mapped = {*self._settings.services.up.values(), *self._settings.services.down}
        return sorted(mapped - there)

    def reference_in(self, text: str) -> str | None:
        """The reference under which we sent a matter, from its text."""
        return marks.reference_in(text, self._settings.we)

    # --- up

    def service_of(self, type_: str | None) -> str:
        """The service a matter of this type is filed under.

        Raises:
            RefusedError: it has none, and there is no default.
        """
        service = self._settings.services.up.get(type_ or "") or self._settings.default_service
        if service is None:
            what = f"no service is mapped to {type_ or 'a matter of unknown type'}"
            raise RefusedError(f"{self.name}: {what}; add it to the mapping", 0, True, [what])
        return service

    def _form(self, matter: Outgoing) -> dict[str, str]:
        form = {
            "service_code": self.service_of(matter.type),
            "description": description(matter, self._settings.we),
            # Not a person's account: the sender's own name of the matter.
            "device_id": f"{self._settings.we}:{matter.reference}",
        }
        if matter.lat is not None and matter.lng is not None:
            form |= {"lat": f"{matter.lat:.6f}", "long": f"{matter.lng:.6f}"}
        place = clean(matter.place or "", LONGEST_PLACE)
        if place or "lat" not in form:
            form["address_string"] = place or settings().city_name  # the specification wants some place
        if matter.phone and self._settings.contact:
            form["phone"] = matter.phone
        if matter.media_url:
            form["media_url"] = matter.media_url
        return form

    def push(self, matter: Outgoing) -> str:
        """File a matter. Returns its id, or ``~token:...`` when the platform gives ids later."""
        answer = self._calls.post("requests.json", {**self._common(), **self._form(matter)})
        row = answer[0] if isinstance(answer, list) and answer and isinstance(answer[0], dict) else {}
        if row.get("service_request_id"):
            return self._id(row["service_request_id"])
        if row.get("token"):
            token = TOKEN + self._id(row["token"])
            return self.settled(token) or token
        raise UnclearError(f"{self.name}: the matter was taken, but neither an id nor a token came back")

    def _id(self, value: Any) -> str:
        found = str(value).strip()
        if not is_id(found):
            raise UnclearError(f"{self.name}: the id {found[:40]!r} cannot be kept (1 to {LONGEST_ID} characters)")
        return found

    def settled(self, remote_id: str) -> str | None:
        """The id a token has become."""
        if not remote_id.startswith(TOKEN):
            return remote_id
        try:
            rows = self._rows(f"tokens/{quote(remote_id.removeprefix(TOKEN), safe='')}.json", {})
        except RefusedError as error:
            if error.about_request:
                return None  # not known yet
            raise
        given = rows[0].get("service_request_id") if rows else None
        return self._id(given) if given else None

    def find(self, matter: Outgoing, since: datetime, *, same_service: bool = False) -> str | None:
        """Look whether a matter arrived: a request that bears its mark.

        Args:
            matter: as it was sent.
            since: when, at the earliest.
            same_service: its type is certainly the same as then, so that fewer requests need be looked at.
        """
        values = {"service_code": self.service_of(matter.type)} if same_service else {}
        for found in self._search(since, now() + timedelta(days=1), values):
            if self.reference_in(found.text) == matter.reference:
                return found.id
        return None

    def update(self, remote_id: str, update: Update) -> None:
        """Tell how a matter stands, by the extension ``servicerequestupdates``."""
        form = {
            "service_request_id": remote_id,
            "update_id": update.id,
            "status": "CLOSED" if update.closed else "OPEN",
            "updated_datetime": written(update.at),
            "description": clean(update.text, LONGEST_UPDATE),
        }
        self._calls.post("servicerequestupdates.json", {**self._common(), **form})

    # --- down

    def look(self, remote_id: str) -> RemoteMatter | None:
        """One request as it stands now; None when the platform says that there is none (any more)."""
        try:
            rows = self._rows(f"requests/{quote(remote_id, safe='')}.json", {})
        except RefusedError as error:
            if error.status in (404, 410) and error.about_request:
                return None
            raise
        found = next((m for m in self._matters(rows) if m.id == remote_id), None)
        if found is None and rows:
            raise AnswerError(f"{self.name}: asked for one request, it answered with something else")
        return found

    def pull(self, since: datetime, until: datetime) -> list[RemoteMatter]:
        """Open requests filed between two moments, oldest first, those without a date last."""
        found = self._search(since, until, {"status": "open"})
        last = datetime.max.replace(tzinfo=UTC)
        return sorted((m for m in found if not m.closed), key=lambda m: (m.requested_at or last, m.id))

    def _search(self, since: datetime, until: datetime, values: Mapping[str, str]) -> list[RemoteMatter]:
        found: dict[str, RemoteMatter] = {}
        start = since
        while start < until:
            end = min(start + SPAN, until)
            found |= self._stretch(start, end, values)
            start = end
        return list(found.values())

    def _stretch(self, start: datetime, end: datetime, values: Mapping[str, str]) -> dict[str, RemoteMatter]:
        """The requests of a stretch of time; cut in two as long as the platform does not list all of it at once."""
        dates = {"start_date": written(start), "end_date": written(end + timedelta(seconds=1))}
        rows = self._rows("requests.json", {**values, **dates})
        if len(rows) >= self._settings.page and end - start > timedelta(seconds=2):
            middle = start + (end - start) / 2
            return self._stretch(start, middle, values) | self._stretch(middle, end, values)
        return {m.id: m for m in self._matters(rows)}

    def changes(self, since: datetime, known: Sequence[str]) -> list[RemoteMatter]:
        """The known requests as they stand now; the specification has no search by change, so all are asked for."""
        found: list[RemoteMatter] = []
        size = self._settings.ids_at_once
        for place in range(0, len(known), size):
            some = known[place : place + size]
            rows = self._rows("requests.json", {"service_request_id": ",".join(some)})
            found += [m for m in self._matters(rows) if m.id in some]
        return found

    def _matters(self, rows: Iterable[Mapping[str, Any]]) -> Iterator[RemoteMatter]:
        for row in rows:
            matter = matter_of(row, self._settings.services.down)
            if matter:
                yield matter
            else:
                log().warning("a request of the platform above cannot be read", system=self.system)


__all__ = ["Open311", "Open311Settings", "SettingsError"]
