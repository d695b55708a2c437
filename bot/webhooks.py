"""The providers' webhooks: checked, taken in, answered. Nothing here waits for a turn."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from bot import metrics
from bot.assembly import Relais
from channels.errors import BadRequest
from channels.twilio import Twilio
from channels.twilio_wire import LONGEST_FORM

router = APIRouter(prefix="/channels")

_EMPTY_TWIML = '<?xml version="1.0" encoding="UTF-8"?><Response/>'


@router.post("/twilio")
async def twilio_message(request: Request) -> Response:
    """An SMS. A repeat answers the same and changes nothing."""
    relais: Relais = request.app.state.relais
    twilio = _twilio(relais)
    if twilio is None:
        return _off()
    inbound = twilio.receive(target=_target(request), headers=request.headers, body=await _body(request))
    received = await relais.inbox.receive(inbound)
    metrics.RECEIVED.labels(channel=twilio.name, fresh=str(received.fresh)).inc()
    return Response(_EMPTY_TWIML, media_type="application/xml")


@router.post("/twilio/status")
async def twilio_status(request: Request) -> Response:
    """A delivery receipt; an old or unknown one changes nothing."""
    relais: Relais = request.app.state.relais
    twilio = _twilio(relais)
    if twilio is None:
        return _off()
    receipt = twilio.receipt(target=_target(request), headers=request.headers, body=await _body(request))
    if receipt is not None:
        await relais.receipts.take(receipt)
        metrics.RECEIPTS.labels(state=receipt.state).inc()
    return Response(status_code=204)


def _twilio(relais: Relais) -> Twilio | None:
    channel = relais.channels.get(Twilio.name)
    return channel if isinstance(channel, Twilio) else None


def _off() -> Response:
    return PlainTextResponse("Ce canal est éteint.", status_code=404)


def _target(request: Request) -> str:
    """Path and query exactly as they came: the signature covers these bytes."""
    raw: bytes = request.scope.get("raw_path") or request.url.path.encode()
    query: bytes = request.scope["query_string"]
    path = raw.partition(b"?")[0].decode("latin-1")
    return f"{path}?{query.decode('latin-1')}" if query else path


async def _body(request: Request) -> bytes:
    """The body, refused before it is read when it is too large."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LONGEST_FORM:
            raise BadRequest("Message trop long.")
    return bytes(chunks)
