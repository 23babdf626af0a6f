"""Help for the tests of the figures: a small city, and tickets whose history happens at told moments."""

from __future__ import annotations

from datetime import datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from cases import numbers, workflow
from cases.actor import Actor
from cases.clock import limits as clock
from cases.clock.limits import DEFAULT
from cases.evaluations import evaluate
from cases.figures import Question, Table, query
from cases.history import record
from cases.model import Area, Ticket, Unit
from cases.moves import run

SHANGHAI = ZoneInfo("Asia/Shanghai")
AREAS = {
    "YX": (None, "county", "云溪市"),
    "S1": ("YX", "street", "文峰街道"),
    "S2": ("YX", "street", "=滨河街道"),
    "S1C": ("S1", "community", "幸福社区"),
    "S2C": ("S2", "community", "河畔社区"),
    "S1CG": ("S1C", "grid", "幸福一网格"),
    "S2CG": ("S2C", "grid", "河畔一网格"),
}
UNITS = {"A": "城市管理局", "B": "住建局", "C": "公安局"}
_serial = count(1)


def at(text: str) -> datetime:
    """A moment of 2026 in Shanghai: ``09-29 10:00`` or with seconds."""
    return datetime.fromisoformat(f"2026-{text}").replace(tzinfo=SHANGHAI)


def found_city(session: Session) -> None:
    """Areas and units, no catalogue: the usual limits of 1, 2 and 12 working days hold."""
    for code, (parent, level, name) in AREAS.items():
        session.add(Area(code=code, parent=parent, level=level, name=name, aliases=[], shape=None))
        session.flush()
    session.add_all(Unit(code=code, name=name, area=None) for code, name in UNITS.items())
    session.flush()


class Story:
    """A ticket and what happens to it, each time at a told moment.

    Args:
        session: of the database.
        filed: when it is filed, as for :func:`at`.
        grid: where it lies; None is nowhere.
        clocked: whether it has time limits.
        more: other columns of the ticket.
    """

    def __init__(
        self, session: Session, filed: str, *, grid: str | None = "S1CG", clocked: bool = True, **more: Any
    ) -> None:
        self.session, moment = session, at(filed)
        street = grid[:2] if grid else None
        columns: dict[str, Any] = {
            "number": numbers.compose(2026, next(_serial)),
            "channel": "wechat",
            "category": "environment",
            "type": "environment.noise",
            "text": "半夜太吵",
            "urgent": False,
            "risk": "green",
            "place": "幸福里",
            **more,
        }
        self.ticket = Ticket(
            created_at=moment,
            updated_at=moment,
            anonymous=False,
            needs_review=False,
            answers={},
            risk_reasons=[],
            helpers=[],
            level="community",
            supervised=False,
            status="registered",
            county="YX" if grid else None,
            street=street,
            community=f"{street}C" if grid else None,
            grid=grid,
            extensions=0,
            returns=0,
            reopenings=0,
            events_count=0,
            head="",
            **columns,
        )
        session.add(self.ticket)
        record(session, self.ticket, Actor("resident"), "report", None, at=moment)
        if clocked:
            clock.start(self.ticket, DEFAULT, moment)
        session.flush()

    def do(
        self, action: str, when: str | datetime, unit: str | None = None, data: dict[str, Any] | None = None
    ) -> Story:
        """Do one thing of the workflow."""
        moment = at(when) if isinstance(when, str) else when
        actor = Actor(workflow.ACTIONS[action].roles[-1])
        run(self.session, self.ticket, action, actor, "原因", unit=unit, data=data, at=moment)
        return self

    def to(self, unit: str, when: str) -> Story:
        """Dispatch it."""
        return self.do("dispatch", when, unit)

    def extend(self, when: str | datetime, days: int) -> Story:
        """Grant more time."""
        self.do("grant_extension", when, data={"days": days})
        self.ticket.extensions += 1
        clock.extend(self.ticket, days, at(when) if isinstance(when, str) else when)
        self.session.flush()
        return self

    def say(self, score: str, when: str | datetime) -> Story:
        """The resident evaluates."""
        moment = at(when) if isinstance(when, str) else when
        evaluate(
            self.session,
            self.ticket.number,
            score,
            actor=Actor("operator"),
            channel="phone",
            reason="没修好",
            at=moment,
        )
        return self

    def merge(self, head: Story, when: str) -> Story:
        """It follows another ticket from now on."""
        self.do("merge", when)
        self.ticket.merged_into = head.ticket.id
        self.session.flush()
        return self

    def correct(self, type_: str, when: str) -> Story:
        """Its matter is another."""
        self.ticket.category, self.ticket.type = type_.split(".")[0], type_
        record(self.session, self.ticket, Actor("operator"), "correct", self.ticket.status, None, None, at(when))
        clock.restart(self.ticket, DEFAULT, at(when))
        self.session.flush()
        return self

    def through(self, unit: str, *moments: str, score: str | None = "satisfied") -> Story:
        """Dispatched, accepted, finished, verified and evaluated at these moments, as far as they go."""
        for action, when in zip(("dispatch", "accept", "finish", "verify"), moments, strict=False):
            self.do(action, when, unit if action == "dispatch" else None)
        if len(moments) > 4 and score:
            self.say(score, moments[4])
        elif len(moments) > 4:
            self.do("lapse", moments[4])
        return self


def asked(session: Session, since: str = "09-01", until: str = "11-01", **more: Any) -> Table:
    """The figures of some months, seen from the end of the year."""
    more.setdefault("at", at("12-31 12:00"))
    return query(session, Question(at(f"{since} 00:00").date(), at(f"{until} 00:00").date(), **more))


def figures(session: Session, *names: str, **more: Any) -> tuple[Any, ...]:
    """Some figures of all tickets together."""
    total = asked(session, **more).total.values
    return tuple(total[name] for name in names)


def grouped(session: Session, by: str, *names: str, **more: Any) -> dict[str | None, tuple[Any, ...]]:
    """Some figures by group; groups that have none of them are left out."""
    rows = {row.keys[by]: tuple(row.values[name] for name in names) for row in asked(session, by=by, **more).rows}
    return {key: values for key, values in rows.items() if any(values)}
