"""What one number has been sent unasked in a day: the most that it gets is set, and nothing passes it."""

from __future__ import annotations

from datetime import date, time
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import message
from bot.reminders import quiet


async def had(connection: AsyncConnection, conversation_id: UUID, day: date) -> int:
    """How many messages in bulk since the midnight of this day, the tries that were lost included."""
    tries = select(func.coalesce(func.sum(1 + func.cardinality(message.c.lost_ids)), 0)).where(
        message.c.conversation_id == conversation_id,
        message.c.bulk,
        message.c.state != "skipped",
        func.coalesce(message.c.sent_at, message.c.created_at) >= quiet.at(day, time()),
    )
    return int(await connection.scalar(tries) or 0)
