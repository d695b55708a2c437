"""What one number has been sent unasked in a day: the most that it gets is set, and nothing passes it."""

from __future__ import annotations

from datetime import date, time, timedelta
from uuid import UUID

from sqlalchemy import case, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import message
from bot.reminders import quiet


async def had(connection: AsyncConnection, conversation_id: UUID, day: date) -> int:
    """How many messages in bulk this day, with the tries that were lost and what waits to leave before it ends."""
    midnight, end = quiet.at(day, time()), quiet.at(day + timedelta(days=1), time())
    lost = func.cardinality(message.c.lost_ids)
    waits = case((func.coalesce(message.c.due_at < end, true()), 1), else_=0)
    left = func.coalesce(message.c.sent_at, message.c.created_at) >= midnight
    queued = waits + case((message.c.sent_at >= midnight, lost), else_=0)
    tries = case((message.c.state == "queued", queued), (left, 1 + lost), else_=0)
    mine = (message.c.conversation_id == conversation_id, message.c.bulk, message.c.state != "skipped")
    return int(await connection.scalar(select(func.coalesce(func.sum(tries), 0)).where(*mine)) or 0)
