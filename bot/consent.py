"""Whether a person wants to hear from us on a channel."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.models import conversation


async def opt_out(connection: AsyncConnection, conversation_id: UUID) -> None:
    """Silence the channel from now on, for what is queued as well."""
    await connection.execute(
        update(conversation)
        .where(conversation.c.id == conversation_id)
        .values(opted_out_at=func.coalesce(conversation.c.opted_out_at, clock.now()))
    )


async def opt_in(connection: AsyncConnection, conversation_id: UUID) -> None:
    """Let messages through again, because the person asked for them."""
    await connection.execute(update(conversation).where(conversation.c.id == conversation_id).values(opted_out_at=None))
