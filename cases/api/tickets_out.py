"""Tickets as the API tells them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.api import words
from cases.api.access import Caller
from cases.api.names import unit_names
from cases.api.steps import NOTED
from cases.clock.limits import state_of
from cases.extensions import open_request
from cases.model import Extension, Ticket, TicketEvent, Whistle
from cases.whistles import KINDS, current
from common.db import now
from nlu.taxonomy import taxonomy

_PERSONAL = "Only with `personal:read`"
# What is null, or empty, without that scope.
_WITHHELD = ("reporter", "phone", "text", "place", "lat", "lng")
_EMPTIED = ("answers", "attachments", "risk_reasons")


class TicketOut(BaseModel):
    """A ticket in a list. Times are UTC; limits of working days are moments already."""

    number: str = Field(description="Nine digits")
    spoken: str = Field(description="The number as people say it: 600-000-017")
    version: int
    created_at: datetime
    updated_at: datetime
    channel: str
    anonymous: bool
    reporter: str | None = Field(description="Only with `personal:read`, and never of an anonymous ticket")
    phone: str | None = Field(description="Only with `personal:read`, and never of an anonymous ticket")
    category: str
    category_name: str
    type: str | None
    type_name: str | None
    needs_review: bool = Field(description="A person must say what it is, or who is to handle it")
    text: str | None = Field(description=_PERSONAL)
    urgent: bool
    mediation: str | None
    emergency: int | None = Field(description="The announced emergency it falls under")
    risk: str | None = Field(description="green, yellow or red; not told to keys that act for residents")
    place: str | None = Field(description=_PERSONAL)
    county: str | None
    street: str | None
    community: str | None
    grid: str | None
    lat: float | None = Field(description=_PERSONAL)
    lng: float | None = Field(description=_PERSONAL)
    unit: str | None
    unit_name: str | None
    helpers: list[str]
    level: str = Field(description="The level it has been raised to")
    supervised: bool
    status: str
    status_name: str = Field(description="As residents are told")
    step: str = Field(description="Of the loop 采集—上报—分流—办理—核查—评价; empty when it is out of it")
    merged_into: str | None = Field(description="Number of the ticket whose outcome counts")
    clock: str = Field(description="ok, soon, overdue, paused or done")
    verify_due: datetime | None
    verified_at: datetime | None
    feedback_due: datetime | None
    feedback_at: datetime | None
    close_due: datetime | None
    finished_at: datetime | None
    closed_at: datetime | None
    suspended_at: datetime | None
    next_due: datetime | None
    extensions: int
    returns: int
    reopenings: int
    score: str | None


class AnswerOut(BaseModel):
    """A follow-up question and its answer."""

    question: str
    answer: str


class AttachmentOut(BaseModel):
    """A photo, by its name in the channel's store."""

    reference: str
    added_at: datetime


class CallOut(BaseModel):
    """A unit called by a whistle."""

    unit: str
    due: datetime
    checked_in_at: datetime | None
    missed: bool


class WhistleOut(BaseModel):
    """The whistle that is blown."""

    kind: str
    name: str
    at: datetime
    level: str
    reason: str | None = Field(description=_PERSONAL)
    due: datetime
    calls: list[CallOut]


class ExtensionOut(BaseModel):
    """A request for more time that nobody has decided on."""

    at: datetime
    asked_by: str | None
    days: int
    reason: str | None = Field(description=_PERSONAL)


class TicketDetail(TicketOut):
    """A ticket with all that hangs on it, but its history."""

    confidence: float | None
    place_sure: float | None
    risk_reasons: list[str] = Field(description=f"{_PERSONAL}, else empty")
    visit_due: datetime | None
    answers: dict[str, AnswerOut] = Field(description=f"{_PERSONAL}, else empty")
    attachments: list[AttachmentOut] = Field(description=f"{_PERSONAL}, else empty")
    whistle: WhistleOut | None
    extension_request: ExtensionOut | None

    def without_personal(self) -> TicketDetail:
        """As a key without ``personal:read`` is told it."""
        return self.model_copy(
            update={
                **dict.fromkeys(_WITHHELD),
                **{name: type(getattr(self, name))() for name in _EMPTIED},
                "whistle": _with_reason(self.whistle, None),
                "extension_request": _with_reason(self.extension_request, None),
            }
        )

    def with_personal_of(self, other: TicketDetail) -> TicketDetail:
        """With what ``other`` tells of the same ticket that is personal."""
        return self.model_copy(
            update={
                **{name: getattr(other, name) for name in (*_WITHHELD, *_EMPTIED)},
                "whistle": _with_reason(self.whistle, other.whistle),
                "extension_request": _with_reason(self.extension_request, other.extension_request),
            }
        )


_Part = TypeVar("_Part", WhistleOut, ExtensionOut)


def _with_reason(part: _Part | None, other: _Part | None) -> _Part | None:
    if part is None:
        return None
    return part.model_copy(update={"reason": other.reason if other and other.at == part.at else None})


class TicketPage(BaseModel):
    """A page of a queue."""

    tickets: list[TicketOut]
    next: str | None = Field(description="Cursor of the next page; null at the end")


class EventOut(BaseModel):
    """A line of a ticket's history."""

    seq: int
    at: datetime
    role: str
    role_name: str
    actor: str | None = Field(description="Residents are named only with the scope personal:read")
    action: str
    action_name: str
    before: str | None
    after: str | None
    unit: str | None
    note: str | None = Field(description=_PERSONAL)
    data: dict[str, Any] | None = Field(description=_PERSONAL)
    hash: str = Field(description="Covers the line and the one before")


class History(BaseModel):
    """A ticket's history, oldest first."""

    number: str
    events: list[EventOut]


@dataclass(frozen=True)
class Names:
    """What the columns of some tickets only point at: names of units, numbers of tickets."""

    units: dict[str, str]
    numbers: dict[int, str]

    @classmethod
    def of(cls, session: Session, tickets: Iterable[Ticket]) -> Names:
        """All that these tickets point at, in two queries."""
        listed = list(tickets)
        heads = {t.merged_into for t in listed if t.merged_into}
        rows = session.execute(select(Ticket.id, Ticket.number).where(Ticket.id.in_(heads))) if heads else None
        return cls(
            unit_names(session, (t.unit for t in listed)),
            dict(rows.tuples().all()) if rows else {},
        )


def _columns(ticket: Ticket, names: Names, caller: Caller, at: datetime) -> dict[str, Any]:
    named = caller.told_all and not ticket.anonymous
    values = {name: getattr(ticket, name) for name in TicketOut.model_fields if hasattr(ticket, name)}
    return values | {
        "spoken": numbers.spoken(ticket.number),
        "reporter": ticket.reporter if named else None,
        "phone": ticket.phone if named else None,
        **({} if caller.told_all else dict.fromkeys(_WITHHELD)),
        "category_name": taxonomy().category(ticket.category).name,
        "type_name": taxonomy().type(ticket.type).name if ticket.type else None,
        "risk": None if caller.role == "resident" else ticket.risk,
        "unit_name": names.units.get(ticket.unit or ""),
        "status_name": workflow.STATES[ticket.status],
        "step": workflow.STEPS[ticket.status],
        "merged_into": names.numbers.get(ticket.merged_into or 0),
        "clock": state_of(ticket, at),
    }


def page(session: Session, tickets: Sequence[Ticket], following: str | None, caller: Caller) -> TicketPage:
    """A page of tickets."""
    return TicketPage(tickets=listed(session, tickets, caller), next=following)


def listed(session: Session, tickets: Sequence[Ticket], caller: Caller) -> list[TicketOut]:
    """Tickets as they stand in lists."""
    names, at = Names.of(session, tickets), now()
    return [TicketOut(**_columns(t, names, caller, at)) for t in tickets]


def _answer(key: str, given: Any) -> AnswerOut:
    if isinstance(given, dict):
        return AnswerOut(question=str(given.get("question", key)), answer=str(given.get("answer", "")))
    return AnswerOut(question=key, answer=str(given))


def _whistle(whistle: Whistle | None) -> WhistleOut | None:
    if whistle is None:
        return None
    calls = [CallOut(unit=c.unit, due=c.due, checked_in_at=c.checked_in_at, missed=c.missed) for c in whistle.calls]
    return WhistleOut(
        kind=whistle.kind,
        name=KINDS[whistle.kind][0],
        at=whistle.at,
        level=whistle.level,
        reason=whistle.reason,
        due=whistle.due,
        calls=calls,
    )


def _extension(request: Extension | None) -> ExtensionOut | None:
    if request is None:
        return None
    return ExtensionOut(at=request.at, asked_by=request.asked_by, days=request.days, reason=request.reason)


def detail(session: Session, ticket: Ticket, caller: Caller) -> TicketDetail:
    """A ticket with all that hangs on it, as far as the caller may know."""
    office = caller.role != "resident"
    whole = TicketDetail(
        **_columns(ticket, Names.of(session, [ticket]), caller, now()),
        confidence=ticket.confidence,
        place_sure=ticket.place_sure,
        risk_reasons=ticket.risk_reasons if office else [],
        visit_due=ticket.visit_due if office else None,
        answers={key: _answer(key, given) for key, given in ticket.answers.items()},
        attachments=[AttachmentOut(reference=a.reference, added_at=a.added_at) for a in ticket.attachments],
        whistle=_whistle(current(session, ticket.id)) if office else None,
        extension_request=_extension(open_request(session, ticket.id)) if office else None,
    )
    return whole if caller.told_all else whole.without_personal()


def history(ticket: Ticket, caller: Caller) -> History:
    """A ticket's history. Keys that act for residents get the steps residents are told of, without what is the office's."""
    lines = [_line(e, ticket, caller) for e in ticket.events]
    if caller.role == "resident":
        steps = words.steps()
        lines = [_as_told(line) for line in lines if line.action in steps]
    return History(number=ticket.number, events=lines)


def _as_told(line: EventOut) -> EventOut:
    return line.model_copy(update={"actor": None, "data": None, "note": line.note if line.action in NOTED else None})


def _line(event: TicketEvent, ticket: Ticket, caller: Caller) -> EventOut:
    named = event.role != "resident" or (caller.told_all and not ticket.anonymous)
    return EventOut(
        seq=event.seq,
        at=event.at,
        role=event.role,
        role_name=workflow.ROLES[event.role],
        actor=event.actor if named else None,
        action=event.action,
        action_name=workflow.ACTIONS[event.action].name,
        before=event.before,
        after=event.after,
        unit=event.unit,
        note=event.note if caller.told_all else None,
        data=event.data if caller.told_all else None,
        hash=event.hash,
    )
