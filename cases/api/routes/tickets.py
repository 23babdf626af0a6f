"""Reading tickets: a queue's page, one ticket, its history, what may be done with it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, Select

from cases import service, workflow
from cases.api import cursors, tickets_out
from cases.api.access import Reading, find, theirs
from cases.api.errors import documented
from cases.api.fields import ANY_TEXT, CategoryCode, Code, MatterType, Risk, Status
from cases.api.possible import PossibleOut, possible_now
from cases.api.tickets_out import History, TicketDetail, TicketPage
from cases.api.versions import ETAG, tag
from cases.model import Ticket
from cases.queries import PAGE
from common.db import now, reading

router = APIRouter(tags=["tickets"])
LONGEST_PAGE = 200
TicketNumber = Annotated[str, Path(description="A ticket's number in any spelling, like 600000017 or 600-000-017")]


class TicketQuery(BaseModel):
    """Which tickets to list. What is not given does not narrow the list, but without ``status`` only open ones come."""

    model_config = ConfigDict(extra="forbid")

    status: list[Status] = Field(
        [], max_length=len(workflow.STATES), description="Any of these; none given: the open ones"
    )
    unit: Code | None = None
    street: Code | None = None
    community: Code | None = None
    grid: Code | None = None
    category: CategoryCode | None = None
    type: MatterType | None = None
    urgent: bool | None = None
    supervised: bool | None = None
    risk: Risk | None = None
    needs_review: bool | None = None
    overdue: bool = Field(False, description="Only those with something overdue")
    after: str | None = Field(
        None, max_length=cursors.LONGEST, pattern=ANY_TEXT, description="`next` of the page before"
    )
    size: int = Field(PAGE, ge=1, le=LONGEST_PAGE, description="Tickets a page")


@dataclass(frozen=True)
class _Theirs(service.Filter):
    """A filter that lets only the caller's tickets through."""

    own: ColumnElement[bool] | None = None

    def narrow(self, query: Select[tuple[Ticket]]) -> Select[tuple[Ticket]]:
        """``query`` with this filter's conditions."""
        narrowed = super().narrow(query)
        return narrowed if self.own is None else narrowed.where(self.own)


@router.get("/tickets", summary="List tickets, what is owed soonest first", responses=documented(without=(404,)))
def list_tickets(caller: Reading, which: Annotated[TicketQuery, Query()]) -> TicketPage:
    """Scope `tickets:read`. Tickets that owe nothing come last. A ticket whose due time changes between two pages may
    be on both or on none; all others are on exactly one."""
    after = cursors.checked(which.after) if which.after else None
    with reading() as session:
        filtered = _Theirs(
            statuses=which.status or workflow.OPEN,
            overdue_at=now() if which.overdue else None,
            own=theirs(session, caller),
            **which.model_dump(exclude={"status", "overdue", "after", "size"}),
        )
        found = service.queue(session, filtered, after, which.size)
        return tickets_out.page(session, found.tickets, found.next, caller)


@router.get("/tickets/{number}", summary="One ticket", responses={200: ETAG, **documented(404)})
def one_ticket(number: TicketNumber, caller: Reading, response: Response) -> TicketDetail:
    """Scope `tickets:read`. The `ETag` is its version; send it as `If-Match` with what you do to the ticket."""
    with reading() as session:
        ticket = service.get(session, find(session, caller, number))
        tag(response, ticket.version)
        return tickets_out.detail(session, ticket, caller)


@router.get("/tickets/{number}/history", summary="A ticket's history", responses=documented(404))
def history(number: TicketNumber, caller: Reading) -> History:
    """Scope `tickets:read`. Append-only: each line's hash covers the line before it."""
    with reading() as session:
        return tickets_out.history(service.get(session, find(session, caller, number)), caller)


@router.get("/tickets/{number}/possible", summary="What this key may do with a ticket now", responses=documented(404))
def possible(number: TicketNumber, caller: Reading) -> list[PossibleOut]:
    """Scope `tickets:read`."""
    with reading() as session:
        return possible_now(session, service.get(session, find(session, caller, number)), caller)
