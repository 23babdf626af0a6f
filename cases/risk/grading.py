"""A ticket's grade: what the written rules say of it, and what a person decided.

Rules may raise a grade at any time. They lower only after the matter was corrected, and never below what a person set.
What a person decided is not decided again: only rules that did not fire then may raise the grade afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from cases import workflow
from cases.actor import SYSTEM, Actor
from cases.history import record
from cases.model import Ticket, TicketEvent
from cases.moves import checked, open_for_change, run
from cases.risk.conditions import GRADES, Case, rank
from cases.risk.facts import Facts
from cases.risk.rules import PERSON, Rule, Rulebook, rulebook
from common.db import now
from nlu.text.normalise import for_model

# After these a ticket may deserve another grade, or owe no more visits; they do not grade by themselves.
_TELLING = ("return", "reopen", "contest", "rate", "merge", "split")
_ENDING = ("evaluate", "lapse", "uphold", "withdraw", "refuse", "merge")
_SAID_IN = (
    "add",
    "contest",
    "rate",
    "reopen",
)  # lines whose note is the resident's own words, or the operator's for them
_SAID_BY = ("resident", "operator")


class GradeError(ValueError):
    """There is no such grade."""


@dataclass(frozen=True)
class Reason:
    """Why a ticket has its grade, for the staff's screen. ``name`` and ``do`` are the rule's, while there is one."""

    id: str
    name: str | None
    why: str
    do: str | None


@lru_cache(maxsize=1)
def _words() -> dict[str, Any]:
    words: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "words.yml").read_text(encoding="utf-8"))
    return words


def _said(ticket: Ticket) -> str:
    """All that the resident said of the matter, each piece a sentence of its own."""
    pieces = [ticket.text]
    for answer in ticket.answers.values():
        pieces.append(str(answer.get("answer", "") if isinstance(answer, dict) else answer))
    pieces += [e.note for e in ticket.events if e.note and e.action in _SAID_IN and e.role in _SAID_BY]
    # 著 for 着 (提著刀) is left as it is when Traditional characters are made simple, as 著名 needs it.
    return for_model("。".join(pieces).replace("\n", "。")).replace("著", "着")


def firing(book: Rulebook, session: Session, ticket: Ticket, at: datetime) -> list[Rule]:
    """The rules of ``book`` that hold for a ticket, red ones first."""
    return book.firing(Case(ticket, book.plain(_said(ticket)), Facts(session, ticket, at, book.reach)))


def _higher(*grades: str) -> str:
    return max(grades, key=rank)


def _highest(rules: Sequence[Rule]) -> str:
    return _higher("green", *(r.grade for r in rules))


def _decision(ticket: Ticket) -> TicketEvent | None:
    """The last grade a person set."""
    return next((e for e in reversed(ticket.events) if e.action == "regrade" and e.role != SYSTEM.role), None)


def _corrected(ticket: Ticket) -> bool:
    """Whether the matter was corrected since it was last graded."""
    last = next((e for e in reversed(ticket.events) if e.action in ("correct", "regrade")), None)
    return last is not None and last.action == "correct"


def _set(ticket: Ticket, grade: str, at: datetime) -> None:
    ticket.risk = grade
    ticket.visit_due = rulebook().rhythms[grade].after(0, at) if grade != "green" else None


def grade(session: Session, ticket: Ticket, at: datetime) -> None:
    """Grade a ticket by the rules: at filing, and whenever something more is known.

    Sets ``risk``, ``risk_reasons`` and ``visit_due``, and writes a line into the history when the grade changed. A
    ticket that has ended keeps its grade and owes no visit. Asks the database only when a rule needs to know more of
    the person or the place; nothing is flushed.

    Args:
        session: of the database; the caller commits.
        ticket: may be one that is still being filed.
        at: when.
    """
    if ticket.status not in workflow.OPEN:
        ticket.visit_due = None
        return
    with session.no_autoflush:
        _grade(session, ticket, at)


def _grade(session: Session, ticket: Ticket, at: datetime) -> None:
    fired, decided, before = firing(rulebook(), session, ticket, at), _decision(ticket), ticket.risk
    raising, reasons, floor = fired, [r.reason for r in fired], "green"
    if decided is not None:
        data = decided.data or {}
        known, floor = data.get("rules", ()), data.get("to", before)
        raising = [r for r in fired if r.id not in known]
        reasons = [*(r.reason for r in raising), f"{PERSON}: {decided.note}"]
    after = _higher(floor, _highest(raising))
    if rank(after) < rank(before) and not _corrected(ticket):
        after, reasons = before, ticket.risk_reasons
    if reasons != ticket.risk_reasons:
        ticket.risk_reasons = reasons
    if after != before:
        _set(ticket, after, at)
        names = "；".join(r.name for r in raising if r.grade == after) or _words()["none"]
        said = _words()["grades"]
        note = _words()["changed"].format(before=said[before], after=said[after], why=names)
        workflow.next_state("regrade", ticket.status, SYSTEM.role, note)
        data = {"from": before, "to": after, "rules": [r.id for r in fired]}
        record(session, ticket, SYSTEM, "regrade", ticket.status, note, data, at)
    elif ticket.visit_due is None and after != "green":  # it had ended and was opened again
        _set(ticket, after, at)


def regrade(
    session: Session,
    number: str,
    grade: str,
    *,
    actor: Actor,
    note: str,
    at: datetime | None = None,
    version: int | None = None,
) -> Ticket:
    """A person sets a ticket's grade. From then on only rules that do not fire now may raise it, and none lowers it.

    A changed grade begins its rhythm of visits anew; one that is confirmed keeps its next visit.

    Args:
        session: of the database; the caller commits.
        number: plain digits.
        grade: green, yellow or red.
        actor: who.
        note: the reason, told to staff.
        at: when; by default now.
        version: the version the actor saw; None if they need not have seen the newest.

    Raises:
        GradeError: no such grade.
        TicketNotFoundError, StaleTicketError, IllegalTransitionError: as for every move; nothing was changed.
    """
    if grade not in GRADES:
        raise GradeError(f"there is no grade {grade!r}; there are: {', '.join(GRADES)}")
    moment = at or now()
    ticket = open_for_change(session, number, version)
    checked(session, ticket, "regrade", actor, note)
    before = ticket.risk
    with session.no_autoflush:
        data = {"from": before, "to": grade, "rules": [r.id for r in firing(rulebook(), session, ticket, moment)]}
    if grade != before:
        _set(ticket, grade, moment)
    ticket.risk_reasons = [f"{PERSON}: {note}"]
    return run(session, ticket, "regrade", actor, note, data=data, at=moment)


def catch_up(session: Session, since: datetime, at: datetime) -> int:
    """Grade anew what was returned, reopened, contested or merged since a moment, and end the visits of what has ended.

    Doing it twice changes nothing, so a worker may call this every few minutes and look back over more than it slept.

    Args:
        session: of the database; the caller commits.
        since: how far to look back.
        at: now.

    Returns:
        How many tickets changed.
    """
    moved = (
        select(TicketEvent.ticket_id)
        .where(TicketEvent.at >= since, TicketEvent.action.in_({*_TELLING, *_ENDING}))
        .distinct()
    )
    heads = select(Ticket.merged_into).where(Ticket.id.in_(moved), Ticket.merged_into.is_not(None))
    either = or_(Ticket.id.in_(moved), Ticket.id.in_(heads))
    changed = 0
    for number in list(session.scalars(select(Ticket.number).where(either).order_by(Ticket.number))):
        ticket = open_for_change(session, number)
        before = (ticket.risk, ticket.visit_due, ticket.risk_reasons)
        grade(session, ticket, at)
        changed += before != (ticket.risk, ticket.visit_due, ticket.risk_reasons)
    session.flush()
    return changed


def explained(ticket: Ticket) -> list[Reason]:
    """Why a ticket has its grade, with what is to be done first."""
    found = []
    for line in ticket.risk_reasons:
        id_, _, why = line.partition(": ")
        rule = rulebook().rule(id_)
        name = _words()["person"] if id_ == PERSON else rule.name if rule else None
        found.append(Reason(id_, name, why, rule.do if rule else None))
    return found
