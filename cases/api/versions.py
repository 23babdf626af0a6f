"""Versions of tickets in HTTP: ``ETag`` out, ``If-Match`` in."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Header, Response

IF_MATCH = r'^(\*|(W/)?"?[0-9]{1,9}"?)$'


def tag(response: Response, version: int) -> None:
    """Tell a ticket's version."""
    response.headers["ETag"] = f'"{version}"'


def _seen(
    if_match: Annotated[
        str | None,
        Header(
            pattern=IF_MATCH, description="The `ETag` of the ticket you saw; if it was changed since, the answer is 412"
        ),
    ] = None,
) -> int | None:
    if if_match is None or if_match == "*":
        return None
    return int(if_match.removeprefix("W/").strip('"'))


Seen = Annotated[int | None, Depends(_seen)]
ETAG = {"headers": {"ETag": {"description": "The ticket's version", "required": True, "schema": {"type": "string"}}}}
