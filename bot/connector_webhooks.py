"""The webhooks of the sources of appointments: checked, taken in, answered. Their bodies are never kept."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import orjson
from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse, Response

from bot import clock, metrics
from bot.assembly import Relais
from bot.connectors import rdv_insertion, rdv_service_public
from bot.connectors.heard_from import heard_from
from bot.connectors.signature import as_signed, signed
from bot.connectors.told import SOURCE, Told
from channels.errors import BadRequest, BadSignature

router = APIRouter(prefix="/connectors")
log = logging.getLogger(__name__)

LONGEST_BODY = 5_000_000
"""A collective meeting comes with each of its participants in full, each time one of them changes: 100 are 500 kB."""

Read = Callable[[Mapping[str, Any], datetime], Told | None]


@router.post("/rdv-service-public")
async def rdv_service_public_webhook(request: Request) -> Response:
    """RDV Service Public tells of a meeting. A repeat answers the same and changes nothing."""
    relais: Relais = request.app.state.relais
    secret = relais.settings.rdvsp_secret.get_secret_value()
    if not secret:
        return _off()
    body = await _body(request)
    if not signed(secret, body, request.headers.get(rdv_service_public.SIGNED_BY, "")):
        raise BadSignature(request.url.path)
    return await _heard(relais, SOURCE, body, rdv_service_public.read)


@router.post("/rdv-insertion")
async def rdv_insertion_webhook(request: Request) -> Response:
    """RDV-Insertion tells of a meeting. The jwt that it may send instead proves nothing of the body, and is refused."""
    relais: Relais = request.app.state.relais
    secret = relais.settings.rdvi_secret.get_secret_value()
    if not secret:
        return _off()
    body = as_signed(secret, await _body(request), request.headers.get(rdv_insertion.SIGNED_BY, ""))
    if body is None:
        raise BadSignature(request.url.path)
    return await _heard(relais, rdv_insertion.CONNECTOR, body, rdv_insertion.read)


async def _heard(relais: Relais, connector: str, body: bytes, read: Read) -> Response:
    now = clock.now()
    told = read(_object(body), now)
    outcome = await relais.hearing.hear(told) if told is not None else "ignored"
    await heard_from(relais.database, connector, now)
    metrics.CONNECTORS.labels(connector=connector, outcome=outcome).inc()
    if told is not None:
        log.info("%s %s: %s, %s", connector, told.meeting, told.event, outcome)
    return Response(status_code=200)


def _object(body: bytes) -> Mapping[str, Any]:
    try:
        read = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise BadRequest("Le corps n'est pas du JSON en UTF-8.") from None
    if not isinstance(read, dict):
        raise BadRequest("Le corps n'est pas un objet JSON.")
    return read


def _off() -> Response:
    return PlainTextResponse("Cette source est éteinte.", status_code=404)


async def _body(request: Request) -> bytes:
    """The body, refused before it is read when it is too large."""
    chunks = bytearray()
    async for chunk in request.stream():
        chunks += chunk
        if len(chunks) > LONGEST_BODY:
            raise BadRequest("Corps trop long.")
    return bytes(chunks)
