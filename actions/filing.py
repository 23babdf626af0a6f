"""From a finished intake to a ticket, and additions to it: the only module of the actions that changes anything.

It files with the case backend the city's file names, the own one or a platform elsewhere. A platform that does not answer
raises; the message then stays in the inbox and is tried again.
"""

from __future__ import annotations

import time
from typing import Any

from rasa_sdk import Tracker
from rasa_sdk.events import SlotSet

from actions.intake.state import Intake
from actions.turn import Turn
from cases.outward.backend import Addition, Filed, backend
from cases.service import NewTicket
from nlu.taxonomy import taxonomy

KNOWN = 20  # numbers the dialogue remembers as the resident's


def _answers(intake: Intake) -> dict[str, Any]:
    kind = taxonomy().type(intake.type) if intake.type else None
    labels = {f.key: f.ask for f in kind.followups} if kind else {}
    return {
        key: {"question": labels.get(key, key), "answer": answer} for key, answer in intake.answers.items() if answer
    }


def file(intake: Intake, tracker: Tracker) -> Filed:
    """File the intake; the same intake always gives the same number."""
    return backend().file(
        NewTicket(
            text=intake.full_text,
            category=intake.category,
            type=intake.type,
            channel=str(Turn.of(tracker).meta.get("channel") or "web"),
            source_key=intake.source_key,
            reporter=tracker.sender_id,
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
            mediation=intake.mediation,
        )
    )


def remembered(number: str, tracker: Tracker, urgent: bool) -> list[dict[str, Any]]:
    """The slots that keep a number filed: as the last one, and among those that are the resident's."""
    known = [n for n in tracker.get_slot("known") or [] if n != number]
    last = {"number": number, "urgent_at": time.time() if urgent else 0}
    return [SlotSet("last_ticket", last), SlotSet("known", [*known, number][-KNOWN:])]


def update(intake: Intake, tracker: Tracker, note: str | None) -> bool:
    """Bring a ticket filed early (an urgent one) up to what is known now. False: it could not be passed on."""
    assert intake.ticket
    return _add(
        intake.ticket,
        None if intake.anonymous else tracker.sender_id,
        Addition(
            place=intake.place,
            grid=intake.grid,
            lat=intake.lat,
            lng=intake.lng,
            answers=_answers(intake),
            note=note,
            attachments=intake.photos,
            anonymous=intake.anonymous or None,
            phone=intake.phone,
            key=Turn.of(tracker).key,
        ),
    )


def add(number: str, tracker: Tracker, **what: Any) -> bool:
    """Add a note, a place, photos or anonymity to a ticket the resident has filed before.

    Args:
        number: of the ticket.
        tracker: of the conversation.
        what: fields of :class:`cases.outward.backend.Addition`.

    Returns:
        False when it could not be passed on, and the resident should know.
    """
    return _add(number, tracker.sender_id, Addition(key=Turn.of(tracker).key, **what))


def _add(number: str, reporter: str | None, what: Addition) -> bool:
    return backend().add(number, reporter, what)
