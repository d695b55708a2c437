"""Every message is read for distress, a stop word and « humain » before any call to the engine.

It is read at the door, and acted upon in the very transaction that takes it in, with its sentence and the job that
sends it: the engine may be down, an earlier message may be stuck, an assistant's turn may be under way; none of it
delays this, and no lane is needed. What waits is read once more before each turn: for what could not be acted upon
at the door, and for what means something else since the conversation has changed hands.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, consent
from bot.claim import CONSENT_PART
from bot.database import Database, is_away
from bot.errors import DatabaseUnavailable
from bot.handoff import Handoff, Heard
from bot.inbox import Arrival
from bot.models import conversation, message
from bot.outbox import SYSTEM, Line, Outbox
from bot.texts import Texts
from bot.thread import Thread, Waiting
from knowledge.languages import FIRST
from knowledge.lexicons import Reading

log = logging.getLogger(__name__)


_Act = Callable[[AsyncConnection, Thread, Waiting, Reading], Awaitable[Iterable[Line]]]


class FirstReading:
    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        handoff: Handoff,
        texts: Texts,
        read: Callable[[str], Reading],
        kinds: Mapping[str, str],
    ) -> None:
        self._database = database
        self._kinds = kinds
        self._outbox = outbox
        self._handoff = handoff
        self._texts = texts
        self._read = read

    async def at_the_door(self, connection: AsyncConnection, arrival: Arrival) -> bool:
        """Act on a message in the transaction that takes it in; True when it has had its answer.

        A fault of ours never refuses the message: it waits for its turn, where it is read again.
        """
        thread = self._as_thread(arrival)
        [inbound] = thread.waiting
        try:
            reading = self._read(inbound.text)
            act = self._act_for(thread, inbound, reading)
            if act is None:
                return False
            async with connection.begin_nested():
                await self._carry_out(connection, thread, inbound, reading, act)
        except Exception as fault:
            if is_away(fault):
                raise
            log.exception("message %s could not be acted upon at the door", arrival.message_id)
            return False
        return True

    async def act(self, thread: Thread) -> bool:
        """Act on what is heard in the waiting messages; True when something was, and all is to be read anew.

        A fault of ours raises for the first message only, whose turn it is; it keeps nobody from hearing the others.
        """
        faults: dict[UUID, Exception] = {}
        for inbound in thread.waiting:
            try:
                if await self._act_on(thread, inbound):
                    return True
            except DatabaseUnavailable:
                raise
            except Exception as fault:
                log.exception("message %s could not be acted upon", inbound.id)
                faults[inbound.id] = fault
        if thread.waiting and thread.waiting[0].id in faults:
            raise faults[thread.waiting[0].id]
        return False

    async def _act_on(self, thread: Thread, inbound: Waiting) -> bool:
        reading = self._read(inbound.text)
        act = self._act_for(thread, inbound, reading)
        if act is None:
            return False
        async with self._database.begin() as connection:
            await self._carry_out(connection, thread, inbound, reading, act)
        return True

    def _as_thread(self, arrival: Arrival) -> Thread:
        inbound = arrival.inbound
        waiting = Waiting(
            id=arrival.message_id,
            seq=arrival.seq,
            text=inbound.text,
            choice=inbound.choice,
            media=inbound.media,
            opt_out=inbound.opt_out,
            attempts=0,
            due_at=None,
            written_at=clock.now(),
        )
        return Thread(
            id=arrival.conversation_id,
            channel=inbound.channel,
            kind=self._kinds.get(inbound.channel, "sms"),
            owner=arrival.owner,
            version=arrival.version,
            language=arrival.language,
            opted_out=arrival.opted_out,
            waiting=[waiting],
        )

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

    async def _carry_out(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading, act: _Act
    ) -> None:
        if not await self._is_still_so(connection, thread, inbound):
            return
        lines = list(await act(connection, thread, inbound, reading))
        await self._outbox.say(connection, thread.id, inbound.id, lines)
        await self._outbox.settle(connection, inbound.id)

    async def _is_still_so(self, connection: AsyncConnection, thread: Thread, inbound: Waiting) -> bool:
        """Lock the conversation; whether the message waits still, in the hands in which it was read."""
        ours = select(conversation.c.owner, conversation.c.opted_out_at).where(conversation.c.id == thread.id)
        now = (await connection.execute(ours.with_for_update(key_share=True))).one()
        state = await connection.scalar(select(message.c.state).where(message.c.id == inbound.id))
        return (state, now.owner, now.opted_out_at is not None) == ("waiting", thread.owner, thread.opted_out)

    async def _distress(
        self, connection: AsyncConnection, thread: Thread, inbound: Waiting, reading: Reading
    ) -> Iterable[Line]:
        log.warning("distress heard in message %s", inbound.id)
        # « quiero morir » is too short to change the language, and yet says which one gives help.
        spoken = reading.language if thread.language == FIRST and reading.language else thread.language
        heard = replace(_heard(thread, inbound), language=spoken)
        await self._handoff.distress(connection, heard, reading.distress)
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
