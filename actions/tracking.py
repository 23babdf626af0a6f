"""How is it going: by ticket number, or just 我上周反映的那个事."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import words
from actions.turn import Turn
from cases import numbers, service, workflow
from cases.model import Ticket
from common.db import now, reading
from common.settings import settings
from nlu.text.normalise import for_model

LISTED = 3


def _local(moment: datetime) -> datetime:
    return moment.astimezone(ZoneInfo(settings().timezone))


def since_when(text: str) -> tuple[datetime, datetime] | None:
    """The stretch of time 昨天 / 上周 / 上个月 speak of, as [from, to) in UTC."""
    plain = for_model(text)
    today = _local(now()).replace(hour=0, minute=0, second=0, microsecond=0)
    monday = today - timedelta(days=today.weekday())
    month = today.replace(day=1)
    stretches = {
        "今天": (today, today + timedelta(days=1)),
        "今早": (today, today + timedelta(days=1)),
        "昨天": (today - timedelta(days=1), today),
        "昨晚": (today - timedelta(days=1), today),
        "昨儿": (today - timedelta(days=1), today),
        "前天": (today - timedelta(days=2), today - timedelta(days=1)),
        "上周": (monday - timedelta(days=7), monday),
        "上星期": (monday - timedelta(days=7), monday),
        "上礼拜": (monday - timedelta(days=7), monday),
        "上个星期": (monday - timedelta(days=7), monday),
        "上个礼拜": (monday - timedelta(days=7), monday),
        "上个月": ((month - timedelta(days=1)).replace(day=1), month),
        "上月": ((month - timedelta(days=1)).replace(day=1), month),
    }
    for word, stretch in stretches.items():
        if word in plain:
            return stretch
    return None


def _pick(tickets: list[Ticket], turn: Turn) -> list[Ticket]:
    """Those of the person's tickets the message speaks of."""
    stretch = since_when(turn.text)
    if stretch:
        within = [t for t in tickets if stretch[0] <= t.created_at < stretch[1]]
        tickets = within or tickets
    if len(tickets) > 1:
        likely = [c["type"] for c in turn.reading.get("candidates", [])[:2] if c["confidence"] >= 0.3]
        same = [t for t in tickets if t.type in likely]
        tickets = same or tickets
    return tickets


class Track(Action):
    """Tells how a ticket, or the resident's last few, are going."""

    def name(self) -> str:
        return "action_track"

    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        turn = Turn.of(tracker)
        said = [e for e in turn.reading.get("entities", []) if e["kind"] == "ticket"]
        with reading() as session:
            if said:
                self._by_number(dispatcher, session, said[0].get("value"), tracker.sender_id)
                return []
            tickets = service.of_reporter(session, tracker.sender_id)
            if not tickets:
                dispatcher.utter_message(response="utter_track_none")
                return []
            picked = _pick(tickets, turn)
            if len(picked) == 1:
                self._tell(dispatcher, session, picked[0])
            else:
                lines = "\n".join(words.ticket_line(t) for t in picked[:LISTED])
                dispatcher.utter_message(response="utter_track_list", count=len(picked), list=lines)
        return []

    def _by_number(self, dispatcher: CollectingDispatcher, session: Any, number: str | None, reporter: str) -> None:
        if not number:
            dispatcher.utter_message(response="utter_track_bad_number")
            return
        try:
            ticket = service.get(session, number)
        except service.TicketNotFoundError:
            dispatcher.utter_message(response="utter_track_unknown", number=numbers.spoken(number))
            return
        if ticket.reporter == reporter:
            self._tell(dispatcher, session, ticket)
        else:  # somebody else's number: how it stands, but not what it is about
            dispatcher.utter_message(
                response="utter_track_status_only", number=numbers.spoken(number), status=workflow.STATES[ticket.status]
            )

    def _tell(self, dispatcher: CollectingDispatcher, session: Any, ticket: Ticket) -> None:
        day = _local(ticket.created_at)
        changed = _local(ticket.updated_at)
        dispatcher.utter_message(
            response="utter_track_one",
            number=numbers.spoken(ticket.number),
            matter=words.plain_name(ticket.type),
            day=f"{day.month}月{day.day}日",
            status=workflow.STATES[ticket.status],
            unit=service.unit_name(session, ticket) or "受理中心",
            changed=f"{changed.month}月{changed.day}日{changed:%H:%M}",
            json_message={"ticket": numbers.spoken(ticket.number)},
        )
