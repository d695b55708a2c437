"""Every waiting message is read for distress, a stop word and « humain » before any call to the engine.

What is found is acted upon in one transaction with its sentence: the engine may be down, an earlier message
may be stuck, an assistant's turn may be under way; none of it delays this.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import consent
from bot.database import Database
from bot.delivery import CONSENT_PART
from bot.handoff import Handoff, Heard
from bot.lane import Lease
from bot.outbox import SYSTEM, Line, Outbox
from bot.texts import Texts
from bot.thread import Thread, Waiting
from knowledge.lexicons import Reading

log = logging.getLogger(__name__)


_Act = Callable[[AsyncConnection, Thread, Waiting, Reading], Awaitable[Iterable[Line]]]


class FirstReading:
    def __init__(
        self, database: Database, outbox: Outbox, handoff: Handoff, texts: Texts, read: Callable[[str], Reading]
    ) -> None:
        self._database = database
        self._outbox = outbox
        self._handoff = handoff
        self._texts = texts
        self._read = read

    async def act(self, lease: Lease, thread: Thread) -> bool:
        """Act on what is heard in the waiting messages; True when something was."""
        for inbound in thread.waiting:
            reading = self._read(inbound.text)
            act = self._act_for(thread, inbound, reading)
            if act is not None:
                await self._carry_out(lease, thread, inbound, reading, act)
                return True
        return False

    def _act_for(self, thread: Thread, inbound: Waiting, reading: Reading) -> _Act | None:
        if reading.distress:
            return self._distress
        if inbound.opt_out == "STOP" or (reading.stop and not thread.opted_out):
            return self._stop
        if thread.opted_out and (inbound.opt_out == "START" or reading.resume):
            return self._resume
        if reading.human and thread.owner == "bot" and not thread.opted_out:
            return self._human
        if reading.menu and thread.owner == "queue":
            return self._menu
        return None

    async def _carry_out(self, lease: Lease, thread: Thread, inbound: Waiting, reading: Reading, act: _Act) -> None:
        async with self._database.begin() as connection:
            lines = list(await act(connection, thread, inbound, reading))
            await self._outbox.store(connection, lease, inbound.id, lines)
            await self._outbox.settle(connection, inbound.id)

    async def _distress(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        log.warning("distress heard in message %s", inbound.id)
        await self._handoff.distress(connection, _heard(thread, inbound), reading.distress)
        return []

    async def _stop(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        await consent.opt_out(connection, thread.id)
        # Where the provider knows the stop word, it has already confirmed it in its own words.
        return [] if inbound.opt_out else [self._line(thread, "system_stopped", CONSENT_PART)]

    async def _resume(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        await consent.opt_in(connection, thread.id)
        return [] if inbound.opt_out else [self._line(thread, "system_resumed", CONSENT_PART)]

    async def _human(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        await self._handoff.queue(connection, _heard(thread, inbound))
        return []

    async def _menu(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        await self._handoff.leave(connection, _heard(thread, inbound))
        return []

    def _line(self, thread: Thread, key: str, part: str) -> Line:
        return Line(self._texts.say(key, kind=thread.kind, language=thread.language), SYSTEM, part)


def _heard(thread: Thread, inbound: Waiting) -> Heard:
    return Heard(thread.id, inbound.id, thread.kind, thread.language)
