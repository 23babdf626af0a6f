"""A matter becomes a ticket: numbered, placed in its grid, graded, put on the clock, dispatched. Plain functions on a
session; the caller commits."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from cases import emergencies, numbers, risk, routing, workflow
from cases.actor import SYSTEM, Actor
from cases.areas import AreaTree
from cases.clock import limits as clock
from cases.history import record
from cases.model import Ticket, TicketAttachment, TicketCorrection
from cases.moves import checked, open_for_change, run
from cases.places import ENOUGH, grid_of_pin, match_address
from common.db import now
from common.settings import settings

SURE = 0.95  # of a wording that is believed against a pin
FAR = ("road", "area")  # levels of wordings that are not
CODE_DIGITS = 6


@dataclass(frozen=True)
class NewTicket:
    """What is known of a matter when it is filed.

    ``source_key`` makes filing repeatable: the same key always gives the same ticket. ``reporter`` is an opaque
    reference by which the reporting channel knows the person. ``code`` (see :func:`new_code`) lets whoever knows it
    look the ticket up and evaluate it. ``mediation`` is the kind of mediation asked for, if any. A ``draft`` is something
    a grid worker found and still has to verify: see :func:`submit`.
    """

    text: str
    category: str
    type: str | None
    channel: str
    source_key: str | None = None
    reporter: str | None = None
    anonymous: bool = False
    phone: str | None = None
    place: str | None = None
    grid: str | None = None
    lat: float | None = None
    lng: float | None = None
    answers: dict[str, Any] = field(default_factory=dict)
    urgent: bool = False
    needs_review: bool = False
    confidence: float | None = None
    attachments: Sequence[str] = ()
    code: str | None = None
    mediation: str | None = None
    draft: bool = False


def new_code() -> str:
    """A code for looking a ticket up, to be told to who filed it; only its hash is kept."""
    return "".join(secrets.choice("0123456789") for _ in range(CODE_DIGITS))


def code_hash(number: str, code: str) -> str:
    """What is kept of a look-up code."""
    return hashlib.scrypt(code.encode(), salt=number.encode(), n=2**10, r=8, p=1, dklen=32).hex()


def locate(session: Session, ticket: Ticket, hint: str | None) -> None:
    """Put the ticket in its grid, and in all above it, when place, pin or hint allow. A wording that names a building, or an
    estate of one grid, is surer than a pin, which may be where the reporter stands; a pin is surer than the name of a road
    or an area, which reach further than the library knows.

    Args:
        session: of the database.
        ticket: whose place, lat and lng are looked at.
        hint: the grid the reporter is known to be in (a scanned code).
    """
    said = match_address(session, ticket.place, hint) if ticket.place else None
    if said is not None and said.sure < ENOUGH:
        said = None
    pin = grid_of_pin(session, ticket.lat, ticket.lng) if ticket.lat is not None and ticket.lng is not None else None
    if said is None or (pin is not None and (said.grid is None or said.sure < SURE or said.level in FAR)):
        put(session, ticket, pin.grid if pin else hint)
        ticket.place_sure = pin.sure if pin else None
    else:
        put(session, ticket, said.grid or said.area or hint)
        ticket.place_sure = said.sure
    ticket.address = said.address if said is not None and said.grid in (None, ticket.grid) else None


def put(session: Session, ticket: Ticket, area: str | None) -> None:
    """Set the ticket's grid and the areas above it; ``area`` may be of any level."""
    above = AreaTree.of(session).above(area)
    ticket.grid = above["grid"].code if "grid" in above else None
    ticket.community = above["community"].code if "community" in above else None
    ticket.street = above["street"].code if "street" in above else None
    ticket.county = above["county"].code if "county" in above else None


def _filed_before(session: Session, source_key: str | None) -> Ticket | None:
    return session.scalar(select(Ticket).where(Ticket.source_key == source_key)) if source_key else None


def file_ticket(session: Session, new: NewTicket, actor: Actor | None = None, at: datetime | None = None) -> Ticket:
    """Register a matter, place it in its grid, grade it, start its clock and dispatch it to the responsible unit.

    Filing again with the same ``source_key`` returns the first ticket unchanged.

    Args:
        session: of the database.
        new: what is known.
        actor: who files it; by default the reporter.
        at: when; by default now.

    Raises:
        ValueError: no text.
    """
    if not new.text.strip():
        raise ValueError("a ticket needs a text")
    if known := _filed_before(session, new.source_key):
        return known
    moment = at or now()
    number = numbers.take(session, moment.astimezone(ZoneInfo(settings().timezone)).year)
    # Filings on SQLite wait for each other here, so one that another process made meanwhile is seen now.
    if known := _filed_before(session, new.source_key):
        return known
    who = actor or Actor("resident", None if new.anonymous else new.reporter)
    action = "collect" if new.draft else "report"
    ticket = Ticket(
        number=number,
        source_key=new.source_key,
        created_at=moment,
        updated_at=moment,
        channel=new.channel,
        reporter=new.reporter,
        anonymous=new.anonymous,
        phone=new.phone,
        code_hash=code_hash(number, new.code) if new.code else None,
        category=new.category,
        type=new.type,
        needs_review=new.needs_review,
        confidence=new.confidence,
        text=new.text,
        answers=dict(new.answers),
        urgent=new.urgent,
        mediation=new.mediation,
        place=new.place,
        lat=new.lat,
        lng=new.lng,
        helpers=[],
        risk="green",
        risk_reasons=[],
        level="community",
        supervised=False,
        status=workflow.next_state(action, "", who.role, None),
        extensions=0,
        returns=0,
        reopenings=0,
        events_count=0,
        head="",
    )
    with session.no_autoflush:
        locate(session, ticket, new.grid)
        emergencies.apply(session, ticket, moment)
        session.add(ticket)
        record(session, ticket, who, action, None, at=moment)
        ticket.attachments.extend(
            TicketAttachment(reference=r, added_at=moment) for r in dict.fromkeys(new.attachments)
        )
        clock.start(ticket, routing.limits(session, ticket), moment)
        risk.grade(session, ticket, moment)
        if not new.draft:
            dispatch(session, ticket, moment)
    session.flush()
    return ticket


def submit(
    session: Session, number: str, *, actor: Actor, note: str | None = None, at: datetime | None = None
) -> Ticket:
    """What a grid worker found is verified: it is reported, its clock starts, and it is dispatched.

    Raises:
        TicketNotFoundError: no such ticket.
        IllegalTransitionError: it is no draft, or not this actor's.
    """
    moment = at or now()
    ticket = run(session, open_for_change(session, number), "submit", actor, note, at=moment)
    clock.start(ticket, routing.limits(session, ticket), moment)
    dispatch(session, ticket, moment)
    session.flush()
    return ticket


def dispatch(session: Session, ticket: Ticket, at: datetime) -> None:
    """Send a ticket to the unit its matter and place belong to; it waits for a person when that is not clear."""
    route = routing.route(session, ticket)
    if route is None or ticket.needs_review:
        return
    before = ticket.status
    ticket.unit, ticket.helpers = route.unit, list(route.helpers)
    ticket.status = workflow.next_state("dispatch", before, "system", None)
    record(session, ticket, SYSTEM, "dispatch", before, routing.unit_name(session, route.unit), at=at)


def add_information(
    session: Session,
    number: str,
    *,
    actor: Actor,
    place: str | None = None,
    grid: str | None = None,
    lat: float | None = None,
    lng: float | None = None,
    answers: dict[str, Any] | None = None,
    note: str | None = None,
    attachments: Sequence[str] = (),
    anonymous: bool | None = None,
    phone: str | None = None,
    mediation: str | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Add what was learnt after filing. Every addition is a line of the history.

    Raises:
        TicketNotFoundError: no such ticket.
        IllegalTransitionError: nothing may be added to it any more, or not by this actor.
    """
    moment = at or now()
    ticket = open_for_change(session, number)
    checked(session, ticket, "add", actor, note)
    if place or lat is not None:
        ticket.place = place or ticket.place
        ticket.lat, ticket.lng = (lat, lng) if lat is not None else (ticket.lat, ticket.lng)
        locate(session, ticket, grid or ticket.grid)
    if answers:
        ticket.answers = {**ticket.answers, **answers}
    if anonymous is not None:
        ticket.anonymous = anonymous
    ticket.phone = phone or ticket.phone
    ticket.mediation = mediation or ticket.mediation
    known = {a.reference for a in ticket.attachments}
    ticket.attachments.extend(
        TicketAttachment(reference=r, added_at=moment) for r in dict.fromkeys(attachments) if r not in known
    )
    record(session, ticket, actor, "add", ticket.status, note, at=moment)
    risk.grade(session, ticket, moment)
    if ticket.unit is None and ticket.status == "registered":
        dispatch(session, ticket, moment)
    session.flush()
    return ticket


def correct(
    session: Session,
    number: str,
    type_: str,
    *,
    actor: Actor,
    urgent: bool | None = None,
    version: int | None = None,
    at: datetime | None = None,
) -> Ticket:
    """Say what a ticket's matter really is; a ticket that nobody works on yet goes to the unit this now belongs to.

    Args:
        session: of the database.
        number: plain digits.
        type_: code of the right matter type, whose category it takes.
        actor: operator, worker, department or supervisor.
        urgent: the right urgency; None leaves it.
        version: the version the actor saw; None if they need not have seen the newest.
        at: when; by default now.

    Raises:
        TicketNotFoundError: no such ticket.
        StaleTicketError: somebody changed it meanwhile.
        IllegalTransitionError: this role may not correct, or the ticket is final.
    """
    moment = at or now()
    ticket = open_for_change(session, number, version)
    checked(session, ticket, "correct", actor, None)
    right = urgent if urgent is not None else ticket.urgent
    category = type_.split(".", 1)[0]
    if (ticket.type, ticket.urgent, ticket.needs_review) == (type_, right, False):
        return ticket
    session.add(
        TicketCorrection(
            ticket=ticket,
            at=moment,
            actor=actor.id,
            category_before=ticket.category,
            type_before=ticket.type,
            urgent_before=ticket.urgent,
            category=category,
            type=type_,
            urgent=right,
        )
    )
    note = f"{ticket.type or ticket.category} → {type_}" if ticket.type != type_ else None
    ticket.category, ticket.type, ticket.urgent, ticket.needs_review = category, type_, right, False
    record(session, ticket, actor, "correct", ticket.status, note, at=moment)
    clock.restart(ticket, routing.limits(session, ticket), moment)
    risk.grade(session, ticket, moment)
    if ticket.status in workflow.NOT_TAKEN_UP:
        dispatch(session, ticket, moment)
    session.flush()
    return ticket


__all__ = [
    "NewTicket",
    "add_information",
    "code_hash",
    "correct",
    "file_ticket",
    "locate",
    "new_code",
    "put",
    "run",
    "submit",
]
