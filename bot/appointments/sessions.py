"""Collective orientation sessions: which are open, and a seat in one. Never more seats are given than there are.

Whoever changes who sits in a session locks its row first, counts in the same transaction, and only then writes. A
seat is taken by an appointment that is on, and is kept for everybody on the waiting list before it is open to others.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import case, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, appointment_event, person, session, waiting
from bot.appointments.facts import CANCELLED, Facts
from bot.appointments.people import Person
from bot.appointments.register import Register, note
from bot.appointments.seats import Session, counted, is_closed, is_on, lock, read, room
from bot.database import AnyRow
from knowledge.places import Place, Places, kilometres

SOURCE = "relais"
KIND = "orientation"
OPENS = timedelta(hours=24)
"""What is shown starts later than this: one has to get there, and to be reminded."""
BOOKED = "booked"

What = Literal["booked", "full", "already", "gone"]


@dataclass(frozen=True)
class Booking:
    """What became of a wish for a seat.

    `booked`: theirs, in `appointment_id`. `full`: `waits` when they are on the waiting list already, `late` when an
    offer to them has expired. `already`: `appointment_id` is what they have. `gone`: cancelled, or about to begin.
    """

    what: What
    appointment_id: UUID | None = None
    waits: bool = False
    late: bool = False


class Sessions:
    def __init__(self, register: Register, places: Places) -> None:
        self._register = register
        self._places = places

    async def open_for(
        self,
        connection: AsyncConnection,
        *,
        language: str,
        place: Place | None,
        now: datetime,
        limit: int = 3,
        but: Collection[UUID] = (),
    ) -> list[Session]:
        """Sessions with seats left: those in the person's language first, then the nearest, then the soonest."""
        found = await connection.execute(
            counted().where(session.c.cancelled_at.is_(None), session.c.starts_at >= now + OPENS)
        )
        there = [one for one in map(read, found) if one.left > 0 and one.id not in but]
        return sorted(there, key=lambda one: (language not in one.languages, self._far(one, place), one.starts_at))[
            :limit
        ]

    async def get(self, connection: AsyncConnection, session_id: UUID) -> Session | None:
        """One session, open or not."""
        row = (await connection.execute(counted().where(session.c.id == session_id))).one_or_none()
        return read(row) if row else None

    async def held_by(self, connection: AsyncConnection, person_id: UUID, now: datetime) -> AnyRow | None:
        """The orientation appointment that a person has ahead, whoever gave it; None when there is none."""
        return await self._held(connection, person_id, now)

    async def alone(self, connection: AsyncConnection, person_id: UUID) -> AnyRow | None:
        """The same, while no other wish of this person is being seen to; the session is locked before."""
        await connection.execute(_alone(person_id))
        return await self._held(connection, person_id, clock.now())

    async def full_for(self, connection: AsyncConnection, *, place: Place | None, now: datetime) -> list[Session]:
        """The nearest sessions that have no seat left, for whom a waiting list is all there is."""
        found = await connection.execute(
            counted().where(session.c.cancelled_at.is_(None), session.c.starts_at >= now + OPENS)
        )
        full = [one for one in map(read, found) if one.left == 0]
        return sorted(full, key=lambda one: (self._far(one, place), one.starts_at))[:3]

    async def book(
        self, connection: AsyncConnection, session_id: UUID, whose: Person, *, cause: UUID, how: str
    ) -> Booking:
        """Give a person a seat, if there is one for them; a repeat of the same `cause` changes nothing."""
        row = await lock(connection, session_id)
        return await self._book(connection, row, whose, cause, how)

    async def move(
        self,
        connection: AsyncConnection,
        appointment_id: UUID,
        session_id: UUID,
        whose: Person,
        *,
        cause: UUID,
        how: str,
    ) -> Booking:
        """Book the other session first, then free the first; nothing changes unless it was `booked`.

        An appointment of another source than ours is not moved by us, and nobody has two: it is `already` theirs.
        """
        first: UUID | None = await connection.scalar(
            select(appointment.c.session_id).where(appointment.c.id == appointment_id)
        )
        if first is None or first == session_id:  # as they have it; perhaps since this very message
            return await self.book(connection, session_id, whose, cause=cause, how=how)
        rows = {one: await lock(connection, one) for one in sorted(one for one in {first, session_id} if one)}
        booking = await self._book(connection, rows[session_id], whose, cause, how, instead_of=appointment_id)
        if booking.what == "booked" and booking.appointment_id != appointment_id:
            await self._give_up(connection, appointment_id, whose, how)
        return booking

    async def _give_up(self, connection: AsyncConnection, appointment_id: UUID, whose: Person, how: str) -> None:
        row = (await connection.execute(select(appointment).where(appointment.c.id == appointment_id))).one()
        if row.source == SOURCE and row.person_id == whose.id and _is_on(row):
            now = clock.now()
            told = {"status": "excused", "confirmed_at": None, "answered_at": now, "answered_how": how}
            await self._register.change(connection, appointment_id, now, how, **told)

    async def _book(
        self,
        connection: AsyncConnection,
        row: AnyRow | None,
        whose: Person,
        cause: UUID,
        how: str,
        *,
        instead_of: UUID | None = None,
    ) -> Booking:
        if row is None:
            return Booking("gone")
        await connection.execute(_alone(whose.id))
        held = await self._held(connection, whose.id, clock.now(), but=instead_of)
        if held is not None:
            return Booking(await _was_it_this(connection, held, row, cause), held.id)
        if is_closed(row, clock.now()):
            return Booking("gone")
        mine = (await connection.execute(_waits(row.id, whose.id))).one_or_none()
        is_theirs = mine is not None and mine.state == "offered"
        if not is_theirs and await room(connection, row, but=whose.id) <= 0:
            return await _full(connection, row, mine)
        return Booking("booked", await self._seat(connection, row, whose, cause, how))

    async def _seat(self, connection: AsyncConnection, row: AnyRow, whose: Person, cause: UUID, how: str) -> UUID:
        taken = await self._register.take(connection, _facts(row, whose), how=how)
        anew = {
            "status": "unknown",
            "confirmed_at": None,
            "answered_at": None,
            "answered_how": "",
        }  # they come after all
        await self._register.change(
            connection, taken.appointment_id, clock.now(), how, session_id=row.id, person_id=whose.id, **anew
        )
        await note(connection, taken.appointment_id, BOOKED, how=how, starts_at=row.starts_at, cause=cause)
        await connection.execute(_off_the_lists(whose.id, row.id))
        return taken.appointment_id

    async def _held(
        self, connection: AsyncConnection, person_id: UUID, now: datetime, *, but: UUID | None = None
    ) -> AnyRow | None:
        orientation = or_(appointment.c.session_id.is_not(None), appointment.c.kind == KIND)
        found = await connection.execute(
            select(appointment)
            .where(appointment.c.person_id == person_id, orientation, appointment.c.starts_at > now, is_on())
            .where(appointment.c.id.is_distinct_from(but))
            .order_by(appointment.c.starts_at)
            .limit(1)
        )
        return found.one_or_none()

    def _far(self, one: Session, place: Place | None) -> int:
        there = self._places.get(one.commune) if one.commune else None
        if place is None or there is None:
            return 0 if place is None else 1000
        return round(kilometres(place.lat, place.lon, there.lat, there.lon))


def _is_on(row: AnyRow) -> bool:
    return row.removed_at is None and row.status not in CANCELLED


def _alone(person_id: UUID) -> Any:
    """One wish of a person at a time: two messages at once are not two seats."""
    return select(person.c.id).where(person.c.id == person_id).with_for_update(key_share=True)


def _waits(session_id: UUID, person_id: UUID) -> Any:
    return select(waiting).where(waiting.c.session_id == session_id, waiting.c.person_id == person_id)


async def _full(connection: AsyncConnection, row: AnyRow, mine: AnyRow | None) -> Booking:
    """An offer that was answered too late leaves them on the list, behind those who wait."""
    late = mine is not None and mine.state == "expired"
    if mine is not None and late:
        again = {"state": "waiting", "created_at": clock.now(), "offered_at": None, "expires_at": None}
        await connection.execute(update(waiting).where(waiting.c.id == mine.id).values(**again))
    return Booking("full", waits=late or (mine is not None and mine.state == "waiting"), late=late)


async def _was_it_this(connection: AsyncConnection, held: AnyRow, row: AnyRow, cause: UUID) -> What:
    """Whether what they have was given to them by this very message."""
    by_this = select(appointment_event.c.id).where(
        appointment_event.c.appointment_id == held.id,
        appointment_event.c.what == BOOKED,
        appointment_event.c.cause == cause,
    )
    return "booked" if held.session_id == row.id and await connection.scalar(by_this.limit(1)) else "already"


def _off_the_lists(person_id: UUID, session_id: UUID) -> Any:
    """Who has a seat waits for none."""
    here = waiting.c.session_id == session_id
    return (
        update(waiting)
        .where(waiting.c.person_id == person_id, or_(here, waiting.c.state.in_(("waiting", "offered"))))
        .values(state=case((here, "taken"), else_="left"))
    )


def _facts(row: AnyRow, whose: Person) -> Facts:
    return Facts(
        source=SOURCE,
        source_id=f"{row.id}:{whose.id}",
        meeting=str(row.id),
        starts_at=row.starts_at,
        told_at=clock.now(),
        first_name=whose.first_name,
        phone=whose.phone,
        zone=row.zone,
        duration_min=row.duration_min,
        place=row.place,
        kind=KIND,
        structure=row.structure,
        bring=row.bring,
        language=whose.language,
    )
