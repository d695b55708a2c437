"""The one public application: the providers' webhooks, the chat, the pages, health and metrics."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from bot import api, chat, health, metrics, pages
from bot.alarm import Alarm
from bot.assembly import Relais
from bot.connector_webhooks import router as connectors
from bot.errors import DatabaseUnavailable
from bot.listen import Hub
from bot.reminders.figures import counts
from bot.webhooks import router as webhooks
from channels.errors import BadRequest, BadSignature

log = logging.getLogger(__name__)


def create(relais: Relais) -> FastAPI:
    """The application over its parts; it connects when it starts."""
    hub = Hub(relais.database.url)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        listening = asyncio.create_task(hub.run())
        try:
            yield
        finally:
            listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await listening
            await relais.close()

    app = FastAPI(title="Relais", lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.relais = relais
    app.state.hub = hub
    app.state.readiness = health.Readiness(relais)
    app.state.alarm = Alarm(relais.database, relais.tasks, relais.settings.forged_webhooks)
    app.include_router(webhooks)
    app.include_router(connectors)
    app.include_router(chat.router)
    app.include_router(pages.router)
    app.include_router(api.router)
    app.include_router(api.about)
    app.add_exception_handler(api.ApiProblem, api.answer_problem)
    app.include_router(health.router)
    app.add_exception_handler(BadSignature, _bad_signature)
    app.add_exception_handler(BadRequest, _bad_request)
    app.add_exception_handler(DatabaseUnavailable, _no_store)
    app.add_exception_handler(Exception, _internal)

    @app.get("/metrics")
    async def show_metrics() -> Response:
        with contextlib.suppress(DatabaseUnavailable):
            await _count_reminders(relais)
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return app


async def _count_reminders(relais: Relais) -> None:
    async with relais.database.begin() as connection:
        found = await counts(connection)
    metrics.REMINDERS.clear()
    for one in found:
        metrics.REMINDERS.labels(state=one.state).set(one.number)


async def _bad_signature(request: Request, error: Exception) -> Response:
    metrics.BAD_SIGNATURES.labels(path=request.url.path).inc()
    log.warning("bad signature on %s", request.url.path)
    await request.app.state.alarm.refused(request.url.path)
    return PlainTextResponse("Signature absente ou fausse.", status_code=403)


async def _bad_request(request: Request, error: Exception) -> Response:
    return PlainTextResponse(str(error), status_code=400)


async def _no_store(request: Request, error: Exception) -> Response:
    # A provider set up with #rc=5&rp=5xx,ct,rt tries again; the list job finds what it gave up.
    log.error("the store is away: %s answered 503", request.url.path)
    return JSONResponse({"detail": "Service momentanément indisponible. Réessayez."}, status_code=503)


async def _internal(request: Request, error: Exception) -> Response:
    log.error("%s failed", request.url.path, exc_info=error)
    return JSONResponse({"detail": "Une erreur est survenue. Réessayez."}, status_code=500)
