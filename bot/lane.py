"""The lane: one worker at a time answers a conversation, and none of its messages is left behind.

The worker takes a lease on the conversation's row, drains the waiting messages, and releases with a
compare-and-set on the last message it saw. A message that came meanwhile makes the release fail, and
the worker drains again: no job had to be written for it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from uuid import UUID, uuid4

from sqlalchemy import or_, select, update

from bot import clock
from bot.database import Database
from bot.errors import LeaseLost
from bot.models import conversation

LEASE = timedelta(seconds=30)
"""Longer than one turn may take (the engine's limit is 8 s); renewed with each turn."""


@dataclass(frozen=True)
class Lease:
    """Our right to answer a conversation. `seen` is the last inbound message known when it was read."""

    conversation_id: UUID
    token: UUID
    seen: int


class Lane:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def take(self, conversation_id: UUID) -> Lease | None:
        """A lease, or None while another worker holds a live one: it will see whatever is new."""
        now, token = clock.now(), uuid4()
        free = or_(conversation.c.lease.is_(None), conversation.c.lease_until <= now)
        async with self._database.begin() as connection:
            seen = await connection.scalar(
                update(conversation)
                .where(conversation.c.id == conversation_id, free)
                .values(lease=token, lease_until=now + LEASE)
                .returning(conversation.c.last_inbound_seq)
            )
        return None if seen is None else Lease(conversation_id, token, seen)

    async def release(self, lease: Lease) -> Lease | None:
        """Give the lease back (None), or keep it because something came (the lease, brought up to date)."""
        mine = (conversation.c.id == lease.conversation_id, conversation.c.lease == lease.token)
        async with self._database.begin() as connection:
            done = await connection.execute(
                update(conversation)
                .where(*mine, conversation.c.last_inbound_seq == lease.seen)
                .values(lease=None, lease_until=None)
            )
            if done.rowcount:
                return None
            seen = await connection.scalar(select(conversation.c.last_inbound_seq).where(*mine))
        if seen is None:
            raise LeaseLost(LeaseLost.__doc__)
        return replace(lease, seen=seen)

    async def abandon(self, lease: Lease) -> None:
        """Give the lease back with messages still waiting; the sweep finds them when they are due."""
        async with self._database.begin() as connection:
            await connection.execute(
                update(conversation)
                .where(conversation.c.id == lease.conversation_id, conversation.c.lease == lease.token)
                .values(lease=None, lease_until=None)
            )
