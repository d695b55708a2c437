"""Appointments told one by one, by a program or a person: taken in, and read again with what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, intake, reminder
from bot.appointments import admission, together
from bot.appointments.facts import Change, Facts
from bot.appointments.people import People, Person
from bot.appointments.register import Register
from bot.database import AnyRow
from bot.models import message
from bot.reminders.planner import Planner

_SHOWN = (
    "starts_at", "duration_min", "medium", "place", "phone", "kind", "structure", "bring", "status", "person_id",
)  # fmt: skip
_NAMES = {"phone": "structure_phone", "person_id": "person"}
_NAMESPACE = UUID("0a3f5f2e-6c0b-4c57-9d7e-7a6f3f1f9f15")
"""Any fixed one: an hour of one token is one intake, in whatever process."""


@dataclass(frozen=True)
class Told:
    """One appointment as we have it; `reminders` have kind, due_at, state and reason."""

    row: AnyRow
    person: Person
    reminders: Sequence[AnyRow]


@dataclass(frozen=True)
class Heard:
    """What the facts changed, and how the appointment stands now; `unsaid` are the texts that were not kept."""

    change: Change
    changed: tuple[str, ...]
    told: Told
    unsaid: tuple[str, ...] = ()


class ByOne:
    def __init__(self, register: Register, people: People, planner: Planner, settle: together.Settle) -> None:
        self._register = register
        self._planner = planner
        self._people = people
        self._settle = settle

    async def hear(self, connection: AsyncConnection, facts: Facts, *, said: bool, teller: str) -> Heard:
        """Take one in; all that a `teller` tells within an hour is judged together before reminders leave."""
        was = (await admission.known(connection, facts.source, [facts.source_id])).get(facts.source_id)
        of = await self._hour(connection, facts.source, teller)
        facts = admission.heard(facts, was, said=said)
        taken = await self._register.take(connection, facts, how=facts.source, intake=of, plan=False)
        if taken.change not in ("same", "old"):
            await together.plan(connection, self._planner, [taken.appointment_id], of)
            await self._settle(connection, of)
        told = await self.read(connection, facts.source, facts.source_id)
        assert told is not None  # noqa: S101 (just taken)
        return Heard(taken.change, _changed(was, told.row), told, taken.unsaid)

    async def read(self, connection: AsyncConnection, source: str, source_id: str) -> Told | None:
        """How an appointment stands; None when the source never told of it."""
        mine = (appointment.c.source == source, appointment.c.source_id == source_id)
        row = (await connection.execute(select(appointment).where(*mine))).one_or_none()
        if row is None:
            return None
        state = func.coalesce(message.c.state, reminder.c.state)  # once handed, it is its message's
        reason = func.coalesce(message.c.reason, reminder.c.reason)
        reminders = await connection.execute(
            select(reminder.c.kind, reminder.c.due_at, state.label("state"), reason.label("reason"))
            .join(message, reminder.c.message_id == message.c.id, isouter=True)
            .where(reminder.c.appointment_id == row.id, reminder.c.starts_at == row.starts_at)
            .order_by(reminder.c.due_at)
        )
        return Told(row, await self._people.get(connection, row.person_id), reminders.all())

    async def _hour(self, connection: AsyncConnection, source: str, teller: str) -> UUID:
        now = clock.now()
        of = uuid5(_NAMESPACE, f"{source} {teller} {now:%Y-%m-%dT%H}")
        added = insert(intake).values(id=of, source=source, what="import", created_at=now)
        await connection.execute(added.on_conflict_do_nothing())
        return of


def _changed(was: AnyRow | None, row: AnyRow) -> tuple[str, ...]:
    if was is None:
        return ()
    return tuple(_NAMES.get(name, name) for name in _SHOWN if getattr(was, name) != getattr(row, name))
