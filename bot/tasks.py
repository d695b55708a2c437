"""Things that a human has to do, until a counsellor's console shows them: opened once, closed with an outcome."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from sqlalchemy import exists, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, vault
from bot.models import conversation, task
from bot.vault import Vault

REASONS = (
    "distress", "human", "complaint", "engine_down", "turn_failed", "offer_error",
    "undelivered", "bad_address", "unknown_delivery", "unanswerable", "forged_webhooks",
    "appointment_cancelled", "appointment_cancel", "appointment_move", "running_late",
    "intake_held", "import_unfinished", "write_back_failed",
    "daily_cap", "session_wanted", "session_untold",
)  # fmt: skip


_NOT_ARRIVED = ("undelivered", "bad_address", "unknown_delivery")
ARRIVED = "delivered"
"""The outcome of a task whose message was thought lost and arrived."""
ERASED = "erased"
"""The outcome of a task whose person has erased the conversation: nobody can be answered any more."""
_OFFER = "offer_error"
"""The one reason that outlives its person: an error in the offer is still to be mended."""
_OURS = ("service_id", "service", "code")
"""What details hold that no person said: it outlives an erasure."""


class Failed(Protocol):
    """A message that did not reach its person."""

    @property
    def id(self) -> UUID: ...
    @property
    def conversation_id(self) -> UUID: ...


@dataclass(frozen=True)
class OpenTask:
    """One line of `python -m bot tasks`. `details` holds what the reason needs, in the clear."""

    id: UUID
    reason: str
    urgent: bool
    created_at: datetime
    due_at: datetime | None
    conversation_id: UUID | None
    message_id: UUID | None
    channel: str
    address: str
    answered_at: datetime | None
    details: dict[str, Any]


class Tasks:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def open(
        self,
        connection: AsyncConnection,
        *,
        reason: str,
        cause: str,
        conversation_id: UUID | None = None,
        message_id: UUID | None = None,
        details: dict[str, Any] | None = None,
        urgent: bool = False,
        due_at: datetime | None = None,
    ) -> UUID:
        """Open a task, once for each (reason, cause); a repeat returns the first one's id.

        Of an erased conversation it keeps nothing that the person said.
        """
        if reason not in REASONS:
            raise ValueError(f"unknown reason: {reason}")
        gone = conversation_id is not None and await _is_erased(connection, conversation_id)
        kept = _without_the_person(details or {}) if gone else details or {}
        statement = insert(task).values(
            id=uuid4(),
            reason=reason,
            cause=cause,
            conversation_id=conversation_id,
            message_id=message_id,
            details_secret=self._vault.seal(vault.DETAILS, kept),
            urgent=urgent,
            due_at=due_at,
            created_at=clock.now(),
            alert_due_at=clock.now() if urgent else None,
            **(self._closed(ERASED) if gone and reason != _OFFER else {}),
        )
        await connection.execute(statement.on_conflict_do_nothing(index_elements=["reason", "cause"]))
        found = await connection.execute(select(task.c.id).where(task.c.reason == reason, task.c.cause == cause))
        return UUID(str(found.scalar_one()))

    async def open_for(self, connection: AsyncConnection, row: Failed, reason: str, code: str) -> None:
        """Leave a message that did not reach its person to a human, with the provider's code."""
        await self.open(
            connection,
            reason=reason,
            cause=str(row.id),
            conversation_id=row.conversation_id,
            message_id=row.id,
            details={"code": code},
        )

    async def open_of(self, connection: AsyncConnection, conversation_id: UUID, reason: str) -> Sequence[UUID]:
        """The open tasks of a conversation for one reason."""
        of = (task.c.conversation_id == conversation_id, task.c.reason == reason, task.c.closed_at.is_(None))
        return (await connection.scalars(select(task.c.id).where(*of))).all()

    async def holds(self, connection: AsyncConnection, conversation_id: UUID) -> bool:
        """Whether an open task keeps the conversation from the assistant: a wish for a human, or one answered from."""
        keeps = or_(task.c.reason == "human", task.c.answered_at.is_not(None))
        of = (task.c.conversation_id == conversation_id, task.c.closed_at.is_(None), keeps)
        return bool(await connection.scalar(select(exists().where(*of))))

    async def answered(self, connection: AsyncConnection, task_id: UUID) -> None:
        """Note that a counsellor wrote to the person."""
        await connection.execute(update(task).where(task.c.id == task_id).values(answered_at=clock.now()))

    async def close_for(self, connection: AsyncConnection, message_id: UUID) -> None:
        """Close what `open_for` opened for a message that arrived after all: nobody has to call for it."""
        await connection.execute(
            update(task)
            .where(task.c.message_id == message_id, task.c.reason.in_(_NOT_ARRIVED), task.c.closed_at.is_(None))
            .values(self._closed(ARRIVED))
        )

    async def list_open(self, connection: AsyncConnection) -> Sequence[OpenTask]:
        """What is open: urgent first, then oldest first."""
        rows = await connection.execute(
            select(task, conversation.c.channel, conversation.c.address_secret)
            .join_from(task, conversation, task.c.conversation_id == conversation.c.id, isouter=True)
            .where(task.c.closed_at.is_(None))
            .order_by(task.c.urgent.desc(), task.c.created_at)
        )
        return [
            OpenTask(
                row.id, row.reason, row.urgent, row.created_at, row.due_at, row.conversation_id,
                row.message_id, row.channel or "",
                address=self._vault.open(vault.ADDRESS, row.address_secret) or "",
                answered_at=row.answered_at,
                details=self._vault.open(vault.DETAILS, row.details_secret),
            )
            for row in rows
        ]  # fmt: skip

    async def close_of(self, connection: AsyncConnection, reason: str, cause: str, outcome: str) -> bool:
        """Close what a cause opened, if nobody has seen to it; False when somebody has."""
        done = await connection.execute(
            update(task)
            .where(task.c.reason == reason, task.c.cause == cause)
            .where(task.c.closed_at.is_(None), task.c.answered_at.is_(None))
            .values(self._closed(outcome))
        )
        return bool(done.rowcount)

    async def close(self, connection: AsyncConnection, task_id: UUID, outcome: str) -> bool:
        """Close a task; False when it is not open."""
        done = await connection.execute(
            update(task).where(task.c.id == task_id, task.c.closed_at.is_(None)).values(self._closed(outcome))
        )
        return bool(done.rowcount)

    async def forget(self, connection: AsyncConnection, conversation_id: UUID) -> None:
        """Blank what the person said in the tasks of a conversation; what they reported of the offer stays to do."""
        found = await connection.execute(
            select(task.c.id, task.c.reason, task.c.closed_at, task.c.details_secret)
            .where(task.c.conversation_id == conversation_id)
            .with_for_update()
        )
        for row in found.all():
            kept = _without_the_person(self._vault.open(vault.DETAILS, row.details_secret))
            values: dict[str, Any] = {"details_secret": self._vault.seal(vault.DETAILS, kept)}
            if row.reason != _OFFER:
                values |= self._closed(ERASED) if row.closed_at is None else {"outcome_secret": None}
            await connection.execute(update(task).where(task.c.id == row.id).values(values))

    def _closed(self, outcome: str) -> dict[str, Any]:
        return {"closed_at": clock.now(), "outcome_secret": self._vault.seal(vault.OUTCOME, outcome)}


async def _is_erased(connection: AsyncConnection, conversation_id: UUID) -> bool:
    """Whether it was erased; if not, an erasure waits until this transaction has ended."""
    query = select(conversation.c.erased_at).where(conversation.c.id == conversation_id)
    return await connection.scalar(query.with_for_update(read=True, key_share=True)) is not None


def _without_the_person(details: dict[str, Any]) -> dict[str, Any]:
    return {name: details[name] for name in _OURS if name in details}
