"""Service discovery: where the interface is, in which formats, and whom to ask."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

from fastapi import Request

from cases.api import words
from cases.api.open311.formats import FORMATS, MEDIA
from cases.api.open311.shapes import Discovery, Endpoint
from common.settings import settings
from nlu.taxonomy import HERE

SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
_HOST = re.compile(r"[A-Za-z0-9.-]+(:[0-9]{1,5})?|\[[0-9A-Fa-f:.]+\](:[0-9]{1,5})?", re.ASCII)


def changeset() -> str:
    """When the services were changed last: by the files of the taxonomy, in the city's time."""
    last = max(file.stat().st_mtime for file in HERE.glob("*.yml"))
    return f"{datetime.fromtimestamp(last, ZoneInfo(settings().timezone)):%Y-%m-%d %H:%M}"


def _here(request: Request) -> str:
    """The address of this interface, as whoever asks called it."""
    host = request.headers.get("host", "")
    server = request.scope.get("server") or ("localhost", None)
    if not _HOST.fullmatch(host):
        host = f"{server[0]}:{server[1]}" if server[1] else server[0]
    return f"{request.scope.get('scheme', 'http')}://{host}{request.scope.get('root_path', '')}"


def discovery(request: Request) -> Discovery:
    """The discovery document."""
    changed, config = changeset(), settings()
    endpoint = Endpoint(
        specification=SPECIFICATION,
        url=f"{_here(request)}/v2",
        changeset=changed,
        type="production",
        formats=[MEDIA[form] for form in FORMATS],
    )
    return Discovery(
        changeset=changed,
        contact=words.open311("contact", city=config.city_name, hotline=config.hotline),
        key_service=words.open311("key_service", city=config.city_name, hotline=config.hotline),
        endpoints=[endpoint],
    )
