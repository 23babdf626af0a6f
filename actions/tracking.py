"""How is it going: by ticket number, or just 我上周反映的那个事."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from rasa_sdk import Action, Tracker
from rasa_sdk.executor import CollectingDispatcher

from actions import offers, words
from actions.turn import Turn
from cases.outward.backend import Standing, backend
from common.db import now
from common.settings import settings
from nlu.text.normalise import for_model

LISTED = 3
_CODE = re.compile(r"(?<!\d)\d{6}(?!\d)")


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


def number_said(turn: Turn) -> str | None:
    """The ticket number a message names as it was said, whether or not there is such a one; None without any."""
    for entity in turn.reading.get("entities", []):
        if entity["kind"] == "ticket":
            return str(entity["text"])
    return turn.text if backend().number_in(turn.text) else None


def code_said(text: str, number: str) -> str | None:
    """The look-up code said beside a number: six digits by themselves."""
    found = _CODE.search(for_model(text).replace(for_model(number), " "))
    return found[0] if found else None


def _pick(tickets: list[Standing], turn: Turn) -> list[Standing]:
    """Those of the person's tickets the message speaks of."""
    stretch = since_when(turn.text)
    if stretch:
        within = [t for t in tickets if t.filed_at and stretch[0] <= t.filed_at < stretch[1]]
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

    @offers.first()
    def run(self, dispatcher: CollectingDispatcher, tracker: Tracker, domain: dict[str, Any]) -> list[dict[str, Any]]:
        turn = Turn.of(tracker)
        known = tracker.get_slot("known") or []
        if said := number_said(turn):
            self._by_number(dispatcher, backend().number_in(said), tracker.sender_id, known, code_said(turn.text, said))
            return []
        picked = _pick(backend().theirs(tracker.sender_id, known), turn)
        if not picked:
            dispatcher.utter_message(response="utter_track_none")
        elif len(picked) == 1:
            self._tell(dispatcher, picked[0])
        else:
            lines = "\n".join(words.ticket_line(t) for t in picked[:LISTED])
            dispatcher.utter_message(response="utter_track_list", count=len(picked), list=lines)
        return []

    def _by_number(
        self, dispatcher: CollectingDispatcher, number: str | None, reporter: str, known: list[str], code: str | None
    ) -> None:
        if not number:
            dispatcher.utter_message(response="utter_track_bad_number")
            return
        standing, spoken = backend().standing(number, reporter, known, code), backend().spoken(number)
        if standing is None:
            dispatcher.utter_message(response="utter_track_unknown", number=spoken)
        elif standing.own:
            self._tell(dispatcher, standing)
        else:  # somebody else's number: how it stands, but not what it is about
            dispatcher.utter_message(
                response="utter_track_status_only", number=spoken, status=standing.said, **words.city()
            )

    def _tell(self, dispatcher: CollectingDispatcher, ticket: Standing) -> None:
        day = _local(ticket.filed_at) if ticket.filed_at else None
        changed = _local(ticket.changed_at) if ticket.changed_at else None
        spoken = backend().spoken(ticket.number)
        dispatcher.utter_message(
            response="utter_track_one",
            number=spoken,
            matter=words.plain_name(ticket.type),
            day=f"{day.month}月{day.day}日" if day else "",
            status=ticket.said,
            unit=ticket.unit or "受理中心",
            changed=f"，{changed.month}月{changed.day}日{changed:%H:%M}有更新" if changed else "",
            json_message={"ticket": spoken},
        )
        if ticket.note:
            dispatcher.utter_message(response="utter_track_note", note=ticket.note)
