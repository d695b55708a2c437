"""What a turn needs to know of a conversation, read afresh before each message."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.database import AnyRow
from bot.models import conversation, message
from bot.ring import UnreadableSecret
from bot.vault import Vault
from channels.base import Reply

_NUMBER = re.compile(r"\s*(\d{1,2})\s*[.)!]?\s*")
_READ_AT_ONCE = 50
_SEEN = ("sending", "sent", "unknown", "delivered")
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

    async def payload(self, connection: AsyncConnection, thread: Thread, inbound: Waiting) -> str | None:
        """What the engine receives for a button or a number; None for words, "" for a choice that is gone.

        A button is one of its own list, however old: its payload names what it is about. A number is one of the
        list shown last, the only one that the person can have in mind.
        """
        number = _NUMBER.fullmatch(inbound.text)
        if inbound.choice:
            seq, _, place = inbound.choice.partition(".")
            pressed = await self._list(connection, thread, message.c.seq == int(seq), before=inbound.seq)
            return (self._choice(pressed, place) if pressed is not None else None) or ""
        if number is None:
            return None
        last = await self._list(connection, thread, before=inbound.seq)
        return self._choice(last, number.group(1)) if last is not None else None

    async def _list(self, connection: AsyncConnection, thread: Thread, *which: Any, before: int) -> AnyRow | None:
        """The last of the messages with choices that the person may have seen."""
        found = await connection.execute(
            select(message.c.body_secret)
            .where(
                message.c.conversation_id == thread.id,
                message.c.direction == "out",
                message.c.has_choices,
                message.c.state.in_(_SEEN),
                message.c.seq < before,
                *which,
            )
            .order_by(message.c.seq.desc())
            .limit(1)
        )
        return found.one_or_none()

    def _choice(self, row: AnyRow, place: str) -> str | None:
        choices = Reply.from_json(self._vault.open(vault.BODY, row.body_secret) or {}).choices
        wanted = int(place) if place.isdigit() else 0
        return choices[wanted - 1].payload if 0 < wanted <= len(choices) else None
