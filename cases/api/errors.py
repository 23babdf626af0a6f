"""Every error as one answer, :class:`ErrorOut`. The table says which status each has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match

from cases.api import words
from cases.api.rates import TooManyError
from cases.duplicates import SuggestionDecidedError, SuggestionNotFoundError
from cases.emergencies import EmergencyError
from cases.figures import FigureError
from cases.numbers import NotANumberError, NumbersExhaustedError, spoken
from cases.outward.addresses import AddressError
from cases.outward.city_file import OutwardError
from cases.outward.webhooks import WebhookError
from cases.risk import GradeError
from cases.service import (
    BadCursorError,
    ExtensionError,
    MergeError,
    ScoreError,
    StaleTicketError,
    TicketNotFoundError,
    UnknownUnitError,
    WhistleError,
)
from cases.workflow import IllegalTransitionError


class Problem(BaseModel):
    """One of several things that are wrong."""

    where: str | None = Field(None, description="Place in the request")
    message: str = Field(description="What is wrong, in English")


class ErrorOut(BaseModel):
    """Why a request was not done. Nothing was changed."""

    code: str = Field(description="Stable English code")
    message: str = Field(description="For people, in Chinese")
    where: str | None = Field(None, description="Place in the request")
    detail: str | None = Field(None, description="What exactly, in English")
    problems: list[Problem] | None = Field(
        None, description="Everything that is wrong, when there may be several things"
    )
    version: int | None = Field(None, description="The version the ticket has now, when you saw another")


class NoKeyError(RuntimeError):
    """No key, or one that does not hold."""


class ScopeMissingError(RuntimeError):
    """The key may not do this."""


class PersonMissingError(RuntimeError):
    """A key that acts for residents did not say for whom."""


class RoleMissingError(RuntimeError):
    """It is not for keys of this role."""


class OutsideError(RuntimeError):
    """What is asked for is more than the key's unit, area or tickets."""


class QuestionError(ValueError):
    """A question about figures that is not answered; ``problems`` lists everything that is wrong."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = list(problems)
        super().__init__("; ".join(p.message for p in self.problems))


class KeyReusedError(RuntimeError):
    """An idempotency key came again with another request."""


class StaleVersionError(StaleTicketError):
    """The ticket has another version (``version``) than the one the caller saw."""

    def __init__(self, number: str, version: int, seen: int) -> None:
        self.version = version
        super().__init__(f"ticket {spoken(number)} has version {version} now, you saw {seen}: read it again")


class UnknownAreaError(LookupError):
    """There is no such area."""


class LookupFailedError(LookupError):
    """Number and code do not fit, or there is no such ticket: it is not said which."""


class EmergencyNotFoundError(LookupError):
    """No such emergency is in force."""


class WebhookNotFoundError(LookupError):
    """The key has no such subscription."""


# What can go wrong, with its status and code. The first line that fits counts.
TABLE: tuple[tuple[type[Exception], int, str], ...] = (
    (NoKeyError, 401, "no_key"),
    (ScopeMissingError, 403, "scope_missing"),
    (PersonMissingError, 403, "person_missing"),
    (RoleMissingError, 403, "role_missing"),
    (OutsideError, 403, "outside"),
    (TooManyError, 429, "too_many"),
    (BadCursorError, 400, "bad_cursor"),
    (NotANumberError, 404, "not_a_ticket_number"),
    (TicketNotFoundError, 404, "ticket_not_found"),
    (LookupFailedError, 404, "lookup_failed"),
    (EmergencyNotFoundError, 404, "emergency_not_found"),
    (SuggestionNotFoundError, 404, "suggestion_not_found"),
    (WebhookNotFoundError, 404, "webhook_not_found"),
    (IllegalTransitionError, 409, "illegal_transition"),
    (MergeError, 409, "merge_refused"),
    (ExtensionError, 409, "extension_refused"),
    (WhistleError, 409, "whistle_refused"),
    (SuggestionDecidedError, 409, "suggestion_decided"),
    (WebhookError, 409, "webhook_refused"),
    (KeyReusedError, 409, "idempotency_key_reused"),
    (StaleTicketError, 412, "stale_version"),
    (StaleDataError, 412, "stale_version"),
    (UnknownUnitError, 422, "unknown_unit"),
    (UnknownAreaError, 422, "unknown_area"),
    (GradeError, 422, "risk_refused"),
    (ScoreError, 422, "evaluation_refused"),
    (EmergencyError, 422, "emergency_refused"),
    (QuestionError, 422, "question_refused"),
    (FigureError, 422, "question_refused"),
    (AddressError, 422, "address_refused"),
    (DataError, 422, "unstorable"),
    (NumbersExhaustedError, 503, "numbers_exhausted"),
    (OperationalError, 503, "busy"),
    (OutwardError, 503, "misconfigured"),
)
# Their texts may hold what was stored or asked for, what names of the city's own network stand for, or its files.
_SILENT = (DataError, OperationalError, StaleDataError, NotANumberError, AddressError, OutwardError)
_BUSY_SECONDS = 5


def row_of(error: Exception) -> tuple[int, str]:
    """Status and code of an error of the table."""
    return next((status, code) for kind, status, code in TABLE if isinstance(error, kind))


def answer(
    status: int,
    code: str,
    *,
    where: str | None = None,
    detail: str | None = None,
    problems: Sequence[Problem] | None = None,
    version: int | None = None,
    headers: dict[str, str] | None = None,
    **values: object,
) -> JSONResponse:
    """An error's answer; ``values`` are for the words of its message."""
    made = ErrorOut(
        code=code,
        message=words.error(code, where=where or "", **values),
        where=where,
        detail=detail,
        problems=list(problems) if problems else None,
        version=version,
    )
    return JSONResponse(made.model_dump(exclude_none=True), status, headers)


def too_large(limit: int) -> JSONResponse:
    """The answer to a body of more than ``limit`` bytes."""
    return answer(413, "body_too_large", limit=limit // 1024)


def headers_of(error: Exception, status: int) -> dict[str, str] | None:
    """The headers that go with an error."""
    if isinstance(error, TooManyError):
        return {"Retry-After": str(error.wait)}
    if isinstance(error, StaleVersionError):
        return {"ETag": f'"{error.version}"'}
    if status == 503:
        return {"Retry-After": str(_BUSY_SECONDS)}
    return {"WWW-Authenticate": "Bearer"} if status == 401 else None


def _of_the_table(_request: Request, error: Exception) -> Response:
    status, code = row_of(error)
    headers = headers_of(error, status)
    if isinstance(error, EmergencyError):
        return answer(status, code, problems=[Problem(where=None, message=p) for p in error.problems])
    if isinstance(error, QuestionError):
        return answer(status, code, where=error.problems[0].where, problems=error.problems)
    detail = None if isinstance(error, _SILENT) else str(error) or None
    version = error.version if isinstance(error, StaleVersionError) else None
    return answer(status, code, detail=detail, version=version, headers=headers)


def problems_of(error: RequestValidationError) -> list[Problem]:
    """What does not fit the contract. What was sent is not repeated: it may be personal, or no text at all."""
    return [Problem(where=_place(e["loc"]), message=e["msg"]) for e in error.errors()]


def _place(loc: Sequence[Any]) -> str:
    safe = (str(part).encode("utf-8", "replace").decode() for part in loc)
    return ".".join(safe)[:200]


def _is_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or kind.endswith("+json")


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    problems = problems_of(error)
    if any(e["type"] == "json_invalid" for e in error.errors()):
        return answer(400, "not_json", where="body", problems=problems)
    where = problems[0].where
    if where == "body" and not _is_json(request):
        return answer(400, "not_json", where=where, detail="send the header 'Content-Type: application/json'")
    return answer(400, "invalid_request", where=where, problems=problems)


def allowed(request: Request) -> dict[str, str]:
    """The header that tells which methods an address takes; a router alone knows only of its first route there."""
    routes = request.app.router.routes
    found = [m for m in _METHODS if any(r.matches({**request.scope, "method": m})[0] is Match.FULL for r in routes)]
    return {"Allow": ", ".join(found)}


_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_HTTP = {404: "no_such_route", 405: "method_not_allowed"}


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    headers = allowed(request) if error.status_code == 405 else dict(error.headers or {}) or None
    # FastAPI has no other errors of its own than that a body cannot be read: it is nested too deep.
    code = _HTTP.get(error.status_code, "not_json")
    return answer(error.status_code, code, where="body" if code == "not_json" else None, headers=headers)


def handle(app: FastAPI) -> None:
    """Have ``app`` answer every error in this form."""
    for kind, _, _ in TABLE:
        app.add_exception_handler(kind, _of_the_table)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)


_SAID = {
    400: "The request does not fit the contract, or its cursor is none",
    401: "No valid key",
    403: "The key lacks the scope, does not say for whom it acts, or this is not for its role, unit or area",
    404: "There is no such thing, or it is not the key's to see",
    409: "Not possible in this state or for this key, or the idempotency key was used for another request",
    412: "It has another version than `If-Match` says; `version` and `ETag` tell which",
    413: "The body is too large",
    422: "The request fits the contract, but names something that does not exist or may not be",
    429: "Too many requests; `Retry-After` says how many seconds to wait",
    503: "Busy; try again after `Retry-After` seconds",
}
_RETRY = {"Retry-After": {"description": "Seconds to wait", "required": True, "schema": {"type": "string"}}}
_ALWAYS = (400, 401, 403, 429, 503)


def documented(*more: int, without: tuple[int, ...] = ()) -> dict[int | str, dict[str, Any]]:
    """The ``responses`` of a route: errors that every route may give, and ``more``."""
    return {
        status: {
            "model": ErrorOut,
            "description": _SAID[status],
            **({"headers": _RETRY} if status in (429, 503) else {}),
        }
        for status in sorted({*_ALWAYS, *more} - set(without))
    }
