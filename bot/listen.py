"""One LISTEN connection a web process, shared by every screen that waits for something new."""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg

from bot.database import ALIVE
from bot.events import CHAT

log = logging.getLogger(__name__)

RECONNECT_SECONDS = 1.0


class Hub:
    """Wakes the subscribers of a conversation. After a reconnect everybody is woken, to read again."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._waiting: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._listening = asyncio.Event()

    async def run(self) -> None:
        """Listen until cancelled; a lost connection is taken up again."""
        while True:
            try:
                await self._listen()
            except psycopg.Error as error:
                log.warning("listening was cut: %s", type(error).__name__)
            self._listening.clear()
            await asyncio.sleep(RECONNECT_SECONDS)

    @asynccontextmanager
    async def subscribe(self, conversation_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set when the conversation has something new; clear it before reading."""
        event = asyncio.Event()
        self._waiting[conversation_id].add(event)
        try:
            yield event
        finally:
            self._waiting[conversation_id].discard(event)
            if not self._waiting[conversation_id]:
                del self._waiting[conversation_id]

    async def listening(self) -> None:
        """Return once notifications are heard."""
        await self._listening.wait()

    async def _listen(self) -> None:
        connection = await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, application_name="relais listen", **ALIVE
        )
        async with connection:
            await connection.execute(f"LISTEN {CHAT}")
            self._listening.set()
            for events in self._waiting.values():
                _wake(events)
            async for notice in connection.notifies():
                _wake(self._waiting.get(UUID(notice.payload), set()))


def _wake(events: set[asyncio.Event]) -> None:
    for event in events:
        event.set()
