"""Talking to the dialogue engine (Rasa) over loopback."""

from __future__ import annotations

from typing import Any

import httpx

from common.settings import Settings

Payload = dict[str, Any]


class EngineDownError(RuntimeError):
    """The engine did not answer; the message stays in the inbox."""


def _as_payloads(raw: list[dict[str, Any]]) -> list[Payload]:
    """Rasa's REST answers as outbox payloads: text, choices, and signs for the inbox (ticket, handover)."""
    out: list[Payload] = []
    for item in raw:
        payload: Payload = {}
        if item.get("text"):
            payload["text"] = item["text"]
        if item.get("buttons"):
            payload["choices"] = [b["title"] for b in item["buttons"]]
        custom = item.get("custom")
        if isinstance(custom, dict):
            payload.update(custom)
        if payload:
            out.append(payload)
    return out


class Engine:
    """A client of one engine."""

    def __init__(self, settings: Settings) -> None:
        self._http = httpx.AsyncClient(
            base_url=settings.engine_url,
            timeout=settings.engine_timeout,
            trust_env=False,
            params={"token": settings.engine_token.get_secret_value()},
        )

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def say(self, conversation: str, text: str, meta: dict[str, Any]) -> list[Payload]:
        """Give the engine a resident's message and get the assistant's.

        Raises:
            EngineDownError: no answer in time, or none at all.
        """
        try:
            response = await self._http.post(
                "/webhooks/rest/webhook", json={"sender": conversation, "message": text, "metadata": meta}
            )
            response.raise_for_status()
            return _as_payloads(response.json())
        except (httpx.HTTPError, ValueError) as error:
            raise EngineDownError(type(error).__name__) from error

    async def said_already(self, conversation: str, message: int) -> list[Payload] | None:
        """The assistant's answer to a message the engine has seen before (we died before keeping it), or None."""
        try:
            response = await self._http.get(
                f"/conversations/{conversation}/tracker", params={**self._http.params, "include_events": "ALL"}
            )
            response.raise_for_status()
            events = response.json().get("events") or []
        except (httpx.HTTPError, ValueError) as error:
            raise EngineDownError(type(error).__name__) from error
        answer: list[dict[str, Any]] | None = None
        for event in events:
            if event.get("event") == "user":
                if answer is not None:
                    break
                if (event.get("metadata") or {}).get("message") == message:
                    answer = []
            elif event.get("event") == "bot" and answer is not None:
                data = event.get("data") or {}
                answer.append({"text": event.get("text"), "buttons": data.get("buttons"), "custom": data.get("custom")})
        return None if answer is None else _as_payloads(answer)

    async def healthy(self) -> bool:
        """Whether the engine answers and has its model."""
        try:
            response = await self._http.get("/status", timeout=3)
            return response.status_code == 200
        except httpx.HTTPError:
            return False
