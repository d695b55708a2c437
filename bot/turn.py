"""One conversation's turn: take the lane, read what waits, answer it in order, by owner.

bot     the assistant                       queue   the ticket; one acknowledgement
human   the counsellor's screen, nothing    opted out   consent only

Whoever owns it, an answer to a reminder is recorded.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from uuid import UUID

from sqlalchemy import exists, select, update

from bot import clock
from bot.appointments.talk import Talk
from bot.database import Database
from bot.dialogue import Dialogue
from bot.errors import DatabaseUnavailable, EngineUnavailable, LeaseLost, TurnFailed
from bot.first_reading import FirstReading
from bot.lane import Lane, Lease
from bot.models import message
from bot.numbers import which
from bot.outbox import APOLOGY, SYSTEM, Line, Outbox
from bot.texts import Texts
from bot.thread import Thread, Threads, Waiting
from bot.unanswered import Unanswered

log = logging.getLogger(__name__)

WORTH_ANSWERING = timedelta(minutes=15)
"""How long after it was written a message may be answered, whatever was down; after that a human reads it."""
PATIENCE = timedelta(seconds=4)
"""How long the engine may be away before the person is told."""
TURNS_PER_MESSAGE = 3


class Turns:
    def __init__(
        self,
        database: Database,
        lane: Lane,
        threads: Threads,
        first_reading: FirstReading,
        dialogue: Dialogue,
        outbox: Outbox,
        unanswered: Unanswered,
        texts: Texts,
        talk: Talk,
    ) -> None:
        self._database = database
        self._lane = lane
        self._threads = threads
        self._first_reading = first_reading
        self._dialogue = dialogue
        self._outbox = outbox
        self._unanswered = unanswered
        self._texts = texts
        self._numbers = talk.numbers
        self._hearing = talk.overhearing

    async def answer(self, conversation_id: UUID) -> None:
        """Answer whatever waits in this conversation; a repeat of this job is harmless."""
        lease = await self._lane.take(conversation_id)
        try:
            while lease is not None:
                if not await self._drain(lease):
                    return await self._lane.abandon(lease)
                lease = await self._lane.release(lease)
        except LeaseLost:
            log.info("conversation %s passed to another worker", conversation_id)
        except BaseException:
            if lease is not None:
                await self._lane.abandon(lease)
            raise

    async def _drain(self, lease: Lease) -> bool:
        """True when nothing waits any more, False when the first message has to be tried again later."""
        while True:
            async with self._database.begin() as connection:
                thread = await self._threads.read(connection, lease.conversation_id)
            if not thread.waiting:
                return True
            head = thread.waiting[0]
            try:
                if await self._first_reading.act(thread):
                    continue
                done = not _is_early(head) and await self._by_owner(lease, thread, head)
            except (DatabaseUnavailable, LeaseLost):
                raise
            except Exception as fault:
                log.exception("the turn of message %s met a fault of ours", head.id)
                done = await self._turn_failed(lease, thread, head, type(fault).__name__)
            if not done:
                return False
            if len(thread.waiting) == 1:
                return True  # what came meanwhile makes the release fail, and we read again

    async def _by_owner(self, lease: Lease, thread: Thread, head: Waiting) -> bool:
        if thread.opted_out or thread.owner != "bot":
            silent = thread.opted_out or thread.owner == "human"
            await self._say(lease, head, [] if silent else await self._acknowledgement(thread), heard_in=thread)
            return True
        elif not head.readable:
            return await self._turn_failed(lease, thread, head, "unreadable")
        elif not head.text.strip() and not head.choice:
            lines = [self._line(thread, "system_media" if head.media else "system_empty", "reply:0")]
        else:
            return await self._ask(lease, thread, head)
        await self._say(lease, head, lines)
        return True

    async def _ask(self, lease: Lease, thread: Thread, head: Waiting) -> bool:
        if _is_late(head):
            late = [inbound for inbound in thread.waiting if _is_late(inbound) and (inbound.text or inbound.choice)]
            await self._unanswered.too_late(lease, thread, late)
            return True
        async with self._database.begin() as connection:
            meant = await self._numbers.meant(connection, thread, head)
        if meant.options or meant.payload == "":
            line = which(self._texts, thread, meant.options) if meant.options else self._old_choice(thread)
            await self._say(lease, head, [line])
            return True
        try:
            answer = await self._dialogue.ask(
                message_id=head.id,
                conversation_id=thread.id,
                text=head.text,
                payload=meant.payload,
                kind=thread.kind,
                language=thread.language,
            )
        except TurnFailed as fault:
            return await self._turn_failed(lease, thread, head, fault.reason)
        except EngineUnavailable as fault:
            return await self._engine_away(lease, thread, head, fault)
        await self._outbox.answer(lease, head.id, answer.replies, version=thread.version)
        return True

    async def _acknowledgement(self, thread: Thread) -> list[Line]:
        part = f"acknowledged:{thread.version}"
        said = select(exists().where(message.c.conversation_id == thread.id, message.c.part == part))
        async with self._database.begin() as connection:
            once = await connection.scalar(said)
        return [] if once else [self._line(thread, "system_acknowledged", part)]

    async def _turn_failed(self, lease: Lease, thread: Thread, head: Waiting, reason: str) -> bool:
        if _is_early(head):
            return False
        attempts = head.attempts + 1
        log.warning("turn %s of message %s failed: %s", attempts, head.id, reason)
        if attempts >= TURNS_PER_MESSAGE:
            await self._unanswered.failed(lease, thread, head)
            return True
        await self._wait(head, timedelta(seconds=3 * attempts), attempts)
        return False

    async def _engine_away(self, lease: Lease, thread: Thread, head: Waiting, fault: EngineUnavailable) -> bool:
        age = clock.now() - head.written_at
        log.warning("no engine for message %s, %d s old: %s", head.id, age.total_seconds(), fault.reason)
        if age > PATIENCE:
            await self._apologise(lease, thread, head)
        await self._wait(head, min(max(age / 2, timedelta(seconds=2)), timedelta(seconds=20)), head.attempts)
        return False

    async def _apologise(self, lease: Lease, thread: Thread, head: Waiting) -> None:
        """One plain sentence an outage, keyed by the message that met it first."""
        lately = clock.now() - WORTH_ANSWERING
        said = select(
            exists().where(
                message.c.conversation_id == thread.id, message.c.part == APOLOGY, message.c.created_at > lately
            )
        )
        async with self._database.begin() as connection:
            if not await connection.scalar(said):
                line = self._line(thread, "system_engine_down", APOLOGY)
                await self._outbox.store(connection, lease, head.id, [line])

    async def _wait(self, head: Waiting, delay: timedelta, attempts: int) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(message).where(message.c.id == head.id).values(due_at=clock.now() + delay, attempts=attempts)
            )

    async def _say(self, lease: Lease, head: Waiting, lines: list[Line], *, heard_in: Thread | None = None) -> None:
        async with self._database.begin() as connection:
            if heard_in is not None and head.readable:  # an appointment is locked before its conversation
                await self._hearing.hear(connection, heard_in, head)
            await self._outbox.store(connection, lease, head.id, lines)
            await self._outbox.settle(connection, head.id)

    def _old_choice(self, thread: Thread) -> Line:
        return self._line(thread, "system_old_choice", "reply:0")

    def _line(self, thread: Thread, key: str, part: str) -> Line:
        return Line(self._texts.say(key, kind=thread.kind, language=thread.language), SYSTEM, part)


def _is_early(head: Waiting) -> bool:
    """Whether its next try is still to come."""
    return head.due_at is not None and head.due_at > clock.now()


def _is_late(inbound: Waiting) -> bool:
    return clock.now() - inbound.written_at > WORTH_ANSWERING
