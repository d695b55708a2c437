"""The OAuth token of RDV Service Public: kept sealed, renewed by one process at a time, never held in memory.

A refresh token serves once: the one that comes with the answer is kept for the next time. The one in the settings
is where it begins; another one there (somebody authorised Relais again) takes the place of what was kept.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import httpx
from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import clock, vault
from bot.appointment_models import connector
from bot.connectors.errors import Unauthorised, Unreachable
from bot.connectors.told import SOURCE
from bot.database import Database
from bot.vault import Vault

RENEWING = timedelta(seconds=30)
"""Longer than a call may last: a process that died over it holds the others up no longer than this."""
_LOOK_AGAIN_SECONDS = 0.2
_AHEAD = timedelta(minutes=1)
_LIFE_SECONDS = 7200


@dataclass(frozen=True)
class Client:
    """The application as it is registered with RDV Service Public, and the first refresh token."""

    id: str
    secret: str
    refresh: str

    @property
    def mark(self) -> str:
        """Tells whether what is kept began with this token."""
        return hashlib.sha256(self.refresh.encode()).hexdigest()


class Token:
    def __init__(self, database: Database, vault: Vault, http: httpx.AsyncClient, client: Client) -> None:
        self._database = database
        self._vault = vault
        self._http = http
        self._client = client

    async def get(self, *, refused: str = "") -> str:
        """An access token, but not the one that was `refused`; raises Unauthorised, Unreachable."""
        while True:
            kept = await self._kept()
            if kept["access"] and kept["access"] != refused and self._is_fresh(kept):
                return str(kept["access"])
            if await self._claim():
                return await self._renew(refused)
            await asyncio.sleep(_LOOK_AGAIN_SECONDS)

    async def _renew(self, refused: str) -> str:
        """Ask for a new one. No transaction is open meanwhile: the claim is a row."""
        try:
            kept = await self._kept()  # another process may have been done just before the claim
            if not (kept["access"] and kept["access"] != refused and self._is_fresh(kept)):
                kept = await self._ask(kept["refresh"])
                await self._keep(kept)
            return str(kept["access"])
        finally:
            await self._release()

    async def _ask(self, refresh: str) -> dict[str, Any]:
        form = {
            "grant_type": "refresh_token",
            "refresh_token": refresh,
            "client_id": self._client.id,
            "client_secret": self._client.secret,
        }
        try:
            answer = await self._http.post("/oauth/token", data=form)
            given = answer.json() if answer.status_code == 200 else {}
        except (httpx.HTTPError, ValueError) as error:
            raise Unreachable(type(error).__name__, Unreachable.__doc__ or "") from None
        if answer.status_code in (400, 401, 403):
            raise Unauthorised("token refused", Unauthorised.__doc__ or "")
        if not isinstance(given, dict) or not isinstance(given.get("access_token"), str):
            raise Unreachable(f"token {answer.status_code}", Unreachable.__doc__ or "")
        life = given.get("expires_in")
        ends_at = clock.now() + timedelta(seconds=life if isinstance(life, int) else _LIFE_SECONDS)
        again = given.get("refresh_token") or refresh
        return {"access": given["access_token"], "refresh": again, "ends_at": ends_at.isoformat()}

    def _is_fresh(self, kept: dict[str, Any]) -> bool:
        return datetime.fromisoformat(kept["ends_at"]) > clock.now() + _AHEAD

    async def _kept(self) -> dict[str, Any]:
        async with self._database.begin() as connection:
            sealed = await connection.scalar(select(connector.c.token_secret).where(connector.c.source == SOURCE))
        kept: dict[str, Any] = self._vault.open(vault.TOKEN, sealed) or {}
        if kept.get("began") == self._client.mark:
            return kept
        return {"access": "", "refresh": self._client.refresh, "ends_at": ""}

    async def _keep(self, kept: dict[str, Any]) -> None:
        sealed = self._vault.seal(vault.TOKEN, {**kept, "began": self._client.mark})
        async with self._database.begin() as connection:
            await connection.execute(update(connector).where(connector.c.source == SOURCE).values(token_secret=sealed))

    async def _claim(self) -> bool:
        now = clock.now()
        free = or_(connector.c.renewing_until.is_(None), connector.c.renewing_until < now)
        async with self._database.begin() as connection:
            await connection.execute(insert(connector).values(source=SOURCE).on_conflict_do_nothing())
            claimed = await connection.execute(
                update(connector).where(connector.c.source == SOURCE, free).values(renewing_until=now + RENEWING)
            )
        return bool(claimed.rowcount)

    async def _release(self) -> None:
        async with self._database.begin() as connection:
            await connection.execute(update(connector).where(connector.c.source == SOURCE).values(renewing_until=None))
