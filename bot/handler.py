"""Handle one inbound message: give it to the engine, put the answer into the outbox, mark it done, in one commit."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from bot import evaluating, handover, inbox, outbox, photos
from bot.channels.base import TryLaterError
from bot.engine import Engine, EngineDownError, Payload
from bot.model import Conversation, Inbound
from bot.words import word
from common.db import now, reading, transaction
from common.logs import log
from common.settings import Settings
from nlu.text.normalise import for_model

# What of a payload is for the resident; the rest are signs for the inbox.
SHOWN = ("text", "choices", "ticket", "bigger", "aloud")


class Handler:
    """Takes claimed messages through the engine."""

    def __init__(self, settings: Settings, engine: Engine, sources: dict[str, Any]) -> None:
        self.settings = settings
        self.engine = engine
        self.sources = sources

    async def handle(self, row: Inbound) -> None:
        """Handle a claimed message; on a failure of the engine it goes back into the inbox."""
        with reading() as session:
            conversation = inbox.conversation_of(session, row)
        if row.kind == "unsubscribe" or conversation.mode == "operator":
            await asyncio.to_thread(self._finish, row, [])
            return
        if conversation.evaluating and row.kind == "text" and await asyncio.to_thread(self._evaluated, row):
            return
        try:
            payloads = await self._answer(row, conversation)
        except EngineDownError as error:
            log().warning("engine did not answer", inbound=row.id, tries=row.tries, error=str(error))
            await asyncio.to_thread(self._postpone, row)
            return
        await asyncio.to_thread(self._finish, row, payloads)

    async def _answer(self, row: Inbound, conversation: Conversation) -> list[Payload]:
        if row.tries > 1:
            before = await self.engine.said_already(conversation.id, row.id)
            if before:
                return before
        text, meta = await asyncio.to_thread(self._translate, row, conversation)
        payloads: list[Payload] = []
        for piece in text:
            payloads += await self.engine.say(conversation.id, piece, meta)
        if row.kind != "idle" and not any(p.get("text") for p in payloads):
            # An action failed and the engine went on without it: silence is no answer to a resident.
            raise EngineDownError("the engine had nothing to say")
        return payloads

    def _translate(self, row: Inbound, conversation: Conversation) -> tuple[list[str], dict[str, Any]]:
        """An inbound row in the engine's terms: messages, and what goes along with them."""
        meta: dict[str, Any] = {"message": row.id, "channel": row.channel, "grid": conversation.grid}
        if conversation.slow:
            meta["slow"] = True
        if row.payload.get("voice"):
            meta["voice"] = True
        payload = row.payload
        if row.kind == "text":
            text = str(payload.get("text") or "")
            if len(text) > self.settings.max_text:
                return ["/event_unreadable"], {**meta, "unreadable": "long"}
            return [spoken(text)], meta
        if row.kind == "photo":
            meta["photo"] = self._photo(row, conversation)
            said = [spoken(str(payload["text"]))] if payload.get("text") else []
            return ["/event_photo", *said], meta
        if row.kind == "location":
            meta.update(lat=payload.get("lat"), lng=payload.get("lng"), label=payload.get("label") or None)
            return ["/event_location"], meta
        if row.kind == "scan":
            return ["/event_scan"], meta
        if row.kind == "menu":
            return [f"/{payload['event']}"], meta
        if row.kind == "idle":
            return ["/event_idle"], meta
        if row.kind == "subscribe":
            return ["/event_subscribe"], meta
        return ["/event_unreadable"], {**meta, "unreadable": payload.get("unreadable", "media")}

    def _photo(self, row: Inbound, conversation: Conversation) -> str:
        """The kept photo's id; the channel's own reference when it could not be fetched."""
        if row.payload.get("photo"):
            return str(row.payload["photo"])
        media = str(row.payload.get("media_id"))
        try:
            data = self.sources[row.channel].photo(media)
            with transaction() as session:
                identity = photos.keep(session, conversation.id, data)
                kept = session.get_one(Inbound, row.id)
                kept.payload = {**kept.payload, "photo": identity}
            return identity
        except (TryLaterError, photos.NotAPhotoError, KeyError) as error:
            log().warning("photo not fetched", inbound=row.id, error=type(error).__name__)
            return f"{row.channel}:{media}"[:100]

    def _finish(self, row: Inbound, payloads: list[Payload]) -> None:
        with transaction() as session:
            current = session.get_one(Inbound, row.id)
            if current.status != "new":
                return  # another worker was quicker after our lease ran out
            conversation = inbox.conversation_of(session, row)
            signs = {k: v for p in payloads for k, v in p.items() if k in ("handover", "awaiting", "slow")}
            conversation.slow = bool(signs.get("slow", conversation.slow))
            if "awaiting" in signs:
                conversation.open_since = now() if signs["awaiting"] else None
            for payload in payloads:
                if "handover" in payload:
                    handover.ask_for_person(conversation, payload["handover"])
            shown = [{k: v for k, v in p.items() if k in SHOWN} for p in payloads]
            shown = [p for p in shown if p]
            if conversation.slow:
                shown = _with_a_number(shown, self.settings.hotline)
            outbox.put(session, row.conversation_id, _merged(shown), current)
            inbox.finish(session, row)

    def _evaluated(self, row: Inbound) -> bool:
        """Whether the message was the evaluation asked for; taken, answered and done in one commit."""
        with transaction() as session:
            current = session.get_one(Inbound, row.id)
            if current.status != "new":
                return True  # another worker was quicker after our lease ran out
            conversation = inbox.conversation_of(session, row)
            payloads = evaluating.take(session, conversation, str(row.payload.get("text") or ""))
            if payloads:
                outbox.put(session, row.conversation_id, payloads, current)
                inbox.finish(session, row)
            return bool(payloads)

    def _postpone(self, row: Inbound) -> None:
        with transaction() as session:
            current = session.get_one(Inbound, row.id)
            if current.tries >= self.settings.engine_attempts:
                handover.ask_for_person(inbox.conversation_of(session, current), "机器人没能处理，请看原话")
                outbox.put(session, current.conversation_id, [{"text": word("given_up")}], current)
                inbox.finish(session, current, "given_up")
                log().error("message given up and handed to a person", inbound=current.id)
                return
            if not current.told:
                outbox.put(session, current.conversation_id, [{"text": word("kept")}], current)
                current.told = True
            inbox.postpone(session, current)


# The assistant's own words promise what these do; a promise does not depend on how a model was trained.
PROMISED = {
    "进展": "/event_menu_track",
    "人工": "/event_menu_human",
    "慢一点": "/event_slower",
    "正常说": "/event_normal",
    "再说一遍": "/event_repeat",
    "字大一点": "/event_bigger",
    "念给我听": "/event_aloud",
    "发给家里人": "/event_family",
    "接着来": "/event_go_on",
}


def spoken(text: str) -> str:
    """A resident's text as the engine may see it.

    A promised word by itself is what the menu's button is. A leading slash is the engine's own sign, never a resident's.
    """
    if promised := PROMISED.get(for_model(text).strip(" \"'“”‘’「」，。！？,.!?")):
        return promised
    stripped = text.lstrip()
    return "／" + stripped[1:] if stripped.startswith("/") else text


_NUMBER = re.compile(r"\d{3,}")


def _with_a_number(payloads: list[Payload], hotline: str) -> list[Payload]:
    """In slow mode no answer is without a number to call."""
    spoken_of = [i for i, p in enumerate(payloads) if p.get("text")]
    if not spoken_of or any(_NUMBER.search(str(payloads[i]["text"])) for i in spoken_of):
        return payloads
    last = spoken_of[-1]
    text = f"{payloads[last]['text']}\n{word('call').format(hotline=hotline)}"
    return [*payloads[:last], {**payloads[last], "text": text}, *payloads[last + 1 :]]


def _merged(payloads: list[Payload]) -> list[Payload]:
    """A sign without words (a ticket's number) travels with the words next to it."""
    out: list[Payload] = []
    for payload in payloads:
        if out and not payload.get("text"):
            out[-1] = {**out[-1], **payload}
        else:
            out.append(payload)
    return out
