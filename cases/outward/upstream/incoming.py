"""From the platform above to here: its matters become tickets, and what it says of a matter later is added to them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from cases import service, workflow
from cases.actor import Actor
from cases.model import Ticket, TicketEvent, UpstreamLink
from cases.outward.upstream import links, words
from cases.outward.upstream.adapter import Adapter, RemoteMatter
from cases.service import NewTicket
from common.db import reading, transaction

CHANNEL = "upstream"
OVERLAP = timedelta(days=1)  # looked at again: its clock, and what it shows only after a while
FIRST_TIME = timedelta(days=1)  # how far the first pull looks back, when nobody says
WATCHED = timedelta(days=30)  # after it was closed there, a matter is still asked for
UNSURE = "service"  # the category of a matter nobody has sorted yet; it waits for review
MEDIA = "media_url"
_CHUNK = 500

Classify = Callable[[str], tuple[str, str | None]]


@dataclass
class Pulled:
    """What a pull did: tickets filed, of those for review, news added to tickets, and what went wrong, without words."""

    filed: int = 0
    for_review: int = 0
    heard: int = 0
    problems: list[str] = field(default_factory=list)


def _actor(system: str) -> Actor:
    return Actor("system", f"up:{system}")


def _unsorted(_text: str) -> tuple[str, str | None]:
    return UNSURE, None


def _new(system: str, matter: RemoteMatter, classify: Classify) -> NewTicket:
    category, type_ = (matter.type.split(".", 1)[0], matter.type) if matter.type else classify(matter.text)
    answers: dict[str, Any] = {}
    if matter.media_url:
        answers[MEDIA] = {"question": words.photo(), "answer": matter.media_url}
    both = matter.lat is not None and matter.lng is not None
    return NewTicket(
        text=matter.text or matter.service_name or matter.service,
        category=category,
        type=type_,
        channel=CHANNEL,
        source_key=links.source_key(system, matter.id),
        place=matter.place,
        lat=matter.lat if both else None,
        lng=matter.lng if both else None,
        answers=answers,
        needs_review=matter.type is None,
    )


def _is_ours(session: Session, adapter: Adapter, matter: RemoteMatter, at: datetime) -> bool:
    """Whether we sent this matter up. If its answer was lost on the way, its id is known now."""
    number = adapter.reference_in(matter.text)
    link = links.of_number(session, adapter.system, number) if number else None
    if link is None:
        return False
    if not links.is_known_there(link):
        link.remote_id, link.remote_status, link.pulled_at = matter.id, matter.status, at
    return True


def _take(session: Session, adapter: Adapter, matter: RemoteMatter, at: datetime, classify: Classify) -> Ticket | None:
    """The ticket of a matter, None when it is known or ours."""
    if links.by_remote(session, adapter.system, matter.id) or _is_ours(session, adapter, matter, at):
        return None
    ticket = service.file_ticket(session, _new(adapter.system, matter, classify), _actor(adapter.system), at)
    if session.get(UpstreamLink, (ticket.id, adapter.system)):
        return None  # taken in meanwhile
    first = session.scalar(select(TicketEvent.id).where(TicketEvent.ticket_id == ticket.id, TicketEvent.seq == 1))
    session.add(
        UpstreamLink(
            ticket_id=ticket.id,
            system=adapter.system,
            remote_id=matter.id,
            remote_status=matter.status,
            pushed_event=first,
            pulled_at=at,
        )
    )
    session.flush()
    return ticket


def _is_taken(adapter: Adapter, matter: RemoteMatter) -> bool:
    with reading() as session:
        return links.by_remote(session, adapter.system, matter.id) is not None


def _unknown(adapter: Adapter, matters: list[RemoteMatter]) -> Iterable[RemoteMatter]:
    known: set[str] = set()
    with reading() as session:
        for place in range(0, len(matters), _CHUNK):
            ids = [m.id for m in matters[place : place + _CHUNK]]
            query = select(UpstreamLink.remote_id).where(UpstreamLink.system == adapter.system)
            known |= set(session.scalars(query.where(UpstreamLink.remote_id.in_(ids))))
    return (m for m in matters if m.id not in known)


def take_in(adapter: Adapter, at: datetime, since: datetime | None, classify: Classify | None, report: Pulled) -> None:
    """File a ticket for every open matter of the platform that is new and not from here. Each in its own transaction."""
    if since is None:
        with reading() as session:
            last = links.newest_pull(session, adapter.system)
        since = last - OVERLAP if last else at - FIRST_TIME
    for matter in _unknown(adapter, adapter.pull(since, at + OVERLAP)):
        try:
            with transaction() as session:
                ticket = _take(session, adapter, matter, at, classify or _unsorted)
        except (ValueError, LookupError, DataError, IntegrityError) as error:
            if isinstance(error, IntegrityError) and _is_taken(adapter, matter):
                continue  # another process was quicker
            report.problems.append(f"{adapter.name} {matter.id} was not filed: {type(error).__name__}")
            continue
        if ticket:
            report.filed += 1
            report.for_review += ticket.needs_review


def _watched(session: Session, adapter: Adapter, at: datetime) -> list[str]:
    """Ids of the matters whose state there still matters."""
    alive = or_(Ticket.status.in_(workflow.OPEN), UpstreamLink.pulled_at > at - WATCHED)
    query = (
        select(UpstreamLink.remote_id)
        .join(Ticket, Ticket.id == UpstreamLink.ticket_id)
        .where(and_(UpstreamLink.system == adapter.system, ~UpstreamLink.remote_id.startswith("~"), alive))
        .order_by(UpstreamLink.ticket_id)
    )
    return list(session.scalars(query))


def _hear(session: Session, adapter: Adapter, matter: RemoteMatter, at: datetime) -> bool:
    link = links.by_remote(session, adapter.system, matter.id)
    if link is None or link.remote_status == matter.status:
        return False
    first_time, link.remote_status, link.pulled_at = link.remote_status is None, matter.status, at
    if first_time and not matter.closed:
        return False  # that it is open there is no news
    number = session.get_one(Ticket, link.ticket_id).number
    note = words.heard(adapter.name, matter.status, matter.notes)
    service.add_information(session, number, actor=_actor(adapter.system), note=note, at=at)
    return True


def hear(adapter: Adapter, at: datetime, report: Pulled) -> None:
    """Add to the tickets what the platform says of them since. Nothing more: who handles a ticket here decides about it.

    The workflow lets only people finish a ticket, so a matter that was closed there stays open here with the news.
    """
    with reading() as session:
        watched = _watched(session, adapter, at)
    for matter in adapter.changes(at - WATCHED, watched) if watched else ():
        try:
            with transaction() as session:
                report.heard += _hear(session, adapter, matter, at)
        except workflow.IllegalTransitionError:
            with transaction() as session:  # withdrawn or refused here: nobody needs the news, but it is known
                link = links.by_remote(session, adapter.system, matter.id)
                if link:
                    link.remote_status, link.pulled_at = matter.status, at
