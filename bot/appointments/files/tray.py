"""What came in together: its reminders are held while it is under way, then judged by their number.

A task says that an import is under way. It is closed at the end; of one that was cut off it stays open, and the next
import ends that one too.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import intake
from bot.appointments import together
from bot.appointments.files.faults import BadFile
from bot.database import Database
from bot.models import task
from bot.reminders.planner import Planner
from bot.tasks import Tasks

UNFINISHED = "import_unfinished"
_ALONE = 7_304_115
"""The number of the lock by which one import goes on at a time; any number, the same everywhere."""


class Tray:
    """One import of one file, from its first row to the judgement of its reminders."""

    def __init__(self, database: Database, tasks: Tasks, settle: together.Settle, source: str) -> None:
        self.id = uuid4()
        self._database = database
        self._tasks = tasks
        self._settle = settle
        self._source = source

    @asynccontextmanager
    async def alone(self) -> AsyncIterator[None]:
        """Two imports at once would each take the other for one that was cut off."""
        async with self._database.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            if not await connection.scalar(select(func.pg_try_advisory_lock(_ALONE))):
                raise BadFile("Un autre import est en cours. Attendez qu'il finisse, puis relancez.")
            try:
                yield
            finally:
                await connection.scalar(select(func.pg_advisory_unlock(_ALONE)))

    async def open(self, connection: AsyncConnection) -> None:
        """Begin, or go on: nothing of what comes in is sent before `finish`."""
        now = clock.now()
        added = insert(intake).values(id=self.id, source=self._source, what="import", created_at=now, held_at=now)
        if await connection.scalar(added.on_conflict_do_nothing().returning(intake.c.id)):
            await self._tasks.open(connection, reason=UNFINISHED, cause=str(self.id))

    async def plan(self, connection: AsyncConnection, planner: Planner, ids: Sequence[UUID]) -> int:
        """Plan the reminders of these appointments; how many new ones are due within a day."""
        return await together.plan(connection, planner, ids, self.id)

    async def finish(self, connection: AsyncConnection) -> bool:
        """Let the reminders go, or leave them to a human; those of an import that was cut off as well."""
        unfinished = select(task.c.id, task.c.cause).where(task.c.reason == UNFINISHED, task.c.closed_at.is_(None))
        held = False
        for row in (await connection.execute(unfinished.order_by(task.c.created_at))).all():
            of = UUID(row.cause)
            await connection.execute(update(intake).where(intake.c.id == of).values(held_at=None))
            held = await self._settle(connection, of) or held
            await self._tasks.close(connection, row.id, "terminé")
        return held
