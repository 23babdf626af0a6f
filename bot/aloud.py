"""Reading aloud, on its way to a resident: the voice message is a row of its own behind the words it comes with.

Words may go back as the direct answer to a request; a voice can only be pushed. Where none can be had, words say so.
The web page reads with the browser's own voice and keeps both together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from bot import speech
from bot.channels.base import SIGN
from bot.words import word
from common.settings import settings

Payload = dict[str, Any]
VOICED = ("wechat", "telegram")


def apart(channel: str, payloads: Sequence[Payload]) -> list[Payload]:
    """Payloads as a channel can deliver them: what is to be read aloud parted from its words, or replaced by a hint."""
    if channel not in VOICED:
        return list(payloads)
    out: list[Payload] = []
    for payload in payloads:
        rest = {k: v for k, v in payload.items() if k != SIGN}
        if SIGN not in payload:
            out.append(payload)
        elif _possible(channel):
            out += [p for p in (rest, {SIGN: payload[SIGN]}) if p]
        else:
            out.append({**rest, **instead(channel)})
    return out


def instead(channel: str) -> Payload:
    """What is written when nothing can be read aloud: where else it can be heard."""
    return {"text": word(f"speech_not_{channel}" if channel == "wechat" else "speech_not", hotline=settings().hotline)}


def _possible(channel: str) -> bool:
    pushes = channel != "wechat" or bool(settings().wechat_secret.get_secret_value())
    return pushes and speech.can_speak()
