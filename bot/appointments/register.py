"""Takes in what the sources tell: each appointment once, the newest word wins, and its reminders follow.

A repeat changes nothing. What is told after something newer changes nothing either.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, appointment_event, write_back
from bot.appointments import kinds
from bot.appointments.facts import CANCELLED, Change, Facts
from bot.appointments.people import People, Person
from bot.appointments.sayable import sayable
from bot.database import AnyRow
from bot.reminders.planner import Planner

log = logging.getLogger(__name__)

_TOLD = (
    "meeting", "participation", "starts_at", "zone", "duration_min", "medium", "place", "kind", "structure", "bring",
    "status", "reminded_upstream", "notified_upstream",
)  # fmt: skip
_NEVER_EMPTIED = ("meeting", "participation", "bring", "structure", "status")
"""A source that does not know these leaves what another one told."""


@dataclass(frozen=True)
class Taken:
    """Where the facts were put, and what they changed; `unsaid` are the texts that were not kept."""

    appointment_id: UUID
    person: Person
    change: Change
    unsaid: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Given:
    facts: Facts
    values: dict[str, Any]
    person: Person
    unsaid: tuple[str, ...]

    @property
    def key(self) -> tuple[str, str]:
        return self.facts.source, self.facts.source_id


class Register:
    def __init__(self, people: People, planner: Planner) -> None:
        self._people = people
        self._planner = planner

    async def take(
        self, connection: AsyncConnection, facts: Facts, *, how: str, intake: UUID | None = None, plan: bool = True
    ) -> Taken:
        """Store an appointment as its source tells it, and plan its reminders unless the caller does (`plan`)."""
        [taken] = await self.take_all(connection, [facts], how=how, intake=intake)
        if plan and taken.change not in ("same", "old"):
            await self._planner.replan(connection, [taken.appointment_id], now=clock.now())
        return taken

    async def take_all(
        self, connection: AsyncConnection, told: Sequence[Facts], *, how: str, intake: UUID | None = None
    ) -> list[Taken]:
        """Many at once, each appointment once among them; the caller plans their reminders."""
        kept = [sayable(facts) for facts in told]
        people = await self._people.of_all(connection, [facts for facts, _ in kept])
        given = [
            _Given(facts, _values(facts, person), person, unsaid)
            for (facts, unsaid), person in zip(kept, people, strict=True)
        ]
        added = await self._add(connection, given, how, intake)
        known = await self._locked(connection, [one.facts for one in given if one.key not in added])
        return [
            Taken(added[one.key], one.person, "new", one.unsaid)
            if one.key in added
            else await self._retake(connection, known[one.key], one, how)
            for one in given
        ]

    async def _add(
        self, connection: AsyncConnection, given: Sequence[_Given], how: str, intake: UUID | None
    ) -> dict[tuple[str, str], UUID]:
        """Those that nobody told of before."""
        if not given:
            return {}
        mine = (appointment.c.id, appointment.c.source, appointment.c.source_id)
        new = insert(appointment).on_conflict_do_nothing(index_elements=["source", "source_id"]).returning(*mine)
        rows = [_row(one.facts, one.values, intake) for one in given]
        added = {(row.source, row.source_id): row.id for row in await connection.execute(new, rows)}
        events = [
            _event(added[one.key], "new", how=how, starts_at=one.facts.starts_at) for one in given if one.key in added
        ]
        if events:
            await connection.execute(insert(appointment_event).returning(appointment_event.c.id), events)
        return added

    async def _retake(self, connection: AsyncConnection, known: AnyRow, one: _Given, how: str) -> Taken:
        change: Change = "old"
        if known.told_at <= one.facts.told_at:
            changes = await self._changes(connection, known, one.values)
            change = await self._apply(connection, known, changes, one.facts.told_at, how)
        return Taken(known.id, one.person, change, one.unsaid)

    async def _locked(self, connection: AsyncConnection, told: Sequence[Facts]) -> dict[tuple[str, str], AnyRow]:
        if not told:
            return {}
        mine = tuple_(appointment.c.source, appointment.c.source_id)
        ours = [(facts.source, facts.source_id) for facts in told]
        found = await connection.execute(
            select(appointment).where(mine.in_(ours)).order_by(appointment.c.id).with_for_update()
        )
        return {(row.source, row.source_id): row for row in found}

    async def change_meeting(
        self, connection: AsyncConnection, source: str, meeting: str, told_at: datetime, how: str, **changes: Any
    ) -> int:
        """Change all appointments of a meeting, of which the source names no participant; how many changed.

        Whoever cancelled is left out of it, unless the meeting's own status puts them on again.
        """
        changed = 0
        for known in await self._of_meeting(connection, source, meeting, told_at):
            new = {name: value for name, value in changes.items() if getattr(known, name) != value}
            if known.status == "excused" and await self._stays_off(connection, known, new):
                continue
            if new.get("status") == "unknown" and await self._is_answered(connection, known, new):
                del new["status"]
            if await self._apply(connection, known, new, told_at, how) != "same":
                await self._planner.replan(connection, [known.id], now=clock.now())
                changed += 1
        return changed

    async def change(
        self, connection: AsyncConnection, appointment_id: UUID, told_at: datetime, how: str, **changes: Any
    ) -> Change:
        """Change one appointment that is ours to change, and its reminders with it."""
        locked = select(appointment).where(appointment.c.id == appointment_id).with_for_update()
        known = (await connection.execute(locked)).one()
        new = {name: value for name, value in changes.items() if getattr(known, name) != value}
        change = await self._apply(connection, known, new, told_at, how)
        if change != "same":
            await self._planner.replan(connection, [known.id], now=clock.now())
        return change

    async def remove(
        self,
        connection: AsyncConnection,
        source: str,
        meeting: str,
        told_at: datetime,
        how: str,
        *,
        but: Collection[str] = (),
    ) -> list[UUID]:
        """Drop the appointments of a meeting whose `source_id` is not among `but`: the source has them no more."""
        gone = []
        for known in await self._of_meeting(connection, source, meeting, told_at):
            if known.source_id in but or known.removed_at is not None:
                continue
            await connection.execute(
                update(appointment)
                .where(appointment.c.id == known.id)
                .values(removed_at=clock.now(), updated_at=clock.now(), told_at=told_at)
            )
            await note(connection, known.id, "removed", how=how, starts_at=known.starts_at)
            gone.append(known.id)
        await self._planner.replan(connection, gone, now=clock.now())
        return gone

    async def _changes(self, connection: AsyncConnection, known: AnyRow, values: dict[str, Any]) -> dict[str, Any]:
        changes = {
            name: values[name]
            for name in (*_TOLD, "phone", "person_id")
            if getattr(known, name) != values[name] and (values[name] or not _stays(known, name))
        }
        if known.removed_at is not None:
            changes["removed_at"] = None
        if changes.get("status") == "unknown" and await self._is_answered(connection, known, changes):
            del changes["status"]
        return changes

    async def _apply(
        self, connection: AsyncConnection, known: AnyRow, changes: dict[str, Any], told_at: datetime, how: str
    ) -> Change:
        if not changes:
            return "same"
        moved = "starts_at" in changes
        if moved:  # what was said of the old date says nothing of the new one
            changes = {**changes, "confirmed_at": None, "answered_at": None, "answered_how": ""}
        await connection.execute(
            update(appointment)
            .where(appointment.c.id == known.id)
            .values(**changes, told_at=told_at, updated_at=clock.now())
        )
        starts_at = changes.get("starts_at", known.starts_at)
        if moved:
            was = known.starts_at.isoformat()
            await note(connection, known.id, "moved", how=how, starts_at=starts_at, detail=was)
        if "status" in changes:
            what = "cancelled" if changes["status"] in CANCELLED else "status"
            await note(connection, known.id, what, how=how, starts_at=starts_at, detail=changes["status"])
        return "moved" if moved else "changed"

    async def _of_meeting(
        self, connection: AsyncConnection, source: str, meeting: str, told_at: datetime
    ) -> list[AnyRow]:
        found = await connection.execute(
            select(appointment)
            .where(appointment.c.source == source, appointment.c.meeting == meeting, appointment.c.told_at <= told_at)
            .order_by(appointment.c.id)
            .with_for_update()
        )
        return list(found)

    async def _stays_off(self, connection: AsyncConnection, known: AnyRow, changes: dict[str, Any]) -> bool:
        """Whether what is told of a meeting is nothing to somebody who has cancelled already."""
        status = changes.get("status", known.status)
        return status in CANCELLED or (status == "unknown" and await self._is_answered(connection, known, changes))

    async def _is_answered(self, connection: AsyncConnection, known: AnyRow, changes: dict[str, Any]) -> bool:
        """Whether the person cancelled, and a source that cannot know it yet, or ever, repeats that nothing was said.

        Another date is another question.
        """
        if "starts_at" in changes:
            return False
        never_told = known.status == "excused" and known.answered_at is not None and not known.participation
        return never_told or await self._is_being_written_back(connection, known.id)

    async def _is_being_written_back(self, connection: AsyncConnection, appointment_id: UUID) -> bool:
        under_way = select(write_back.c.id).where(
            write_back.c.appointment_id == appointment_id, write_back.c.state == "waiting"
        )
        return await connection.scalar(under_way.limit(1)) is not None


async def note(
    connection: AsyncConnection,
    appointment_id: UUID,
    what: str,
    *,
    how: str,
    starts_at: datetime,
    cause: UUID | None = None,
    detail: str = "",
) -> bool:
    """Write down what happened to an appointment, when and how; False when this `cause` did it before."""
    added = insert(appointment_event).values(
        **_event(appointment_id, what, how=how, starts_at=starts_at, cause=cause, detail=detail)
    )
    done = await connection.execute(added.on_conflict_do_nothing(index_elements=["appointment_id", "what", "cause"]))
    return bool(done.rowcount)


def _event(
    appointment_id: UUID, what: str, *, how: str, starts_at: datetime, cause: UUID | None = None, detail: str = ""
) -> dict[str, Any]:
    return {
        "appointment_id": appointment_id,
        "at": clock.now(),
        "what": what,
        "how": how,
        "cause": cause,
        "starts_at": starts_at,
        "detail": detail,
    }


def _values(facts: Facts, person: Person) -> dict[str, Any]:
    return {**{name: getattr(facts, name) for name in _TOLD}, "phone": facts.structure_phone, "person_id": person.id}


def _stays(known: AnyRow, name: str) -> bool:
    """Whether nothing said of it leaves what there is; words that may not be said are not worth keeping."""
    return name in _NEVER_EMPTIED and kinds.known().may_say(getattr(known, name))


def _row(facts: Facts, values: dict[str, Any], intake: UUID | None) -> dict[str, Any]:
    now = clock.now()
    told = {"source": facts.source, "source_id": facts.source_id, "told_at": facts.told_at}
    status = facts.status or "unknown"
    about = {**told, **values, "status": status}
    return {"id": uuid4(), "intake_id": intake, "created_at": now, "updated_at": now, **about}
