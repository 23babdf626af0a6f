"""A platform above that speaks Open311 GeoReport v2 (JSON).

Source: http://wiki.open311.org/GeoReport_v2. Plain GeoReport has no way to tell how a matter stands here; platforms with
the wide-spread extension ``servicerequestupdates`` (FixMyStreet and others) have, and ``updates`` says that this one is
of them.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from cases.outward.client import Client
from cases.outward.upstream import marks
from cases.outward.upstream.adapter import Outgoing, RemoteMatter, Update
from cases.outward.upstream.calls import Calls
from cases.outward.upstream.errors import AnswerError, RefusedError, UnclearError
from cases.outward.upstream.services import Services
from common.db import now
from common.logs import log
from common.settings import settings

SECONDS = 30.0  # for one exchange
LONGEST_TEXT = 4000  # characters of a description, as the specification has it
LONGEST_PLACE = 300
LONGEST_ID = 90
SPAN = timedelta(days=89)  # a search may cover 90 days
IDS_AT_ONCE = 50
TOKEN = "~token:"
_SYSTEM = re.compile(r"[a-z][a-z0-9-]{1,19}", re.ASCII)
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# The specification's, and those of the extension that mean the same.
CLOSED = frozenset(
    ("closed", "fixed", "duplicate", "not_councils_responsibility", "no_further_action", "internal_referral")
)


class SettingsError(ValueError):
    """The platform's settings have mistakes; the message lists them all."""


@dataclass(frozen=True)
class Open311Settings:
    """How to reach a platform.

    Args:
        system: short code of the platform; part of the keys of its tickets, so it must never change.
        name: what staff call it.
        we: this installation's name, in the marks of what it sends (see :mod:`cases.outward.upstream.marks`).
        endpoint: the address below which ``services.json`` lies.
        services: which of its services are which of our matter types.
        api_key: its key for us.
        jurisdiction_id: as it wants it, if it does.
        default_service: what is filed under when a matter type is not mapped; for :class:`RemoteBackend` only.
        contact: whether phones of people who are not anonymous are passed on.
        updates: whether it has ``servicerequestupdates``.
        page: how many requests it lists at once.
        plain_http: the endpoint may be http; words and key can then be read on the way.
    """

    system: str
    name: str
    we: str
    endpoint: str
    services: Services
    api_key: str = field(default="", repr=False)
    jurisdiction_id: str = ""
    default_service: str | None = None
    contact: bool = False
    updates: bool = False
    page: int = 1000
    plain_http: bool = False

    def __post_init__(self) -> None:
        wrong = []
        if not _SYSTEM.fullmatch(self.system):
            wrong.append(f"system {self.system!r} must be 2 to 20 small letters, digits and hyphens")
        if not marks.is_name(self.we):
            wrong.append(f"we {self.we!r} must be 2 to 20 small letters, digits and hyphens")
        if not self.name.strip():
            wrong.append("name is empty")
        if self.page < 2:
            wrong.append(f"page is {self.page}; it must be 2 or more")
        wrong += self._about_endpoint()
        if wrong:
            raise SettingsError("the settings of the platform above have mistakes: " + "; ".join(wrong))

    def _about_endpoint(self) -> list[str]:
        example = "must be an address like https://12345.example.org/open311/v2"
        try:
            url = httpx.URL(self.endpoint)
        except (httpx.InvalidURL, ValueError):
            return [f"endpoint {example}"]
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment or url.userinfo:
            return [f"endpoint {example}"]
        if url.scheme == "http" and url.host not in ("localhost", "127.0.0.1", "::1") and not self.plain_http:
            return ["endpoint is http: key and words could be read on the way; use https, or say plain_http=True"]
        return []


def _clean(text: str, longest: int) -> str:
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip()[:longest]


def description(matter: Outgoing, we: str) -> str:
    """The text that is sent: what was said, its details, the mark; shortened to what the specification allows."""
    end = marks.mark(we, matter.reference)
    text = _clean("\n".join((matter.text, *matter.details)), LONGEST_TEXT)
    room = LONGEST_TEXT - len(end) - 1
    return f"{text if len(text) <= room else text[: room - 1] + '…'}\n{end}"


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(settings().timezone))).astimezone(UTC)


def _degrees(value: Any, most: float) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if -most <= found <= most else None


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


class Open311:
    """The adapter. May be shared by threads; close it, or use ``with``.

    Args:
        settings_: of the platform.
        client: to use instead of its own.
        sleep: waits between tries.
    """

    def __init__(
        self,
        settings_: Open311Settings,
        client: Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._settings = settings_
        self._client = client or Client(None, SECONDS)
        self._calls = Calls(settings_.endpoint, self._client, sleep)
        self._sleep = sleep

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

    def _common(self) -> dict[str, str]:
        known = {"api_key": self._settings.api_key, "jurisdiction_id": self._settings.jurisdiction_id}
        return {name: value for name, value in known.items() if value}

    def _rows(self, path: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
        answer = self._calls.get(path, {**self._common(), **values})
        if not isinstance(answer, list):
            raise AnswerError(f"{self.name}: GET {path} was answered with {type(answer).__name__}, not with a list")
        return [row for row in answer if isinstance(row, dict)]

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
        place = _clean(matter.place or "", LONGEST_PLACE)
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
            token = TOKEN + str(row["token"])
            return self.settled(token) or token
        raise UnclearError(f"{self.name}: the matter was taken, but neither an id nor a token came back")

    def _id(self, value: Any) -> str:
        found = str(value).strip()
        if not 0 < len(found) <= LONGEST_ID or found.startswith("~"):
            raise UnclearError(f"{self.name}: an id of {len(found)} characters cannot be kept (1 to {LONGEST_ID})")
        return found

    def settled(self, remote_id: str) -> str | None:
        """The id a token has become."""
        if not remote_id.startswith(TOKEN):
            return remote_id
        try:
            rows = self._rows(f"tokens/{remote_id.removeprefix(TOKEN)}.json", {})
        except RefusedError as error:
            if error.about_request:
                return None  # not known yet
            raise
        given = rows[0].get("service_request_id") if rows else None
        return self._id(given) if given else None

    def find(self, matter: Outgoing, since: datetime) -> str | None:
        """Look whether a matter arrived: a request that bears its mark."""
        for found in self._search(since, now() + timedelta(days=1), {}):
            if self.reference_in(found.text) == matter.reference:
                return found.id
        return None

    def update(self, remote_id: str, update: Update) -> None:
        """Tell how a matter stands, by the extension ``servicerequestupdates``."""
        form = {
            "service_request_id": remote_id,
            "update_id": str(update.id),
            "status": "CLOSED" if update.closed else "OPEN",
            "updated_datetime": _written(update.at),
            "description": _clean(update.text, LONGEST_TEXT),
        }
        self._calls.post("servicerequestupdates.json", {**self._common(), **form})

    # --- down

    def pull(self, since: datetime, until: datetime) -> list[RemoteMatter]:
        """Open requests filed between two moments, oldest first."""
        found = self._search(since, until, {"status": "open"})
        first = datetime.min.replace(tzinfo=UTC)
        return sorted((m for m in found if not m.closed), key=lambda m: (m.requested_at or first, m.id))

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
        dates = {"start_date": _written(start), "end_date": _written(end + timedelta(seconds=1))}
        rows = self._rows("requests.json", {**values, **dates})
        if len(rows) >= self._settings.page and end - start > timedelta(seconds=2):
            middle = start + (end - start) / 2
            return self._stretch(start, middle, values) | self._stretch(middle, end, values)
        matters = (self._matter(row) for row in rows)
        return {m.id: m for m in matters if m}

    def changes(self, since: datetime, known: Sequence[str]) -> list[RemoteMatter]:
        """The known requests as they stand now; the specification has no search by change, so all are asked for."""
        found: list[RemoteMatter] = []
        for place in range(0, len(known), IDS_AT_ONCE):
            some = known[place : place + IDS_AT_ONCE]
            rows = self._rows("requests.json", {"service_request_id": ",".join(some)})
            found += [m for row in rows if (m := self._matter(row)) and m.id in some]
        return found

    def _matter(self, row: Mapping[str, Any]) -> RemoteMatter | None:
        id_, status = str(row.get("service_request_id") or "").strip(), str(row.get("status") or "").strip().lower()
        if not 0 < len(id_) <= LONGEST_ID or id_.startswith("~") or "," in id_ or not status:
            log().warning("a request of the platform above cannot be read", system=self.system, remote=id_[:40])
            return None
        service = str(row.get("service_code") or "")
        name = str(row.get("service_name") or "")
        media = row.get("media_url")
        return RemoteMatter(
            id=id_,
            service=service,
            service_name=name,
            type=self._settings.services.down.get(service),
            text=_clean(str(row.get("description") or name or service), LONGEST_TEXT),
            status=status[:32],
            closed=status in CLOSED,
            notes=_clean(str(row.get("status_notes") or ""), LONGEST_TEXT) or None,
            requested_at=_moment(row.get("requested_datetime")),
            updated_at=_moment(row.get("updated_datetime")),
            place=_clean(str(row.get("address") or ""), LONGEST_PLACE) or None,
            lat=_degrees(row.get("lat"), 90),
            lng=_degrees(row.get("long"), 180),
            media_url=media if isinstance(media, str) and media.startswith(("http://", "https://")) else None,
        )
