"""The sessions as their source tells them: new, moved, cancelled; and everybody concerned is told, once, by day.

What has to be told is found in the rows themselves: a change that no `told` follows, a date that somebody on the list
does not know yet. A crash, a night or a weekend in between loses nothing and tells nobody twice.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4

from sqlalchemy import and_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, appointment_event, session, waiting
from bot.appointments.facts import SessionFacts
from bot.appointments.reach import Reach
from bot.appointments.register import Register, note
from bot.appointments.sayable import sayable
from bot.appointments.seats import is_on, lock
from bot.appointments.sessions import BOOKED
from bot.appointments.waiting_list import WaitingList, local
from bot.database import AnyRow
from bot.reminders import quiet
from knowledge import calendar_words

TOLD = "told"
HOW = "session"


@dataclass(frozen=True)
class Kept:
    """Where a session was put, and what that changed of it; `was_at`: its date before, when it has another one now.

    `unsaid` are the texts that were not kept.
    """

    session_id: UUID
    change: Literal["new", "moved", "changed", "cancelled", "same"]
    was_at: datetime | None = None
    unsaid: tuple[str, ...] = ()


_SHARED = ("starts_at", "zone", "duration_min", "place", "structure", "bring")
"""What an appointment has of its session."""


class Programme:
    def __init__(self, register: Register, waiting_list: WaitingList, reach: Reach) -> None:
        self._register = register
        self._waiting_list = waiting_list
        self._reach = reach

    async def keep(self, connection: AsyncConnection, facts: SessionFacts) -> Kept:
        """Take a session in; its appointments follow. A repeat changes nothing."""
        facts, unsaid = sayable(facts)
        return replace(await self._keep(connection, facts), unsaid=unsaid)

    async def _keep(self, connection: AsyncConnection, facts: SessionFacts) -> Kept:
        given = asdict(facts)
        cancelled = given.pop("cancelled")
        given["languages"] = list(facts.languages)
        added = insert(session).values(
            id=uuid4(), created_at=clock.now(), cancelled_at=clock.now() if cancelled else None, **given
        )
        added = added.on_conflict_do_nothing(index_elements=["source", "source_id"])
        new: UUID | None = await connection.scalar(added.returning(session.c.id))
        if new is not None:
            return Kept(new, "new")
        known = (session.c.source == facts.source, session.c.source_id == facts.source_id)
        row = (await connection.execute(select(session).where(*known).with_for_update())).one()
        changes = {name: value for name, value in given.items() if getattr(row, name) != value}
        if cancelled != (row.cancelled_at is not None):
            changes["cancelled_at"] = clock.now() if cancelled else None
        if changes:
            await connection.execute(update(session).where(session.c.id == row.id).values(**changes))
            await self._follow(connection, row.id, changes, facts)
        return _kept(row, changes)

    async def _follow(
        self, connection: AsyncConnection, session_id: UUID, changes: dict[str, Any], facts: SessionFacts
    ) -> None:
        shared: dict[str, Any] = {name: changes[name] for name in _SHARED if name in changes}
        if facts.cancelled:
            shared["status"] = "revoked"
        if not shared:
            return
        found = await connection.scalars(
            select(appointment.c.id)
            .where(appointment.c.session_id == session_id, is_on())
            .order_by(appointment.c.id)
            .with_for_update()  # whoever cancels at this moment is not in it any more
        )
        for appointment_id in found.all():
            await self._register.change(connection, appointment_id, clock.now(), facts.source, **shared)
            if "place" in shared and "starts_at" not in shared:  # to be told like another date
                await note(connection, appointment_id, "moved", how=facts.source, starts_at=facts.starts_at)

    async def attend(self, connection: AsyncConnection, session_id: UUID) -> None:
        """Tell those of a session what they do not know yet, and offer its free seats; by night nothing is said."""
        row = await lock(connection, session_id)
        if row is None:
            return
        if not quiet.is_quiet(clock.now()) and row.starts_at > clock.now():
            booked, listed = await self._lock_concerned(connection, row)
            await self._tell_booked(connection, row, booked)
            await self._tell_waiting(connection, row, listed)
        await self._waiting_list.refill(connection, session_id)

    async def _lock_concerned(
        self, connection: AsyncConnection, row: AnyRow
    ) -> tuple[Sequence[AnyRow], Sequence[AnyRow]]:
        """Who is to be told, and who is on the list; locked, and then all of their conversations, before one is told.

        To lock each with its own message would lock a conversation before the next appointment.
        """
        mine = untold().where(appointment.c.session_id == row.id).with_for_update(of=appointment)
        booked = (await connection.execute(mine)).all()
        open_still = waiting.c.state.in_(("waiting", "offered"))
        on_list = select(waiting).where(waiting.c.session_id == row.id, open_still).order_by(waiting.c.created_at)
        listed = (await connection.execute(on_list.with_for_update())).all()
        await self._reach.lock(connection, {one.person_id for one in (*booked, *listed)})
        return booked, listed

    async def _tell_booked(self, connection: AsyncConnection, row: AnyRow, booked: Sequence[AnyRow]) -> None:
        for one in booked:
            cancelled = row.cancelled_at is not None
            await self._tell(
                connection,
                row,
                one.person_id,
                "system_session_cancelled" if cancelled else "system_session_moved",
                _others() if cancelled else _answers(one),
            )
            await note(connection, one.id, TOLD, how=HOW, starts_at=one.starts_at)

    async def _tell_waiting(self, connection: AsyncConnection, row: AnyRow, listed: Sequence[AnyRow]) -> None:
        cancelled = row.cancelled_at is not None
        for one in listed:
            if not cancelled and one.starts_at == row.starts_at:
                continue
            key = "system_session_cancelled" if cancelled else "system_session_list_moved"
            await self._tell(connection, row, one.person_id, key, _others() if cancelled else [])
            new: dict[str, Any] = {"state": "left"} if cancelled else {"starts_at": row.starts_at}
            await connection.execute(update(waiting).where(waiting.c.id == one.id).values(**new))

    async def _tell(
        self, connection: AsyncConnection, row: AnyRow, person_id: UUID, key: str, choices: list[dict[str, Any]]
    ) -> None:
        road = await self._reach.road(connection, person_id)
        if road is None:
            await self._waiting_list.untold(connection, row, person_id, key)
            return
        when = calendar_words.moment(local(row), road.language)
        reply = self._reach.word(road, key, when=when, place=row.place, choices=choices)
        part = f"{key}:{person_id}:{clock.now().isoformat()}"
        await self._reach.tell(connection, road, reply, cause=row.id, part=part, valid_until=row.starts_at)


def _kept(row: AnyRow, changes: dict[str, Any]) -> Kept:
    """What changed of a session that was in `row` before."""
    session_id = UUID(str(row.id))
    was_at = row.starts_at if "starts_at" in changes else None
    if changes.get("cancelled_at") is not None:
        return Kept(session_id, "cancelled", was_at)
    if was_at is not None:
        return Kept(session_id, "moved", was_at)
    return Kept(session_id, "changed" if changes else "same")


def untold() -> Any:
    """Appointments whose session was moved or cancelled, and whose person was not told, nor booked it, since."""
    change, after = appointment_event.alias(), appointment_event.alias()
    revoked = and_(change.c.what == "cancelled", change.c.detail == "revoked", appointment.c.status == "revoked")
    called_off = and_(revoked, session.c.cancelled_at.is_not(None))
    changed = select(change.c.id).where(
        change.c.appointment_id == appointment.c.id,
        or_(and_(change.c.what == "moved", is_on()), called_off),
        ~select(after.c.id)
        .where(after.c.appointment_id == appointment.c.id, after.c.what.in_((TOLD, BOOKED)), after.c.id > change.c.id)
        .exists(),
    )
    return (
        select(appointment)
        .join(session, session.c.id == appointment.c.session_id)
        .where(changed.correlate(appointment, session).exists(), session.c.starts_at > clock.now())
        .order_by(appointment.c.id)
    )


def _others() -> list[dict[str, Any]]:
    return [{"each": "system_session_others", "payload": "/book_appointment"}]


def _answers(one: AnyRow) -> list[dict[str, Any]]:
    about = json.dumps({"appointment": str(one.id), "starts_at": one.starts_at.isoformat()})
    return [
        {"each": "system_session_moved_yes", "payload": f"/confirm_appointment{about}"},
        {"each": "system_session_moved_other", "payload": "/book_appointment" + json.dumps({"step": "move"})},
    ]
