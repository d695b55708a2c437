"""Tells RDV Service Public what a person decided, and the person only once it is done there.

Each row is claimed for a while, told without any transaction, and settled once, whoever else told it too: to excuse
somebody twice changes nothing. What cannot be told within about an hour is left to the team, and the person is told so.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, appointment_event, write_back
from bot.appointments.answers import NOT_WRITTEN_BACK, TAKEN_BACK
from bot.appointments.facts import CANCELLED
from bot.appointments.register import note
from bot.connectors.errors import Refused, UpstreamError
from bot.connectors.rdvsp_api import RdvServicePublic
from bot.database import AnyRow, Database
from bot.models import conversation, message
from bot.outbox import SYSTEM, Line, Outbox
from bot.reminders.planner import Planner
from bot.tasks import Tasks
from bot.texts import Texts

log = logging.getLogger(__name__)

LADDER_SECONDS = (5, 15, 60, 180, 300, 600, 900, 1500)
"""59 minutes in all: longer than a restart over there, shorter than the person's patience."""
CLAIMED = timedelta(seconds=60)
"""Longer than the calls of one row may last (a token, twice the call): after it, the worker that had it has died."""
MOVED, BEGUN, NOT_CONNECTED = "moved", "begun", "not connected"


class WriteBack:
    """`api` is None where Relais may not write to RDV Service Public: the team does it by hand."""

    def __init__(
        self,
        database: Database,
        api: RdvServicePublic | None,
        planner: Planner,
        outbox: Outbox,
        tasks: Tasks,
        texts: Texts,
        kinds: Mapping[str, str],
    ) -> None:
        self._database = database
        self._api = api
        self._planner = planner
        self._outbox = outbox
        self._tasks = tasks
        self._texts = texts
        self._kinds = kinds

    async def send_due(self) -> int:
        """Tell everything that is due, one after the other; how many were tried. Raises DatabaseUnavailable."""
        tried = 0
        while (row := await self._claim()) is not None:
            tried += 1
            await self._try(row)
        return tried

    async def _claim(self) -> AnyRow | None:
        now = clock.now()
        due = (
            select(write_back.c.id)
            .where(write_back.c.state == "waiting", write_back.c.due_at <= now)
            .order_by(write_back.c.due_at)
            .limit(1)
            .with_for_update(skip_locked=True)
            .scalar_subquery()
        )
        async with self._database.begin() as connection:
            claimed = await connection.execute(
                update(write_back)
                .where(write_back.c.id == due)
                .values(due_at=now + CLAIMED, attempts=write_back.c.attempts + 1, reason="")  # empty: it is being told
                .returning(write_back)
            )
            return claimed.one_or_none()

    async def _try(self, row: AnyRow) -> None:
        known, moved = await self._look(row)
        if known.removed_at is not None or known.status in CANCELLED:
            await self._done(row, clock.now())  # there is nothing left to cancel
            return
        if _comes(known, row):
            await self._taken_back(row)
            return
        if moved or known.starts_at <= clock.now():
            await self._failed(row, MOVED if moved else BEGUN)
            return
        at = clock.now()
        try:
            await self._tell(known.participation)
        except UpstreamError as error:
            log.warning("write back %s: %s", row.id, error.code)
            await self._again(row, error)
        else:
            await self._done(row, at)

    async def _tell(self, participation: str) -> None:
        if self._api is None or not participation:
            raise Refused(NOT_CONNECTED, Refused.__doc__ or "")
        await self._api.excuse(participation)

    async def _look(self, row: AnyRow) -> tuple[AnyRow, bool]:
        """The appointment as it is now, and whether it has another date than the one that was cancelled."""
        later = exists().where(
            appointment_event.c.appointment_id == row.appointment_id,
            appointment_event.c.what == "moved",
            appointment_event.c.at >= row.created_at,
        )
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(appointment, later.label("moved")).where(appointment.c.id == row.appointment_id)
            )
            known = found.one()
        return known, bool(known.moved)

    async def _again(self, row: AnyRow, error: UpstreamError) -> None:
        if not error.again or row.attempts > len(LADDER_SECONDS):
            await self._failed(row, error.code)
            return
        pause = max(LADDER_SECONDS[row.attempts - 1], min(error.retry_after, LADDER_SECONDS[-1]))
        async with self._database.begin() as connection:
            await connection.execute(
                update(write_back)
                .where(write_back.c.id == row.id, write_back.c.state == "waiting")
                .values(due_at=clock.now() + timedelta(seconds=pause), reason=error.code)
            )

    async def _done(self, row: AnyRow, at: datetime) -> None:
        """It is cancelled there: from now on it is here, and the person may be told."""
        async with self._database.begin() as connection:
            known = await self._settle(connection, row, "done", "")
            if known is None:
                return
            if known.removed_at is None and known.status not in CANCELLED:
                asked_on = select(conversation.c.channel).where(conversation.c.id == row.conversation_id)
                await self._excuse(connection, row, known, at, str(await connection.scalar(asked_on) or ""))
            thread = await self._thread(connection, row)  # after the reminders, which are locked before it
            if not known.notified_upstream:
                await self._say(connection, row, thread, "system_cancelled")

    async def _excuse(self, connection: AsyncConnection, row: AnyRow, known: AnyRow, at: datetime, how: str) -> None:
        said = {"answered_at": row.created_at, "answered_how": how, "confirmed_at": None}
        await connection.execute(
            update(appointment)
            .where(appointment.c.id == known.id)
            # What was sent from there before this is older than it, and does not undo it.
            .values(status="excused", told_at=max(known.told_at, at), updated_at=clock.now(), **said)
        )
        about = {"how": how, "starts_at": known.starts_at, "cause": row.cause}
        await note(connection, known.id, "cancelled", **about)
        await self._planner.replan(connection, [known.id], now=clock.now())

    async def _failed(self, row: AnyRow, reason: str) -> None:
        """The team is asked to do it, and the person told so."""
        async with self._database.begin() as connection:
            known = await self._settle(connection, row, "failed", reason)
            if known is None:
                return
            await self._planner.replan(connection, [known.id], now=clock.now())  # it is on until the team cancels it
            if _comes(known, row):  # nobody is to cancel it by hand
                return
            await self._say(connection, row, await self._thread(connection, row), "system_cancel_handed_on")
            heard = await connection.scalar(select(message.c.id).where(message.c.id == row.cause))
            await self._tasks.open(
                connection,
                reason=NOT_WRITTEN_BACK,
                cause=str(row.id),
                conversation_id=row.conversation_id,
                message_id=heard,
                details={"code": reason, "appointment": str(known.id), "participation": known.participation},
            )

    async def _taken_back(self, row: AnyRow) -> None:
        """The person said meanwhile that they come: nothing is told, and they have had their answer."""
        async with self._database.begin() as connection:
            if await self._settle(connection, row, "failed", TAKEN_BACK) is not None:
                await self._planner.replan(connection, [row.appointment_id], now=clock.now())

    async def _settle(self, connection: AsyncConnection, row: AnyRow, state: str, reason: str) -> AnyRow | None:
        """The appointment, locked; None when somebody else has settled this row."""
        locked = select(appointment).where(appointment.c.id == row.appointment_id).with_for_update()
        known = (await connection.execute(locked)).one_or_none()
        settled = await connection.execute(
            update(write_back)
            .where(write_back.c.id == row.id, write_back.c.state == "waiting")
            .values(state=state, reason=reason, settled_at=clock.now())
        )
        return known if settled.rowcount else None

    async def _thread(self, connection: AsyncConnection, row: AnyRow) -> AnyRow | None:
        """Where the person asked; None when it is gone."""
        mine = select(conversation).where(conversation.c.id == row.conversation_id, conversation.c.erased_at.is_(None))
        return (await connection.execute(mine.with_for_update(key_share=True))).one_or_none()

    async def _say(self, connection: AsyncConnection, row: AnyRow, thread: AnyRow | None, key: str) -> None:
        if thread is None:
            return
        kind = self._kinds.get(thread.channel, "sms")
        reply = self._texts.say(key, kind=kind, language=thread.language)
        line = Line(reply, SYSTEM, f"write_back:{row.id}")
        await self._outbox.say(connection, thread.id, row.cause, [line])


def _comes(known: AnyRow, row: AnyRow) -> bool:
    """Whether the person said, since they cancelled, that they come."""
    return known.confirmed_at is not None and known.confirmed_at > row.created_at
