"""Is the process alive, and is everything there that it needs?"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import httpx
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response
from sqlalchemy import text

from bot import clock
from bot.assembly import Relais
from bot.errors import DatabaseUnavailable

router = APIRouter()

FRESH = timedelta(seconds=1)
_TOLD_TO_ALL = {
    "database": "La base de données ne répond pas.",
    "worker": "Aucun worker ne travaille.",
    "engine": "Le moteur de dialogue ne répond pas.",
    "actions": "Les actions ne répondent pas.",
}
_WORKERS = text("SELECT count(*) FROM queue.procrastinate_workers WHERE last_heartbeat > now() - interval '30 seconds'")


@router.get("/health/live")
async def live() -> dict[str, str]:
    return {"status": "ok"}


@router.get("/health/ready")
async def ready(request: Request) -> Response:
    """200 when all is there; 503 with one sentence for each thing that is not. Anybody may ask: no address is told."""
    faults = await request.app.state.readiness.faults()
    if faults:
        told = {name: _TOLD_TO_ALL[name] for name in faults}
        return JSONResponse({"status": "degraded", "faults": told}, status_code=503)
    return JSONResponse({"status": "ok"})


class Readiness:
    """What is missing, looked at once a second at most, however often and by how many it is asked."""

    def __init__(self, relais: Relais) -> None:
        self._relais = relais
        self._looking = asyncio.Lock()
        self._looked: datetime | None = None
        self._faults: dict[str, str] = {}

    async def faults(self) -> dict[str, str]:
        async with self._looking:
            if self._looked is None or clock.now() - self._looked >= FRESH:
                self._faults = await missing(self._relais)
                self._looked = clock.now()
        return self._faults


async def missing(relais: Relais) -> dict[str, str]:
    """What is not there, by dependency, with its cure: for the people who run Relais."""
    database, engine, actions = await asyncio.gather(
        _database(relais), _engine(relais), _actions(relais.settings.actions_url)
    )
    return {**database, **engine, **actions}


async def _database(relais: Relais) -> dict[str, str]:
    try:
        async with relais.database.begin() as connection:
            workers = await connection.scalar(_WORKERS)
    except DatabaseUnavailable:
        return {"database": "PostgreSQL ne répond pas. Voir RELAIS_DATABASE_URL, ou le journal de `bot up`."}
    return {} if workers else {"worker": "Aucun worker ne travaille. Lancez `python -m bot worker`."}


async def _engine(relais: Relais) -> dict[str, str]:
    if await relais.dialogue.alive():
        return {}
    return {"engine": f"Le moteur de dialogue ne répond pas à {relais.settings.rasa_url}."}


async def _actions(url: str) -> dict[str, str]:
    try:
        async with httpx.AsyncClient(timeout=1.0, trust_env=False) as client:
            response = await client.get(f"{url.rstrip('/')}/health")
    except httpx.TransportError:
        return {"actions": f"Les actions ne répondent pas à {url}."}
    return {} if response.status_code == 200 else {"actions": f"Les actions répondent {response.status_code}."}
