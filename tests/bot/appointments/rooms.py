"""Sessions with few seats, people with telephones, and what may be done there at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import func, select

from bot import clock, vault
from bot.appointment_models import appointment, session, waiting
from bot.appointments.facts import SessionFacts
from bot.appointments.joining import join, leave
from bot.appointments.people import Person
from bot.appointments.seats import is_on
from bot.appointments.sessions import Booking
from bot.assembly import Relais
from bot.models import conversation, message, task
from bot.reminders import quiet
from channels.base import Reply
from tests.bot.conftest import Pipeline


@dataclass
class Rooms:
    """The sessions of one database, and those who want to go there."""

    pipeline: Pipeline
    process: Relais | None = None

    @property
    def relais(self) -> Relais:
        return self.process or self.pipeline.relais

    async def session(self, days: int = 10, *, hour: int = 14, seats: int = 2, name: str = "S1", **more: Any) -> UUID:
        """Keep a session as its source tells it."""
        local = (clock.now().astimezone(clock.PARIS) + timedelta(days=days)).replace(
            hour=hour, minute=0, second=0, microsecond=0
        )
        given: dict[str, Any] = {"place": "Mairie de Bron", "commune": "69029", "bring": "Une pièce d'identité"}
        facts = SessionFacts("api", name, local, seats, **{**given, **more})
        async with self.relais.database.begin() as connection:
            return (await self.relais.programme.keep(connection, facts)).session_id

    async def change(self, session_id: UUID, **changes: Any) -> None:
        """Its source tells something new of it."""
        async with self.relais.database.begin() as connection:
            row = (await connection.execute(select(session).where(session.c.id == session_id))).one()
            given = {name: getattr(row, name) for name in SessionFacts.__dataclass_fields__ if name != "cancelled"}
            facts = SessionFacts(**{**given, "languages": tuple(row.languages)}, cancelled=row.cancelled_at is not None)
            await self.relais.programme.keep(connection, replace(facts, **changes))

    async def person(self, number: int, *, writes: bool = True) -> Person:
        """Somebody whose telephone we know; `writes`: we may write back."""
        phone = f"+3363998{number:04}"
        async with self.relais.database.begin() as connection:
            whose = await self.relais.people.named(connection, f"Personne{number}", phone, "fr")
            if writes:
                await connection.execute(
                    conversation.insert().values(
                        id=uuid4(),
                        channel="phone",
                        address_index=self.relais.vault.address_index("phone", phone),
                        address_secret=self.relais.vault.seal(vault.ADDRESS, phone),
                        created_at=clock.now(),
                    )
                )
        return whose

    async def people(self, count: int, first: int = 1) -> list[Person]:
        return [await self.person(number) for number in range(first, first + count)]

    async def book(self, session_id: UUID, whose: Person, cause: UUID | None = None) -> Booking:
        async with self.relais.database.begin() as connection:
            return await self.relais.sessions.book(connection, session_id, whose, cause=cause or uuid4(), how="sms")

    async def move(
        self, appointment_id: UUID | None, session_id: UUID, whose: Person, cause: UUID | None = None
    ) -> Booking:
        assert appointment_id is not None
        async with self.relais.database.begin() as connection:
            return await self.relais.sessions.move(
                connection, appointment_id, session_id, whose, cause=cause or uuid4(), how="sms"
            )

    async def join(self, session_id: UUID, whose: Person) -> str:
        async with self.relais.database.begin() as connection:
            return await join(connection, self.relais.sessions, session_id, whose)

    async def leave(self, session_id: UUID, whose: Person) -> bool:
        async with self.relais.database.begin() as connection:
            return await leave(connection, session_id, whose.id)

    async def cancel(self, appointment_id: UUID | None, status: str = "excused") -> None:
        """Somebody's appointment is cancelled, whoever did it, without a thought for the session."""
        assert appointment_id is not None
        async with self.relais.database.begin() as connection:
            await self.relais.register.change(connection, appointment_id, clock.now(), "api", status=status)

    async def scan(self, *, leaves: bool = True) -> int:
        """A round; what it says `leaves` unless the provider takes nothing."""
        done = await self.relais.rounds.scan()
        if leaves:
            sent = message.update().where(message.c.bulk, message.c.state == "queued")
            async with self.relais.database.begin() as connection:
                await connection.execute(sent.values(state="sent", sent_at=clock.now()))
        return done

    async def seated(self, session_id: UUID) -> int:
        async with self.relais.database.begin() as connection:
            query = select(func.count()).where(appointment.c.session_id == session_id, is_on())
            return int(await connection.scalar(query) or 0)

    async def rows(self, table: Any, *where: Any) -> Sequence[Any]:
        async with self.relais.database.begin() as connection:
            return (await connection.execute(select(table).where(*where))).all()

    async def states(self, session_id: UUID) -> list[str]:
        """Of the waiting list, in its order."""
        async with self.relais.database.begin() as connection:
            query = select(waiting.c.state).where(waiting.c.session_id == session_id).order_by(waiting.c.created_at)
            return list(await connection.scalars(query))

    async def told(self, whose: Person) -> list[Reply]:
        """What was said to somebody unasked, in order."""
        index = self.relais.vault.address_index("phone", whose.phone)
        async with self.relais.database.begin() as connection:
            found = await connection.execute(
                select(message.c.body_secret)
                .join(conversation, conversation.c.id == message.c.conversation_id)
                .where(conversation.c.address_index == index, message.c.bulk)
                .order_by(message.c.seq)
            )
            return [Reply.from_json(self.relais.vault.open(vault.BODY, row.body_secret)) for row in found]

    async def tasks(self) -> list[str]:
        return [row.reason for row in await self.rows(task)]


def noon(days: int = 1) -> datetime:
    """A working hour of a working day, from which a test begins."""
    day = (clock.now().astimezone(clock.PARIS) + timedelta(days=days)).replace(
        hour=12, minute=0, second=0, microsecond=0
    )
    while quiet.is_day_off(day.date()) or quiet.is_day_off((day + timedelta(days=1)).date()):
        day += timedelta(days=1)
    return day
