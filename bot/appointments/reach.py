"""Where a person can be written to unasked, and in which language; nobody is written to who does not want it."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointments.people import People, Person
from bot.models import IN_ORDER, conversation
from bot.outbox import SYSTEM, Line, Outbox
from bot.reminders import daily, switch
from bot.reminders.bucket import Bucket, paused
from bot.ring import UnreadableSecret
from bot.texts import Texts
from bot.vault import Vault
from channels.base import Reply

log = logging.getLogger(__name__)

SMS = "sms"
_ADDRESS = tuple_(conversation.c.channel, conversation.c.address_index)


@dataclass(frozen=True)
class Road:
    """A conversation by which a person is reached."""

    conversation_id: UUID
    channel: str
    kind: str
    language: str


@dataclass(frozen=True)
class Pace:
    """How many messages a second leave unasked by one channel, and how many one number gets in a day at most."""

    a_second: float
    a_day: int


class Reach:
    """`kinds` are the channels by name: only by those that are a telephone's is a person told something."""

    def __init__(
        self, vault: Vault, people: People, outbox: Outbox, texts: Texts, kinds: Mapping[str, str], pace: Pace
    ) -> None:
        self._vault = vault
        self._people = people
        self._outbox = outbox
        self._texts = texts
        self._pace = pace
        self._phones = sorted(name for name, kind in kinds.items() if kind == SMS)

    async def road(self, connection: AsyncConnection, person_id: UUID) -> Road | None:
        """The conversation on the person's phone, locked.

        None: they have none, or want no messages, or nothing arrives, or they had what a day allows.
        """
        road = await self.find(connection, person_id)
        return None if road is None or await self.had_enough(connection, road) else road

    async def find(self, connection: AsyncConnection, person_id: UUID) -> Road | None:
        """The same, whatever they had today."""
        whose = await self._whose(connection, person_id)
        if whose is None or not whose.phone or whose.phone_fault or not self._phones:
            return None
        found = await connection.execute(
            select(conversation.c.id, conversation.c.channel, conversation.c.language)
            .where(_ADDRESS.in_(self._addresses(whose)))
            .where(conversation.c.opted_out_at.is_(None), conversation.c.unreachable_at.is_(None))
            .order_by(conversation.c.last_inbound_at.desc().nulls_last())
            .limit(1)
            .with_for_update(key_share=True)
        )
        row = found.one_or_none()
        return None if row is None else Road(row.id, row.channel, SMS, row.language)

    async def had_enough(self, connection: AsyncConnection, road: Road) -> bool:
        """Whether nothing more may be said to them today."""
        return await daily.had(connection, road.conversation_id, clock.today()) >= self._pace.a_day

    async def is_halted(self, connection: AsyncConnection) -> bool:
        """Whether nothing that nobody has asked for leaves just now: all is stopped, or the provider refuses all."""
        return await switch.is_stopped(connection) or not set(self._phones).isdisjoint(
            await paused(connection, clock.now())
        )

    async def lock(self, connection: AsyncConnection, people: Collection[UUID]) -> None:
        """Lock the conversations of whoever may be told something in this transaction, in the one order there is.

        The sender's bucket comes after them: who waited for it with one conversation would hold up all others.
        """
        known = [await self._whose(connection, person_id) for person_id in people]
        theirs = [address for whose in known if whose and whose.phone for address in self._addresses(whose)]
        mine = select(conversation.c.id).where(_ADDRESS.in_(theirs)).order_by(*IN_ORDER)
        await connection.execute(mine.with_for_update(key_share=True))

    async def _whose(self, connection: AsyncConnection, person_id: UUID) -> Person | None:
        """None when what we know of them cannot be read: they must not hold up the others."""
        try:
            return await self._people.get(connection, person_id)
        except UnreadableSecret:
            log.exception("person %s cannot be read", person_id)
            return None

    def _addresses(self, whose: Person) -> list[tuple[str, bytes]]:
        return [(name, self._vault.address_index(name, whose.phone)) for name in self._phones]

    def word(self, road: Road, key: str, **words: Any) -> Reply:
        return self._texts.say(key, kind=road.kind, language=road.language, **words)

    async def tell(
        self,
        connection: AsyncConnection,
        road: Road,
        reply: Reply,
        *,
        cause: UUID,
        part: str,
        valid_until: datetime,
    ) -> None:
        """Say what nobody has asked for, once for each cause and part, while it is of use, at the sender's pace."""
        due_at = await Bucket(road.channel, self._pace.a_second).reserve(connection, clock.now())
        line = Line(reply, SYSTEM, part, bulk=True, valid_until=valid_until, due_at=due_at)
        await self._outbox.say(connection, road.conversation_id, cause, [line])
