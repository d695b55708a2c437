"""Tells the web processes that a conversation has something new. Notifications carry ids, never texts."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

CHAT = "relais_chat"
LIVE_CHANNELS = frozenset({"web"})
"""Channels whose people look at a screen that we write on."""

_NOTIFY = text("SELECT pg_notify(:topic, :conversation)")


async def tell(connection: AsyncConnection, channel: str, conversation_id: UUID) -> None:
    """Wake the screens that show this conversation, when the transaction commits."""
    if channel in LIVE_CHANNELS:
        await connection.execute(_NOTIFY, {"topic": CHAT, "conversation": str(conversation_id)})
