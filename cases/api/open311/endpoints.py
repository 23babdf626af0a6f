"""What answers each address of the interface; the format follows from the address's ending."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from sqlalchemy import ColumnElement
from starlette.responses import Response

from cases.api.access import Caller, identify, require
from cases.api.errors import NoKeyError
from cases.api.idempotency import Digest, Sending
from cases.api.idempotency import Key as IdempotencyKey
from cases.api.open311 import discovery, requests, services, shapes, updates
from cases.api.open311.dates import stretch
from cases.api.open311.errors import wrong
from cases.api.open311.form import Form, check, check_update, read_form
from cases.api.open311.formats import format_of, render
from cases.api.open311.queries import Paging, RequestsQuery, listed
from cases.model import Ticket
from common.db import now, reading

Key = Annotated[str | None, Query(max_length=100, description="A key made at the terminal; not needed")]
Jurisdiction = Annotated[str | None, Query(description="Not looked at: there is one jurisdiction here")]


def _asking(request: Request) -> Caller | None:
    # Not declared as a parameter here: FastAPI takes parameters out of a model only where there are no others.
    return identify(request, request.query_params.get("api_key") or None)


Asking = Annotated[Caller | None, Depends(_asking)]


def _filing(
    request: Request, form: Annotated[Form, Depends(read_form)], digest: Digest, idempotency_key: IdempotencyKey = None
) -> Sending:
    # Specified in the form; clients there are also send it in the address, as for reading.
    caller = identify(request, form.get("api_key") or request.query_params.get("api_key") or None)
    if caller is None:
        raise NoKeyError("api_key is missing")
    return Sending(require(caller, "tickets:write"), idempotency_key, digest)


Filing = Annotated[Sending, Depends(_filing)]


def get_discovery(request: Request) -> Response:
    """Service discovery."""
    return render(format_of(request.scope), "discovery", discovery.discovery(request))


def get_services(
    request: Request, caller: Asking, api_key: Key = None, jurisdiction_id: Jurisdiction = None
) -> Response:
    """One service for every matter type."""
    return render(format_of(request.scope), "services", services.services())


def get_definition(
    request: Request,
    service_code: Annotated[str, Path(description="Of a service")],
    caller: Asking,
    api_key: Key = None,
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """The questions of a service."""
    return render(format_of(request.scope), "service_definition", services.definition(service_code))


def post_request(request: Request, sending: Filing, form: Annotated[Form, Depends(read_form)]) -> Response:
    """Needs a key with the scope `tickets:write`. The number comes back at once."""
    report = check(form)
    kept = sending.once(lambda session: requests.create(session, sending.caller, form, report).model_dump(), 201)
    return render(format_of(request.scope), "service_requests", [shapes.Created(**kept)], 201)


def post_update(request: Request, sending: Filing, form: Annotated[Form, Depends(read_form)]) -> Response:
    """Needs a key with the scope `tickets:write`. What it says is added; an `update_id` is added once."""
    number, text = check_update(form)
    if (known := form.get("update_id")) and sending.key is None:
        # A client that sends an update again may stamp it anew: what counts is what it says of which ticket.
        said = hashlib.sha256(f"{number}\n{text}".encode()).hexdigest()
        sending = replace(sending, key=f"update:{hashlib.sha256(known.encode()).hexdigest()}", digest=said)
    kept = sending.once(lambda session: updates.add(session, sending.caller, number, text).model_dump(), 201)
    return render(format_of(request.scope), "service_request_updates", [shapes.UpdateCreated(**kept)], 201)


def get_requests(request: Request, caller: Asking, which: Annotated[RequestsQuery, Query()]) -> Response:
    """Newest first; by default those of the last 90 days."""
    with reading() as session:
        wanted = requests.search(session, caller).narrowed(*_conditions(which))
        found = requests.told(session, wanted.run(session, which.limit, which.offset))
    return render(format_of(request.scope), "service_requests", found)


def _conditions(which: RequestsQuery) -> list[ColumnElement[bool]]:
    if which.ids:
        return [requests.number_condition(which.ids)]
    first, last = stretch(which.start_date, which.end_date, now())
    found: list[ColumnElement[bool]] = [Ticket.created_at.between(first, last)]
    if codes := listed(which.service_code):
        found.append(Ticket.type.in_([services.matter_of(code).code for code in codes]))
    if statuses := listed(which.status):
        found.append(requests.status_condition(statuses))
    return found


def get_request(
    request: Request,
    service_request_id: Annotated[str, Path(description="The ticket's number")],
    caller: Asking,
    api_key: Key = None,
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """One request, in a list."""
    with reading() as session:
        found = (
            requests.search(session, caller).narrowed(requests.number_condition([service_request_id])).run(session, 1)
        )
        if not found:
            raise wrong(404, "request_unknown")
        return render(format_of(request.scope), "service_requests", requests.told(session, found))


def get_token(
    request: Request,
    token: Annotated[str, Path(description="A request's number: requests get theirs at once, so it is its own token")],
    caller: Asking,
    api_key: Key = None,
    jurisdiction_id: Jurisdiction = None,
) -> Response:
    """The request a token stands for."""
    with reading() as session:
        found = requests.search(session, caller).narrowed(requests.number_condition([token])).run(session, 1)
    if not found:
        raise wrong(404, "token_unknown")
    made = shapes.TokenAnswer(service_request_id=found[0][0].number, token=token)
    return render(format_of(request.scope), "service_requests", [made])


def get_updates(request: Request, caller: Asking, which: Annotated[Paging, Query()]) -> Response:
    """Oldest first; by default those of the last 90 days."""
    with reading() as session:
        if which.ids:
            condition = requests.number_condition(which.ids)
        else:
            condition = updates.within(*stretch(which.start_date, which.end_date, now()))
        found = updates.updates(session, caller, (condition,), which.limit, which.offset)
    return render(format_of(request.scope), "service_request_updates", found)
