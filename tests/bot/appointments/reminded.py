"""Appointments whose reminders have reached a phone: what answers are about."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, update

from bot import clock
from bot.appointment_models import appointment, appointment_event, reminder, write_back
from bot.appointments.answers import Said
from bot.assembly import Relais
from bot.models import message, task
from bot.outbox import SYSTEM, Line
from channels.base import Choice, Inbound, Reply
from tests.bot.appointments.conftest import facts, in_days

PHONE = "+33639980001"
OURS = "+33939980000"
TITLES = {
    "confirm_appointment": "Je viens",
    "cancel_appointment": "Je ne viens pas",
    "reschedule_appointment": "Autre date",
}


@dataclass
class Reminded:
    """One phone, its conversation, and what the office told of its people."""

    relais: Relais
    channel: str = "phone"
    phone: str = PHONE
    conversation_id: UUID | None = None
    ids: list[UUID] = field(default_factory=list)

    async def open(self, words: str = "bonjour") -> UUID:
        """The conversation, by a first message that has had its answer."""
        inbound = Inbound(self.channel, f"SM{uuid4().hex}", self.phone, OURS, words)
        received = await self.relais.inbox.receive(inbound)
        self.conversation_id = received.conversation_id
        await self.run(update(message).where(message.c.id == received.message_id).values(state="answered"))
        return received.conversation_id

    async def said(self, words: str = "oui") -> Said:
        """A message that says something of an appointment."""
        received = await self.relais.inbox.receive(Inbound(self.channel, f"SM{uuid4().hex}", self.phone, OURS, words))
        self.conversation_id = received.conversation_id
        return Said(received.conversation_id, received.message_id, "sms", words)

    async def take(self, **changes: Any) -> UUID:
        """An appointment, as a source tells it."""
        given = facts(**{"phone": self.phone, "source_id": f"A{uuid4().hex[:6]}", **changes})
        async with self.relais.database.begin() as connection:
            taken = await self.relais.register.take(connection, given, how=given.source)
        self.ids.append(taken.appointment_id)
        return taken.appointment_id

    async def remind(self, appointment_id: UUID, *, ago: timedelta = timedelta(minutes=1), kind: str = "j2") -> UUID:
        """Its reminder, as it reached the phone some time ago; the message's id."""
        row = await self.one(select(appointment).where(appointment.c.id == appointment_id))
        named = json.dumps({"appointment": str(row.id), "starts_at": row.starts_at.isoformat()})
        choices = tuple(Choice(title, f"/{intent}{named}") for intent, title in TITLES.items())
        sent = await self.show(Reply("Rappel", choices), ago=ago, part=f"reminder:{uuid4()}")
        now = clock.now()
        handed = {"state": "handed", "message_id": sent, "settled_at": now}
        planned = reminder.c.appointment_id == appointment_id, reminder.c.starts_at == row.starts_at
        known = await self.all(select(reminder.c.id).where(*planned, reminder.c.kind == kind))
        if known:
            await self.run(update(reminder).where(reminder.c.id == known[0].id).values(**handed))
        else:
            about = {"appointment_id": appointment_id, "starts_at": row.starts_at, "kind": kind, "channel": "sms"}
            await self.run(reminder.insert().values(id=uuid4(), due_at=now, valid_until=now, **about, **handed))
        return sent

    async def show(self, reply: Reply, *, ago: timedelta, part: str = "", author: str = SYSTEM) -> UUID:
        """Something that was said and has arrived."""
        conversation_id = self.conversation_id or await self.open()
        part = part or f"shown:{uuid4()}"
        async with self.relais.database.begin() as connection:
            await self.relais.outbox.say(connection, conversation_id, None, [Line(reply, author, part)])
        at = clock.now() - ago
        await self.run(
            update(message).where(message.c.part == part).values(state="delivered", sent_at=at, created_at=at)
        )
        return UUID(str((await self.one(select(message.c.id).where(message.c.part == part))).id))

    async def move(self, appointment_id: UUID, to: datetime) -> None:
        """The service moves it."""
        row = await self.one(select(appointment).where(appointment.c.id == appointment_id))
        async with self.relais.database.begin() as connection:
            given = facts(source=row.source, source_id=row.source_id, phone=self.phone, starts_at=to)
            await self.relais.register.take(connection, given, how=row.source)

    async def state(self, appointment_id: UUID) -> tuple[str, bool, str]:
        """Its status, whether it is confirmed, and on which channel it was last answered."""
        row = await self.one(select(appointment).where(appointment.c.id == appointment_id))
        return row.status, row.confirmed_at is not None, row.answered_how

    async def events(self, appointment_id: UUID) -> list[str]:
        """What people said of it, in order."""
        said = (appointment_event.c.appointment_id == appointment_id, appointment_event.c.cause.is_not(None))
        rows = await self.all(select(appointment_event.c.what).where(*said).order_by(appointment_event.c.id))
        return [row.what for row in rows]

    async def tasks(self) -> list[str]:
        """The reasons of the open tasks."""
        rows = await self.all(select(task.c.reason).where(task.c.closed_at.is_(None)).order_by(task.c.created_at))
        return [row.reason for row in rows]

    async def write_backs(self) -> list[tuple[UUID, str, str]]:
        rows = await self.all(select(write_back).order_by(write_back.c.created_at))
        return [(row.appointment_id, row.status, row.state) for row in rows]

    async def all(self, statement: Any) -> Sequence[Any]:
        async with self.relais.database.begin() as connection:
            return (await connection.execute(statement)).all()

    async def one(self, statement: Any) -> Any:
        return (await self.all(statement))[0]

    async def run(self, statement: Any) -> None:
        async with self.relais.database.begin() as connection:
            await connection.execute(statement)


__all__ = ["OURS", "PHONE", "Reminded", "in_days"]
