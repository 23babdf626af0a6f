"""From here to the platform above: tickets are filed there, and it is told how the tickets it knows stand.

A ticket is claimed (a link that says ``pending``) before it is sent, so no two processes send it. If the answer is lost,
the claim stays, and before the ticket is sent again the platform is asked whether it arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from cases import audit, numbers, workflow
from cases.areas import AreaTree
from cases.model import Ticket, TicketEvent, Unit, UpstreamLink
from cases.outward.upstream import links, marks, words
from cases.outward.upstream.adapter import Adapter, Outgoing, Update
from cases.outward.upstream.errors import RefusedError, UnclearError, UpstreamError
from cases.outward.upstream.open311_shapes import CLOSED
from common.db import reading, transaction

BATCH = 100
Late = Callable[[], bool]
LEASE = timedelta(minutes=10)  # after which a claim without an answer is looked into
CLOCKS = timedelta(hours=1)  # by which two systems' clocks may differ
TOLD_FOR = timedelta(days=40)  # after a ticket ended, for a platform that could not be reached
_NAMED = ("community", "street", "county")


@dataclass
class Pushed:
    """What a push did.

    ``filed``: tickets that got their id there; ``adopted``: of those whose answer had been lost; ``refused``: not taken,
    and not tried again until :func:`forget`; ``told``: updates; ``left_out``: tickets that wait because their matter type
    has no service there, by type; ``stopped``: why it ended early.
    """

    filed: int = 0
    adopted: int = 0
    refused: int = 0
    told: int = 0
    left_out: dict[str, int] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    stopped: str | None = None


def _may_go(types: Collection[str], units: Collection[str], system: str) -> ColumnElement[bool]:
    """Open, sure, chosen, not there yet, and not from any platform or installation above, beside or below."""
    linked = exists().where(UpstreamLink.ticket_id == Ticket.id, UpstreamLink.system == system)
    return and_(
        Ticket.status.in_(workflow.OPEN),
        Ticket.status != "collected",
        ~Ticket.needs_review,
        or_(Ticket.type.in_(types), Ticket.unit.in_(units)),
        or_(Ticket.source_key.is_(None), ~Ticket.source_key.startswith(links.KEY, autoescape=True)),
        ~Ticket.text.contains(marks.OPENING, autoescape=True),
        ~linked,
    )


def _details(ticket: Ticket) -> tuple[str, ...]:
    found = []
    for key, answer in ticket.answers.items():
        if key != "media_url" and isinstance(answer, dict) and answer.get("answer"):
            found.append(f"{answer.get('question') or key}{answer['answer']}")
    return tuple(found)


def _outgoing(session: Session, ticket: Ticket) -> Outgoing:
    tree, media = AreaTree.of(session), ticket.answers.get("media_url")
    named = next((tree.name(code) for level in _NAMED if (code := getattr(ticket, level))), None)
    return Outgoing(
        reference=ticket.number,
        type=ticket.type,
        text=ticket.text,
        details=_details(ticket),
        place=ticket.place or named,
        lat=ticket.lat,
        lng=ticket.lng,
        phone=None if ticket.anonymous else ticket.phone,
        media_url=media.get("answer") if isinstance(media, dict) else None,
    )


def _claim(session: Session, id_: int, system: str, at: datetime) -> Outgoing | None:
    """What to send of a ticket that is ours to send now; None when another process has it."""
    ticket = session.get_one(Ticket, id_)
    last = session.scalar(select(func.max(TicketEvent.id)).where(TicketEvent.ticket_id == id_))
    dialect = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    row = dialect.insert(UpstreamLink).values(
        ticket_id=id_, system=system, remote_id=links.PENDING + ticket.number, pushed_event=last, pulled_at=at
    )
    made = session.scalar(row.on_conflict_do_nothing().returning(UpstreamLink.ticket_id))
    return _outgoing(session, ticket) if made is not None else None


def _claim_again(session: Session, id_: int, system: str, at: datetime) -> tuple[Outgoing, datetime] | None:
    """A claim whose answer has not come for LEASE: what was sent, and since when it may be there."""
    query = select(UpstreamLink).where(UpstreamLink.ticket_id == id_, UpstreamLink.system == system)
    link = session.scalar(query.with_for_update(skip_locked=True))
    if link is None or not _is_stale(link, at) or link.pulled_at is None:
        return None
    before, link.pulled_at = link.pulled_at, at
    return _outgoing(session, session.get_one(Ticket, id_)), before - CLOCKS


def _is_stale(link: UpstreamLink, at: datetime) -> bool:
    return link.remote_id.startswith(links.PENDING) and link.pulled_at is not None and link.pulled_at < at - LEASE


def _write(id_: int, system: str, remote_id: str, status: str | None, number: str) -> bool:
    """Keep under which id a ticket is there; False when another ticket of ours has that id."""
    try:
        with transaction() as session:
            link = session.get_one(UpstreamLink, (id_, system))
            if not links.is_known_there(link):  # else a pull has seen it there meanwhile
                link.remote_id, link.remote_status = remote_id, status
        return True
    except IntegrityError:
        with transaction() as session:
            link = session.get_one(UpstreamLink, (id_, system))
            link.remote_id, link.remote_status = links.REFUSED + number, "duplicate"
        return False


def _unclaim(id_: int, system: str) -> None:
    with transaction() as session:
        link = session.get_one(UpstreamLink, (id_, system))
        if link.remote_id.startswith(links.PENDING):
            session.delete(link)


def _send(adapter: Adapter, id_: int, matter: Outgoing, report: Pushed) -> None:
    """File one claimed ticket.

    Raises:
        UpstreamError: nothing more can be filed now; the claim was given back.
    """
    number = numbers.spoken(matter.reference)
    try:
        remote_id = adapter.push(matter)
    except UnclearError as error:
        report.problems.append(f"{number}: it is not clear whether it arrived, which will be looked into: {error}")
        return
    except RefusedError as error:
        if not error.about_request:
            _unclaim(id_, adapter.system)
            raise
        _write(id_, adapter.system, links.REFUSED + matter.reference, "refused", matter.reference)
        report.refused += 1
        report.problems.append(f"{number}: {error}")
        return
    except UpstreamError:
        _unclaim(id_, adapter.system)
        raise
    if _write(id_, adapter.system, remote_id, None, matter.reference):
        report.filed += 1
    else:
        report.refused += 1
        report.problems.append(f"{number}: the platform gave it the id of another ticket of ours")


def _recover(adapter: Adapter, at: datetime, report: Pushed, late: Late) -> None:
    """Look into claims whose answer was lost, and tokens that may have become ids."""
    own = UpstreamLink.system == adapter.system
    stale = and_(UpstreamLink.remote_id.startswith(links.PENDING), UpstreamLink.pulled_at < at - LEASE)
    with reading() as session:
        lost = list(session.scalars(select(UpstreamLink.ticket_id).where(own, stale).limit(BATCH)))
        tokens = select(UpstreamLink.ticket_id, UpstreamLink.remote_id, Ticket.number).join(Ticket)
        waiting = session.execute(tokens.where(own, UpstreamLink.remote_id.startswith("~token:")).limit(BATCH)).all()
    for id_ in lost:
        if late():
            return
        with transaction() as session:
            claimed = _claim_again(session, id_, adapter.system, at)
        if claimed is None:
            continue
        matter, since = claimed
        found = adapter.find(matter, since)
        if found is None:
            _send(adapter, id_, matter, report)
        elif _write(id_, adapter.system, found, None, matter.reference):
            report.adopted += 1
    for id_, token, number in waiting:
        if late():
            return
        settled = adapter.settled(token)
        if settled is not None and settled != token:
            with transaction() as session:
                session.get_one(UpstreamLink, (id_, adapter.system)).remote_id = f"{links.PENDING}{number}"
            _write(id_, adapter.system, settled, None, number)


def send_up(
    adapter: Adapter,
    at: datetime,
    types: Collection[str],
    units: Collection[str],
    batch: int,
    report: Pushed,
    late: Late,
) -> bool:
    """File tickets of these types or units there, oldest first. Each is claimed and kept in transactions of its own.

    Returns whether it came to the end, before time was up.
    """
    _recover(adapter, at, report, late)
    may = _may_go(types, units, adapter.system)
    there = Ticket.type.in_(adapter.types)
    with reading() as session:
        found = list(session.scalars(select(Ticket.id).where(may, there).order_by(Ticket.id).limit(batch)))
        left = select(Ticket.type, func.count()).where(may, or_(Ticket.type.is_(None), ~there)).group_by(Ticket.type)
        report.left_out = {type_ or "unknown": number for type_, number in session.execute(left)}
    for id_ in found:
        if late():
            return False
        with transaction() as session:
            matter = _claim(session, id_, adapter.system, at)
        if matter is not None:
            _send(adapter, id_, matter, report)
    return True


def _untold(adapter: Adapter, at: datetime) -> ColumnElement[bool]:
    news = exists().where(
        TicketEvent.ticket_id == UpstreamLink.ticket_id,
        TicketEvent.id > func.coalesce(UpstreamLink.pushed_event, 0),
        TicketEvent.action.in_(words.told_actions()),
    )
    alive = or_(Ticket.status.in_(workflow.OPEN), Ticket.updated_at > at - TOLD_FOR)
    there = and_(
        ~UpstreamLink.remote_id.startswith("~"), func.coalesce(UpstreamLink.remote_status, "") != links.DELETED
    )
    return and_(UpstreamLink.system == adapter.system, there, alive, news)


def _news(session: Session, ticket_id: int, after: int) -> list[tuple[int, Update]]:
    """What happened after an event: the event's id, and what the platform is told of it."""
    query = (
        select(TicketEvent, Unit.name)
        .outerjoin(Unit, Unit.code == TicketEvent.unit)
        .where(TicketEvent.ticket_id == ticket_id, TicketEvent.id > after)
        .where(TicketEvent.action.in_(words.told_actions()))
        .order_by(TicketEvent.id)
    )
    return [
        # With its hash, as after a restored backup another event may have the id.
        (
            e.id,
            Update(f"{e.id}-{e.hash[:16]}", e.at, e.after in workflow.ENDED, words.told(e.action, unit or "", e.note)),
        )
        for e, unit in session.execute(query)
    ]


def tell(adapter: Adapter, at: datetime, batch: int, report: Pushed, late: Late) -> bool:
    """Tell the platform what happened here to the matters it knows, in order.

    An update it refuses is left out, as the next one says the newer state; if it cannot be reached, the rest waits.
    Returns whether it came to the end, before time was up.
    """
    if not adapter.tells:
        return True
    query = select(UpstreamLink.ticket_id, UpstreamLink.remote_id, UpstreamLink.pushed_event, Ticket.number)
    query = query.join(Ticket, Ticket.id == UpstreamLink.ticket_id).where(_untold(adapter, at))
    with reading() as session:
        rows = session.execute(query.order_by(UpstreamLink.ticket_id).limit(batch)).all()
        news = {row.ticket_id: _news(session, row.ticket_id, row.pushed_event or 0) for row in rows}
    for row in rows:
        for event, update_ in news[row.ticket_id]:
            if late():
                return False
            refused = None
            try:
                adapter.update(row.remote_id, update_)
                report.told += 1
            except RefusedError as error:
                if not error.about_request:
                    raise
                refused = error
                report.problems.append(f"{numbers.spoken(row.number)}: {error}")
            with transaction() as session:
                link = session.get_one(UpstreamLink, (row.ticket_id, adapter.system))
                link.pushed_event = max(link.pushed_event or 0, event)
                # What it repeats of our own news is none; some platforms take updates, but no status with them.
                if refused is None and update_.closed != (link.remote_status in CLOSED):
                    link.remote_status = links.TOLD
    return True


def forget(session: Session, system: str, number: str, *, by: str) -> None:
    """Let a ticket go up (again) that the platform refused, once what was wrong is put right, or has deleted.

    Raises:
        LookupError: the platform has neither refused nor deleted a ticket of that number.
    """
    link = links.of_number(session, system, number)
    if link is None or not (link.remote_id.startswith(links.REFUSED) or link.remote_status == links.DELETED):
        raise LookupError(f"{system} has neither refused nor deleted ticket {numbers.spoken(number)}")
    session.delete(link)
    session.flush()
    audit.log(session, by, "upstream.forget", f"{system} {numbers.spoken(number)}")
