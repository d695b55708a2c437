"""Takes in what people write: the message and its job, in one transaction. Nothing accepted is lost."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.sql.dml import ReturningInsert

from bot import clock, events, vault
from bot.database import AnyRow, Database
from bot.language import Listening, Spoken, record
from bot.masking import conceal
from bot.models import conversation, message
from bot.queue import ANSWER, Queue
from bot.vault import Vault
from channels.base import Inbound

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Received:
    """Where a message was put; `fresh` is False when it had been taken in before."""

    message_id: UUID
    conversation_id: UUID
    seq: int
    fresh: bool


@dataclass(frozen=True)
class Arrival:
    """A message just stored as waiting, in a transaction that holds its conversation, and who owns that."""

    message_id: UUID
    seq: int
    inbound: Inbound
    conversation_id: UUID
    owner: str
    version: int
    language: str
    opted_out: bool


class Hearing(Protocol):
    """What reads a message as it comes in, before it waits for anything."""

    async def at_the_door(self, connection: AsyncConnection, arrival: Arrival) -> bool:
        """Act on a message in the transaction that takes it in; True when it has had its answer."""


class _Repeat(Exception):
    """The provider sent this message before: the transaction is rolled back, nothing changes."""


class Inbox:
    """The one way in, for every channel."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        queue: Queue,
        hearing: Hearing | None = None,
        listening: Listening | None = None,
    ) -> None:
        self._database = database
        self._vault = vault
        self._queue = queue
        self._hearing = hearing
        self._listening = listening

    async def receive(self, inbound: Inbound) -> Received:
        """Store a message, once; raises DatabaseUnavailable, then nothing was stored.

        A social-security or card number is never kept: nobody here needs one, and a reader could misuse it.
        """
        inbound = replace(inbound, text=conceal(inbound.text))
        try:
            async with self._database.begin() as connection:
                return await self._store(connection, inbound)
        except _Repeat:
            async with self._database.begin() as connection:
                return await self._found(connection, inbound)

    async def _store(self, connection: AsyncConnection, inbound: Inbound) -> Received:
        now = clock.now()
        row = (await connection.execute(self._open_conversation(inbound))).one()
        body = {"text": inbound.text, "choice": inbound.choice, "media": inbound.media, "opt_out": inbound.opt_out}
        stored = await connection.scalar(
            insert(message)
            .values(
                id=(message_id := uuid4()),
                conversation_id=row.id,
                seq=row.last_seq,
                direction="in",
                author="person",
                channel=inbound.channel,
                provider_id=inbound.provider_id,
                body_secret=self._vault.seal(vault.BODY, body),
                state="waiting",
                created_at=now,
                sent_at=inbound.sent_at,
            )
            .on_conflict_do_nothing(index_elements=["channel", "provider_id"], index_where=text("direction = 'in'"))
            .returning(message.c.id)
        )
        if stored is None:
            raise _Repeat
        language = await self._language(connection, inbound, row)
        heard = await self._hear(connection, inbound, row, message_id, language)
        if not heard and (row.lease_until is None or row.lease_until <= now):
            await self._queue.defer(connection, ANSWER, row.id)
        await events.tell(connection, inbound.channel, row.id)
        return Received(message_id, row.id, row.last_seq, fresh=True)

    async def _language(self, connection: AsyncConnection, inbound: Inbound, row: AnyRow) -> str:
        """The language to answer in; a fault of ours leaves the one that was."""
        before = Spoken(row.language, row.language_asked)
        if self._listening is None:
            return before.language
        try:
            spoken = self._listening.next(before, inbound.text)
            decides = spoken != before or bool(self._listening.wished(inbound.text))
        except Exception:
            log.exception("the language of a message of conversation %s could not be told", row.id)
            return before.language
        if decides:
            await record(connection, row.id, spoken, seq=row.last_seq)
        return spoken.language

    async def _hear(
        self, connection: AsyncConnection, inbound: Inbound, row: AnyRow, message_id: UUID, language: str
    ) -> bool:
        if self._hearing is None:
            return False
        arrival = Arrival(
            message_id=message_id,
            seq=row.last_seq,
            inbound=inbound,
            conversation_id=row.id,
            owner=row.owner,
            version=row.version,
            language=language,
            opted_out=row.opted_out_at is not None,
        )
        return await self._hearing.at_the_door(connection, arrival)

    def _open_conversation(self, inbound: Inbound) -> ReturningInsert[Any]:
        """Count the message in, creating the conversation with the first one; the row stays locked."""
        now = clock.now()
        statement = insert(conversation).values(
            id=uuid4(),
            channel=inbound.channel,
            address_index=self._vault.address_index(inbound.channel, inbound.address),
            address_secret=self._vault.seal(vault.ADDRESS, inbound.address),
            sender=inbound.recipient,
            last_seq=1,
            last_inbound_seq=1,
            created_at=now,
            last_inbound_at=now,
        )
        return statement.on_conflict_do_update(
            index_elements=["channel", "address_index"],
            set_={
                "last_seq": conversation.c.last_seq + 1,
                "last_inbound_seq": conversation.c.last_seq + 1,
                "sender": inbound.recipient,
                "last_inbound_at": now,
                "unreachable_at": None,
            },
        ).returning(conversation)

    async def _found(self, connection: AsyncConnection, inbound: Inbound) -> Received:
        row = (
            await connection.execute(
                select(message.c.id, message.c.conversation_id, message.c.seq).where(
                    message.c.channel == inbound.channel,
                    message.c.provider_id == inbound.provider_id,
                    message.c.direction == "in",
                )
            )
        ).one()
        return Received(row.id, row.conversation_id, row.seq, fresh=False)
