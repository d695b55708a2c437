"""What a web visitor may see of the conversation, and how it is forgotten."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, exists, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock, events, vault
from bot.database import Database
from bot.models import conversation, message
from bot.tasks import Tasks
from bot.vault import Vault
from channels.base import Reply
from channels.webchat import NAME, Shown, client_id

PAGE = 200
"""Messages read at once, and how far back a page that remembers nothing is told."""

_VISIBLE = ("waiting", "answered", "task", "sent", "delivered", "unknown")
_ON_ITS_WAY = ("queued", "sending")


@dataclass(frozen=True)
class Place:
    """A visitor's conversation. `waiting` counts what we have not answered yet."""

    conversation_id: UUID
    last_seq: int
    waiting: int


@dataclass(frozen=True)
class Page:
    """What is new after some `seq`; `after` is where to read on, `more` says that there is more already."""

    shown: tuple[Shown, ...]
    after: int
    owner: str
    typing: bool
    more: bool


class Transcript:
    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._tasks = Tasks(vault)

    async def find(self, visitor: str) -> Place | None:
        """Where this visitor's messages are, or None when there are none, or none any more."""
        waiting = select(func.count()).where(message.c.conversation_id == conversation.c.id, _waiting())
        statement = select(conversation.c.id, conversation.c.last_seq, waiting.scalar_subquery().label("waiting"))
        async with self._database.begin() as connection:
            row = (await connection.execute(statement.where(self._of(visitor)))).one_or_none()
        return Place(row.id, row.last_seq, row.waiting) if row else None

    async def read(self, visitor: str, after: int) -> Page | None:
        """The messages after `after`, in order, never past one that is still on its way; None once forgotten."""
        # A message that was put off is not being answered: the person has been told, nothing is being written.
        writing = (_waiting() & message.c.due_at.is_(None)) | _sending()
        busy = exists().where(message.c.conversation_id == conversation.c.id, writing)
        async with self._database.begin() as connection:
            found = await connection.execute(
                select(conversation.c.id, conversation.c.owner, busy.label("busy")).where(self._of(visitor))
            )
            if (row := found.one_or_none()) is None:
                return None
            rows = await self._rows(connection, row.id, after)
            ready = _until_on_its_way(rows)
            titles = await self._titles(connection, row.id, ready)
        shown = tuple(self._shown(item, titles) for item in ready if item.state in _VISIBLE)
        after = ready[-1].seq if ready else after
        return Page(shown, after, row.owner, row.busy and row.owner == "bot", more=len(ready) == PAGE)

    async def forget(self, visitor: str) -> None:
        """Erase every text, here and in the engine, and cut the visitor's way back.

        What is under way is dropped: the lease is gone, so the outbox stores nothing; `erased_at` makes the engine's
        turn fail as it ends (a trigger, `migrations/versions/0005_erasure.py`) and empties a task opened later.
        """
        async with self._database.begin() as connection:
            # The conversation first, as everybody does, and whole: whoever writes of it waits, or is waited for.
            ours = select(conversation.c.id).where(self._of(visitor)).with_for_update()
            found = await connection.scalar(ours)
            if found is None:
                return
            await connection.execute(update(conversation).where(conversation.c.id == found).values(self._nobody()))
            await connection.execute(
                update(message)
                .where(message.c.conversation_id == found)
                .values(body_secret=None, provider_id=None, lost_ids=[], state="erased")
            )
            await connection.execute(text("DELETE FROM rasa.events WHERE sender_id = :id"), {"id": str(found)})
            await connection.execute(text("DELETE FROM rasa.turns WHERE conversation_id = :id"), {"id": found})
            await self._tasks.forget(connection, found)
            await events.tell(connection, NAME, found)

    def _nobody(self) -> dict[str, Any]:
        return {
            "address_index": secrets.token_bytes(32),
            "address_secret": self._vault.seal(vault.ADDRESS, ""),
            "version": conversation.c.version + 1,
            "lease": None,
            "lease_until": None,
            "erased_at": clock.now(),
        }

    def _of(self, visitor: str) -> Any:
        index = self._vault.address_index(NAME, visitor)
        return (conversation.c.channel == NAME) & (conversation.c.address_index == index)

    async def _rows(self, connection: AsyncConnection, conversation_id: UUID, after: int) -> Sequence[Row[Any]]:
        found = await connection.execute(
            select(message)
            .where(message.c.conversation_id == conversation_id, message.c.seq > after)
            .order_by(message.c.seq)
            .limit(PAGE)
        )
        return found.all()

    async def _titles(self, connection: AsyncConnection, conversation_id: UUID, rows: list[Row[Any]]) -> dict[str, str]:
        """What the buttons that were pressed said, by the choice's id."""
        chosen = [self._vault.open(vault.BODY, row.body_secret) for row in rows if row.direction == "in"]
        seqs = {int(body["choice"].partition(".")[0]) for body in chosen if body and body["choice"]}
        if not seqs:
            return {}
        found = await connection.execute(
            select(message.c.seq, message.c.body_secret).where(
                message.c.conversation_id == conversation_id, message.c.seq.in_(seqs), message.c.direction == "out"
            )
        )
        replies = {row.seq: Reply.from_json(self._vault.open(vault.BODY, row.body_secret) or {}) for row in found}
        return {
            f"{seq}.{place}": choice.card.name if choice.card else choice.title
            for seq, reply in replies.items()
            for place, choice in enumerate(reply.choices, 1)
        }

    def _shown(self, row: Row[Any], titles: dict[str, str]) -> Shown:
        body = self._vault.open(vault.BODY, row.body_secret) or {}
        if row.direction == "out":
            return Shown(row.seq, row.author, Reply.from_json(body), row.created_at)
        said = body.get("text") or titles.get(body.get("choice") or "", "")
        return Shown(row.seq, row.author, Reply(said), row.created_at, client=client_id(row.provider_id))


def _waiting() -> Any:
    return message.c.state == "waiting"


def _sending() -> Any:
    return message.c.state.in_(_ON_ITS_WAY)


def _until_on_its_way(rows: Sequence[Row[Any]]) -> list[Row[Any]]:
    ready = []
    for row in rows:
        if row.direction == "out" and row.state in _ON_ITS_WAY:
            break
        ready.append(row)
    return ready
