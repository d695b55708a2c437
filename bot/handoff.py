"""A person is passed to a human and back: who owns the conversation, the ticket, and what is said of it.

Each method works in the caller's transaction and is keyed by the message that brought it about: a repeat, or a
second wish while the first one waits, changes nothing. What is said is the system's, so that it passes the fence
that holds back whatever the assistant is still preparing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import AnyRow
from bot.models import conversation, message
from bot.outbox import ANSWER_PART, COUNSELLOR, SYSTEM, Line, Outbox
from bot.tasks import OpenTask, Tasks
from bot.texts import Texts
from channels.base import Reply

Said = Literal["said", "opted out", "nobody"]
"""What became of a counsellor's words: on their way, or why nobody can be written to."""
LEFT = "menu"
"""The outcome of a ticket whose person went back to the assistant."""


@dataclass(frozen=True)
class Heard:
    """The message in which something was heard; `kind` is its channel's, which chooses the wording."""

    conversation_id: UUID
    message_id: UUID
    kind: str
    language: str


class Handoff:
    def __init__(self, outbox: Outbox, tasks: Tasks, texts: Texts) -> None:
        self._outbox = outbox
        self._tasks = tasks
        self._texts = texts

    async def queue(self, connection: AsyncConnection, heard: Heard) -> None:
        """Open the ticket of somebody who wants a human being, and say so."""
        if await self._owner(connection, heard) != "bot":
            return
        if not await self._tasks.open_of(connection, heard.conversation_id, "human"):
            await self._open(connection, heard, "human")
        await change_owner(connection, heard.conversation_id, before="bot", after="queue")
        await self._say(connection, heard, "system_queued")

    async def leave(self, connection: AsyncConnection, heard: Heard) -> None:
        """Give the assistant back to somebody who waits in the queue, and close the ticket."""
        if await self._owner(connection, heard) != "queue":
            return
        for ticket in await self._tasks.open_of(connection, heard.conversation_id, "human"):
            await self._tasks.close(connection, ticket, LEFT)
        await change_owner(connection, heard.conversation_id, before="queue", after="bot")
        await self._say(connection, heard, "system_back")

    async def distress(self, connection: AsyncConnection, heard: Heard, kind: str) -> None:
        """Open an urgent task and give the numbers to call; every cry for help is a task of its own."""
        if await self._owner(connection, heard) is None:
            return
        await self._open(connection, heard, "distress", kind=kind, urgent=True)
        await self._say(connection, heard, f"system_distress_{kind}")

    async def complain(self, connection: AsyncConnection, heard: Heard) -> None:
        """Open a task; the assistant keeps the conversation, and answers."""
        if await self._owner(connection, heard) is None:
            return
        if not await self._tasks.open_of(connection, heard.conversation_id, "complaint"):
            await self._open(connection, heard, "complaint")

    async def reply(self, connection: AsyncConnection, ticket: OpenTask, words: str) -> Said:
        """Say a counsellor's words to the person, who is theirs from now on, until `close`."""
        found = await self._lock(connection, ticket.conversation_id)
        if found is None or found.erased_at is not None:
            return "nobody"
        if found.opted_out_at is not None:
            return "opted out"
        await change_owner(connection, found.id, before=found.owner, after="human")
        line = Line(Reply(words), COUNSELLOR, f"counsellor:{uuid4()}")
        await self._outbox.say(connection, found.id, ticket.message_id, [line])
        await self._tasks.answered(connection, ticket.id)
        return "said"

    async def close(self, connection: AsyncConnection, ticket: OpenTask, outcome: str, *, kind: str) -> bool:
        """Close a task; True when the assistant got the conversation back, which the person is told.

        As long as another ticket of the same person is open, they stay where they are.
        """
        found = await self._lock(connection, ticket.conversation_id)
        if not await self._tasks.close(connection, ticket.id, outcome) or found is None:
            return False
        held = ticket.reason == "human" or ticket.answered_at is not None
        if not held or found.owner == "bot" or await self._tasks.holds(connection, found.id):
            return False
        await change_owner(connection, found.id, before=found.owner, after="bot")
        reply = self._texts.say("system_closed", kind=kind, language=found.language)
        line = Line(reply, SYSTEM, f"closed:{ticket.id}")
        await self._outbox.say(connection, found.id, ticket.message_id, [line])
        return True

    async def _owner(self, connection: AsyncConnection, heard: Heard) -> str | None:
        """Lock the conversation; its owner, or None when this message has had its answer."""
        found = await self._lock(connection, heard.conversation_id)
        state = await connection.scalar(select(message.c.state).where(message.c.id == heard.message_id))
        return found.owner if found and state == "waiting" else None

    async def _lock(self, connection: AsyncConnection, conversation_id: UUID | None) -> AnyRow | None:
        """The conversation, before anything of it is changed."""
        locked = select(conversation).where(conversation.c.id == conversation_id)
        return (await connection.execute(locked.with_for_update(key_share=True))).one_or_none()

    async def _open(
        self, connection: AsyncConnection, heard: Heard, reason: str, *, kind: str = "", urgent: bool = False
    ) -> None:
        await self._tasks.open(
            connection,
            reason=reason,
            cause=str(heard.message_id),
            conversation_id=heard.conversation_id,
            message_id=heard.message_id,
            details={"kind": kind} if kind else {},
            urgent=urgent,
        )

    async def _say(self, connection: AsyncConnection, heard: Heard, key: str) -> None:
        """Answer the message: if the assistant was asked as well, its own answer finds the place taken."""
        reply = self._texts.say(key, kind=heard.kind, language=heard.language)
        await self._outbox.say(connection, heard.conversation_id, heard.message_id, [Line(reply, SYSTEM, ANSWER_PART)])
        await self._outbox.settle(connection, heard.message_id)


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
