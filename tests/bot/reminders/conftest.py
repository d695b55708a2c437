"""Reminders over a real database, with a channel that obeys the test and a clock that it moves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from bot import clock
from bot.appointment_models import intake, reminder
from bot.appointments.register import Taken
from bot.assembly import Relais
from bot.models import conversation
from channels import sms_text
from tests.bot.appointments.conftest import facts
from tests.bot.conftest import Pipeline

MONDAY = datetime(2026, 12, 7, 9, 0, tzinfo=clock.PARIS)
"""A working day, well inside the hours when people may be disturbed."""


@dataclass
class Desk:
    """The reminder engine, and what it did."""

    pipeline: Pipeline
    folder: Path

    @property
    def relais(self) -> Relais:
        return self.pipeline.relais

    def at(self, moment: datetime) -> None:
        """It is now this instant."""
        clock.start(self.folder / f"{moment.timestamp()}", moment)

    def later(self, **span: float) -> datetime:
        self.at(clock.now() + timedelta(**span))
        return clock.now()

    async def take(self, **changes: Any) -> Taken:
        """An appointment, as a source tells it."""
        async with self.relais.database.begin() as connection:
            return await self.relais.register.take(connection, facts(**changes), how="api")

    async def due(self, **changes: Any) -> Taken:
        """An appointment, in two days if nothing else is said; it is now when its first reminder is due."""
        known = {"starts_at": clock.now() + timedelta(days=2, hours=3), **changes}
        taken = await self.take(**known)
        await self.until_due()
        return taken

    async def until_due(self) -> None:
        """It is now when something is due."""
        async with self.relais.database.begin() as connection:
            due = await connection.scalar(select(func.min(reminder.c.due_at)).where(reminder.c.state == "planned"))
        self.at(max(clock.now(), due))

    async def held(self, **changes: Any) -> UUID:
        """Every reminder came with one import that waits for somebody's yes."""
        held, now = uuid4(), clock.now()
        async with self.relais.database.begin() as connection:
            await connection.execute(
                intake.insert().values(id=held, source="api", what="import", created_at=now, held_at=now)
            )
        await self.change(reminder, intake_id=held, **changes)
        return held

    async def many(self, count: int) -> None:
        """As many people with a reminder that is due."""
        starts_at = clock.now() + timedelta(days=2, hours=3)
        async with self.relais.database.begin() as connection:
            for number in range(count):
                told = facts(source_id=f"A{number}", phone=f"+3363998{number:04}", starts_at=starts_at)
                await self.relais.register.take(connection, told, how="api")
        await self.until_due()

    async def round(self) -> float:
        assert self.relais.bulk is not None
        return await self.relais.bulk.round()

    async def rounds(self) -> None:
        """What a worker does until nothing is due that it may send."""
        for _ in range(20):
            before = await self.counts()
            await self.round()
            self.later(seconds=1)
            if await self.counts() == before:
                return

    async def sweep(self) -> None:
        """What the sweep and the jobs that it defers do."""
        await self.relais.sweep.outbox()
        for thread in await self.threads():
            await self.relais.delivery.deliver(thread.id)

    async def reminders(self) -> list[tuple[str, str, str]]:
        async with self.relais.database.begin() as connection:
            rows = await connection.execute(select(reminder).order_by(reminder.c.starts_at, reminder.c.due_at))
            return [(row.kind, row.state, row.reason) for row in rows]

    async def planned(self) -> list[str]:
        return [kind for kind, state, _ in await self.reminders() if state == "planned"]

    async def skipped(self) -> list[str]:
        return [reason for _, state, reason in await self.reminders() if state == "skipped" and reason != "made late"]

    async def counts(self) -> tuple[int, int]:
        return len(await self.planned()), len(self.pipeline.phone.sent)

    async def threads(self) -> list[Any]:
        async with self.relais.database.begin() as connection:
            return list(await connection.execute(select(conversation)))

    async def change(self, table: Any, **values: Any) -> None:
        async with self.relais.database.begin() as connection:
            await connection.execute(table.update().values(**values))

    async def states(self) -> list[tuple[str, str]]:
        return await self.pipeline.states()

    async def tasks(self) -> list[str]:
        return [task.reason for task in await self.pipeline.tasks()]

    @property
    def sent(self) -> list[str]:
        return [sms_text.body(outbound.reply) for outbound in self.pipeline.phone.sent]

    @property
    def numbers(self) -> list[str]:
        return [outbound.address for outbound in self.pipeline.phone.sent]


@pytest.fixture
def desk(pipeline: Pipeline, tmp_path: Path) -> Desk:
    """It is a Monday morning."""
    desk = Desk(pipeline, tmp_path / "clocks")
    desk.at(MONDAY)
    return desk
