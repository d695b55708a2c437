"""Hands queued messages to their channel, one at a time a conversation, in order.

A claim is committed before the provider is called, and owner, version and consent are checked in it. A crash
or a silence after the call leaves `unknown`: it is never sent again blindly.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, events, vault
from bot.claim import Claim
from bot.database import AnyRow, Database
from bot.models import message
from bot.outcome import Outcome, record
from bot.tasks import Tasks
from bot.vault import Vault
from channels.base import Channel, Outbound, Reply, Sent
from channels.errors import ChannelError

NEVER_KNOWN = "never known"
LOST_AFTER = timedelta(seconds=30)
"""A send ends within 10 s: a message still `sending` after this belongs to a worker that died."""


class Delivery:
    def __init__(
        self, database: Database, vault: Vault, channels: Mapping[str, Channel], tasks: Tasks, worker: str
    ) -> None:
        self._database = database
        self._vault = vault
        self._channels = channels
        self._tasks = tasks
        self._next = Claim(channels, worker)
        self._outcome = Outcome(database, tasks)

    async def deliver(self, conversation_id: UUID) -> None:
        """Send what is due in this conversation, in order, until nothing is or the first one must wait."""
        row = await self._claim(conversation_id)
        while row is not None:
            row = await self._send(row) if row.state == "sending" else await self._claim(conversation_id)

    async def _claim(self, conversation_id: UUID) -> AnyRow | None:
        async with self._database.begin() as connection:
            return await self._claim_in(connection, conversation_id)

    async def _claim_in(self, connection: AsyncConnection, conversation_id: UUID) -> AnyRow | None:
        row = await self._next.next(connection, conversation_id, clock.now())
        if row is not None and row.state == "undelivered":
            await self._tasks.open_for(connection, row, "undelivered", row.reason)
        return row

    async def _send(self, row: AnyRow) -> AnyRow | None:
        """The next message to send, None when there is none or it must wait."""
        outbound = self.outbound(row)
        try:
            sent = await self._channels[row.channel].send(outbound)
        except ChannelError as error:
            may_follow = await self._outcome.failed(row, error)
            return await self._claim(row.conversation_id) if may_follow else None
        return await self._settle(row, sent)

    def outbound(self, row: AnyRow) -> Outbound:
        return Outbound(
            message_id=row.id,
            address=self._vault.open(vault.ADDRESS, row.address_secret),
            sender=row.sender,
            reply=Reply.from_json(self._vault.open(vault.BODY, row.body_secret)),
            created_at=row.created_at,
            lost=tuple(row.lost_ids),
        )

    async def _settle(self, row: AnyRow, sent: Sent) -> AnyRow | None:
        """Record that it left, and claim the next one in the same transaction."""
        async with self._database.begin() as connection:
            await self._record(connection, row, sent)
            return await self._claim_in(connection, row.conversation_id)

    async def _record(self, connection: AsyncConnection, row: AnyRow, sent: Sent) -> None:
        await record(connection, [(row.id, sent)])
        await events.tell(connection, row.channel, row.conversation_id)

    async def found(self, row: AnyRow, sent: Sent) -> bool:
        """The provider's list has an ambiguous message: it was sent. False when that entry is another message's."""
        other = exists().where(
            message.c.channel == row.channel,
            message.c.direction == "out",
            or_(
                message.c.provider_id == sent.provider_id,
                and_(message.c.conversation_id == row.conversation_id, message.c.lost_ids.any(sent.provider_id)),
            ),
            message.c.id != row.id,
        )
        async with self._database.begin() as connection:
            await connection.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(sent.provider_id, 0))))
            if await connection.scalar(select(other)):
                return False
            await self._record(connection, row, sent)
        return True

    async def not_there(self, row: AnyRow, *, again: bool) -> bool:
        """The provider's list does not have it: send it again while it is worth it and still in its place.

        False when a receipt has told meanwhile what became of it.
        """
        later = message.alias()
        overtaken = exists().where(
            later.c.conversation_id == row.conversation_id,
            later.c.direction == "out",
            later.c.seq > row.seq,
            later.c.state.in_(("sent", "delivered")),
        )
        async with self._database.begin() as connection:
            in_place = again and (row.bulk or not await connection.scalar(select(overtaken)))
            values: dict[str, Any] = (
                {"state": "queued", "due_at": None} if in_place else {"state": "failed", "reason": "not sent"}
            )
            return await self._close_unknown(connection, row, values)

    async def give_up(self, row: AnyRow) -> bool:
        """Nothing has told what became of it: a human is to find out. It stays unknown, which is what it is."""
        async with self._database.begin() as connection:
            return await self._close_unknown(connection, row, {"state": "unknown", "reason": NEVER_KNOWN})

    async def _close_unknown(self, connection: AsyncConnection, row: AnyRow, values: dict[str, Any]) -> bool:
        closed = await connection.execute(
            update(message).where(message.c.id == row.id, message.c.state == "unknown").values(values)
        )
        if closed.rowcount and values["state"] != "queued":
            await self._tasks.open_for(connection, row, "unknown_delivery", values["reason"])
        return bool(closed.rowcount)
