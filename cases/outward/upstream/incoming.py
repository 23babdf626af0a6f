"""From the platform above to here: its matters become tickets, and what it says of a matter later is added to them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select
from sqlalchemy.exc import DataError, IntegrityError
from sqlalchemy.orm import Session

from cases import service, workflow
from cases.actor import Actor
from cases.model import Ticket, TicketEvent, UpstreamLink
from cases.outward.upstream import links, words
from cases.outward.upstream.adapter import Adapter, RemoteMatter
from cases.outward.upstream.errors import RefusedError
from cases.outward.upstream.open311_shapes import clean
from cases.service import NewTicket
from common.db import reading, transaction

CHANNEL = "upstream"
OVERLAP = timedelta(days=1)  # looked at again: its clock, and what it shows only after a while
FIRST_TIME = timedelta(days=1)  # how far the first pull looks back, when nobody says
WATCHED = timedelta(days=30)  # after it was closed there, a matter is still asked for
UNSURE = "service"  # the category of a matter nobody has sorted yet; it waits for review
MEDIA = "media_url"
TIME_IS_UP = "the time for this round is up; the next one goes on"
_CHUNK = 500
_ASKED = 50  # matters asked for at once
_LOOKS = 20  # matters in one pull that are looked into one by one, as the platform left them out of its answer
_ALIKE = 100  # characters of a ticket's text by which it is known again

Classify = Callable[[str], tuple[str, str | None]]
Late = Callable[[], bool]


@dataclass
class Pulled:
    """What a pull did.

    ``filed``: tickets, ``for_review``: of those; ``heard``: news added to tickets; ``lost``: matters the platform does not
    have any more; ``problems``, without words; ``stopped`` says why it ended early.
    """

    filed: int = 0
    for_review: int = 0
    heard: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None


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
    if number is None:
        return False
    link = links.of_number(session, adapter.system, number)
    if link is None:
        return _is_remembered(session, adapter, matter, number, at)
    if not links.is_known_there(link):
        link.remote_id, link.remote_status, link.pulled_at = matter.id, matter.status, at
    return True


def _is_remembered(session: Session, adapter: Adapter, matter: RemoteMatter, number: str, at: datetime) -> bool:
    """Whether it is a ticket whose link is gone, as after a restored backup. A number alone could have been made up, or
    given out anew, so its words must be the ticket's too."""
    ticket = session.scalar(select(Ticket).where(Ticket.number == number))
    if ticket is None or not matter.text.startswith(clean(ticket.text, _ALIKE)):
        return False
    last = session.scalar(select(func.max(TicketEvent.id)).where(TicketEvent.ticket_id == ticket.id))
    session.add(_link(ticket, adapter, matter, last, at))
    session.flush()
    return True


def _link(ticket: Ticket, adapter: Adapter, matter: RemoteMatter, told: int | None, at: datetime) -> UpstreamLink:
    return UpstreamLink(
        ticket_id=ticket.id,
        system=adapter.system,
        remote_id=matter.id,
        remote_status=matter.status,
        pushed_event=told,
        pulled_at=at,
    )


def _take(session: Session, adapter: Adapter, matter: RemoteMatter, at: datetime, classify: Classify) -> Ticket | None:
    """The ticket of a matter, None when it is known or ours."""
    if links.by_remote(session, adapter.system, matter.id) or _is_ours(session, adapter, matter, at):
        return None
    ticket = service.file_ticket(session, _new(adapter.system, matter, classify), _actor(adapter.system), at)
    if session.get(UpstreamLink, (ticket.id, adapter.system)):
        return None  # taken in meanwhile
    first = session.scalar(select(TicketEvent.id).where(TicketEvent.ticket_id == ticket.id, TicketEvent.seq == 1))
    # Not the moment of filing: a pull that is cut off must go on here, see links.newest_pull.
    session.add(_link(ticket, adapter, matter, first, min(matter.requested_at or at, at)))
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


def take_in(
    adapter: Adapter, at: datetime, since: datetime | None, classify: Classify | None, report: Pulled, late: Late
) -> bool:
    """File a ticket for every open matter of the platform that is new and not from here. Each in its own transaction.

    Returns whether all were looked at. If not, or if the process dies, the next pull goes on where this one ended, as the
    oldest are filed first.
    """
    if since is None:
        with reading() as session:
            last = links.newest_pull(session, adapter.system)
        since = last - OVERLAP if last else at - FIRST_TIME
    for matter in _unknown(adapter, adapter.pull(since, at + OVERLAP)):
        if late():
            report.stopped = TIME_IS_UP
            return False
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
    return True


def _watched(session: Session, adapter: Adapter, at: datetime) -> dict[str, str | None]:
    """The matters whose state there still matters, and the state that is known."""
    alive = or_(Ticket.status.in_(workflow.OPEN), UpstreamLink.pulled_at > at - WATCHED)
    query = (
        select(UpstreamLink.remote_id, UpstreamLink.remote_status)
        .join(Ticket, Ticket.id == UpstreamLink.ticket_id)
        .where(and_(UpstreamLink.system == adapter.system, ~UpstreamLink.remote_id.startswith("~"), alive))
        .order_by(UpstreamLink.ticket_id)
    )
    return dict(session.execute(query).tuples().all())


def _note(adapter: Adapter, remote_id: str, status: str, note: str | None, at: datetime) -> bool:
    """Keep a matter's state, and add a note about it to its ticket. Returns whether the note could be added."""
    with transaction() as session:
        link = links.by_remote(session, adapter.system, remote_id, hold=True)
        if link is None or link.remote_status == status:
            return False
        link.remote_status, link.pulled_at = status, at
        ticket = session.get_one(Ticket, link.ticket_id, with_for_update=True)
        # Withdrawn or refused here: nobody needs the news, but it is known.
        if note is None or ticket.status not in workflow.ACTIONS["add"].before:
            return False
        service.add_information(session, ticket.number, actor=_actor(adapter.system), note=note, at=at)
        return True


def _hear(adapter: Adapter, matter: RemoteMatter, known: str | None, at: datetime) -> bool:
    if matter.status == known:
        return False
    # We filed it, and it is open; or it repeats what we told it.
    no_news = (known is None and not matter.closed) or known == links.TOLD
    note = None if no_news else words.heard(adapter.name, matter.status, matter.notes)
    return _note(adapter, matter.id, matter.status, note, at)


def _look(adapter: Adapter, remote_id: str, known: str | None, at: datetime, report: Pulled) -> None:
    """Look into a matter that was asked for but not answered: a wrong answer is no reason to think it deleted."""
    try:
        matter = adapter.look(remote_id)
    except RefusedError:
        return  # it lets nobody look at a single one
    if matter is not None:
        report.heard += _hear(adapter, matter, known, at)
    else:
        _note(adapter, remote_id, links.DELETED, words.lost(adapter.name), at)
        report.lost += 1


def hear(adapter: Adapter, at: datetime, report: Pulled, late: Late) -> None:
    """Add to the tickets what the platform says of them since. Nothing more: who handles a ticket here decides about it.

    The workflow lets only people finish a ticket, so a matter that was closed or deleted there stays open here with the
    news.
    """
    with reading() as session:
        watched = _watched(session, adapter, at)
    ids, looks = list(watched), _LOOKS
    first = random.randrange(len(ids)) if len(ids) > _ASKED else 0  # when time is too short for all, all get their turn
    ids = ids[first:] + ids[:first]
    for place in range(0, len(ids), _ASKED):
        if late():
            report.stopped = TIME_IS_UP
            return
        some = ids[place : place + _ASKED]
        found = adapter.changes(at - WATCHED, some)
        for matter in found:
            report.heard += _hear(adapter, matter, watched[matter.id], at)
        missing = set(some).difference(m.id for m in found)
        for remote_id in sorted(i for i in missing if watched[i] != links.DELETED):
            if looks and not late():
                looks -= 1
                _look(adapter, remote_id, watched[remote_id], at, report)
