"""A year in a few minutes: the real register, planner, sender, sweep and receipts over a real PostgreSQL.

Time is the clock's offset, moved from look to look. The worker is down at random, dies between the provider's yes and
its note, and meets a provider that refuses, keeps silent, loses messages, and knows numbers that nothing reaches.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

from sqlalchemy import select

from bot import clock
from bot.appointment_models import appointment, reminder
from bot.appointments.facts import Facts
from bot.assembly import Relais
from bot.models import message
from channels.base import Listing, Lookup, Outbound, Receipt, Sent
from channels.errors import Ambiguous, BadAddress, OptedOut, TryAgain
from tests.faults.year_judge import Left, Unsent, is_night, judge
from tests.faults.year_world import Telling, World

log = logging.getLogger(__name__)
DAY_STEP, NIGHT_STEP = timedelta(minutes=15), timedelta(minutes=90)


class Postman:
    """A provider that tells nothing but what really happened: `left` is what it took and did not lose."""

    name = "phone"
    kind = "sms"

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.left: dict[str, tuple[datetime, UUID, datetime]] = {}
        self.known: dict[UUID, list[Sent]] = defaultdict(list)
        self.receipts: list[Receipt] = []

    async def send(self, outbound: Outbound) -> Sent:
        number, draw = int(outbound.address[-4:]), self._chance.random()
        if number % 401 == 0:
            raise BadAddress("30005")
        if number % 397 == 0:
            raise OptedOut("21610")
        if draw < 0.01:
            raise TryAgain(code="busy")
        sent = Sent(f"SM{uuid4().hex}", 1)
        self._took(outbound, sent)
        if draw < 0.015:
            raise Ambiguous("no answer")
        if draw < 0.02:
            raise asyncio.CancelledError  # the worker dies between the yes and its note
        return sent

    def _took(self, outbound: Outbound, sent: Sent) -> None:
        payload = outbound.reply.choices[0].payload
        told = json.loads(payload[payload.index("{") :])
        at = clock.now()
        self.known[outbound.message_id].append(sent)
        if self._chance.random() < 0.03:
            self.receipts.append(Receipt(outbound.message_id, sent.provider_id, "undelivered", "30003", "passing"))
            return
        self.left[sent.provider_id] = (at, UUID(told["appointment"]), datetime.fromisoformat(told["starts_at"]))
        if self._chance.random() < 0.9:
            self.receipts.append(Receipt(outbound.message_id, sent.provider_id, "delivered"))

    async def received_since(self, since: datetime) -> Listing:
        return Listing()

    async def find_sent(self, outbound: Outbound) -> Lookup:
        known = self.known.get(outbound.message_id, [])
        return Lookup(tuple(sent for sent in known if sent.provider_id not in outbound.lost))

    async def close(self) -> None:
        return None


@dataclass
class Year:
    """A world, and the office that lives in it; `relais` has the postman as its only channel."""

    relais: Relais
    postman: Postman
    world: World
    folder: Path

    async def play(self) -> dict[str, int]:
        """Live it to the end; what the judge counts."""
        tellings, looks = list(reversed(self.world.tellings)), []
        moment = self.world.begins
        while moment < self.world.ends:
            while tellings and tellings[-1].at <= moment:
                self._now(tellings[-1].at)
                await self._take(tellings.pop())
            self._now(moment)
            if self.world.is_up(moment):
                looks.append(moment)
                await self._work()
            moment += NIGHT_STEP if is_night(moment) and is_night(moment + NIGHT_STEP) else DAY_STEP
        self._now(self.world.ends)
        return await self._judged(looks)

    def _now(self, moment: datetime) -> None:
        clock.start(self.folder, moment)

    async def _take(self, telling: Telling) -> None:
        story, word = telling.story, telling.story.words[telling.index]
        facts = Facts(
            source="year", source_id=story.source_id, first_name=story.first_name, phone=story.phone,
            starts_at=word.starts_at, told_at=word.at, status=word.status, place="12 rue de la République, Lyon 2",
        )  # fmt: skip
        async with self.relais.database.begin() as connection:
            await self.relais.register.take(connection, facts, how="year")

    async def _work(self) -> None:
        """What a worker does in a quarter of an hour: receipts, sweep, retries, what is due."""
        receipts, self.postman.receipts = self.postman.receipts, []
        for receipt in receipts:
            await self.relais.receipts.take(receipt)
        await self.relais.sweep.outbox()
        await self.relais.sweep.settle_unknown()
        await self._lanes()
        bulk = self.relais.bulk
        assert bulk is not None
        for _ in range(100):
            if await bulk.round() > 1:
                return

    async def _lanes(self) -> None:
        queued = select(message.c.conversation_id).where(message.c.state == "queued").distinct()
        async with self.relais.database.begin() as connection:
            waiting = (await connection.scalars(queued)).all()
        for conversation_id in waiting:
            try:
                await self.relais.delivery.deliver(conversation_id)
            except asyncio.CancelledError:
                continue  # this worker died; the next one finds what it left

    async def _judged(self, looks: list[datetime]) -> dict[str, int]:
        async with self.relais.database.begin() as connection:
            rows = (await connection.execute(select(appointment.c.id, appointment.c.source_id))).all()
            named = {row.id: row.source_id for row in rows}
            written = select(reminder, message.c.state.label("sent"), message.c.reason.label("why")).join_from(
                reminder, message, reminder.c.message_id == message.c.id, isouter=True
            )
            reminders = (await connection.execute(written)).all()
        unsent: dict[tuple[str, datetime], list[Unsent]] = defaultdict(list)
        for row in reminders:
            ended = "failed" if row.sent in ("failed", "undelivered") else row.why or row.reason
            unsent[named[row.appointment_id], row.starts_at].append(Unsent(row.due_at, row.valid_until, ended))
            log.info(
                "%s at %s: %s due %s until %s, %s %s, message %s",
                named[row.appointment_id], row.starts_at, row.kind, row.due_at, row.valid_until,
                row.state, row.reason, row.sent,
            )  # fmt: skip
        left = [Left(at, named[which], starts_at) for at, which, starts_at in self.postman.left.values()]
        counts = judge(self.world, left, unsent, looks)
        settled_by = self.world.ends - timedelta(days=4)
        open_rows = [row for row in reminders if row.state == "planned" or row.sent in ("queued", "sending")]
        stuck = [row for row in open_rows if row.valid_until < settled_by]
        return {**counts, "lost: rows that nobody settled": len(stuck)}
