"""Takes in what a source tells of a meeting, in one transaction: who takes part, what changed, who is gone.

However often and in whatever order it comes, the newest word stands, and a repeat changes nothing.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import and_, case, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment
from bot.appointments.erasure import forget
from bot.appointments.facts import CANCELLED
from bot.appointments.register import Register
from bot.connectors import meetings
from bot.connectors.backfill import Backfill, put_in
from bot.connectors.told import SOURCE, Told
from bot.database import Database
from bot.reminders.planner import Planner

log = logging.getLogger(__name__)

Heard = Literal["taken", "same", "old", "over", "copy"]
"""`over`: past before we ever heard of it. `copy`: RDV Service Public itself has told of this meeting."""

_Seen = dict[UUID, datetime | None]


class Hearing:
    def __init__(self, database: Database, register: Register, planner: Planner, backfill: Backfill) -> None:
        self._database = database
        self._register = register
        self._planner = planner
        self._backfill = backfill

    async def hear(self, told: Told, *, intake: UUID | None = None) -> Heard:
        """Take one word in; with `intake` (a reconciliation) what it brings belongs there.

        Raises DatabaseUnavailable.
        """
        async with self._database.begin() as connection:
            await meetings.lock(connection, told.meeting)
            return await self._hear(connection, told, intake)

    async def _hear(self, connection: AsyncConnection, told: Told, intake: UUID | None) -> Heard:
        if told.connector != SOURCE and await meetings.last_word(connection, SOURCE, told.meeting) is not None:
            return "copy"
        known = await meetings.last_word(connection, told.connector, told.meeting)
        if known is not None and known.told_at > told.told_at:
            return "old"
        told_as_new = told.event == "created" and intake is None
        heard_at = clock.now() if told_as_new else None
        if told.ends_at is not None and told.ends_at < clock.now() and not await self._seen(connection, told):
            await meetings.keep(connection, told, heard_at=heard_at)
            return "over"
        replayed, burst = told_as_new and told.replayed, False
        if replayed:
            await self._backfill.prepare(connection, told.connector)
        elif told_as_new and known is None:
            burst = await self._backfill.is_burst(connection, told.connector)
        await meetings.keep(connection, told, heard_at=heard_at)
        if known is None and told.connector == SOURCE:
            await meetings.first_word(connection, told)
        before = await self._seen(connection, told) if burst or replayed or intake else None
        changed = await self._apply(connection, told)
        if before is not None:
            await self._put(connection, told, before, intake, burst=burst)
        return "taken" if changed else "same"

    async def _apply(self, connection: AsyncConnection, told: Told) -> bool:
        """Whether anything is not as it was."""
        if told.event == "destroyed":
            return await self._destroy(connection, told)
        if told.listed:
            return await self._take(connection, told)
        at, how = told.told_at, told.connector
        changes = told.changes
        return bool(await self._register.change_meeting(connection, SOURCE, told.meeting, at, how, **changes))

    async def _take(self, connection: AsyncConnection, told: Told) -> bool:
        changed = []
        # In one order for all meetings: two that share their people do not wait for each other.
        for facts in sorted(told.facts, key=lambda one: (one.phone, one.first_name, one.source_id)):
            taken = await self._register.take(connection, facts, how=told.connector, plan=False)
            if taken.change not in ("same", "old"):
                changed.append(taken.appointment_id)
        await self._planner.replan(connection, changed, now=clock.now())
        gone = await self._remove(connection, told, but=told.present) if told.whole else []
        return bool(changed or gone)

    async def _destroy(self, connection: AsyncConnection, told: Told) -> bool:
        gone = await self._remove(connection, told)
        if told.forgotten:
            erased = await forget(connection, list(await self._seen(connection, told)))
            log.info("%s %s: %s people forgotten", told.connector, told.meeting, erased)
        return bool(gone)

    async def _remove(self, connection: AsyncConnection, told: Told, but: Collection[str] = ()) -> list[UUID]:
        at, how = told.told_at, told.connector
        return await self._register.remove(connection, SOURCE, told.meeting, at, how, but=but)

    async def _put(
        self, connection: AsyncConnection, told: Told, before: _Seen, intake: UUID | None, *, burst: bool
    ) -> None:
        """What is now to be reminded of and was not so before belongs to the intake that it came with."""
        after = await self._seen(connection, told)
        ids = [one for one, when in after.items() if when is not None and when != before.get(one)]
        if intake is not None:
            await put_in(connection, intake, ids)
        elif ids:
            await self._backfill.hold(connection, told, ids, burst=burst)

    async def _seen(self, connection: AsyncConnection, told: Told) -> _Seen:
        """The appointments of a meeting, and when those that are on take place."""
        on = and_(appointment.c.removed_at.is_(None), appointment.c.status.not_in(CANCELLED))
        found = await connection.execute(
            select(appointment.c.id, case((on, appointment.c.starts_at), else_=None).label("at")).where(
                appointment.c.source == SOURCE, appointment.c.meeting == told.meeting
            )
        )
        return {row.id: row.at for row in found}
