"""Holds the reminders of an import, a backfill or a reconciliation that would send too many until a human says yes.

`held_at` set and `approved_at` empty is what the due scan looks at.
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import intake, reminder
from bot.database import AnyRow
from bot.models import task
from bot.reminders.plan import HELD_TOO_LONG
from bot.tasks import Tasks

REASON = "intake_held"
SOON = timedelta(hours=24)


class Hold:
    """`most` reminders of one intake may leave within 24 hours without being asked about."""

    def __init__(self, tasks: Tasks, most: int) -> None:
        self._tasks = tasks
        self._most = most

    def asks(self, soon: int) -> bool:
        """Whether so many within 24 hours wait for a yes."""
        return soon > self._most

    async def settle(self, connection: AsyncConnection, intake_id: UUID, *, always: bool = False) -> bool:
        """Whether its reminders wait for a yes: there are too many soon, or `always`. Opens the task, once."""
        found = await self._lock(connection, intake_id)
        if found.approved_at is not None:
            return False
        soon = await self._soon(connection, intake_id)
        if found.held_at is None and not always and not self.asks(soon):
            return False
        if found.held_at is None:
            await connection.execute(update(intake).where(intake.c.id == intake_id).values(held_at=clock.now()))
        details = {"source": found.source, "what": found.what, "reminders": soon}
        await self._tasks.open(connection, reason=REASON, cause=str(intake_id), details=details)
        return True

    async def approve(self, connection: AsyncConnection, intake_id: UUID, by: str) -> bool:
        """Let them go; those that say nothing useful any more are skipped. False when they were not held."""
        found = await self._lock(connection, intake_id)
        if found.held_at is None or found.approved_at is not None:
            return False
        now = clock.now()
        # Whoever changes an appointment locks its reminders before the intake: those are left to the next round.
        useless = (reminder.c.intake_id == intake_id, reminder.c.state == "planned", reminder.c.valid_until <= now)
        free = select(reminder.c.id).where(*useless).with_for_update(skip_locked=True)
        await connection.execute(
            update(reminder)
            .where(reminder.c.id.in_(free))
            .values(state="skipped", reason=HELD_TOO_LONG, settled_at=now)
        )
        await connection.execute(update(intake).where(intake.c.id == intake_id).values(approved_at=now, approved_by=by))
        asked = (task.c.reason == REASON, task.c.cause == str(intake_id))
        for task_id in (await connection.scalars(select(task.c.id).where(*asked))).all():
            await self._tasks.close(connection, task_id, "approved")
        return True

    async def _lock(self, connection: AsyncConnection, intake_id: UUID) -> AnyRow:
        """Not against those who only refer to it: each post of the hour has done so before it asks for this."""
        mine = select(intake).where(intake.c.id == intake_id).with_for_update(key_share=True)
        return (await connection.execute(mine)).one()

    async def _soon(self, connection: AsyncConnection, intake_id: UUID) -> int:
        due = (reminder.c.state == "planned", reminder.c.due_at <= clock.now() + SOON)
        count = select(func.count()).select_from(reminder).where(reminder.c.intake_id == intake_id, *due)
        return await connection.scalar(count) or 0
