"""Stretches of time to search in: at most 90 days, by default the last 90."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from cases.api.fields import moment_of
from cases.api.open311.errors import wrong
from common.settings import settings

SPAN = timedelta(days=90)


def written(moment: datetime) -> str:
    """A moment in the city's time, with its offset."""
    return moment.astimezone(ZoneInfo(settings().timezone)).isoformat(timespec="seconds")


def _read(name: str, text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        return moment_of(text)
    except ValueError as error:
        raise wrong(400, "date_wrong", name) from error


def stretch(start: str | None, end: str | None, at: datetime) -> tuple[datetime, datetime]:
    """The stretch asked for.

    Args:
        start: RFC 3339, or nothing: SPAN before the end.
        end: RFC 3339, or nothing: SPAN after the start, or now.
        at: now.

    Raises:
        Open311Error: 400, one is no moment, they are more than SPAN apart or the wrong way round.
    """
    first, last = _read("start_date", start), _read("end_date", end)
    if first is None:
        last = last or at
        first = last - SPAN
    elif last is None:
        last = first + SPAN
    if not first <= last <= first + SPAN:
        raise wrong(400, "dates_span")
    return first, last
