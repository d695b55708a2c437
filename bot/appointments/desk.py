"""Who is at the other end of a telephone, and what is done for them about sessions."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.appointments.people import People, Person
from bot.appointments.sessions import Sessions
from bot.models import conversation
from bot.tasks import Tasks
from bot.vault import Vault

WANTED = "session_wanted"


@dataclass(frozen=True)
class Desk:
    """What the conversation about sessions is handed."""

    vault: Vault
    people: People
    sessions: Sessions
    tasks: Tasks

    async def phone(self, connection: AsyncConnection, conversation_id: UUID) -> str:
        """The number that somebody writes from; the caller knows that the channel is a telephone's."""
        secret = await connection.scalar(
            select(conversation.c.address_secret).where(conversation.c.id == conversation_id)
        )
        return str(self.vault.open(vault.ADDRESS, secret) or "")

    async def sharing(self, connection: AsyncConnection, phone: str) -> list[Person]:
        """The people of a number."""
        return await self.people.sharing(connection, phone) if phone else []

    async def wanted(
        self, connection: AsyncConnection, conversation_id: UUID, cause: UUID, *, commune: str, language: str
    ) -> None:
        """Leave it to a human to find a session for somebody for whom there is none."""
        await self.tasks.open(
            connection,
            reason=WANTED,
            cause=str(cause),
            conversation_id=conversation_id,
            message_id=cause,
            details={"commune": commune, "language": language},
        )
