"""The web chat's routes: a message in, events out, a conversation forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bot.errors import DatabaseUnavailable
from bot.inbox import Inbox
from bot.listen import Hub
from bot.origins import Caller, Origins
from bot.transcript import PAGE, Place, Transcript
from channels import webchat
from channels.errors import BadRequest
from channels.webchat import Visitor, Visitors
from channels.widget import texts

if TYPE_CHECKING:
    from bot.assembly import Relais

MESSAGES, EVENTS = "/channels/web/messages", "/channels/web/events"
BEAT_SECONDS = 15.0
MOST_WAITING = 20
"""Messages that one visitor may have unanswered; more are told to wait, so that nobody fills the queue alone."""

router = APIRouter(include_in_schema=False)

_COOKIE = "relais_visitor"
_COOKIE_SECONDS = 180 * 24 * 3600


class Refusal(Exception):
    """A request that is not answered as asked: the status, and the name of the sentence that says why."""

    def __init__(self, status: int, name: str, sentence: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(name)
        self.status = status
        self.sentence = sentence or texts()["errors"][name]
        self.headers = headers or {}


@dataclass(frozen=True)
class Chat:
    """What the routes stand on."""

    inbox: Inbox
    transcript: Transcript
    visitors: Visitors
    origins: Origins
    hub: Hub

    @classmethod
    def over(cls, relais: Relais, hub: Hub) -> Chat:
        settings = relais.settings
        return cls(
            relais.inbox,
            Transcript(relais.database, relais.vault),
            Visitors(relais.keys.visitor_key),
            Origins(settings.public_urls, settings.widget_origins),
            hub,
        )


@router.options(MESSAGES)
@router.options(EVENTS)
async def preflight(request: Request) -> Response:
    return await _guarded(request, _preflight)


@router.post(MESSAGES)
async def write(request: Request) -> Response:
    return await _guarded(request, _write)


@router.delete(MESSAGES)
async def forget(request: Request) -> Response:
    return await _guarded(request, _forget)


@router.get(EVENTS)
async def events(request: Request) -> Response:
    return await _guarded(request, _events)


def _chat(app: Any) -> Chat:
    """Built with the first request: the application puts its parts in place when it is made."""
    if not hasattr(app.state, "chat"):
        app.state.chat = Chat.over(app.state.relais, app.state.hub)
    chat: Chat = app.state.chat
    return chat


type Answer = Callable[[Chat, Request, Caller], Awaitable[Response]]


async def _guarded(request: Request, answer: Answer) -> Response:
    """Judge the origin, answer, and let an allowed site's page read the answer, whatever it is."""
    chat = _chat(request.app)
    caller = chat.origins.caller(request)
    try:
        if caller.standing == "refused":
            raise Refusal(403, "origin")
        response = await answer(chat, request, caller)
    except Refusal as refusal:
        response = JSONResponse({"error": refusal.sentence}, refusal.status, refusal.headers)
    except DatabaseUnavailable:
        sentence = texts()["errors"]["unavailable"]
        response = JSONResponse({"error": sentence}, 503, {"Retry-After": "5"})
    response.headers.update({"Vary": "Origin", "Cache-Control": "no-store"})
    if caller.standing == "guest":
        response.headers["Access-Control-Allow-Origin"] = caller.origin
        response.headers["Access-Control-Expose-Headers"] = "Retry-After"
    return response


async def _preflight(chat: Chat, request: Request, caller: Caller) -> Response:
    allowed = {
        "Access-Control-Allow-Methods": "GET, POST, DELETE",
        "Access-Control-Allow-Headers": "authorization, content-type, last-event-id",
        "Access-Control-Max-Age": "600",
    }
    return Response(status_code=204, headers=allowed)


async def _write(chat: Chat, request: Request, caller: Caller) -> Response:
    visitor = _visitor(chat, request, caller)
    body = await _body(request)
    place = await chat.transcript.find(visitor.id) if visitor else None
    if place and place.waiting >= MOST_WAITING:
        raise Refusal(429, "slow_down", headers={"Retry-After": "5"})
    known = visitor if place else None
    # A token whose conversation was forgotten opens nothing any more: its holder starts anew under another one.
    who = known or chat.visitors.issue()
    try:
        inbound = webchat.parse(body, who.id)
    except BadRequest as fault:
        raise Refusal(400, "malformed", fault.sentence) from fault
    received = await chat.inbox.receive(inbound)
    answer: dict[str, Any] = {"seq": received.seq}
    if known is None:
        answer["started"] = True
    return _introduced(request, caller, answer, None if known else who)


def _introduced(request: Request, caller: Caller, answer: dict[str, Any], fresh: Visitor | None) -> Response:
    """Hand a new visitor the token: in a cookie on our own pages, in the answer elsewhere."""
    if fresh and caller.standing != "own":
        answer["visitor"] = fresh.token
    response = JSONResponse(answer)
    if fresh and caller.standing == "own":
        response.set_cookie(
            _cookie(request), fresh.token, max_age=_COOKIE_SECONDS, secure=caller.secure, httponly=True, samesite="lax"
        )
    return response


async def _forget(chat: Chat, request: Request, caller: Caller) -> Response:
    visitor = _visitor(chat, request, caller)
    if visitor is not None:
        await chat.transcript.forget(visitor.id)
    response = Response(status_code=204)
    if caller.standing == "own":
        response.delete_cookie(_cookie(request), secure=caller.secure, httponly=True, samesite="lax")
    return response


async def _events(chat: Chat, request: Request, caller: Caller) -> Response:
    visitor = _visitor(chat, request, caller)
    place = await chat.transcript.find(visitor.id) if visitor else None
    if visitor is None or place is None:
        raise Refusal(401, "no_visitor")
    last = request.headers.get("last-event-id", "")
    after = int(last) if last.isascii() and last.isdigit() and len(last) < 16 else max(0, place.last_seq - PAGE)
    headers = {"X-Accel-Buffering": "no"}
    return StreamingResponse(_stream(chat, visitor, place, after), media_type="text/event-stream", headers=headers)


async def _stream(chat: Chat, visitor: Visitor, place: Place, after: int) -> AsyncIterator[bytes]:
    """Everything after `after`, then whatever comes, until the reader leaves or the conversation is forgotten."""
    told = b""
    async with chat.hub.subscribe(place.conversation_id) as news:
        while True:
            news.clear()
            try:
                page = await chat.transcript.read(visitor.id, after)
            except DatabaseUnavailable:
                return  # the browser comes back with its Last-Event-ID
            if page is None:
                return
            after = page.after
            for shown in page.shown:
                yield webchat.message_event(shown)
            if page.more:
                continue
            state = webchat.state_event(page.owner, typing=page.typing)
            yield webchat.HEARTBEAT if state == told else state
            told = state
            # Woken or not, we read again: a lost wake-up costs one beat, never a message.
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), BEAT_SECONDS)


def _visitor(chat: Chat, request: Request, caller: Caller) -> Visitor | None:
    """The bearer's visitor, or the cookie's, which counts for our own pages alone."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token:
        return chat.visitors.read(token.strip())
    cookie = request.cookies.get(_cookie(request), "")
    if not cookie:
        return None
    if caller.standing == "own" or (caller.standing == "none" and request.method == "GET"):
        return chat.visitors.read(cookie)
    raise Refusal(403, "origin")


def _cookie(request: Request) -> str:
    """Cookies do not tell ports apart; two instances on one machine must."""
    _, _, port = request.headers.get("host", "").rpartition(":")
    return f"{_COOKIE}_{port}" if port.isdigit() else _COOKIE


async def _body(request: Request) -> bytes:
    """The body, refused by its announced length first, then as soon as it grows too long."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise Refusal(415, "not_json")
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > webchat.MAX_BODY:
        raise Refusal(413, "too_large", headers={"Connection": "close"})
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > webchat.MAX_BODY:
            raise Refusal(413, "too_large", headers={"Connection": "close"})
    return bytes(body)
