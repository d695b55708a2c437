"""Sends the reminders: claimed in batches, handed to the provider many at a time, settled in batches.

The reminders themselves are the queue. Several workers may send at once: what one has claimed, another skips. A
crash after the claim leaves `sending`, which the sweep makes `unknown`: it is looked up, never sent again blindly.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.database import Database
from bot.errors import DatabaseUnavailable
from bot.outcome import Outcome, record
from bot.queue import DELIVER, Queue
from bot.reminders import quiet, switch
from bot.reminders.bucket import Bucket
from bot.reminders.due import Claimed, Due, Handed
from channels.base import Channel, Sent
from channels.errors import Ambiguous, ChannelError, Misconfigured, TryAgain

log = logging.getLogger(__name__)

BATCH = 100
AT_ONCE = 24
"""Calls of the provider under way; its connections are twice as many, so that a reply always finds one."""
STARTS_WITHIN = timedelta(seconds=15)
"""A send that has not begun by then is put back: with the 10 s of a call it would come near `LOST_AFTER`."""
LOOKS_SECONDS = 0.5
"""How often the switch is looked at, and what has come back is settled, while a batch is under way."""
SETTLE_TRIES = 3
IDLE_SECONDS, PACE_SECONDS = 2.0, 0.25
"""Between two rounds: when there was nothing to do, and when the bucket was empty."""

_ANY_DUE = text(
    """
    SELECT EXISTS (
      SELECT FROM reminder WHERE state = 'planned' AND channel = :kind AND due_at <= :now AND NOT EXISTS (
        SELECT FROM intake WHERE intake.id = reminder.intake_id AND held_at IS NOT NULL AND approved_at IS NULL))
    """
)
_BEHIND = text(
    """
    SELECT DISTINCT conversation_id FROM message
    WHERE conversation_id = ANY(:ids) AND direction = 'out' AND state = 'queued' AND (due_at IS NULL OR due_at <= :now)
    """
)


@dataclass
class Batch:
    """What is under way: `halted` once the switch stops it."""

    handed: Sequence[Handed]
    halted: bool = False
    sent: list[tuple[UUID, Sent]] = field(default_factory=list)
    failed: list[tuple[Handed, ChannelError]] = field(default_factory=list)
    put_back: list[UUID] = field(default_factory=list)
    refused: int = 0
    accepted: int = 0

    @property
    def is_refused(self) -> bool:
        """Whether the provider takes nothing: most of what it was asked came back at once."""
        return self.refused * 2 > self.refused + self.accepted


class Bulk:
    def __init__(
        self, database: Database, queue: Queue, due: Due, bucket: Bucket, outcome: Outcome, channel: Channel
    ) -> None:
        self._database = database
        self._queue = queue
        self._due = due
        self._bucket = bucket
        self._outcome = outcome
        self._channel = channel

    async def run(self, stopping: asyncio.Event) -> None:
        """Send what is due until told to stop; a batch under way ends first."""
        while not stopping.is_set():
            try:
                pause = await self.round()
            except DatabaseUnavailable:
                log.warning("reminders wait: the store is away")
                pause = IDLE_SECONDS
            except Exception:
                log.exception("a round of reminders failed")
                pause = IDLE_SECONDS
            if pause:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(stopping.wait(), pause)

    async def round(self) -> float:
        """Claim a batch, send it, settle it; how many seconds to wait before the next one."""
        now = clock.now()
        tokens = None if quiet.is_quiet(now) else await self._tokens(now)
        if tokens is None:
            await self._let_go(now)
            return IDLE_SECONDS
        if not tokens:
            return PACE_SECONDS
        claimed = await self._claim(tokens, now)
        batch = Batch([one for one in claimed.handed if one.sending])
        if batch.handed:
            await self._send(batch)
        if claimed.handed:
            await self._deliver_behind([one.conversation_id for one in claimed.handed])
        return 0 if claimed.count == BATCH else PACE_SECONDS

    async def _tokens(self, now: datetime) -> int | None:
        """How many may be claimed; None when nothing is to be sent at all."""
        async with self._database.begin() as connection:
            if await switch.is_stopped(connection) or not await self._any_due(connection):
                return None
            return await self._bucket.take(connection, BATCH, now)

    async def _let_go(self, now: datetime) -> None:
        async with self._database.begin() as connection:
            await self._due.let_go(connection, now)

    async def _claim(self, tokens: int, now: datetime) -> Claimed:
        async with self._database.begin() as connection:
            claimed = await self._due.claim(connection, tokens, now)
        if len(claimed.handed) < tokens:
            async with self._database.begin() as connection:
                await self._bucket.give_back(connection, tokens - len(claimed.handed))
        return claimed

    async def _any_due(self, connection: AsyncConnection) -> bool:
        return bool(await connection.scalar(_ANY_DUE, {"kind": self._channel.kind, "now": clock.now()}))

    async def _send(self, batch: Batch) -> None:
        room = asyncio.Semaphore(AT_ONCE)
        pending = {asyncio.create_task(self._hand(batch, one, room)) for one in batch.handed}
        try:
            while pending:
                _, pending = await asyncio.wait(pending, timeout=LOOKS_SECONDS)
                if pending:
                    with contextlib.suppress(DatabaseUnavailable):  # what is under way must not be dropped for it
                        batch.halted = batch.halted or await self._is_stopped()
                await self._settle(batch)
        finally:
            for sending in pending:
                sending.cancel()
        async with self._database.begin() as connection:
            if batch.is_refused:
                until = await self._bucket.refused(connection, clock.now())
                log.error("the provider refuses everything: no reminder is sent before %s", until)
            elif batch.accepted:
                await self._bucket.accepted(connection)

    async def _hand(self, batch: Batch, one: Handed, room: asyncio.Semaphore) -> None:
        """One call of the provider; what it says waits in the batch to be settled."""
        async with room:
            if batch.halted or quiet.is_quiet(clock.now()) or clock.now() - one.created_at > STARTS_WITHIN:
                batch.put_back.append(one.id)
                return
            try:
                sent = await self._channel.send(one.outbound)
            except ChannelError as error:
                batch.failed.append((one, error))
                away = isinstance(error, TryAgain | Misconfigured | Ambiguous)
                batch.refused += away
                batch.accepted += not away
            except Exception:  # nobody knows what became of it: it stays `sending`, and the sweep finds it
                log.exception("message %s: the channel failed", one.id)
            else:
                batch.sent.append((one.id, sent))
                batch.accepted += 1

    async def _settle(self, batch: Batch) -> None:
        """Write down what came back; should the store be away for long, the sweep and the provider's list tell it."""
        sent, batch.sent = batch.sent, []
        failed, batch.failed = batch.failed, []
        put_back, batch.put_back = batch.put_back, []
        if sent:
            await self._record(sent)
        for one, error in failed:
            await self._outcome.failed(one, error)
        if put_back:
            await self._outcome.put_back(put_back)

    async def _record(self, sent: Sequence[tuple[UUID, Sent]]) -> None:
        for _ in range(SETTLE_TRIES):
            with contextlib.suppress(DatabaseUnavailable):
                async with self._database.begin() as connection:
                    await record(connection, sent)
                return
            await asyncio.sleep(1)
        log.error("%s messages left and could not be recorded: the provider's list will tell", len(sent))

    async def _is_stopped(self) -> bool:
        async with self._database.begin() as connection:
            return await switch.is_stopped(connection)

    async def _deliver_behind(self, conversations: Sequence[UUID]) -> None:
        """Let the lanes send what was stored behind these."""
        async with self._database.begin() as connection:
            found = await connection.scalars(_BEHIND, {"ids": list(conversations), "now": clock.now()})
            for conversation_id in found.all():
                await self._queue.defer(connection, DELIVER, conversation_id)
