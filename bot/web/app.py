"""Put the web app together: the channels, and the case backend's interfaces."""

from __future__ import annotations

import threading
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.staticfiles import StaticFiles
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from bot.channels.telegram import Telegram
from bot.channels.wechat import WeChat
from bot.web import chat, help, telegram, wechat
from bot.web.guarding import SECRET_HEADERS
from bot.web.rendering import told
from bot.words import word
from cases.api.app import API, OPEN311, mount
from common.db import reading
from common.logs import configure, log
from common.settings import Settings, settings
from knowledge.guiding.served import served
from knowledge.library import KnowledgeError

PHOTO_PATH = "/chat/photos"


class BodyLimit:
    """Refuse bodies over a limit before they are read into memory."""

    def __init__(self, app: ASGIApp, limit: int, photo_limit: int) -> None:
        self.app, self.limit, self.photo_limit = app, limit, photo_limit

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http" or scope["path"].startswith((f"{API}/", f"{OPEN311}/")):  # they have their own
            await self.app(scope, receive, send)
            return
        limit = self.photo_limit + 65536 if scope["path"] == PHOTO_PATH else self.limit
        length = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if not length.isdigit() or int(length) > limit:
            await self._refuse(scope, receive, send)
            return
        seen = 0
        over = False

        async def counted() -> Any:
            nonlocal seen, over
            message = await receive()
            seen += len(message.get("body", b""))
            if seen > limit:
                over = True
                return {"type": "http.disconnect"}
            return message

        try:
            await self.app(scope, counted, send)
        except Exception:
            if not over:
                raise
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        name = "web_refused_photo_big" if scope["path"] == PHOTO_PATH else "web_refused_body"
        response: Response = JSONResponse({"error": word(name)}, 413)
        if scope["path"] in ("/wechat", "/telegram"):
            response = PlainTextResponse("the body is too large", 413)
        elif scope["path"].startswith("/help/"):
            response = told(Request(scope), "long", 413)
            response.headers.update(SECRET_HEADERS)
        await response(scope, receive, send)


def create(config: Settings) -> FastAPI:
    """The web app with the channels that the settings switch on."""
    app = FastAPI(title="Xiaoge", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.wechat = WeChat(config) if config.wechat_token.get_secret_value() else None
    app.state.telegram = Telegram(config) if config.telegram_token.get_secret_value() else None
    app.add_middleware(BodyLimit, limit=config.max_body, photo_limit=config.max_photo)
    app.include_router(wechat.router)
    app.include_router(telegram.router)
    app.include_router(chat.router)
    app.include_router(help.router)
    mount(app)
    app.mount("/static", StaticFiles(directory=chat.STATIC), name="static")

    @app.get("/health")
    def health() -> dict[str, str]:
        """For the supervisor: the app answers and its database does too."""
        with reading() as session:
            session.connection()
        return {"status": "ok"}

    @app.middleware("http")
    async def headers(request: Request, call_next: Any) -> Response:
        response: Response = await call_next(request)
        response.headers.setdefault("X-Content-Type-Options", "nosniff")
        response.headers.setdefault("Referrer-Policy", "same-origin")
        response.headers.setdefault(
            "Content-Security-Policy", "default-src 'self'; img-src 'self' data: blob:; frame-ancestors 'none'"
        )
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, _error: RequestValidationError) -> Response:
        return JSONResponse({"error": word("web_refused_body")}, 422)

    return app


def _read_guides() -> None:
    """Guided help is read before the first resident asks for it."""
    try:
        served()
    except KnowledgeError as error:
        log().error("guides cannot be served", mistakes=len(error.problems), first=error.problems[0])


def main() -> None:
    """Serve."""
    import uvicorn

    configure("web")
    config = settings()
    threading.Thread(target=_read_guides, daemon=True).start()
    uvicorn.run(create(config), host=config.web_host, port=config.web_port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
