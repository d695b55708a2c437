"""Claims due reminders and the messages that say them, in one transaction; what may not be said has its reason.

Reminders and their appointments are locked without waiting (`SKIP LOCKED`): an appointment that is being changed is
left to the next round, so that nobody deadlocks and nobody is reminded of what has just moved. Then come the
conversations, in the order of their addresses, then the messages, then the tasks.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from uuid import UUID, uuid4

from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.appointments.facts import CANCELLED
from bot.clock import PARIS
from bot.database import AnyRow
from bot.reminders import due_sql as sql
from bot.reminders import quiet
from bot.reminders.plan import HELD_TOO_LONG, LATE
from bot.reminders.planner import ASKED_OFF, CALLED_OFF, MOVED
from bot.reminders.wording import Reminded, Wording, says_until
from bot.tasks import Tasks
from bot.vault import Vault
from channels.base import Outbound, Reply

log = logging.getLogger(__name__)

DAILY_CAP = "daily cap"
TASK = "daily_cap"
LET_GO = 1000
"""How many held reminders a round lets go at most: some thousandths of a second."""


@dataclass(frozen=True)
class Road:
    """By which channel all reminders leave, and what one number gets at most in a day."""

    channel: str
    kind: str
    worker: str
    a_day: int


@dataclass(frozen=True)
class Handed:
    """One reminder's message, stored. `sending`: it is ours to send now; else its lane sends it."""

    reminder_id: UUID
    conversation_id: UUID
    outbound: Outbound
    seq: int
    version: int
    valid_until: datetime
    sending: bool
    attempts: int = 1
    bulk: bool = True

    @property
    def id(self) -> UUID:
        return self.outbound.message_id

    @property
    def created_at(self) -> datetime:
        return self.outbound.created_at


@dataclass(frozen=True)
class Claimed:
    """What a round took: the messages, and the reminders that were skipped, with their reasons."""

    handed: Sequence[Handed] = ()
    skipped: dict[UUID, str] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.handed) + len(self.skipped)


@dataclass(frozen=True)
class _Candidate:
    row: AnyRow
    phone: str
    address_index: bytes
    first_name: str


@dataclass
class _Thread:
    """A conversation while a batch is made: `waiting` is what has not left it yet, `today` what was sent in bulk."""

    row: AnyRow
    last_seq: int
    waiting: int = 0
    today: int = 0
    capped: bool = False

    def refusal(self, a_day: int) -> str:
        """Why this number is sent nothing in bulk; "" when it may be."""
        if self.row.opted_out_at is not None:
            return "opted out"
        if self.row.unreachable_at is not None:
            return "unreachable number"
        self.capped = self.today >= a_day
        return DAILY_CAP if self.capped else ""


class Due:
    def __init__(self, vault: Vault, wording: Wording, tasks: Tasks, road: Road) -> None:
        self._vault = vault
        self._wording = wording
        self._tasks = tasks
        self._road = road

    async def let_go(self, connection: AsyncConnection, now: datetime) -> None:
        """Skip what was held by an import until it said nothing useful any more; a part of it at a time."""
        await connection.execute(sql.HELD, {"now": now, "reason": HELD_TOO_LONG, "count": LET_GO})

    async def claim(self, connection: AsyncConnection, count: int, now: datetime) -> Claimed:
        """Take up to `count` due reminders; their messages are there when the transaction commits."""
        rows = (await connection.execute(sql.DUE, {"kind": self._road.kind, "now": now, "count": count})).all()
        if not rows:
            return Claimed()
        skipped = {row.id: reason for row in rows if (reason := _off(row, now))}
        candidates = [one for row in rows if row.id not in skipped and (one := self._candidate(row, skipped))]
        threads = await self._threads(connection, candidates, now)
        handed = [made for one in candidates if (made := self._handed(one, threads[one.address_index], now, skipped))]
        await self._store(connection, handed, skipped, threads.values(), now)
        return Claimed(handed, skipped)

    def _candidate(self, row: AnyRow, skipped: dict[UUID, str]) -> _Candidate | None:
        try:
            phone = self._vault.open(vault.PHONE, row.phone_secret)
            first_name = self._vault.open(vault.FIRST_NAME, row.first_name_secret) or ""
        except Exception:  # one that cannot be read must not hold up the others
            log.exception("reminder %s cannot be read", row.id)
            skipped[row.id] = "unreadable"
            return None
        return _Candidate(row, phone, self._vault.address_index(self._road.channel, phone), first_name)

    def _handed(self, one: _Candidate, thread: _Thread, now: datetime, skipped: dict[UUID, str]) -> Handed | None:
        reason = thread.refusal(self._road.a_day)
        try:
            told = None if reason else self._told(one, thread, now)
        except Exception:
            log.exception("reminder %s cannot be worded", one.row.id)
            reason, told = "unreadable", None
        if told is None:
            skipped[one.row.id] = reason
            return None
        reply, until = told
        thread.last_seq, thread.waiting, thread.today = thread.last_seq + 1, thread.waiting + 1, thread.today + 1
        return Handed(
            reminder_id=one.row.id,
            conversation_id=thread.row.id,
            outbound=Outbound(uuid4(), one.phone, thread.row.sender, reply, now),
            seq=thread.last_seq,
            version=thread.row.version,
            valid_until=until,
            sending=thread.waiting == 1,
        )

    def _told(self, one: _Candidate, thread: _Thread, now: datetime) -> tuple[Reply, datetime]:
        """The message, and until when it says what is true and useful."""
        row = one.row
        spoken = thread.row.language if thread.row.language_seq else row.language
        told = Reminded(row.appointment_id, row.starts_at, row.zone, row.medium, row.place, one.first_name, spoken)
        until = says_until(told, now)
        return self._wording.reminder(told, now, kind=self._road.kind), min(until or row.valid_until, row.valid_until)

    async def _threads(
        self, connection: AsyncConnection, candidates: Collection[_Candidate], now: datetime
    ) -> dict[bytes, _Thread]:
        """The conversations with these people, made where there is none; they stay locked."""
        people = sorted({one.address_index: one for one in candidates}.items())
        if not people:
            return {}
        given = {
            "id": [uuid4() for _ in people],
            "address_index": [index for index, _ in people],
            "address_secret": [self._vault.seal(vault.ADDRESS, one.phone) for _, one in people],
            "language": [one.row.language for _, one in people],
        }
        made = (await connection.execute(sql.CONVERSATIONS, {**given, "channel": self._road.channel, "now": now})).all()
        threads = {row.id: _Thread(row, row.last_seq) for row in made}
        today = now.astimezone(PARIS).date()
        day = {"midnight": quiet.at(today, time()), "tomorrow": quiet.at(today + timedelta(days=1), time())}
        before = await connection.execute(sql.BEFORE, {"ids": list(threads), **day})
        for row in before:
            threads[row.conversation_id].waiting = row.waiting
            threads[row.conversation_id].today = row.today
        return {bytes(thread.row.address_index): thread for thread in threads.values()}

    async def _store(
        self,
        connection: AsyncConnection,
        handed: Sequence[Handed],
        skipped: dict[UUID, str],
        threads: Iterable[_Thread],
        now: datetime,
    ) -> None:
        if handed:
            counts = {thread.row.id: thread.last_seq - thread.row.last_seq for thread in threads}
            more = {conversation_id: count for conversation_id, count in sorted(counts.items()) if count}
            await connection.execute(sql.COUNT, {"id": list(more), "more": list(more.values())})
            await connection.execute(sql.MESSAGES, self._messages(handed, now))
        await connection.execute(sql.SETTLED, _settled(handed, skipped, now))
        for thread in threads:
            if thread.capped:
                await self._tell_cap(connection, thread.row.id, now.astimezone(PARIS).date())

    def _messages(self, handed: Sequence[Handed], now: datetime) -> dict[str, object]:
        bodies = [self._vault.seal(vault.BODY, one.outbound.reply.to_json()) for one in handed]
        return {
            "id": [one.id for one in handed],
            "conversation_id": [one.conversation_id for one in handed],
            "seq": [one.seq for one in handed],
            "body_secret": bodies,
            "state": ["sending" if one.sending else "queued" for one in handed],
            "part": [f"reminder:{one.reminder_id}" for one in handed],
            "version": [one.version for one in handed],
            "valid_until": [one.valid_until for one in handed],
            "channel": self._road.channel,
            "worker": self._road.worker,
            "now": now,
        }

    async def _tell_cap(self, connection: AsyncConnection, conversation_id: UUID, day: date) -> None:
        await self._tasks.open(
            connection,
            reason=TASK,
            cause=f"{conversation_id}:{day.isoformat()}",
            conversation_id=conversation_id,
            details={"code": day.isoformat()},
        )


def _settled(handed: Sequence[Handed], skipped: dict[UUID, str], now: datetime) -> dict[str, object]:
    rows: list[tuple[UUID, str, str, UUID | None]] = [(one.reminder_id, "handed", "", one.id) for one in handed]
    rows += [(reminder_id, "skipped", reason, None) for reminder_id, reason in skipped.items()]
    ids, states, reasons, messages = zip(*rows, strict=True)
    return {"id": list(ids), "state": list(states), "reason": list(reasons), "message_id": list(messages), "now": now}


def _off(row: AnyRow, now: datetime) -> str:
    """Why an appointment's reminder is not sent, whoever it is for; "" when it may be."""
    if row.starts_at != row.planned_for:
        return MOVED
    if row.removed_at is not None or row.status in CANCELLED:
        return CALLED_OFF
    if row.asked_off:
        return ASKED_OFF
    if now > row.valid_until:
        return LATE
    if row.phone_fault or row.phone_secret is None:
        return f"no mobile number: {row.phone_fault or 'none'}"
    return ""
