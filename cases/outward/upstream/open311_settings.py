"""How to reach a platform above that speaks Open311, checked before anything is sent."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import httpx

from cases.outward.upstream import marks
from cases.outward.upstream.services import Services

_SYSTEM = re.compile(r"[a-z][a-z0-9-]{1,19}", re.ASCII)


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
        default_service: what is filed under when a matter type is not mapped; for a bot that files there only.
        contact: whether phones of people who are not anonymous are passed on.
        updates: whether it has ``servicerequestupdates``.
        page: how many requests it lists at once.
        ids_at_once: how many requests may be asked for by their ids at once; 1 for a platform that takes no lists.
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
    ids_at_once: int = 50
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
        if self.ids_at_once < 1:
            wrong.append(f"ids_at_once is {self.ids_at_once}; it must be 1 or more")
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
            return ["endpoint is http: key and words could be read on the way; use https, or allow plain_http"]
        return []
