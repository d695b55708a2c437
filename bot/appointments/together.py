"""Reminders of what came in together: they belong to its intake, by which they are held back or let go."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import reminder
from bot.reminders.planner import Planner

SOON = timedelta(days=1)

Settle = Callable[[AsyncConnection, UUID], Awaitable[bool]]
"""Judges the reminders of an intake that are due within a day; True when they wait for a human's yes."""


async def plan(connection: AsyncConnection, planner: Planner, ids: Sequence[UUID], intake_id: UUID) -> int:
    """Plan the reminders of these appointments; how many new ones, now the intake's, are due within a day."""
    if not ids:
        return 0
    now = clock.now()
    planned = (reminder.c.appointment_id.in_(ids), reminder.c.state == "planned")
    before = (await connection.scalars(select(reminder.c.id).where(*planned))).all()
    await planner.replan(connection, ids, now=now)
    ours = (*planned, reminder.c.id.not_in(before))
    await connection.execute(update(reminder).where(*ours).values(intake_id=intake_id))
    soon = select(func.count()).select_from(reminder).where(*ours, reminder.c.due_at <= now + SOON)
    return await connection.scalar(soon) or 0
