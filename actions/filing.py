"""From a finished intake to a ticket, and additions to it. The only module of the actions that writes to the cases."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from actions.intake.state import Intake
from cases import service
from common.db import transaction
from nlu.taxonomy import taxonomy


@dataclass(frozen=True)
class Filed:
    """What the resident is told of a filed ticket."""

    number: str
    unit: str | None


def _answers(intake: Intake) -> dict[str, Any]:
    kind = taxonomy().type(intake.type) if intake.type else None
    labels = {f.key: f.ask for f in kind.followups} if kind else {}
    return {
        key: {"question": labels.get(key, key), "answer": answer} for key, answer in intake.answers.items() if answer
    }


def file(intake: Intake, reporter: str, channel: str) -> Filed:
    """File the intake as a ticket; the same intake always gives the same ticket."""
    with transaction() as session:
        ticket = service.file_ticket(
            session,
            service.NewTicket(
                text=intake.full_text,
                category=intake.category,
                type=intake.type,
                channel=channel,
                source_key=intake.source_key,
                reporter=reporter,
                anonymous=intake.anonymous,
                phone=intake.phone,
                place=intake.place,
                grid=intake.grid,
                lat=intake.lat,
                lng=intake.lng,
                answers=_answers(intake),
                urgent=intake.urgent,
                needs_review=intake.needs_review,
                confidence=intake.confidence,
                attachments=intake.photos,
            ),
        )
        return Filed(ticket.number, service.unit_name(session, ticket))


def update(intake: Intake, reporter: str, note: str | None) -> None:
    """Bring a ticket filed early (an urgent one) up to what is known now."""
    assert intake.ticket
    with transaction() as session:
        service.add_information(
            session,
            intake.ticket,
            actor=service.Actor("resident", None if intake.anonymous else reporter),
            place=intake.place,
            grid=intake.grid,
            lat=intake.lat,
            lng=intake.lng,
            answers=_answers(intake),
            note=note,
            attachments=intake.photos,
            anonymous=intake.anonymous or None,
            phone=intake.phone,
        )


def add(number: str, reporter: str, **what: Any) -> None:
    """Add a note, a place, photos or anonymity to a ticket the resident has filed before."""
    with transaction() as session:
        service.add_information(session, number, actor=service.Actor("resident", reporter), **what)
