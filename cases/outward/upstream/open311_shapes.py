"""Service requests as GeoReport v2 writes them: our matters made into their form, their rows read with patience."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cases.outward.upstream import marks
from cases.outward.upstream.adapter import Outgoing, RemoteMatter
from common.settings import settings

LONGEST_TEXT = 4000  # characters of a description, as the specification has it
LONGEST_UPDATE = 2000
LONGEST_PLACE = 300
LONGEST_ID = 90
LONGEST_STATUS = 32
LONGEST_NAME = 200
LONGEST_URL = 2000
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
# The specification's, and those of the extension that mean the same.
CLOSED = frozenset(
    ("closed", "fixed", "duplicate", "not_councils_responsibility", "no_further_action", "internal_referral")
)


def clean(text: str, longest: int) -> str:
    """A text without what cannot be printed, shortened."""
    return _UNPRINTABLE.sub("", text.replace("\r\n", "\n")).strip()[:longest]


def description(matter: Outgoing, we: str) -> str:
    """The text that is sent: what was said, its details, the mark; shortened to what the specification allows."""
    end = marks.mark(we, matter.reference)
    text = clean("\n".join((matter.text, *matter.details)), LONGEST_TEXT)
    room = LONGEST_TEXT - len(end) - 1
    return f"{text if len(text) <= room else text[: room - 1] + '…'}\n{end}"


def _text(row: Mapping[str, Any], name: str, longest: int) -> str:
    """A field as text; what is neither text nor a number is no text."""
    value = row.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    try:
        return clean(str(value), longest)
    except ValueError:  # a number with thousands of digits
        return ""


def _moment(text: Any) -> datetime | None:
    if not isinstance(text, str) or not text:
        return None
    try:
        found = datetime.fromisoformat(text)
        return (found if found.tzinfo else found.replace(tzinfo=ZoneInfo(settings().timezone))).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _degrees(value: Any, most: float) -> float | None:
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return found if -most <= found <= most else None


def written(moment: datetime) -> str:
    """A moment as the specification has it."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def is_id(text: str) -> bool:
    """Whether this can be kept as an id; ``~`` begins what is kept in its place (see ``links``)."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable() and not text.startswith("~") and "," not in text


def matter_of(row: Mapping[str, Any], types: Mapping[str, str]) -> RemoteMatter | None:
    """A request's matter; None when it has no usable id or no status.

    Args:
        row: of the list of requests.
        types: our matter types by service code.
    """
    id_, status = _text(row, "service_request_id", LONGEST_ID + 1), _text(row, "status", LONGEST_STATUS).lower()
    if not is_id(id_) or not status:
        return None
    service, name = _text(row, "service_code", LONGEST_NAME), _text(row, "service_name", LONGEST_NAME)
    media = _text(row, "media_url", LONGEST_URL + 1)
    return RemoteMatter(
        id=id_,
        service=service,
        service_name=name,
        type=types.get(service),
        text=_text(row, "description", LONGEST_TEXT) or name or service,
        status=status,
        closed=status in CLOSED,
        notes=_text(row, "status_notes", LONGEST_TEXT) or None,
        requested_at=_moment(row.get("requested_datetime")),
        updated_at=_moment(row.get("updated_datetime")),
        place=_text(row, "address", LONGEST_PLACE) or None,
        lat=_degrees(row.get("lat"), 90),
        lng=_degrees(row.get("long"), 180),
        media_url=media if media.startswith(("http://", "https://")) and len(media) <= LONGEST_URL else None,
    )
