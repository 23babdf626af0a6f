"""What every page of guided help is guarded by: its headers, no posts from other sites, and no failure that would write the secret
address to a log."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from bot.web.rendering import told
from common.logs import log
from common.settings import settings
from knowledge.library import KnowledgeError

HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
}
SECRET_HEADERS = {**HEADERS, "X-Robots-Tag": "noindex, nofollow"}


def from_here(request: Request) -> bool:
    """Whether a post comes from our own page, as far as the browser says.

    Our pages send no referrer, and with it browsers write ``Origin: null``; so what they say of the site counts first. An old
    browser says neither: then the secret in the address is what guards it.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin", "null")
    if origin == "null":
        return True
    own = {request.headers.get("host", ""), urlsplit(settings().public_url).netloc}
    return urlsplit(origin).netloc in own - {""}


class Guarded(APIRoute):
    """A route of guided help."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler with what guards it around it."""
        handle = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            response = await _answer(handle, request)
            listed = request.url.path == "/help" and response.status_code == 200
            response.headers.update(HEADERS if listed else SECRET_HEADERS)
            return response

        return guarded


async def _answer(handle: Callable[[Request], Coroutine[Any, Any, Response]], request: Request) -> Response:
    if request.method == "POST" and not from_here(request):
        return told(request, "refused", 403)
    try:
        return await handle(request)
    except (RequestValidationError, HTTPException):
        return told(request, "refused", 400)
    except KnowledgeError as error:
        log().error("guides cannot be served", mistakes=len(error.problems), first=error.problems[0])
    except SQLAlchemyError as error:  # its own text would tell the address
        log().error("page of guided help not served", error=type(error).__name__)
    # Where a post failed, the address is one that a link can lead to again.
    return told(request, "trouble", 503, way=request.url.path)
