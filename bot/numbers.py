"""What a button or a number alone means: a choice of a list that the person may have on the screen.

A button is one of its own list, however old: its payload names what it is about.

A number is one of the numbered message that reached them last, a reminder included; the time of sending counts, for
a reminder may have waited longer for its turn than the answer stored after it. Two may be meant at once, and then
the person is asked which:

* the last one is a reminder, and another appointment's reminder waits for its answer too, however old it is;
* the last one is a reminder, and a list came less than `SOON` before it: they may have been about to choose from it;
* the last one is a list, and a reminder that waits came less than `SOON` before it, unless the list speaks of that
  very appointment (our own question, asked because of the reminder). A list that came later than that was asked for
  by somebody who had the reminder before their eyes, and wrote of something else.

A list of sessions hears its dates as well: « mardi », « le 3 décembre ».

Whoever is asked is asked of what the number would do in each: a message that has no such number is not meant.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.appointment_models import reminder
from bot.appointments.calendar import Asked, Calendar, Calendars, shown
from bot.appointments.chosen_session import by_words
from bot.database import AnyRow
from bot.models import message
from bot.outbox import ANSWER_PART, SYSTEM, Line
from bot.texts import Texts
from bot.thread import SEEN, Thread, Waiting
from bot.vault import Vault
from channels.base import Choice, Reply

SOON = timedelta(minutes=10)
_NUMBER = re.compile(r"\s*(\d{1,2})\s*[.)!]?\s*")
_GONE = ""
"""The payload of a choice that is no more."""


@dataclass(frozen=True)
class Option:
    """What a number would do in one of the messages that may be meant.

    `asked` is the reminder, None for a list; `name` tells two people of one phone apart, "" for one alone.
    """

    choice: Choice
    asked: Asked | None = None
    name: str = ""


@dataclass(frozen=True)
class Meant:
    """`payload` is what the engine receives: None for words, "" for a choice that is gone; `options` to ask of."""

    payload: str | None = None
    options: tuple[Option, ...] = ()


@dataclass(frozen=True)
class _Numbered:
    """A message with choices, as the person saw it."""

    id: UUID
    shown_at: datetime
    choices: tuple[Choice, ...]
    about: UUID | None

    def choice(self, number: str) -> Choice | None:
        wanted = int(number) if number.isdigit() else 0
        return self.choices[wanted - 1] if 0 < wanted <= len(self.choices) else None

    def names(self, asked: Asked) -> bool:
        return any(str(asked.meeting.id) in choice.payload for choice in self.choices)


class Numbers:
    def __init__(self, vault: Vault, calendars: Calendars) -> None:
        self._vault = vault
        self._calendars = calendars

    async def meant(self, connection: AsyncConnection, thread: Thread, inbound: Waiting) -> Meant:
        """What a message means that is a button's, a number alone, or words that choose of a list of sessions."""
        if inbound.choice:
            seq, _, place = inbound.choice.partition(".")
            pressed = await self._list(connection, thread, inbound, message.c.seq == int(seq))
            chosen = pressed.choice(place) if pressed is not None else None
            return Meant(chosen.payload if chosen else _GONE)
        number = _NUMBER.fullmatch(inbound.text)
        last = await self._list(connection, thread, inbound)
        if number is None:
            session = await by_words(connection, inbound.text, last.choices) if last else None
            return Meant(session.payload if session else None)
        return await self._of_number(connection, thread, inbound, last, number.group(1)) if last else Meant()

    async def _of_number(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, last: _Numbered, number: str
    ) -> Meant:
        calendar = await self._calendars.of(connection, thread.id, thread.kind)
        several = len(calendar.people) > 1
        waiting = {one.message_id: one for one in calendar.asked}
        possible = [last, *await self._others(connection, thread, inbound, last, calendar)]
        options = [
            Option(choice, asked := waiting.get(one.id), asked.meeting.first_name if asked and several else "")
            for one in possible
            if (choice := one.choice(number)) is not None
        ]
        if len(options) > 1:
            return Meant(options=tuple(options))
        return Meant(options[0].choice.payload) if options else Meant()

    async def _others(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, last: _Numbered, calendar: Calendar
    ) -> list[_Numbered]:
        """The other messages that the number may be meant for."""
        if last.about is None:
            near = [one for one in calendar.asked if one.shown_at > last.shown_at - SOON and not last.names(one)]
            return await self._reminders(connection, thread, inbound, near)
        rest = [one for one in calendar.asked if one.meeting.id != last.about and one.message_id != last.id]
        others = await self._reminders(connection, thread, inbound, rest)
        before = await self._list(connection, thread, inbound, ~_reminds(), shown > last.shown_at - SOON)
        mine = before is not None and not any(str(last.about) in choice.payload for choice in before.choices)
        return [*others, before] if before is not None and mine else others

    async def _reminders(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, asked: Iterable[Asked]
    ) -> list[_Numbered]:
        found = [await self._list(connection, thread, inbound, message.c.id == one.message_id) for one in asked]
        return [one for one in found if one is not None]

    async def _list(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, *which: Any
    ) -> _Numbered | None:
        """The last of the messages with choices that the person may have seen."""
        about = select(reminder.c.appointment_id).where(reminder.c.message_id == message.c.id).limit(1)
        found = await connection.execute(
            select(message.c.id, message.c.body_secret, shown.label("shown_at"), about.scalar_subquery().label("about"))
            .where(
                message.c.conversation_id == thread.id,
                message.c.direction == "out",
                message.c.has_choices,
                message.c.state.in_(SEEN),
                message.c.seq < inbound.seq,
                *which,
            )
            .order_by(shown.desc(), message.c.seq.desc())
            .limit(1)
        )
        row = found.one_or_none()
        return self._numbered(row) if row is not None else None

    def _numbered(self, row: AnyRow) -> _Numbered:
        choices = Reply.from_json(self._vault.open(vault.BODY, row.body_secret) or {}).choices
        return _Numbered(row.id, row.shown_at, choices, row.about)


def which(texts: Texts, thread: Thread, options: Iterable[Option]) -> Line:
    """The question which of two messages a number is for, each named by what the number would do there."""
    choices = [
        {
            "each": "system_which_reminder" if option.asked else "system_which_list",
            "payload": option.choice.payload,
            "title": option.choice.title,
            "who": option.name,
            "when": option.asked.meeting.when(thread.language, at=option.asked.starts_at) if option.asked else "",
        }
        for option in options
    ]
    asked = texts.say("system_which_number", kind=thread.kind, language=thread.language, choices=choices)
    return Line(asked, SYSTEM, ANSWER_PART)


def _reminds() -> Any:
    return select(reminder.c.id).where(reminder.c.message_id == message.c.id).correlate(message).exists()
