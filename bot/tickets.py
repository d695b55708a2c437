"""What a task's person has written since it was opened, and what was said to them: read, never copied."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import vault
from bot.database import AnyRow
from bot.models import message
from bot.tasks import OpenTask
from bot.vault import Vault
from channels.base import Reply


@dataclass(frozen=True)
class Entry:
    """One message of a ticket; `text` is a button's title when one was pressed, "" for a picture."""

    message_id: UUID
    at: datetime
    author: str
    text: str
    state: str


class Tickets:
    def __init__(self, vault: Vault) -> None:
        self._vault = vault

    async def read(self, connection: AsyncConnection, ticket: OpenTask) -> Sequence[Entry]:
        """From the message that opened the task on, oldest first; what was erased or held back is left out."""
        first = select(message.c.seq).where(message.c.id == ticket.message_id).scalar_subquery()
        found = await connection.execute(
            select(message)
            .where(message.c.conversation_id == ticket.conversation_id, message.c.seq >= first)
            .where(message.c.state.not_in(("skipped", "erased")))
            .order_by(message.c.seq)
        )
        rows = [(row, self._vault.open(vault.BODY, row.body_secret) or {}) for row in found]
        titles = await self._titles(connection, ticket, [body.get("choice") or "" for _, body in rows])
        return [_entry(row, body, titles) for row, body in rows]

    async def _titles(self, connection: AsyncConnection, ticket: OpenTask, chosen: Sequence[str]) -> Mapping[str, str]:
        """What the buttons that were pressed said, by the choice's id."""
        seqs = {int(choice.partition(".")[0]) for choice in chosen if choice}
        if not seqs:
            return {}
        found = await connection.execute(
            select(message.c.seq, message.c.body_secret).where(
                message.c.conversation_id == ticket.conversation_id,
                message.c.seq.in_(seqs),
                message.c.direction == "out",
            )
        )
        return {
            f"{row.seq}.{place}": choice.title
            for row in found
            for place, choice in enumerate(
                Reply.from_json(self._vault.open(vault.BODY, row.body_secret) or {}).choices, 1
            )
        }


def _entry(row: AnyRow, body: Mapping[str, Any], titles: Mapping[str, str]) -> Entry:
    text = str(body.get("text") or "") or titles.get(body.get("choice") or "", "")
    return Entry(row.id, row.created_at, row.author, text, row.state)
