"""What became of what was sent: a receipt moves its message on, and a passing failure is tried again.

A handset that was off (30003) or a network that gives no reason (30008) may take the next try. Each try is a
new message for the provider, made only after it has said that the one before did not arrive. The order holds:

* a message that waits for its next try is the first of its lane, and what follows waits behind it;
* unless something later has left already: then it is not sent again, for it would arrive out of its place
  (`bot/delivery.py` looks when the try is due, so that two messages lost together both come back, in order);
* a word from the person proves that the handset is back: the try is made at once, before the new answer.

What was sent in bulk has a longer ladder, inside its validity and never at night; nothing waits behind it.

What cannot be sent again, or no more, is a task. A `delivered`, of whichever try and however late, ends it all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.clock import PARIS
from bot.database import AnyRow, Database
from bot.models import conversation, message
from bot.reminders import daily, quiet
from bot.tasks import Tasks
from channels.base import DeliveryState, Receipt

RESEND_SECONDS = (120, 900)
"""The pauses before the second try and the third, which is the last: a lift or a tunnel, then a lesson or a meeting."""
WORTH_RESENDING = timedelta(hours=1)
"""An answer older than this answers nothing any more. The pauses take 17 of these 60 minutes; 43 are left for
the networks to say, twice, what became of a try. A verdict that comes later than that ends the ladder."""

BULK_RESEND_SECONDS = (1800, 7200, 21600)
"""A reminder can wait for a handset that is off for half a day."""

_ON_ITS_WAY = ("sending", "unknown", "sent")
_FORWARD: dict[DeliveryState, tuple[str, ...]] = {
    "sent": ("sending", "unknown"),
    "undelivered": _ON_ITS_WAY,
    "failed": _ON_ITS_WAY,
    "delivered": (*_ON_ITS_WAY, "queued", "undelivered", "failed"),  # what arrived, arrived
}


class Receipts:
    """`a_day` is what one number gets in bulk at most in a day, the tries that were lost included."""

    def __init__(self, database: Database, tasks: Tasks, a_day: int) -> None:
        self._database = database
        self._tasks = tasks
        self._a_day = a_day

    async def take(self, receipt: Receipt) -> None:
        """Move a message's state forward, never back; an unknown message or a repeat changes nothing."""
        async with self._database.begin() as connection:
            if receipt.meaning == "address":  # a conversation is locked before its messages
                await self._flag(connection, receipt)
            row = await self._locked(connection, receipt)
            if row is None or not _is_news(row, receipt):
                return
            if receipt.state in ("undelivered", "failed"):
                await self._lost(connection, row, receipt)
            else:
                await self._moved(connection, row, receipt)

    async def _locked(self, connection: AsyncConnection, receipt: Receipt) -> AnyRow | None:
        found = select(message).where(_which(receipt), message.c.direction == "out").with_for_update()
        return (await connection.execute(found)).one_or_none()

    async def _flag(self, connection: AsyncConnection, receipt: Receipt) -> None:
        """Nothing reaches this number, until the person writes from it."""
        news = (_which(receipt), message.c.direction == "out", message.c.state.in_(_ON_ITS_WAY))
        of = select(message.c.conversation_id).where(*news).scalar_subquery()
        await connection.execute(update(conversation).where(conversation.c.id == of).values(unreachable_at=clock.now()))

    async def _moved(self, connection: AsyncConnection, row: AnyRow, receipt: Receipt) -> None:
        arrived = receipt.state == "delivered"
        await self._write(
            connection,
            row,
            state=receipt.state,
            provider_id=receipt.provider_id if arrived else row.provider_id or receipt.provider_id,
            reason="" if arrived else receipt.code or row.reason,
        )
        if arrived and row.state in ("undelivered", "failed"):
            await self._tasks.close_for(connection, row.id)

    async def _lost(self, connection: AsyncConnection, row: AnyRow, receipt: Receipt) -> None:
        lost = [*row.lost_ids, receipt.provider_id]
        due = _next_try(row, receipt, tries=len(lost))
        if due is not None and row.bulk:
            due = await self._within_the_day(connection, row, due)
        if due is not None:
            await self._write(
                connection, row, state="queued", due_at=due, provider_id=None, lost_ids=lost, reason=receipt.code
            )
            return
        await self._write(
            connection, row, state=receipt.state, provider_id=receipt.provider_id, lost_ids=lost, reason=receipt.code
        )
        reason = "bad_address" if receipt.meaning == "address" else "undelivered"
        await self._tasks.open_for(connection, row, reason, receipt.code)

    async def _within_the_day(self, connection: AsyncConnection, row: AnyRow, due: datetime) -> datetime | None:
        """The next try, put off to the morning when the number has had what a day allows; None: it comes too late."""
        day = due.astimezone(PARIS).date()
        if await daily.had(connection, row.conversation_id, day) < self._a_day:
            return due
        morning = quiet.next_allowed(quiet.at(day, quiet.EVENING))
        return morning if row.valid_until is None or morning < row.valid_until else None

    async def _write(self, connection: AsyncConnection, row: AnyRow, **values: Any) -> None:
        await connection.execute(update(message).where(message.c.id == row.id).values(settled_at=clock.now(), **values))


def _is_news(row: AnyRow, receipt: Receipt) -> bool:
    """False for what we know already, and for what a try says that was given up, unless it did arrive."""
    repeated = receipt.state != "delivered" and receipt.provider_id in row.lost_ids
    return row.state in _FORWARD[receipt.state] and not repeated


def _which(receipt: Receipt) -> Any:
    theirs = or_(message.c.provider_id == receipt.provider_id, message.c.lost_ids.any(receipt.provider_id))
    return message.c.id == receipt.message_id if receipt.message_id else theirs


def _next_try(row: AnyRow, receipt: Receipt, *, tries: int) -> datetime | None:
    """When the next try is made; None when there is to be none."""
    ladder = BULK_RESEND_SECONDS if row.bulk else RESEND_SECONDS
    if receipt.meaning != "passing" or tries > len(ladder):
        return None
    due = clock.now() + timedelta(seconds=ladder[tries - 1])
    if row.bulk:
        due = quiet.next_allowed(due)
    end = row.valid_until or row.created_at + WORTH_RESENDING
    return due if due < end else None
