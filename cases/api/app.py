"""Put the HTTP interfaces together: ``uvicorn --factory cases.api.app:create_app``, or mounted in another app."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.types import Scope

from cases.api import contract, errors
from cases.api.bodies import BodyLimit, Guard
from cases.api.open311 import app as open311
from cases.api.rates import Rates
from cases.api.routes import city, emergencies, extensions, filing, lookup, moves, risk, tickets, whistles
from common.settings import settings

OPEN311 = "/open311"
_ROUTERS = (tickets, filing, moves, extensions, whistles, risk, lookup, city, emergencies)
_ABOUT = """\
The case backend of 小格 Xiaoge. A key goes into `Authorization: Bearer xg_<id>_<secret>`; it sees and acts on the tickets
of its unit, its area, or the person it names in `X-Person`. Moments are UTC. Every error is
`{code, message, where?, detail?, problems?}`: `code` is stable, `message` is for people.
"""


def _operation(route: APIRoute) -> str:
    return route.name


def _fails(_scope: Scope) -> Response:
    return errors.answer(500, "internal")


def _is_open311(scope: Scope) -> bool:
    return str(scope["path"]).removeprefix(scope.get("root_path", "")).startswith(f"{OPEN311}/")


def _too_large(scope: Scope) -> Response:
    return open311.too_large(scope) if _is_open311(scope) else errors.answer(413, "body_too_large")


def _not_found(request: Request, _error: Exception) -> Response:
    # A line end in an address keeps it from getting to where Open311 is mounted.
    return open311.not_found(request.scope) if _is_open311(request.scope) else errors.answer(404, "no_such_route")


def create_app(rates: Rates | None = None, more: Sequence[APIRouter] = ()) -> FastAPI:
    """The JSON API, with Open311 under ``/open311``.

    Args:
        rates: how often somebody may ask; by default as ``docs/api.md`` says.
        more: routers of other parts that want keys, errors and limits alike (see :func:`cases.api.access.needs`).
    """
    app = FastAPI(
        title="小格 Xiaoge",
        version="1",
        description=_ABOUT,
        docs_url=None,  # they would load their scripts from elsewhere
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=_operation,
    )
    app.state.rates = rates or Rates()
    errors.handle(app)
    app.add_exception_handler(404, _not_found)
    for part in _ROUTERS:
        app.include_router(part.router)
    for router in more:
        app.include_router(router)
    app.mount(OPEN311, open311.create(app.state.rates))
    contract.put_right(app)
    app.add_middleware(BodyLimit, limit=settings().max_body, refuse=_too_large)
    app.add_middleware(Guard, fail=_fails)
    return app
