"""The residents' page and its small API."""

from __future__ import annotations

import asyncio
import secrets
import time
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, File, Form, Request, UploadFile
from pydantic import BaseModel, Field
from sqlalchemy import select
from sqlalchemy.orm import Session
from starlette.responses import FileResponse, JSONResponse, Response

from bot import conversations, inbox, photos
from bot.model import Conversation, Inbound, Outbound, Photo
from bot.utterance import sentences
from bot.words import word
from cases import numbers, service, workflow
from common.db import now, reading, transaction
from common.settings import settings
from nlu.taxonomy import taxonomy
from nlu.text.normalise import clean

router = APIRouter()
CHANNEL = "web"
COOKIE = "xiaoge_visitor"
STATIC = Path(__file__).parent / "static"
HISTORY = 200
POLL = 0.15
MAX_WAIT = 25.0
Message = dict[str, Any]


class Said(BaseModel):
    """A typed message."""

    client_id: str = Field(min_length=1, max_length=64)
    text: str = Field(max_length=100_000)


class Pin(BaseModel):
    """A location."""

    client_id: str = Field(min_length=1, max_length=64)
    lat: float = Field(ge=-90, le=90)
    lng: float = Field(ge=-180, le=180)


def _visitor(request: Request) -> str | None:
    value = request.cookies.get(COOKIE, "")
    return value if len(value) == 48 and value.isalnum() else None


def _with_cookie(response: Response, request: Request, visitor: str) -> Response:
    if _visitor(request) != visitor:
        response.set_cookie(
            COOKIE, visitor, max_age=365 * 86400, httponly=True, samesite="lax", secure=request.url.scheme == "https"
        )
    return response


def _refuse(name: str, status: int = 422) -> JSONResponse:
    return JSONResponse({"error": word(name)}, status)


def _store(visitor: str, client_id: str, kind: str, payload: dict[str, Any]) -> int:
    with transaction() as session:
        row, _new = inbox.store(session, inbox.Received(CHANNEL, visitor, f"{visitor[:16]}:{client_id}", kind, payload))
        return _identity(row)


@router.get("/")
def page(request: Request) -> Response:
    """The page. A grid's QR code for the web leads to ``/?grid=CODE``."""
    visitor = _visitor(request) or secrets.token_hex(24)
    grid = request.query_params.get("grid", "")
    if grid.isalnum() and len(grid) <= 32:
        _store(visitor, f"grid-{grid}", "scan", {"grid": grid})
    return _with_cookie(FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"}), request, visitor)


@router.post("/chat/messages", status_code=202)
async def say(said: Said, request: Request) -> Response:
    """A typed message. Sending the same client_id again is safe."""
    text = clean(said.text)
    if not text.strip():
        return _refuse("web_refused_empty")
    visitor = _visitor(request) or secrets.token_hex(24)
    identity = await asyncio.to_thread(_store, visitor, said.client_id, "text", {"text": text})
    return _with_cookie(JSONResponse({"id": identity}, 202), request, visitor)


@router.post("/chat/location", status_code=202)
async def pin(said: Pin, request: Request) -> Response:
    """A location."""
    visitor = _visitor(request) or secrets.token_hex(24)
    payload = {"lat": said.lat, "lng": said.lng, "label": ""}
    identity = await asyncio.to_thread(_store, visitor, said.client_id, "location", payload)
    return _with_cookie(JSONResponse({"id": identity}, 202), request, visitor)


@router.post("/chat/photos", status_code=202)
async def photo(request: Request, file: UploadFile = File(), client_id: str = Form(max_length=64)) -> Response:
    """A photo."""
    data = await file.read(settings().max_photo + 1)
    if len(data) > settings().max_photo:
        return _refuse("web_refused_photo_big", 413)
    visitor = _visitor(request) or secrets.token_hex(24)

    def keep() -> int:
        with transaction() as session:
            conversation = conversations.open_for(session, CHANNEL, visitor)
            identity = photos.keep(session, conversation.id, data)
        return _store(visitor, client_id, "photo", {"photo": identity})

    try:
        identity = await asyncio.to_thread(keep)
    except photos.NotAPhotoError:
        return _refuse("web_refused_photo_type")
    return _with_cookie(JSONResponse({"id": identity}, 202), request, visitor)


@router.get("/chat/photos/{identity}")
def picture(identity: str, request: Request) -> Response:
    """A photo of the visitor's own."""
    visitor = _visitor(request)
    with reading() as session:
        row = session.get(Photo, identity)
        owner = session.get(Conversation, row.conversation_id) if row else None
    if row is None or owner is None or owner.channel != CHANNEL or owner.user != visitor:
        return JSONResponse({"error": "没有这张照片"}, 404)
    return FileResponse(photos.path(identity), media_type=row.media_type)


@router.get("/chat/messages")
async def messages(request: Request, after: int = 0, wait: float = 0.0) -> Response:
    """The conversation after a message, waiting up to ``wait`` seconds for something new."""
    visitor = _visitor(request)
    if visitor is None:
        return JSONResponse({"messages": [], "typing": False})
    deadline = time.monotonic() + min(max(wait, 0.0), MAX_WAIT)
    while True:
        found, typing = await asyncio.to_thread(_since, visitor, after)
        if found or time.monotonic() >= deadline or await request.is_disconnected():
            return JSONResponse({"messages": found, "typing": typing})
        await asyncio.sleep(POLL)


def _since(visitor: str, after: int) -> tuple[list[Message], bool]:
    """Messages with an id above ``after``, and any of the assistant's that the page has not fetched yet.

    (One may be committed a moment after a later one of the resident's was.)
    """
    with reading() as session:
        conversation = conversations.find(session, CHANNEL, visitor)
        if conversation is None:
            return [], False
        mine = session.scalars(
            select(Inbound).where(Inbound.conversation_id == conversation.id).order_by(Inbound.id.desc()).limit(HISTORY)
        ).all()
        theirs = session.scalars(
            select(Outbound)
            .where(Outbound.conversation_id == conversation.id, Outbound.status != "failed")
            .order_by(Outbound.id.desc())
            .limit(HISTORY)
        ).all()
        timeline: list[Inbound | Outbound] = sorted([*mine, *theirs], key=_identity)
        wanted = [r for r in timeline if _identity(r) > after or (isinstance(r, Outbound) and r.status == "waiting")]
        out = [m for row in wanted if (m := _message(session, row)) is not None]
        typing = any(m.status == "new" for m in mine)
        fresh = [r.id for r in theirs if r.status == "waiting"]
    if fresh:
        _seen(fresh)
    return out, typing


def _moment(row: Inbound | Outbound) -> datetime:
    return row.received_at if isinstance(row, Inbound) else row.created_at


def _identity(row: Inbound | Outbound) -> int:
    """A message's id on the page, and its place: the microsecond it was kept."""
    moment = _moment(row)
    return int(moment.timestamp()) * 1_000_000 + moment.microsecond


def _seen(ids: list[int]) -> None:
    """The page has fetched them: delivered."""
    with transaction() as session:
        for row in session.scalars(select(Outbound).where(Outbound.id.in_(ids), Outbound.status == "waiting")):
            row.status, row.via, row.sent_at = "sent", "page", now()


def _message(session: Session, row: Inbound | Outbound) -> Message | None:
    moment = _moment(row).astimezone(ZoneInfo(settings().timezone)).isoformat(timespec="seconds")
    base: Message = {"id": _identity(row), "choices": [], "photo": None, "ticket": None, "at": moment}
    if isinstance(row, Inbound):
        if row.kind not in ("text", "photo", "location"):
            return None
        text = {"location": "［发送了定位］", "photo": ""}.get(row.kind, str(row.payload.get("text") or ""))
        picture = f"/chat/photos/{row.payload['photo']}" if row.payload.get("photo") else None
        return {**base, "from": "me", "text": text, "photo": picture, "client_id": row.key.split(":", 1)[-1]}
    return {
        **base,
        "from": "bot",
        "text": row.payload.get("text") or "",
        "choices": row.payload.get("choices") or [],
        "ticket": _ticket(session, row.payload.get("ticket")),
        "aloud": "\n".join(sentences(str(row.payload.get("aloud") or ""))) or None,
        "bigger": bool(row.payload.get("bigger")),
    }


def _ticket(session: Session, spoken: str | None) -> dict[str, str] | None:
    if not spoken:
        return None
    try:
        ticket = service.get(session, spoken.replace("-", ""))
    except service.TicketNotFoundError:
        return None
    matter = taxonomy().type(ticket.type).plain if ticket.type else "您反映的事"
    return {"number": numbers.spoken(ticket.number), "status": workflow.STATES[ticket.status], "summary": matter}
