"""What a provider's answer makes of a message: sent, to be tried again, or ended with its reason and its task."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.database import Database
from bot.models import conversation, message
from bot.reminders import quiet
from bot.tasks import Failed, Tasks
from channels.base import Sent
from channels.errors import Ambiguous, BadAddress, ChannelError, Misconfigured, OptedOut, Refused, TryAgain

log = logging.getLogger(__name__)

RETRY_SECONDS = (2, 10, 30, 120, 300, 600, 1200, 3600)
"""A reply is tried that often; what is sent in bulk goes on each hour after that, while it is valid."""
WORTH_SENDING = timedelta(seconds=sum(RETRY_SECONDS))
"""About an hour and a half in all: an answer that comes later than that answers nothing any more."""
MISCONFIGURED_SECONDS = 60
"""A wrong token spends no try: what it holds up leaves when it is mended, while that is worth it."""

# A receipt may have come before the provider's own answer: it has moved the state on, and it stays there.
_SENT = text(
    """
    UPDATE message SET
      state = CASE WHEN message.state IN ('sending', 'unknown') THEN 'sent' ELSE message.state END,
      reason = CASE WHEN message.state IN ('sending', 'unknown') THEN '' ELSE message.reason END,
      provider_id = CASE WHEN message.state = 'queued' THEN NULL ELSE sent.provider_id END,
      segments = sent.segments,
      sent_at = :now
    FROM unnest(CAST(:id AS uuid[]), CAST(:provider_id AS text[]), CAST(:segments AS integer[]))
      AS sent (id, provider_id, segments)
    WHERE message.id = sent.id AND message.state <> 'erased'
    """
)


class Tried(Failed, Protocol):
    """A message that was handed to its channel; `attempts` counts this try."""

    @property
    def attempts(self) -> int: ...
    @property
    def bulk(self) -> bool: ...
    @property
    def created_at(self) -> datetime: ...
    @property
    def valid_until(self) -> datetime | None: ...


async def record(connection: AsyncConnection, sent: Sequence[tuple[UUID, Sent]]) -> None:
    """Write down that these messages left; all of them in one statement."""
    given = {
        "id": [message_id for message_id, _ in sent],
        "provider_id": [one.provider_id for _, one in sent],
        "segments": [one.segments for _, one in sent],
    }
    await connection.execute(_SENT, {**given, "now": clock.now()})


class Outcome:
    """What becomes of the messages that did not leave."""

    def __init__(self, database: Database, tasks: Tasks) -> None:
        self._database = database
        self._tasks = tasks

    async def failed(self, row: Tried, error: ChannelError) -> bool:
        """Try again later, or end with a reason; False when what follows in its lane must wait for it."""
        log.warning("message %s not sent: %s", row.id, error)
        due = _next_try(row, error)
        if due is not None:
            ours = isinstance(error, Misconfigured)
            reason = "misconfigured" if ours else error.code
            await self._postpone(row, due, reason, counted=row.bulk or not ours)
            return row.bulk
        match error:
            case Ambiguous():
                await self._end(row, "unknown", error.code)
            case OptedOut():
                await self._opted_out(row)
            case BadAddress():
                await self._unreachable(row)
                await self._end(row, "failed", error.code, task="bad_address")
            case Refused() | TryAgain() | Misconfigured() | _:
                await self._end(row, "failed", error.code, task="undelivered")
        return True

    async def put_back(self, ids: Sequence[UUID]) -> None:
        """Queue messages again that were claimed and never handed to their channel."""
        mine = (message.c.id.in_(ids), message.c.state == "sending")
        async with self._database.begin() as connection:
            await connection.execute(
                update(message).where(*mine).values(state="queued", attempts=message.c.attempts - 1)
            )

    async def _postpone(self, row: Tried, due: datetime, reason: str, *, counted: bool) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(message)
                .where(message.c.id == row.id, message.c.state == "sending")
                .values(
                    state="queued",
                    reason=reason,
                    due_at=due,
                    attempts=row.attempts if counted else row.attempts - 1,
                )
            )

    async def _end(self, row: Tried, state: str, reason: str, *, task: str = "") -> None:
        async with self._database.begin() as connection:
            ended = await connection.execute(
                update(message)
                .where(message.c.id == row.id, message.c.state == "sending")
                .values(state=state, reason=reason, settled_at=clock.now())
            )
            if task and ended.rowcount:  # a receipt may have told better meanwhile
                await self._tasks.open_for(connection, row, task, reason)

    async def _opted_out(self, row: Tried) -> None:
        await self._mark(row, conversation.c.opted_out_at)
        await self._end(row, "skipped", "opted out")

    async def _unreachable(self, row: Tried) -> None:
        await self._mark(row, conversation.c.unreachable_at)

    async def _mark(self, row: Tried, column: Any) -> None:
        async with self._database.begin() as connection:
            await connection.execute(
                update(conversation)
                .where(conversation.c.id == row.conversation_id)
                .values({column: func.coalesce(column, clock.now())})
            )


def _next_try(row: Tried, error: ChannelError) -> datetime | None:
    """When to try again; None: never."""
    now = clock.now()
    if row.bulk and isinstance(error, TryAgain | Misconfigured):
        due = quiet.next_allowed(now + timedelta(seconds=_pause(row.attempts, error)))
        return due if row.valid_until is None or due < row.valid_until else None
    match error:
        case Misconfigured() if now - row.created_at < WORTH_SENDING:
            return now + timedelta(seconds=MISCONFIGURED_SECONDS)
        case TryAgain() if row.attempts < len(RETRY_SECONDS):
            return now + timedelta(seconds=_pause(row.attempts, error))
    return None


def _pause(attempts: int, error: ChannelError) -> float:
    asked = getattr(error, "retry_after", None) or 0
    least = MISCONFIGURED_SECONDS if isinstance(error, Misconfigured) else 0
    return max(asked, least, RETRY_SECONDS[min(attempts, len(RETRY_SECONDS)) - 1])
