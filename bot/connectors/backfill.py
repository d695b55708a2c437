"""Recognises what a source tells again because somebody set up a webhook: nothing of it is sent without a human's yes.

RDV Service Public then tells every meeting it has as « created »: 25,000 at once were seen. Such a meeting is older
than its word; where the source does not say how old it is, many new ones within a minute give it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol
from uuid import UUID, uuid4

from sqlalchemy import func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, intake, meeting, reminder
from bot.connectors import meetings
from bot.connectors.told import SOURCE, Told

WHAT = "backfill"
BURST = 30
WINDOW = timedelta(minutes=1)
"""More new meetings than this within a minute are no office at work. Reminders of what is made late wait longer."""


class Settle(Protocol):
    """`bot/reminders/hold.py`: holds the reminders of an intake, and opens the task that asks for a yes."""

    async def __call__(self, connection: AsyncConnection, intake_id: UUID, *, always: bool = False) -> bool: ...


class Backfill:
    def __init__(self, settle: Settle) -> None:
        self._settle = settle

    async def is_burst(self, connection: AsyncConnection, connector: str) -> bool:
        """Whether a new meeting comes after many others; one at a time, so that each sees how many came before."""
        await meetings.lock_new(connection, connector)
        recent = (meeting.c.source == connector, meeting.c.heard_at > clock.now() - WINDOW)
        count = await connection.scalar(select(func.count()).select_from(meeting).where(*recent))
        return (count or 0) >= BURST

    async def prepare(self, connection: AsyncConnection, connector: str) -> None:
        """To be called before any row is locked: `hold` makes one intake, whoever else holds at the same time."""
        if await self._open(connection, connector) is None:
            await meetings.lock_new(connection, connector)

    async def hold(self, connection: AsyncConnection, told: Told, ids: Sequence[UUID], *, burst: bool) -> UUID:
        """Put these appointments into the intake that waits, and with a burst those that came just before them."""
        found = await self._open(connection, told.connector)
        held = found or await self._new(connection, told.connector)
        await put_in(connection, held, ids)
        if burst:
            await put_in(connection, held, await self._just_before(connection, told.connector))
        if found is None:
            await self._settle(connection, held, always=True)
        return held

    async def _open(self, connection: AsyncConnection, connector: str) -> UUID | None:
        waits = (intake.c.held_at.is_not(None), intake.c.approved_at.is_(None))
        return await connection.scalar(
            select(intake.c.id)
            .where(intake.c.source == connector, intake.c.what == WHAT, *waits)
            .order_by(intake.c.created_at.desc())
            .limit(1)
        )

    async def _new(self, connection: AsyncConnection, connector: str) -> UUID:
        intake_id = uuid4()
        await connection.execute(
            insert(intake).values(id=intake_id, source=connector, what=WHAT, created_at=clock.now())
        )
        return intake_id

    async def _just_before(self, connection: AsyncConnection, connector: str) -> Sequence[UUID]:
        recent = select(meeting.c.meeting).where(
            meeting.c.source == connector, meeting.c.heard_at > clock.now() - WINDOW
        )
        found = await connection.scalars(
            select(appointment.c.id)
            .where(appointment.c.source == SOURCE, appointment.c.meeting.in_(recent), appointment.c.intake_id.is_(None))
            .order_by(appointment.c.id)
            .with_for_update()
        )
        return found.all()


async def put_in(connection: AsyncConnection, intake_id: UUID, ids: Sequence[UUID]) -> None:
    """Make appointments, and their reminders that have not left, part of an intake."""
    if not ids:
        return
    await connection.execute(update(appointment).where(appointment.c.id.in_(ids)).values(intake_id=intake_id))
    planned = (reminder.c.appointment_id.in_(ids), reminder.c.state == "planned")
    await connection.execute(update(reminder).where(*planned).values(intake_id=intake_id))
