"""An answer to a reminder that the engine is not asked about: a counsellor's conversation, a silent one, an outage.

It is recorded all the same, and nothing is said: while a human speaks with somebody, the machine does not. A number
answers its reminder; words do only as long as nothing was said to the person since, for « oui » may answer the
counsellor. Who does not come cannot be asked whether they are sure: the team is to ask.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import payloads
from bot.appointments.answers import Answers, Said
from bot.appointments.calendar import Calendars
from bot.database import is_away
from bot.numbers import Numbers
from bot.thread import Thread, Waiting
from knowledge.replies import Sense, heard

log = logging.getLogger(__name__)

_SENSES: dict[str, Sense] = {
    "/confirm_appointment": "come",
    "/cancel_appointment": "cancel",
    "/reschedule_appointment": "move",
}


@dataclass(frozen=True)
class Named:
    """What a button of a reminder names."""

    intent: str
    appointment_id: UUID
    starts_at: datetime | None
    is_sure: bool


def named(payload: str) -> Named | None:
    """The intent and the appointment of a payload; None for one that names no appointment."""
    intent, given = payloads.read(payload)
    try:
        told = given.get("starts_at")
        at = datetime.fromisoformat(told) if told else None
        return Named(intent, UUID(given["appointment"]), at, bool(given.get("sure")))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


class Overhearing:
    def __init__(self, calendars: Calendars, answers: Answers, numbers: Numbers) -> None:
        self._calendars = calendars
        self._answers = answers
        self._numbers = numbers

    async def hear(self, connection: AsyncConnection, thread: Thread, inbound: Waiting) -> None:
        """Record what a message clearly answers; a fault of ours keeps nobody from reading it."""
        try:
            async with connection.begin_nested():
                await self._hear(connection, thread, inbound)
        except Exception as fault:
            if is_away(fault):
                raise
            log.exception("the answer in message %s could not be recorded", inbound.id)

    async def _hear(self, connection: AsyncConnection, thread: Thread, inbound: Waiting) -> None:
        said = Said(thread.id, inbound.id, thread.kind, inbound.text)
        meant = await self._numbers.meant(connection, thread, inbound)
        if meant.payload is not None or meant.options:
            pressed = named(meant.payload or "")
            if pressed is not None and await self._is_theirs(connection, thread, pressed.appointment_id):
                await self._press(connection, pressed, said)
            return
        sense = heard(inbound.text)
        calendar = await self._calendars.of(connection, thread.id, thread.kind, before=inbound.seq) if sense else None
        waiting = [one for one in calendar.asked if one.is_last] if calendar else []
        if len(waiting) == 1:
            await self._record(connection, sense, waiting[0].meeting.id, waiting[0].starts_at, said)

    async def _press(self, connection: AsyncConnection, pressed: Named, said: Said) -> None:
        if pressed.intent == "/cancel_appointment" and pressed.is_sure:  # our question was asked before
            await self._answers.cancel(connection, pressed.appointment_id, said, told=pressed.starts_at)
        else:
            sense = _SENSES.get(pressed.intent, "")
            await self._record(connection, sense, pressed.appointment_id, pressed.starts_at, said)

    async def _is_theirs(self, connection: AsyncConnection, thread: Thread, appointment_id: UUID) -> bool:
        calendar = await self._calendars.of(connection, thread.id, thread.kind)
        return await self._calendars.find(connection, calendar, appointment_id) is not None

    async def _record(
        self, connection: AsyncConnection, sense: Sense, appointment_id: UUID, told: datetime | None, said: Said
    ) -> None:
        match sense:
            case "yes" | "come":
                await self._answers.confirm(connection, appointment_id, said, told=told)
            case "no" | "cannot" | "cancel":
                await self._answers.ask_to_cancel(connection, appointment_id, said, told=told)
            case "move":
                await self._answers.move(connection, appointment_id, said, told=told)
