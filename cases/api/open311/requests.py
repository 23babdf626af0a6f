"""Service requests: filing them, and telling how they stand."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, case, or_, select
from sqlalchemy.orm import Session

from cases import numbers, routing, service, workflow
from cases.api.access import PERSON, Caller
from cases.api.names import unit_names
from cases.api.open311.dates import written
from cases.api.open311.errors import wrong
from cases.api.open311.form import Form, Report
from cases.api.open311.services import MEDIA_KEY
from cases.api.open311.shapes import Created, ServiceRequest
from cases.api.open311.visibility import DECIMALS, own, public, whole
from cases.areas import AreaTree
from cases.model import Address, Ticket
from cases.service import Actor, NewTicket
from nlu.taxonomy import taxonomy

CHANNEL = "open311"
LONGEST_DESCRIPTION = 4000
_PUBLIC_LEVELS = ("community", "street", "county", "city")


def person_of(form: Form) -> str | None:
    """An opaque reference of who reports: their account, device or address; None when none was sent.

    An e-mail address is kept as its hash: nobody here is to write to it.
    """
    for name in ("account_id", "device_id", "email"):
        if value := form.get(name):
            if name != "email" and re.fullmatch(PERSON, value):
                return value
            return hashlib.sha256(value.encode()).hexdigest()[:40]
    return None


def create(session: Session, caller: Caller, form: Form, report: Report) -> Created:
    """File a service request.

    Raises:
        Open311Error: 400, there is no such address.
    """
    reference = person_of(form)
    reporter = f"k{caller.key}:{reference}" if reference else None
    anonymous = not any(form.get(n) for n in ("first_name", "last_name", "phone")) and reporter is None
    place, grid = report.place, None
    if report.address_id is not None:
        address = session.get(Address, report.address_id)
        if address is None:
            raise wrong(400, "address_unknown")
        place, grid = report.place or address.key, address.grid
    new = NewTicket(
        text=report.description,
        category=report.matter.category,
        type=report.matter.code,
        channel=CHANNEL,
        reporter=reporter,
        anonymous=anonymous,
        phone=report.phone,
        place=place,
        grid=grid,
        lat=report.lat,
        lng=report.lng,
        answers=report.answers,
    )
    actor = Actor("resident", reporter) if caller.role == "resident" else caller.actor
    ticket = service.file_ticket(session, new, actor)
    return Created(
        service_request_id=ticket.number, service_notice=_notice(session, ticket), account_id=form.get("account_id")
    )


def _notice(session: Session, ticket: Ticket) -> str | None:
    route = routing.route(session, ticket)
    return (route.standard or None) if route else None


@dataclass(frozen=True)
class Search:
    """Which requests to list; see the specification. Nothing given does not narrow."""

    visible: ColumnElement[bool]
    whole: ColumnElement[bool]
    conditions: tuple[ColumnElement[bool], ...] = ()

    def narrowed(self, *more: ColumnElement[bool]) -> Search:
        """With more conditions."""
        return replace(self, conditions=(*self.conditions, *more))

    def run(self, session: Session, limit: int, offset: int = 0) -> list[tuple[Ticket, bool]]:
        """Tickets, newest first, and whether each is shown whole."""
        query = (
            select(Ticket, case((self.whole, 1), else_=0))
            .where(self.visible, *self.conditions)
            .order_by(Ticket.created_at.desc(), Ticket.id.desc())
            .limit(limit)
            .offset(offset)
        )
        return [(ticket, bool(seen)) for ticket, seen in session.execute(query).tuples()]


def search(session: Session, caller: Caller | None) -> Search:
    """All that ``caller`` may see."""
    return Search(or_(public(), own(session, caller)), whole(session, caller))


def status_condition(statuses: Iterable[str]) -> ColumnElement[bool]:
    """The condition that a ticket is open or closed.

    Raises:
        Open311Error: 400, another status.
    """
    wanted = set(statuses)
    if not wanted <= {"open", "closed"}:
        raise wrong(400, "status_wrong")
    states = [s for s in workflow.STATES if status_of(s) in wanted]
    return Ticket.status.in_(states)


def status_of(state: str | None) -> str:
    """The specification's two statuses."""
    return "closed" if state in workflow.ENDED else "open"


def told(session: Session, found: Sequence[tuple[Ticket, bool]]) -> list[ServiceRequest]:
    """The requests as they are told."""
    units = unit_names(session, (t.unit for t, _ in found))
    tree = AreaTree.of(session)
    notices: dict[tuple[object, ...], str | None] = {}
    for ticket, _ in found:
        key = _noticed(ticket)
        if key not in notices:
            notices[key] = _notice(session, ticket)
    return [_told(ticket, whole, units, tree, notices[_noticed(ticket)]) for ticket, whole in found]


def _noticed(ticket: Ticket) -> tuple[object, ...]:
    """What the notice of a ticket depends on."""
    return ticket.type, ticket.emergency, ticket.grid, ticket.community, ticket.street, ticket.county


def _told(ticket: Ticket, whole: bool, units: dict[str, str], tree: AreaTree, notice: str | None) -> ServiceRequest:
    matter = taxonomy().type(ticket.type) if ticket.type else None
    category = taxonomy().category(ticket.category)
    closed = status_of(ticket.status) == "closed"
    media = ticket.answers.get(MEDIA_KEY) if whole else None
    plain = matter.plain if matter else category.short
    return ServiceRequest.model_validate(
        {
            "service_request_id": ticket.number,
            "status": status_of(ticket.status),
            "status_notes": workflow.STATES[ticket.status],
            "service_name": matter.name if matter else category.name,
            "service_code": matter.code if matter else category.code,
            "description": ticket.text[:LONGEST_DESCRIPTION] if whole else plain,
            "agency_responsible": units.get(ticket.unit or ""),
            "service_notice": notice,
            "requested_datetime": written(ticket.created_at),
            "updated_datetime": written((closed and ticket.closed_at) or ticket.updated_at),
            "expected_datetime": written(ticket.close_due) if ticket.close_due else None,
            "address": _address(ticket, whole, tree),
            "address_id": str(ticket.address) if whole and ticket.address is not None else None,
            "zipcode": None,
            "lat": _degrees(ticket.lat, whole),
            "long": _degrees(ticket.lng, whole),
            "media_url": media.get("answer") if isinstance(media, dict) else None,
        }
    )


def _degrees(value: float | None, whole: bool) -> float | None:
    return value if whole or value is None else round(value, DECIMALS)


def _address(ticket: Ticket, whole: bool, tree: AreaTree) -> str | None:
    """From the most specific to the most general, as the specification has it."""
    above = tree.above(ticket.grid or ticket.community or ticket.street or ticket.county)
    levels = ("grid", *_PUBLIC_LEVELS) if whole else _PUBLIC_LEVELS
    parts = [above[level].name for level in levels if level in above]
    if whole and ticket.place:
        parts.insert(0, ticket.place)
    return ", ".join(parts) or None


def number_condition(texts: Sequence[str]) -> ColumnElement[bool]:
    """The condition that a ticket has one of these numbers, in any spelling; what is no number is nobody's."""
    return Ticket.number.in_([n for text in texts if (n := numbers.parse(text))])
