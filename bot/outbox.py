"""What Relais says: stored with the turn that caused it. Nothing is said twice, nothing is said past the fence.

`queued → sending → sent → delivered`, or `skipped`, `failed`, `undelivered`, `unknown`, each with its reason.
`bot/delivery.py` takes it from here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, vault
from bot.database import AnyRow, Database
from bot.errors import LeaseLost
from bot.lane import LEASE, Lease
from bot.models import conversation, message
from bot.queue import DELIVER, Queue
from bot.vault import Vault
from channels.base import Reply

ASSISTANT, SYSTEM, COUNSELLOR = "assistant", "system", "counsellor"
ANSWER_PART = "reply:0"
"""The first answer to a message, whoever gives it: there is only one."""
APOLOGY, GIVEN_TO_TEAM = "apology", "task"
"""That the assistant is down, and that the team has the message: nobody answers to these."""


@dataclass(frozen=True)
class Line:
    """One message to store. `part` tells it from the other answers to the same cause.

    `bulk`: nobody has asked for it; it leaves at `due_at`, and later than `valid_until` it is not to be sent.
    """

    reply: Reply
    author: str
    part: str
    bulk: bool = False
    valid_until: datetime | None = None
    due_at: datetime | None = None


_COUNTED = (conversation.c.id, conversation.c.last_seq, conversation.c.version, conversation.c.channel)


class Outbox:
    def __init__(self, database: Database, vault: Vault, queue: Queue) -> None:
        self._database = database
        self._vault = vault
        self._queue = queue

    async def answer(self, lease: Lease, inbound_id: UUID, replies: Sequence[Reply], *, version: int) -> None:
        """End a turn: store the assistant's replies, mark the message answered; raises LeaseLost.

        `version` is the conversation's when the turn began. When it has changed, somebody else owns the
        conversation by now: the replies are kept as skipped, and never sent.
        """
        lines = [Line(reply, ASSISTANT, f"reply:{place}") for place, reply in enumerate(replies)]
        async with self._database.begin() as connection:
            await self.store(connection, lease, inbound_id, lines, version=version)
            await self.settle(connection, inbound_id)

    async def settle(self, connection: AsyncConnection, inbound_id: UUID, state: str = "answered") -> None:
        """Take a message out of the waiting ones; after `store`, which locks the conversation before its messages."""
        await connection.execute(
            update(message).where(message.c.id == inbound_id).values(state=state, settled_at=clock.now())
        )

    async def store(
        self,
        connection: AsyncConnection,
        lease: Lease,
        cause: UUID,
        lines: Sequence[Line],
        *,
        version: int | None = None,
    ) -> None:
        """Store what is to be said because of `cause`, and the job that says it; raises LeaseLost.

        Without `version` the lines belong to the present owner: they are said in the transaction that makes
        the change. A line already stored for this cause and part is left as it is.
        """
        row = await self._count_in(connection, lease, len(lines))
        await self._insert(connection, row, cause, lines, fresh=version is None or row.version == version)

    async def say(
        self, connection: AsyncConnection, conversation_id: UUID, cause: UUID | None, lines: Sequence[Line]
    ) -> None:
        """Store what is said outside of a turn, by the system or a counsellor: it needs no lease, no fence holds it."""
        counted = (
            update(conversation)
            .where(conversation.c.id == conversation_id)
            .values(last_seq=conversation.c.last_seq + len(lines))
            .returning(*_COUNTED)
        )
        await self._insert(connection, (await connection.execute(counted)).one(), cause, lines, fresh=True)

    async def _insert(
        self, connection: AsyncConnection, row: AnyRow, cause: UUID | None, lines: Sequence[Line], *, fresh: bool
    ) -> None:
        first, state = row.last_seq - len(lines) + 1, "queued" if fresh else "skipped"
        values = [self._row(row, line, first + place, cause, state=state) for place, line in enumerate(lines)]
        if values:
            await connection.execute(
                insert(message).values(values).on_conflict_do_nothing(index_elements=["cause", "part"])
            )
        if values and fresh:
            await self._queue.defer(connection, DELIVER, row.id)

    async def _count_in(self, connection: AsyncConnection, lease: Lease, count: int) -> AnyRow:
        now = clock.now()
        found = await connection.execute(
            update(conversation)
            .where(conversation.c.id == lease.conversation_id, conversation.c.lease == lease.token)
            .values(last_seq=conversation.c.last_seq + count, lease_until=now + LEASE)
            .returning(*_COUNTED)
        )
        row = found.one_or_none()
        if row is None:
            raise LeaseLost(LeaseLost.__doc__)
        return row

    def _row(self, row: AnyRow, line: Line, seq: int, cause: UUID | None, *, state: str) -> dict[str, Any]:
        now = clock.now()
        return {
            "id": uuid4(),
            "conversation_id": row.id,
            "seq": seq,
            "direction": "out",
            "author": line.author,
            "channel": row.channel,
            "body_secret": self._vault.seal(vault.BODY, line.reply.to_json()),
            "has_choices": bool(line.reply.choices),
            "state": state,
            "reason": "" if state == "queued" else "taken over",
            "cause": cause,
            "part": line.part,
            "version": row.version,
            "bulk": line.bulk,
            "valid_until": line.valid_until,
            "due_at": line.due_at,
            "created_at": now,
        }
