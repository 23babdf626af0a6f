"""ASGI layers around the routes: bodies have a limit, nothing that goes wrong leaks, answers are not kept by proxies."""

from __future__ import annotations

from collections.abc import Callable

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.logs import log

Answer = Callable[[Scope], Response]
_HEADERS = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))


class BodyLimit:
    """Reads a body up to ``limit`` bytes before anything else happens; a longer one gets ``refuse``'s answer."""

    def __init__(self, app: ASGIApp, limit: int, refuse: Answer) -> None:
        self.app, self.limit, self.refuse = app, limit, refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        told = next((v for k, v in scope["headers"] if k == b"content-length"), b"")
        read: list[bytes] = []
        length, more = 0, True
        over = told.isdigit() and int(told) > self.limit
        while more and not over:
            message = await receive()
            if message["type"] != "http.request":  # the client left
                return
            read.append(message.get("body", b""))
            length, more = length + len(read[-1]), message.get("more_body", False)
            over = length > self.limit
        if over:
            await self.refuse(scope)(scope, receive, send)
            return
        body: bytes | None = b"".join(read)

        async def again() -> Message:
            nonlocal body
            if body is None:
                return await receive()
            message, body = {"type": "http.request", "body": body, "more_body": False}, None
            return message

        await self.app(scope, again, send)


class Guard:
    """Answers what no handler answered with ``fail``'s answer. The log gets the error's kind: its text may name people."""

    def __init__(self, app: ASGIApp, fail: Answer) -> None:
        self.app, self.fail = app, fail

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                names = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *((n, v) for n, v in _HEADERS if n not in names)]
            await send(message)

        try:
            await self.app(scope, receive, sent)
        except Exception as error:
            route = scope.get("route")
            log().error("api_error", kind=type(error).__name__, route=getattr(route, "path", None))
            if scope["type"] != "http":
                raise
            if not begun:  # else the server ends the answer where it stands, and logs nothing of what was in it
                await self.fail(scope)(scope, receive, sent)
