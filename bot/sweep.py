"""Finds what was left behind: by a worker that died, a job that was lost, a provider that kept silent."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import Select, exists, not_, or_, select, update
from sqlalchemy.dialects.postgresql import insert

from bot import clock
from bot.claim import bulk_waits
from bot.database import AnyRow, Database
from bot.delivery import LOST_AFTER, NEVER_KNOWN, Delivery
from bot.errors import DatabaseUnavailable
from bot.inbox import Inbox
from bot.models import conversation, listing, message
from bot.queue import ANSWER, DELIVER, Queue
from bot.reminders.quiet import is_quiet
from channels.base import Channel
from channels.errors import ChannelError

log = logging.getLogger(__name__)

BATCH = 500
BULK_BATCH = 100
"""Reminders that are tried again: ten a second, beside what the bucket lets leave."""
SETTLED_BY_THEN = timedelta(minutes=2)
"""A provider's list may lag; only after this is an absence from it believed."""
WORTH_SENDING_AGAIN = timedelta(minutes=15)
LOOKED_UP = timedelta(days=1)
"""After this, no list and no receipt will tell what became of a message any more: a human is to find out."""
FIRST_LISTED = timedelta(minutes=30)
"""How far back a provider's list is read the first time: what came before Relais did is not ours to answer."""
LISTED_AGAIN = timedelta(minutes=30)
"""A list may lag, and clocks differ: each reading begins this long before the end of the one before."""


class Sweep:
    def __init__(
        self,
        database: Database,
        queue: Queue,
        inbox: Inbox,
        delivery: Delivery,
        channels: Mapping[str, Channel],
    ) -> None:
        self._database = database
        self._queue = queue
        self._inbox = inbox
        self._delivery = delivery
        self._channels = channels

    async def leases(self) -> int:
        """Answer again the conversations whose messages wait without a live lease; how many."""
        now = clock.now()
        due = exists().where(
            message.c.conversation_id == conversation.c.id,
            message.c.state == "waiting",
            or_(message.c.due_at.is_(None), message.c.due_at <= now),
        )
        free = or_(conversation.c.lease.is_(None), conversation.c.lease_until <= now)
        return await self._defer_for(ANSWER, select(conversation.c.id).where(due, free).limit(BATCH))

    async def outbox(self) -> int:
        """Mark what a dead worker was sending as unknown, and send what is due; how many conversations."""
        now = clock.now()
        async with self._database.begin() as connection:
            await connection.execute(
                update(message)
                .where(message.c.state == "sending", message.c.sent_at < now - LOST_AFTER)
                .values(state="unknown", reason="worker died", settled_at=now)
            )
        replies = _queued(self._channels, now).where(not_(message.c.bulk)).limit(BATCH)
        bulk = _queued(self._channels, now).where(message.c.bulk, not_(bulk_waits())).limit(BULK_BATCH)
        loud = {"now": now, "loud": not is_quiet(now)}
        return await self._defer_for(DELIVER, replies) + await self._defer_for(DELIVER, bulk.params(loud))

    async def _defer_for(self, job: str, statement: Select[UUID]) -> int:
        async with self._database.begin() as connection:
            found = (await connection.scalars(statement)).all()
            for conversation_id in found:
                await self._queue.defer(connection, job, conversation_id)
        return len(found)

    async def fetch_missing(self) -> int:
        """Take in the inbound messages of the providers' own lists that never reached us; how many."""
        missing = sum([await self._fetch(channel) for channel in self._channels.values()])
        if missing:
            log.warning("%s messages were missing and have been fetched", missing)
        return missing

    async def _fetch(self, channel: Channel) -> int:
        now = clock.now()
        since = await self._list_from(channel, now)
        try:
            listed = await channel.received_since(since)
        except ChannelError as error:
            log.warning("the list of %s could not be read: %s", channel.name, error)
            return 0
        missing = sum([(await self._inbox.receive(inbound)).fresh for inbound in listed.messages])
        if listed.whole:
            await self._keep_listed_until(channel, now)
        else:
            log.error("the list of %s could not be read to its end: it is read again from %s", channel.name, since)
        return missing

    async def _list_from(self, channel: Channel, now: datetime) -> datetime:
        """Well before now, even when a demonstration has moved the clock back."""
        query = select(listing.c.listed_until).where(listing.c.channel == channel.name)
        async with self._database.begin() as connection:
            kept: datetime | None = await connection.scalar(query)
        return now - FIRST_LISTED if kept is None else min(kept, now) - LISTED_AGAIN

    async def _keep_listed_until(self, channel: Channel, until: datetime) -> None:
        statement = insert(listing).values(channel=channel.name, listed_until=until)
        async with self._database.begin() as connection:
            await connection.execute(
                statement.on_conflict_do_update(index_elements=["channel"], set_={"listed_until": until})
            )

    async def settle_unknown(self) -> int:
        """Look the ambiguous sends up in the providers' lists; how many were settled."""
        now = clock.now()
        async with self._database.begin() as connection:
            rows = (
                await connection.execute(
                    select(message, conversation.c.address_secret, conversation.c.sender)
                    .join_from(message, conversation)
                    .where(message.c.state == "unknown", message.c.sent_at < now - SETTLED_BY_THEN)
                    .where(message.c.reason != NEVER_KNOWN)
                    .order_by(message.c.created_at)
                    .limit(BATCH)
                )
            ).all()
        return sum([await self._settled(row) for row in rows])

    async def _settled(self, row: AnyRow) -> bool:
        """One that cannot be read must not keep the others from being looked up."""
        try:
            return await self._settle(row)
        except DatabaseUnavailable:
            raise
        except Exception:
            log.exception("message %s could not be settled", row.id)
            return False

    async def _settle(self, row: AnyRow) -> bool:
        useful = row.bulk and row.valid_until is not None and clock.now() < row.valid_until
        if row.created_at <= clock.now() - LOOKED_UP and not useful:
            return await self._delivery.give_up(row)
        channel = self._channels.get(row.channel)
        if channel is None:
            return False
        outbound = self._delivery.outbound(row)
        try:
            lookup = await channel.find_sent(outbound)
        except ChannelError as error:
            log.warning("message %s could not be looked up: %s", outbound.message_id, error)
            return False
        for sent in lookup.entries:
            if await self._delivery.found(row, sent):
                return True
        if not lookup.whole:
            log.warning("message %s was looked up in a list cut short", outbound.message_id)
            return False
        again = useful if row.bulk else outbound.created_at > clock.now() - WORTH_SENDING_AGAIN
        return await self._delivery.not_there(row, again=again)


def _queued(channels: Iterable[str], now: datetime) -> Select[UUID]:
    """The conversations that have something to send by now."""
    due = or_(message.c.due_at.is_(None), message.c.due_at <= now)
    queued = (message.c.direction == "out", message.c.state == "queued", message.c.channel.in_(channels), due)
    return select(message.c.conversation_id).where(*queued).group_by(message.c.conversation_id)
