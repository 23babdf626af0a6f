"""Telegram, by python-telegram-bot: webhook updates in, messages out; polling for a desk trial without a public address."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Sequence
from typing import Any

from telegram import Bot, KeyboardButton, Message, ReplyKeyboardMarkup, ReplyKeyboardRemove, Update
from telegram.error import BadRequest, Forbidden, TelegramError
from telegram.request import HTTPXRequest

from bot.channels.base import SIGN, TryLaterError, WindowClosedError, split
from bot.inbox import Received
from bot.model import Conversation, Outbound
from bot.speech import CannotSpeakError, speak
from common.settings import Settings
from nlu.text.normalise import clean

CHANNEL = "telegram"
TEXT_LIMIT = 4096  # UTF-8 bytes is stricter than Telegram's 4096 characters


class Telegram:
    """One bot."""

    channel = CHANNEL

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._token = settings.telegram_token.get_secret_value()

    def bot(self) -> Bot:
        """A client; use it as an async context manager, once."""
        request = HTTPXRequest(connection_pool_size=4, httpx_kwargs={"trust_env": False})
        base = self.settings.telegram_api
        return Bot(self._token, base_url=base, base_file_url=base.replace("/bot", "/file/bot"), request=request)

    def trusted(self, header: str) -> bool:
        """Whether a webhook request carries our secret."""
        secret = self.settings.telegram_webhook_secret.get_secret_value()
        return bool(secret) and hmac.compare_digest(header.encode(), secret.encode())

    def read(self, data: dict[str, Any]) -> Received | None:
        """Translate an update; None for those without a resident's message.

        Raises:
            ValueError: not an update of Telegram's form.
        """
        try:
            update = Update.de_json(data, None)
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise ValueError("not a Telegram update") from error
        return self.translate(update) if update else None

    def translate(self, update: Update) -> Received | None:
        """A private message of an update as received; None for anything else."""
        message = update.message
        if message is None or message.from_user is None or message.chat.type != "private":
            return None
        kind, payload = _translate(message)
        return Received(CHANNEL, str(message.chat.id), str(update.update_id), kind, payload)

    def push(self, conversation: Conversation, rows: Sequence[Outbound]) -> int:
        """See :class:`bot.channels.base.Pusher`."""
        return asyncio.run(self._push(conversation, rows))

    async def _push(self, conversation: Conversation, rows: Sequence[Outbound]) -> int:
        done = 0
        async with self.bot() as bot:
            for row in rows:
                text = row.payload.get("text")
                try:
                    for piece in split(str(text), TEXT_LIMIT) if text else []:
                        await bot.send_message(int(conversation.user), piece, reply_markup=_keyboard(row))
                    if aloud := row.payload.get(SIGN):
                        await _read_aloud(bot, int(conversation.user), str(aloud))
                except CannotSpeakError:
                    if done:
                        return done
                    raise
                except (Forbidden, BadRequest) as error:  # blocked us, or the chat is gone
                    raise WindowClosedError(type(error).__name__) from error
                except TelegramError as error:
                    if done:
                        return done
                    raise TryLaterError(type(error).__name__) from error
                done += 1
        return done

    def photo(self, file_id: str) -> bytes:
        """A picture a resident sent."""
        return asyncio.run(self._photo(file_id))

    async def _photo(self, file_id: str) -> bytes:
        try:
            async with self.bot() as bot:
                file = await bot.get_file(file_id)
                return bytes(await file.download_as_bytearray())
        except TelegramError as error:
            raise TryLaterError(type(error).__name__) from error


async def _read_aloud(bot: Bot, chat: int, text: str) -> None:
    for piece in speak(text):  # this loop is the push's own, in its thread: nobody else waits for it
        try:
            await bot.send_voice(chat, piece.mp3, duration=round(piece.seconds), filename="xiaoge.mp3")
        except BadRequest:  # a resident may take no voice messages; a sound file is no voice message
            await bot.send_audio(chat, piece.mp3, duration=round(piece.seconds), filename="xiaoge.mp3", title="小格")


def _translate(message: Message) -> tuple[str, dict[str, Any]]:
    if message.text:
        if message.text.startswith("/start"):
            grid = message.text.removeprefix("/start").strip().removeprefix("grid_")
            return ("scan", {"grid": grid[:32]}) if grid else ("subscribe", {})
        return "text", {"text": clean(message.text)}
    if message.photo:
        payload: dict[str, Any] = {"media_id": message.photo[-1].file_id}
        if message.caption:
            payload["text"] = clean(message.caption)
        return "photo", payload
    if message.location:
        label = message.venue.title if message.venue else ""
        return "location", {"lat": message.location.latitude, "lng": message.location.longitude, "label": label}
    if message.voice or message.audio:
        return "unreadable", {"unreadable": "voice"}
    return "unreadable", {"unreadable": "media"}


def _keyboard(row: Outbound) -> ReplyKeyboardMarkup | ReplyKeyboardRemove:
    choices = row.payload.get("choices")
    if not choices:
        return ReplyKeyboardRemove()
    return ReplyKeyboardMarkup([[KeyboardButton(c)] for c in choices], one_time_keyboard=True, resize_keyboard=True)
