"""Who owns a conversation: the assistant, the queue, or a human. Each change raises the fence."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.models import conversation


async def change_owner(connection: AsyncConnection, conversation_id: UUID, *, before: str, after: str) -> bool:
    """Pass the conversation on, atomically; False when `before` did not own it any more.

    Raising `version` makes whatever the assistant is still preparing come too late.
    """
    done = await connection.execute(
        update(conversation)
        .where(conversation.c.id == conversation_id, conversation.c.owner == before)
        .values(owner=after, version=conversation.c.version + 1)
    )
    return bool(done.rowcount)
