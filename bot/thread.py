"""What a turn needs to know of a conversation, read afresh before each message."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.database import AnyRow
from bot.models import conversation, message
from bot.ring import UnreadableSecret
from bot.vault import Vault

_READ_AT_ONCE = 50
SEEN = ("sending", "sent", "unknown", "delivered")
"""What may be on the screen. A list that still waits to leave, or never arrived, is not what a number answers."""


@dataclass(frozen=True)
class Waiting:
    """One inbound message that has no answer yet. `attempts` counts the turns that failed on it.

    `written_at` is the provider's date where it gave one: a message that reached us late is as old as it is.
    """

    id: UUID
    seq: int
    text: str
    choice: str
    media: tuple[str, ...]
    opt_out: str
    attempts: int
    due_at: datetime | None
    written_at: datetime
    readable: bool = True


@dataclass(frozen=True)
class Thread:
    """The conversation as it is now; `version` is the fence that the turn's replies must pass."""

    id: UUID
    channel: str
    kind: str
    owner: str
    version: int
    language: str
    opted_out: bool
    waiting: Sequence[Waiting]


class Threads:
    def __init__(self, vault: Vault, kinds: Mapping[str, str]) -> None:
        self._vault = vault
        self._kinds = kinds

    async def read(self, connection: AsyncConnection, conversation_id: UUID) -> Thread:
        """The conversation with its waiting messages, oldest first."""
        joined = and_(message.c.conversation_id == conversation.c.id, message.c.state == "waiting")
        rows = (
            await connection.execute(
                select(conversation, *(column.label(f"m_{column.name}") for column in message.c))
                .join_from(conversation, message, joined, isouter=True)
                .where(conversation.c.id == conversation_id)
                .order_by(message.c.seq)
                .limit(_READ_AT_ONCE)
            )
        ).all()
        first = rows[0]
        return Thread(
            id=first.id,
            channel=first.channel,
            kind=self._kinds.get(first.channel, "sms"),
            owner=first.owner,
            version=first.version,
            language=first.language,
            opted_out=first.opted_out_at is not None,
            waiting=[self._waiting(row) for row in rows if row.m_id is not None],
        )

    def _waiting(self, row: AnyRow) -> Waiting:
        try:
            body, readable = self._vault.open(vault.BODY, row.m_body_secret) or {}, True
        except UnreadableSecret:
            body, readable = {}, False  # a key that was lost silences one message, not the conversation
        return Waiting(
            id=row.m_id,
            seq=row.m_seq,
            text=body.get("text", ""),
            choice=body.get("choice", ""),
            media=tuple(body.get("media", ())),
            opt_out=body.get("opt_out", ""),
            attempts=row.m_attempts,
            due_at=row.m_due_at,
            written_at=min(row.m_sent_at or row.m_created_at, row.m_created_at),
            readable=readable,
        )
