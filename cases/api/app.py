"""Put the HTTP interfaces together: :func:`mount` in another app, or ``uvicorn --factory cases.api.app:create_app``."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.types import Scope

from cases.api import contract, errors
from cases.api.bodies import BodyLimit, Guard
from cases.api.open311 import app as open311
from cases.api.rates import Rates
from cases.api.routes import (
    city,
    dead_letters,
    duplicates,
    emergencies,
    extensions,
    figures,
    filing,
    hotspots,
    lookup,
    moves,
    risk,
    tickets,
    webhooks,
    whistles,
)
from common.settings import settings

API, OPEN311 = "/api/v1", "/open311"
_ROUTERS = (
    *(tickets, filing, moves, extensions, whistles, risk, duplicates),
    *(lookup, city, emergencies, figures, hotspots, webhooks, dead_letters),
)
_ABOUT = """\
The case backend of 小格 Xiaoge. A key goes into `Authorization: Bearer xg_<id>_<secret>`; it sees and acts on the tickets
of its unit, its area, or the person it names in `X-Person`. Moments are UTC. Every error is
`{code, message, where?, detail?, problems?, version?}`: `code` is stable, `message` is for people.
"""


def _operation(route: APIRoute) -> str:
    return route.name


def _fails(_scope: Scope) -> Response:
    return errors.answer(500, "internal")


def _too_large(_scope: Scope) -> Response:
    return errors.too_large(settings().max_body)


def create_api(rates: Rates, more: Sequence[APIRouter] = ()) -> FastAPI:
    """The JSON API by itself.

    Args:
        rates: how often somebody may ask.
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
    app.state.rates = rates
    errors.handle(app)
    for part in _ROUTERS:
        app.include_router(part.router)
    for router in more:
        app.include_router(router)
    contract.put_right(app)
    app.add_middleware(BodyLimit, limit=settings().max_body, refuse=_too_large)
    app.add_middleware(Guard, fail=_fails)
    return app


def mount(app: Starlette, rates: Rates | None = None, more: Sequence[APIRouter] = ()) -> None:
    """Hang both interfaces into ``app``: the JSON API at ``API``, Open311 at ``OPEN311``.

    Both bring their own errors and limits on bodies. They need the database of the settings at its newest schema.

    Args:
        app: what serves them.
        rates: how often somebody may ask, of both together; by default as ``docs/api.md`` says.
        more: see :func:`create_api`.
    """
    limits = rates or Rates()
    app.mount(API, create_api(limits, more))
    app.mount(OPEN311, open311.create(limits))


def _not_found(request: Request, _error: Exception) -> Response:
    # A line end in an address keeps it from getting to where the interfaces are.
    if request.scope["path"].startswith(f"{OPEN311}/"):
        return open311.not_found(request.scope)
    return errors.answer(404, "no_such_route")


def create_app(rates: Rates | None = None, more: Sequence[APIRouter] = ()) -> Starlette:
    """Both interfaces and nothing else, at the addresses they have in the web app."""
    app = Starlette(exception_handlers={404: _not_found})
    app.router.redirect_slashes = False
    mount(app, rates, more)
    return app
