"""The waiting list of a full session: a seat that is freed is offered to the first, and to the next when time is up.

While an offer is open its seat is held. Offers leave by day; a seat that is freed at night, or while nothing leaves, is
kept for the list. An offer that never left was none: it is made anew. Whoever has had what a day allows is asked
another day, and the next one first. Whoever can not be told is taken off the list, and a human is told so.
"""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, waiting
from bot.appointments.reach import Reach, Road
from bot.appointments.seats import CLOSES, is_on, lock
from bot.database import AnyRow
from bot.models import message
from bot.reminders import quiet
from bot.tasks import Tasks
from channels.base import Reply
from knowledge import calendar_words

UNTOLD = "session_untold"
SOON = timedelta(hours=48)
WORTH_OFFERING = timedelta(minutes=30)
"""An offer that would be open for less than this is none."""


@dataclass(frozen=True)
class Terms:
    """How long an offer is open: `usual`, and `soon` when the session begins within two days."""

    usual: timedelta = timedelta(hours=24)
    soon: timedelta = timedelta(hours=3)

    def until(self, now: datetime, starts_at: datetime) -> datetime:
        length = self.soon if starts_at - now < SOON else self.usual
        return min(now + length, starts_at - CLOSES)


class WaitingList:
    def __init__(self, reach: Reach, tasks: Tasks, terms: Terms) -> None:
        self._reach = reach
        self._tasks = tasks
        self._terms = terms

    async def refill(self, connection: AsyncConnection, session_id: UUID) -> int:
        """End the offers whose time is up, and offer what is free to those who wait; how many were made."""
        now = clock.now()
        row = await lock(connection, session_id)
        if row is None or row.cancelled_at is not None:
            return 0
        await connection.execute(_make_anew(session_id, now))
        await connection.execute(_expire(session_id, now))
        until = self._terms.until(now, row.starts_at)
        if row.starts_at <= now:
            await connection.execute(update(waiting).where(*_open(session_id)).values(state="left"))
        if quiet.is_quiet(now) or until - now < WORTH_OFFERING or await self._reach.is_halted(connection):
            return 0
        return await self._offer_all(connection, row, now, until)

    async def _offer_all(self, connection: AsyncConnection, row: AnyRow, now: datetime, until: datetime) -> int:
        free = row.seats - int(await connection.scalar(_taken(row.id)) or 0)
        made, asked = 0, set[UUID]()
        while made < free and (entry := await self._first(connection, row.id, asked)) is not None:
            asked.add(entry.id)
            made += await self._offer(connection, row, entry, now, until)
        return made

    async def _first(self, connection: AsyncConnection, session_id: UUID, but: Collection[UUID]) -> AnyRow | None:
        found = await connection.execute(
            select(waiting)
            .where(waiting.c.session_id == session_id, waiting.c.state == "waiting", waiting.c.id.not_in(but))
            .order_by(waiting.c.created_at, waiting.c.id)
            .limit(1)
            .with_for_update()
        )
        return found.one_or_none()

    async def _offer(
        self, connection: AsyncConnection, row: AnyRow, entry: AnyRow, now: datetime, until: datetime
    ) -> int:
        road = await self._reach.find(connection, entry.person_id)
        mine = update(waiting).where(waiting.c.id == entry.id)
        if road is None:
            await connection.execute(mine.values(state="left"))
            await self.untold(connection, row, entry.person_id, "system_session_offer")
            return 0
        if await self._reach.had_enough(connection, road):
            return 0
        await connection.execute(mine.values(state="offered", offered_at=now, expires_at=until))
        reply = self._worded(road, row, entry.person_id, until)
        part = f"offer:{entry.id}:{now.isoformat()}"
        latest = now + (until - now) / 2  # who gets it has at least half of the time to answer
        await self._reach.tell(connection, road, reply, cause=entry.id, part=part, valid_until=latest)
        return 1

    def _worded(self, road: Road, row: AnyRow, person_id: UUID, until: datetime) -> Reply:
        return self._reach.word(
            road,
            "system_session_offer",
            when=calendar_words.moment(local(row), road.language),
            place=row.place,
            until=calendar_words.moment(until.astimezone(ZoneInfo(row.zone)), road.language),
            choices=[
                {"each": "system_session_offer_yes", "payload": payload(row.id, person=str(person_id))},
                {"each": "system_session_offer_no", "payload": payload(row.id, person=str(person_id), step="decline")},
            ],
        )

    async def untold(self, connection: AsyncConnection, row: AnyRow, person_id: UUID, what: str) -> None:
        """Leave it to a human to tell somebody who can not be written to `what`: once for each date of the session."""
        starts_at = row.starts_at.isoformat()
        await self._tasks.open(
            connection,
            reason=UNTOLD,
            cause=f"{row.id}:{person_id}:{what}:{starts_at}",
            details={"session": str(row.id), "person": str(person_id), "what": what, "starts_at": starts_at},
        )


def payload(session_id: UUID, **more: str) -> str:
    """What a choice about a session carries."""
    return f"/book_appointment{json.dumps({'session': str(session_id), **more})}"


def local(row: AnyRow) -> datetime:
    """When the session of a row starts, on the wall of where it takes place."""
    starts_at: datetime = row.starts_at.astimezone(ZoneInfo(row.zone))
    return starts_at


def _open(session_id: UUID) -> tuple[Any, ...]:
    return waiting.c.session_id == session_id, waiting.c.state.in_(("waiting", "offered"))


def never_left(now: datetime) -> Any:
    """Whether an offer ends, or is not sent any more, without a try to send it."""
    message_of = (message.c.cause == waiting.c.id, message.c.created_at >= waiting.c.offered_at)
    unsent = and_(message.c.state.in_(("queued", "skipped")), func.cardinality(message.c.lost_ids) == 0)
    over = or_(waiting.c.expires_at <= now, message.c.state == "skipped")
    return and_(
        waiting.c.state == "offered", select(message.c.id).where(*message_of, unsent, over).correlate(waiting).exists()
    )


def _make_anew(session_id: UUID, now: datetime) -> Any:
    """Back to their place on the list."""
    mine = update(waiting).where(waiting.c.session_id == session_id, never_left(now))
    return mine.values(state="waiting", offered_at=None, expires_at=None)


def _expire(session_id: UUID, now: datetime) -> Any:
    over = (waiting.c.session_id == session_id, waiting.c.state == "offered", waiting.c.expires_at <= now)
    return update(waiting).where(*over).values(state="expired")


def _taken(session_id: UUID) -> Any:
    """The seats of those who come, and those that are held for an offer."""
    seated = select(func.count()).where(appointment.c.session_id == session_id, is_on()).scalar_subquery()
    held = select(func.count()).where(waiting.c.session_id == session_id, waiting.c.state == "offered")
    return select(seated + held.scalar_subquery())
