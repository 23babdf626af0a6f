"""What a channel must offer to the outbox, and how several lines are packed into one message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import groupby
from typing import Any, Protocol

from bot.model import Conversation, Outbound

SIGN = "aloud"  # in a payload: what is to be read to the resident


class WindowClosedError(RuntimeError):
    """The channel takes nothing for this resident until they write again."""


class TryLaterError(RuntimeError):
    """The channel could not be reached or refused for now."""


class Pusher(Protocol):
    """Delivers messages that could not go back as a direct reply."""

    channel: str

    def push(self, conversation: Conversation, rows: Sequence[Outbound]) -> int:
        """Deliver ``rows`` in order.

        Returns:
            How many of the rows were delivered; the rest are tried again.

        Raises:
            WindowClosedError: nothing can be delivered until the resident writes again.
            TryLaterError: a passing failure.
        """


def texts(rows: Sequence[Outbound]) -> list[str]:
    """The texts of outbox rows that have one."""
    return [str(r.payload["text"]) for r in rows if r.payload.get("text")]


def is_voice(payload: Mapping[str, Any]) -> bool:
    """Whether a payload is something to be read aloud and nothing else."""
    return SIGN in payload and not payload.get("text")


def runs(rows: Sequence[Outbound]) -> list[list[Outbound]]:
    """Rows in order, parted so that a voice stands alone."""
    return [
        run
        for voice, together in groupby(rows, key=lambda row: is_voice(row.payload))
        for group in (list(together),)
        for run in ([[row] for row in group] if voice else [group])
    ]


def split(text: str, limit: int) -> list[str]:
    """Cut a text into pieces of at most ``limit`` UTF-8 bytes, at line ends where possible."""
    if len(text.encode()) <= limit:
        return [text]
    pieces: list[str] = []
    current = ""
    for line in text.split("\n"):
        while len(line.encode()) > limit:
            cut = limit // 4
            while len(line[: cut + 1].encode()) <= limit:
                cut += 1
            pieces += [current] if current else []
            current = ""
            pieces.append(line[:cut])
            line = line[cut:]
        joined = f"{current}\n{line}" if current else line
        if len(joined.encode()) > limit:
            pieces.append(current)
            current = line
        else:
            current = joined
    return [*pieces, current] if current else pieces


def pack(lines: Sequence[str], limit: int) -> list[str]:
    """Join messages into as few as possible of at most ``limit`` bytes, in order."""
    packed: list[str] = []
    for piece in (p for line in lines for p in split(line, limit)):
        if packed and len(f"{packed[-1]}\n\n{piece}".encode()) <= limit:
            packed[-1] = f"{packed[-1]}\n\n{piece}"
        else:
            packed.append(piece)
    return packed
