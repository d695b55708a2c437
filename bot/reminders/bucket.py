"""How many messages a sender may send now: a bucket of tokens in the database, shared by all workers.

Replies take no token and wait for none; those that left meanwhile are subtracted, so that bulk has what they leave.
What else nobody has asked for reserves its tokens: it leaves, message after message, at the same pace.
A provider that refuses everything is left alone for a while, each time for longer, and then asked with a few messages.
"""

from __future__ import annotations

import math
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.appointment_models import bucket
from bot.models import message

PAUSES = tuple(timedelta(seconds=seconds) for seconds in (30, 60, 120, 300, 600))
PROBE = 5


class Bucket:
    """The bucket of one sender; `rate` is messages a second, and what a second gives is the most that it holds."""

    def __init__(self, sender: str, rate: float) -> None:
        self._sender = sender
        self._rate = rate
        self._most = max(1.0, rate)
        self._mine = bucket.c.sender == sender

    async def take(self, connection: AsyncConnection, wanted: int, now: datetime) -> int:
        """As many tokens as there are, `wanted` at most; the row stays locked until the transaction ends."""
        row = await self._locked(connection, now)
        if row.paused_until is not None and row.paused_until > now:
            return 0
        tokens = self._filled(row, now, await self._replies(connection, row.filled_at, now))
        taken = max(0, min(PROBE if row.refusals else wanted, wanted, math.floor(tokens)))
        await connection.execute(update(bucket).where(self._mine).values(tokens=tokens - taken, filled_at=now))
        return taken

    async def reserve(self, connection: AsyncConnection, now: datetime) -> datetime:
        """Take one token in advance, for a message that is stored now; when it may leave. Reminders wait for it."""
        row = await self._locked(connection, now)
        tokens = self._filled(row, now, await self._replies(connection, row.filled_at, now)) - 1
        await connection.execute(update(bucket).where(self._mine).values(tokens=tokens, filled_at=now))
        return now + timedelta(seconds=max(0.0, -tokens) / self._rate)

    async def give_back(self, connection: AsyncConnection, count: int) -> None:
        """Return tokens for which there was no message."""
        back = func.least(self._most, bucket.c.tokens + count)
        await connection.execute(update(bucket).where(self._mine).values(tokens=back))

    async def refused(self, connection: AsyncConnection, now: datetime) -> datetime:
        """The provider refuses everything: until when nothing is sent in bulk."""
        row = await self._locked(connection, now)
        if row.paused_until is not None and row.paused_until > now:  # another worker has just seen the same
            return row.paused_until
        until = now + PAUSES[min(row.refusals, len(PAUSES) - 1)]
        await connection.execute(
            update(bucket).where(self._mine).values(paused_until=until, refusals=bucket.c.refusals + 1)
        )
        return until

    async def accepted(self, connection: AsyncConnection) -> None:
        """The provider takes messages."""
        await connection.execute(
            update(bucket).where(self._mine, bucket.c.refusals > 0).values(paused_until=None, refusals=0)
        )

    async def _locked(self, connection: AsyncConnection, now: datetime) -> Any:
        new = insert(bucket).values(sender=self._sender, tokens=self._most, filled_at=now)
        await connection.execute(new.on_conflict_do_nothing(index_elements=["sender"]))
        return (await connection.execute(select(bucket).where(self._mine).with_for_update())).one()

    async def _replies(self, connection: AsyncConnection, since: datetime, now: datetime) -> int:
        of = (message.c.channel == self._sender, message.c.direction == "out")
        sent = (message.c.sent_at > since, message.c.sent_at <= now)
        beside = or_(not_(message.c.bulk), message.c.attempts > 1)
        return await connection.scalar(select(func.count()).where(*of, *sent, beside)) or 0

    def _filled(self, row: Any, now: datetime, replies: int) -> float:
        """Replies leave a debt of a second at most; what was reserved stays owed."""
        seconds = max(0.0, (now - row.filled_at).total_seconds())
        tokens = min(self._most, row.tokens + seconds * self._rate)
        return max(min(tokens, -self._most), tokens - replies)


async def paused(connection: AsyncConnection, now: datetime) -> list[str]:
    """The senders that are left alone just now."""
    found = await connection.scalars(select(bucket.c.sender).where(bucket.c.paused_until > now))
    return list(found)
