"""Errors as Open311 has them: a list of ``{code, description}``; 404 for what does not exist, 403 for keys, else 400."""

from __future__ import annotations

from collections.abc import Iterable

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Scope

from cases.api import errors, words
from cases.api.open311.formats import format_of, render


class ErrorItem(BaseModel):
    """An error."""

    code: int = Field(description="The HTTP status")
    description: str = Field(description="For the user")


class Open311Error(Exception):
    """The request cannot be done; ``descriptions`` lists everything that is wrong, for the user."""

    def __init__(self, status: int, descriptions: Iterable[str]) -> None:
        self.status, self.descriptions = status, list(descriptions)
        super().__init__("; ".join(self.descriptions))


def wrong(status: int, name: str, field: str = "") -> Open311Error:
    """An error with the words of this name."""
    return Open311Error(status, [words.open311(name, field=field)])


# The specification knows no other statuses for requests that cannot be fulfilled.
_STATUS = {401: 403, 409: 400, 412: 400, 422: 400}


def answer(scope: Scope, status: int, descriptions: Iterable[str], headers: dict[str, str] | None = None) -> Response:
    """An error's answer, in the format the address asks for."""
    items = [ErrorItem(code=status, description=d) for d in descriptions]
    return render(format_of(scope), "errors", items, status, headers)


def _own(request: Request, error: Exception) -> Response:
    assert isinstance(error, Open311Error)
    return answer(request.scope, error.status, error.descriptions)


def _of_the_table(request: Request, error: Exception) -> Response:
    status, code = errors.row_of(error)
    description = words.open311("key_wrong") if status in (401, 403) else words.error(code)
    headers = errors.headers_of(error, status) if status in (429, 503) else None
    return answer(request.scope, _STATUS.get(status, status), [description], headers)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    places = dict.fromkeys((p.where or "").rpartition(".")[2] for p in errors.problems_of(error))
    return answer(request.scope, 400, [words.open311("query_wrong", field=place) for place in places])


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    status = error.status_code if error.status_code in (404, 405) else 400
    code = {404: "no_such_route", 405: "method_not_allowed"}.get(status)
    description = words.error(code) if code else words.open311("body_unreadable")
    return answer(request.scope, status, [description], errors.allowed(request) if status == 405 else None)


def handle(app: FastAPI) -> None:
    """Have ``app`` answer every error in this form."""
    app.add_exception_handler(Open311Error, _own)
    for kind, _, _ in errors.TABLE:
        app.add_exception_handler(kind, _of_the_table)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
