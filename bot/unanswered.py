"""What could not be answered goes to a human: for an outage one task, which grows, and one sentence.

What it clearly answers, a reminder's number or « je viens », is recorded all the same: that needs no engine.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, vault
from bot.appointments.hearing import Overhearing
from bot.database import AnyRow, Database
from bot.lane import Lease
from bot.models import message, task
from bot.outbox import ASSISTANT, GIVEN_TO_TEAM, SYSTEM, Line, Outbox
from bot.tasks import Tasks
from bot.texts import MissingText, Texts
from bot.thread import Thread, Waiting
from bot.vault import Vault

log = logging.getLogger(__name__)

TOLD_AGAIN = timedelta(hours=1)
"""How long somebody who goes on writing during an outage is not told again that a human has their messages."""
_TEXT = "text"


class Unanswered:
    def __init__(
        self, database: Database, vault: Vault, outbox: Outbox, tasks: Tasks, texts: Texts, hearing: Overhearing
    ) -> None:
        self._hearing = hearing
        self._database = database
        self._vault = vault
        self._outbox = outbox
        self._tasks = tasks
        self._texts = texts

    async def failed(self, lease: Lease, thread: Thread, inbound: Waiting) -> None:
        """Give a message whose turns failed to a human; raises LeaseLost."""
        async with self._database.begin() as connection:
            await self._hear(connection, thread, [inbound])
            await self._outbox.store(connection, lease, inbound.id, self._sentence(thread))
            await self._close(connection, thread, [inbound], "turn_failed")

    async def too_late(self, lease: Lease, thread: Thread, late: Sequence[Waiting]) -> None:
        """Give messages that waited too long to a human, all at once; raises LeaseLost.

        Until the assistant answers again it is the same outage: what gets too late next is added to its task.
        """
        async with self._database.begin() as connection:
            await self._hear(connection, thread, late)
            lines = [] if await self._was_told(connection, thread) else self._sentence(thread)
            await self._outbox.store(connection, lease, late[0].id, lines)
            open_task = await self._task_of_this_outage(connection, thread)
            if open_task is None:
                await self._close(connection, thread, late, "engine_down")
            else:
                await self._add(connection, open_task, late)

    async def _hear(self, connection: AsyncConnection, thread: Thread, given: Sequence[Waiting]) -> None:
        """Before anything is stored: an appointment is locked before its conversation."""
        for inbound in given:
            if inbound.readable:
                await self._hearing.hear(connection, thread, inbound)

    async def _close(self, connection: AsyncConnection, thread: Thread, given: Sequence[Waiting], reason: str) -> None:
        await self._settle(connection, given)
        await self._tasks.open(
            connection,
            reason=reason,
            cause=str(given[0].id),
            conversation_id=thread.id,
            message_id=given[0].id,
            details={_TEXT: _joined(given)},
        )

    async def _add(self, connection: AsyncConnection, open_task: AnyRow, late: Sequence[Waiting]) -> None:
        await self._settle(connection, late)
        details = self._vault.open(vault.DETAILS, open_task.details_secret)
        details[_TEXT] = f"{details.get(_TEXT, '')}\n{_joined(late)}".strip()
        sealed = self._vault.seal(vault.DETAILS, details)
        await connection.execute(update(task).where(task.c.id == open_task.id).values(details_secret=sealed))

    async def _settle(self, connection: AsyncConnection, given: Sequence[Waiting]) -> None:
        for inbound in given:
            await self._outbox.settle(connection, inbound.id, "task")

    async def _task_of_this_outage(self, connection: AsyncConnection, thread: Thread) -> AnyRow | None:
        answered = exists().where(
            message.c.conversation_id == thread.id,
            message.c.author == ASSISTANT,
            message.c.created_at > task.c.created_at,
        )
        ours = (task.c.conversation_id == thread.id, task.c.reason == "engine_down", task.c.closed_at.is_(None))
        found = select(task.c.id, task.c.details_secret).where(*ours, ~answered).order_by(task.c.created_at.desc())
        return (await connection.execute(found.limit(1).with_for_update())).one_or_none()

    async def _was_told(self, connection: AsyncConnection, thread: Thread) -> bool:
        """Whether they were, lately, and no answer has come since."""
        last = (
            select(message.c.part)
            .where(
                message.c.conversation_id == thread.id,
                message.c.direction == "out",
                message.c.part.like("reply:%") | (message.c.part == GIVEN_TO_TEAM),
                message.c.created_at > clock.now() - TOLD_AGAIN,
            )
            .order_by(message.c.seq.desc())
            .limit(1)
        )
        return await connection.scalar(last) == GIVEN_TO_TEAM

    def _sentence(self, thread: Thread) -> list[Line]:
        try:
            reply = self._texts.say("system_given_to_team", kind=thread.kind, language=thread.language)
        except MissingText:
            log.exception("conversation %s cannot be told of its task", thread.id)
            return []
        return [Line(reply, SYSTEM, GIVEN_TO_TEAM)]


def _joined(given: Sequence[Waiting]) -> str:
    return "\n".join(inbound.text for inbound in given if inbound.text)
