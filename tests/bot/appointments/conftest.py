"""Appointments as sources tell them, over a real database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from bot import clock
from bot.appointment_models import appointment, appointment_event, reminder
from bot.appointments.facts import Facts
from bot.appointments.people import People
from bot.appointments.register import Register, Taken
from bot.database import Database
from bot.keys import Keys
from bot.reminders.plan import Plan, Plans
from bot.reminders.planner import Planner
from bot.settings import Settings
from bot.vault import Vault
from tests.bot.appointments.desk import Desk

PHONE = "06 39 98 00 01"


def in_days(days: int, hour: int = 14) -> datetime:
    """An hour of the wall of Lyon, in so many days."""
    local = clock.now().astimezone(clock.PARIS) + timedelta(days=days)
    return local.replace(hour=hour, minute=0, second=0, microsecond=0)


def facts(**changes: Any) -> Facts:
    given: dict[str, Any] = {
        "source": "api",
        "source_id": "A1",
        "first_name": "Amina",
        "phone": PHONE,
        "starts_at": in_days(20),
        "told_at": clock.now(),
        "place": "Maison de la Métropole, Bron",
        "kind": "orientation",
    }
    return Facts(**{**given, **changes})


@dataclass
class Office:
    """The register and what it wrote."""

    database: Database
    vault: Vault
    register: Register

    async def take(self, **changes: Any) -> Taken:
        async with self.database.begin() as connection:
            return await self.register.take(connection, facts(**changes), how="api")

    async def rows(self, table: Any, *order: Any) -> list[Any]:
        async with self.database.begin() as connection:
            return list(await connection.execute(select(table).order_by(*order)))

    async def appointments(self) -> list[Any]:
        return await self.rows(appointment, appointment.c.created_at)

    async def reminders(self) -> list[tuple[str, str, str]]:
        rows = await self.rows(reminder, reminder.c.starts_at, reminder.c.due_at)
        return [(row.kind, row.state, row.reason) for row in rows]

    async def events(self) -> list[str]:
        return [row.what for row in await self.rows(appointment_event, appointment_event.c.id)]


@pytest.fixture
async def office(database: Database, keys: Keys) -> AsyncIterator[Office]:
    vault = Vault(keys)
    yield Office(database, vault, Register(People(vault), Planner(Plans(Plan(), {}))))


@pytest.fixture
def desk(settings: Settings, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(settings, database, tmp_path, capsys)
