"""The interface's routes, each in both formats, as an app of its own: errors and documents are not the JSON API's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel
from starlette.responses import Response
from starlette.types import Scope

from cases.api import contract, words
from cases.api.bodies import BodyLimit, Guard
from cases.api.open311 import endpoints, errors, services, shapes
from cases.api.open311.errors import ErrorItem
from cases.api.open311.form import LENGTHS, UPDATE_LENGTHS
from cases.api.open311.formats import FORMATS
from cases.api.rates import Rates
from common.settings import settings

_TITLE = "小格 Xiaoge Open311 GeoReport v2"
_ABOUT = "GeoReport v2 (http://wiki.open311.org/GeoReport_v2/) with the extensions for paging and request updates."


def _form(lengths: Mapping[str, int], required: Sequence[str], **more: Any) -> dict[str, Any]:
    fields: dict[str, Any] = {name: {"type": "string", "maxLength": longest} for name, longest in lengths.items()}
    fields |= {"jurisdiction_id": {"type": "string"}, **more.pop("properties", {})}
    schema = {"type": "object", "properties": fields, "required": required, **more}
    return {"requestBody": {"required": True, "content": {"application/x-www-form-urlencoded": {"schema": schema}}}}


def _request_form() -> dict[str, Any]:
    codes = {"type": "string", "enum": [s.service_code for s in services.services()]}
    attributes = {r"^attribute\[[a-z0-9_]+\](\[\])?$": {"type": "string"}}
    return _form(LENGTHS, ["service_code"], properties={"service_code": codes}, patternProperties=attributes)


_FORMS: dict[Callable[..., Response], dict[str, Any]] = {
    endpoints.post_request: _request_form(),
    endpoints.post_update: _form(UPDATE_LENGTHS, ["service_request_id", "description"]),
}


_READ: tuple[int, ...] = (400, 403, 404, 429, 503)
# path without its ending, what answers, what is answered with, a list of it?, method
_ROUTES: tuple[tuple[str, Callable[..., Response], type[BaseModel], bool, str], ...] = (
    ("/discovery", endpoints.get_discovery, shapes.Discovery, False, "GET"),
    ("/v2/discovery", endpoints.get_discovery, shapes.Discovery, False, "GET"),  # some clients look here
    ("/v2/services", endpoints.get_services, shapes.Service, True, "GET"),
    ("/v2/services/{service_code}", endpoints.get_definition, shapes.ServiceDefinition, False, "GET"),
    ("/v2/requests", endpoints.get_requests, shapes.ServiceRequest, True, "GET"),
    ("/v2/requests", endpoints.post_request, shapes.Created, True, "POST"),
    ("/v2/requests/{service_request_id}", endpoints.get_request, shapes.ServiceRequest, True, "GET"),
    ("/v2/tokens/{token}", endpoints.get_token, shapes.TokenAnswer, True, "GET"),
    ("/v2/servicerequestupdates", endpoints.get_updates, shapes.RequestUpdate, True, "GET"),
    ("/v2/servicerequestupdates", endpoints.post_update, shapes.UpdateCreated, True, "POST"),
)


def _documented(form: str, model: type[BaseModel], many: bool, done: int) -> dict[int | str, dict[str, Any]]:
    """The answers of a route in one format."""
    if form == "xml":
        text = {"text/xml": {"schema": {"type": "string"}}}
        return {status: {"description": "XML", "content": text} for status in (done, *_READ)}
    found: dict[int | str, dict[str, Any]] = {s: {"model": list[ErrorItem], "description": "Errors"} for s in _READ}
    found[done] = {"model": list[model] if many else model, "description": "Done"}  # type: ignore[valid-type]
    return found


def _router() -> APIRouter:
    router = APIRouter()
    for path, work, model, many, method in _ROUTES:
        for form in FORMATS:
            done = 201 if method == "POST" else 200
            router.add_api_route(
                f"{path}.{form}",
                work,
                methods=[method],
                status_code=done,
                summary=f"{(work.__doc__ or '').splitlines()[0]} {form.upper()}",
                operation_id=f"{work.__name__}{'_v2' * (path == '/v2/discovery')}_{form}",
                responses=_documented(form, model, many, done),
                response_class=Response,
                response_model=None,
                openapi_extra=_FORMS.get(work),
            )
    return router


def _fails(scope: Scope) -> Response:
    return errors.answer(scope, 500, [words.error("internal")])


def not_found(scope: Scope) -> Response:
    """The answer to an address there is not."""
    return errors.answer(scope, 404, [words.error("no_such_route")])


def _too_large(scope: Scope) -> Response:
    return errors.answer(scope, 400, [words.error("body_too_large", limit=settings().max_body // 1024)])


def create(rates: Rates) -> FastAPI:
    """The interface by itself, to be mounted.

    Args:
        rates: how often somebody may ask.
    """
    app = FastAPI(title=_TITLE, version="2", description=_ABOUT, docs_url=None, redoc_url=None, redirect_slashes=False)
    app.state.rates = rates
    errors.handle(app)
    app.include_router(_router())
    contract.put_right(app)
    app.add_middleware(BodyLimit, limit=settings().max_body, refuse=_too_large)
    app.add_middleware(Guard, fail=_fails)
    return app
