"""WeChat's webhook."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from fastapi import APIRouter, Request, Response
from starlette.background import BackgroundTask
from starlette.responses import PlainTextResponse

from bot import inbox
from bot.channels.wechat import TEXT_LIMIT, Query, RefusedError, WeChat
from bot.model import Inbound
from bot.web import waiting
from common.db import now, transaction
from common.logs import log

router = APIRouter()


def _query(request: Request) -> Query:
    q = request.query_params
    return Query(
        q.get("signature", ""),
        q.get("timestamp", ""),
        q.get("nonce", ""),
        q.get("encrypt_type", "raw"),
        q.get("msg_signature", ""),
    )


def _account(request: Request) -> WeChat:
    account = request.app.state.wechat
    if not isinstance(account, WeChat):
        raise RefusedError("the WeChat channel is off (XIAOGE_WECHAT_TOKEN is not set)", 404)
    return account


@router.get("/wechat")
def verify(request: Request) -> Response:
    """WeChat's check of the address: a right signature is answered with the echo string."""
    try:
        _account(request).check(_query(request))
    except RefusedError as error:
        log().warning("wechat request refused", reason=str(error))
        return PlainTextResponse(str(error), error.status)
    return PlainTextResponse(request.query_params.get("echostr", ""))


def _store(received: inbox.Received) -> tuple[Inbound, bool]:
    with transaction() as session:
        return inbox.store(session, received)


@router.post("/wechat")
async def receive(request: Request) -> Response:
    """A message or an event. The answer goes back here when it is ready in time, else by push."""
    query = _query(request)
    try:
        account = _account(request)
        account.check(query)
        received = account.read(await request.body(), query)
    except RefusedError as error:
        log().warning("wechat request refused", reason=str(error))
        return PlainTextResponse(str(error), error.status)
    if received is None:
        return PlainTextResponse("success")
    row, new = await asyncio.to_thread(_store, received)
    if not new:
        before = await asyncio.to_thread(waiting.said_before, row.id, TEXT_LIMIT)
        if before and row.done_at and now() - row.done_at < timedelta(seconds=20):
            xml = account.reply(received.user, received.payload["to"], before, query)
            return Response(xml, media_type="application/xml")
        return PlainTextResponse("success")
    reply = await waiting.reply_to(row.id, account.settings.wechat_reply_window, TEXT_LIMIT)
    if reply is None or not reply.text:
        return PlainTextResponse("success")
    xml = account.reply(received.user, received.payload["to"], reply.text, query)
    return Response(xml, media_type="application/xml", background=BackgroundTask(waiting.mark_sent, reply))
