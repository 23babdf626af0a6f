"""The bot's own case backend, as :class:`cases.outward.backend.Backend`: the service functions, one transaction each."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.orm import Session

from cases import numbers, service, workflow
from cases.api.rates import TooManyError, Window
from cases.model import Ticket
from cases.outward.backend import Addition, Filed, Standing
from cases.service import Actor, NewTicket
from common.db import reading, transaction


class Own:
    """See :class:`cases.outward.backend.Backend`."""

    takes_additions = True

    def __init__(self) -> None:
        self._tries = Window(10, 3600)

    def file(self, new: NewTicket) -> Filed:
        """File a matter as a ticket."""
        code = service.new_code() if new.anonymous and new.code is None else new.code
        with transaction() as session:
            ticket = service.file_ticket(session, replace(new, code=code))
            kept = code is not None and service.look_up(session, ticket.number, code) is not None
            return Filed(ticket.number, service.unit_name(session, ticket), code if kept else None)

    def add(self, number: str, reporter: str | None, what: Addition) -> bool:
        """Add to a ticket."""
        with transaction() as session:
            service.add_information(
                session,
                number,
                actor=Actor("resident", reporter),
                place=what.place,
                grid=what.grid,
                lat=what.lat,
                lng=what.lng,
                answers=dict(what.answers),
                note=what.note,
                attachments=what.attachments,
                anonymous=what.anonymous,
                phone=what.phone,
                at=what.at,
            )
        return True

    def standing(
        self, number: str, reporter: str, known: Collection[str] = (), code: str | None = None
    ) -> Standing | None:
        """How a ticket stands."""
        with reading() as session:
            try:
                ticket = service.get(session, number)
            except service.TicketNotFoundError:
                return None
            return _standing(session, ticket, ticket.reporter == reporter or self._knows(session, number, code))

    def _knows(self, session: Session, number: str, code: str | None) -> bool:
        """Whether the code is the one told at filing. Only tries that fail count."""
        if code is None:
            return False
        try:
            self._tries.take(number)
        except TooManyError:
            return False
        fits = service.look_up(session, number, code) is not None
        if fits:
            self._tries.give_back(number)
        return fits

    def theirs(self, reporter: str, known: Collection[str] = ()) -> list[Standing]:
        """A person's tickets, newest first."""
        with reading() as session:
            return [_standing(session, ticket, True) for ticket in service.of_reporter(session, reporter)]

    def spoken(self, number: str) -> str:
        """In groups of three."""
        return numbers.spoken(number)

    def number_in(self, said: str) -> str | None:
        """Nine digits whose check digit fits, in any spelling."""
        return numbers.parse(said)


def _standing(session: Session, ticket: Ticket, own: bool) -> Standing:
    worked = service.head_of(session, ticket)  # a merged ticket goes as the one it is worked with
    return Standing(
        number=ticket.number,
        said=workflow.STATES[worked.status],
        closed=worked.status in workflow.ENDED,
        own=own,
        type=ticket.type if own else None,
        place=ticket.place if own else None,
        unit=service.unit_name(session, worked) if own else None,
        filed_at=ticket.created_at,
        changed_at=max(ticket.updated_at, worked.updated_at),
    )
