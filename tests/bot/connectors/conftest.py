"""A whole site with its sources of appointments; only these, the engine and the provider are played."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from bot import clock
from bot.appointment_models import appointment, appointment_event, person, reminder
from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.settings import Settings
from bot.web import create
from tests.standins import rdv_service_public as source
from tests.standins.server import serving

PLANNED = [("j7", "planned", ""), ("j2", "planned", ""), ("j0", "planned", "")]


@dataclass
class Site:
    """Relais, and RDV Service Public beside it."""

    relais: Relais
    upstream: source.Upstream

    async def rows(self, table: Any, *order: Any) -> list[Any]:
        async with self.relais.database.begin() as connection:
            return list(await connection.execute(select(table).order_by(*order)))

    async def appointments(self) -> list[Any]:
        return await self.rows(appointment, appointment.c.source_id)

    async def the_one(self) -> Any:
        (found,) = await self.appointments()
        return found

    async def reminders(self) -> list[tuple[str, str, str]]:
        rows = await self.rows(reminder, reminder.c.starts_at, reminder.c.due_at)
        return [(row.kind, row.state, row.reason) for row in rows]

    async def events(self) -> list[str]:
        return [row.what for row in await self.rows(appointment_event, appointment_event.c.id)]

    async def people(self) -> list[tuple[str, str]]:
        rows = await self.rows(person, person.c.created_at)
        async with self.relais.database.begin() as connection:
            found = [await self.relais.people.get(connection, row.id) for row in rows]
        return sorted((one.first_name, one.phone) for one in found)

    async def tasks(self) -> list[Any]:
        async with self.relais.database.begin() as connection:
            return list(await self.relais.tasks.list_open(connection))


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with source.started() as upstream:
        changed = settings.model_copy(
            update={
                "rdvsp_secret": SecretStr(source.SECRET),
                "rdvi_secret": SecretStr(source.SECRET),
                "rdvsp_api_url": upstream.url,
                "rdvsp_client_id": source.CLIENT[0],
                "rdvsp_client_secret": SecretStr(source.CLIENT[1]),
                "rdvsp_refresh_token": SecretStr(source.FIRST_TOKEN),
            }
        )
        relais = Relais(changed, load_keys(changed), Database(changed.database_url), "test")
        async with serving(create(relais)) as url:
            upstream.site = url
            yield Site(relais, upstream)


@pytest.fixture
def later(tmp_path: Path) -> Callable[[float], None]:
    """Moves the clock forward, by seconds."""

    def move(seconds: float) -> None:
        clock.start(tmp_path / str(clock.now()), clock.now() + timedelta(seconds=seconds))

    return move
