"""A few hundred tickets that really lived: filed, accepted, worked on, verified, evaluated, some given back or merged."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sqlalchemy import select

from cases import service, workflow
from cases.model import Place, Ticket, Unit
from cases.moves import PLAIN
from common.db import now, reading, transaction
from nlu.taxonomy import taxonomy

LIVES = 400
DAYS = 40  # before now the first of them began
MOST_STEPS = 12
NOT_ALWAYS = {"supervise", "unsupervise", "split", "withdraw"}  # depend on more than the state
FORWARD = ("accept", "feedback", "finish", "verify", "dispatch")


def matter(chance: random.Random, serial: int, places: list[str]) -> service.NewTicket:
    """A matter as the bot would file it."""
    kind = chance.choice(list(taxonomy()))
    place = f"{chance.choice(places)}{chance.randrange(1, 12)}号楼" if chance.random() < 0.8 else None
    return service.NewTicket(
        text=f"{place or ''}{kind.name}，第{serial}次反映，一直没人管，麻烦给看看",
        category=kind.code.split(".")[0],
        type=kind.code,
        channel="wechat",
        reporter=f"r{chance.randrange(100_000)}",
        phone=f"139{chance.randrange(10**8):08}" if chance.random() < 0.3 else None,
        place=place,
        answers={"since": {"question": "从什么时候开始？", "answer": "上个月"}},
        urgent=chance.random() < 0.03,
        confidence=0.9,
    )


def step(ticket: Ticket, chance: random.Random, units: list[str]) -> tuple[str, service.Actor, str | None] | None:
    """Something that may be done with a ticket now, by somebody who may: action, actor, unit."""
    role = chance.choice(("department", "department", "worker", "operator", "supervisor"))
    legal = [t.action for t in workflow.possible(ticket.status, role) if t.action in PLAIN - NOT_ALWAYS]
    forward = [a for a in legal if a in FORWARD]
    if not legal:
        return None
    action = chance.choice(forward if forward and chance.random() < 0.9 else legal)
    area = ticket.grid if role == "worker" else None
    actor = service.Actor(role, f"{role}-1", ticket.unit if role == "department" else None, area)
    return action, actor, chance.choice(units) if action == "dispatch" else None


def places_and_units() -> tuple[list[str], list[str]]:
    """Names of estates, codes of units."""
    with reading() as session:
        places = list(session.scalars(select(Place.name).where(Place.kind == "estate")))
        return places, list(session.scalars(select(Unit.code)))


def live(seed: int = 1, count: int = LIVES) -> None:
    """Let ``count`` tickets live; about a third is still under way at the end."""
    chance = random.Random(seed)
    places, units = places_and_units()
    begin = now() - timedelta(days=DAYS)
    for serial in range(count):
        at = begin + timedelta(minutes=chance.randrange(DAYS * 24 * 50))
        with transaction() as session:
            number = service.file_ticket(session, matter(chance, serial, places), at=at).number
        _life(number, at, chance, units)


def _life(number: str, at: datetime, chance: random.Random, units: list[str]) -> None:
    for _ in range(chance.randrange(1, MOST_STEPS)):
        at += timedelta(minutes=chance.randrange(5, 2000))
        if at > now():
            return
        with transaction() as session:
            ticket = service.get(session, number)
            if ticket.status == "evaluating":
                who = service.Actor("resident", ticket.reporter)
                service.evaluate(session, number, "satisfied", actor=who, channel="wechat", at=at)
                return
            chosen = step(ticket, chance, units)
            if chosen is not None:
                action, actor, unit = chosen
                service.act(session, number, action, actor=actor, note="按要求办理", unit=unit, at=at)
