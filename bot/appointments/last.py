"""What was said to somebody, the last first: a bare yes or no is about what reached them last, as a number is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import payloads, vault
from bot.appointments.calendar import shown
from bot.database import AnyRow
from bot.models import message
from bot.outbox import ASSISTANT, COUNSELLOR
from bot.ring import UnreadableSecret
from bot.thread import SEEN
from bot.vault import Vault
from channels.base import Reply

What = Literal["counsellor", "ours", "offer", "notice", "listed"]
_BY_KEY: dict[str, What] = {"system_session_offer": "offer", "system_session_moved": "notice"}
_LOOKED_AT = 20


@dataclass(frozen=True)
class Told:
    """One message; `about` is what its first choice names.

    `what`: a counsellor's words, the assistant's, the offer of a seat, the notice of a session that was moved, or
    something else with choices, a reminder among them.
    """

    id: UUID
    what: What
    key: str
    shown_at: datetime
    has_choices: bool
    about: dict[str, Any]

    def uuid(self, name: str) -> UUID | None:
        given = self.about.get(name)
        return UUID(str(given)) if given else None

    @property
    def starts_at(self) -> datetime | None:
        given = self.about.get("starts_at")
        return datetime.fromisoformat(given) if given else None


async def lately(connection: AsyncConnection, ring: Vault, conversation_id: UUID, before: UUID) -> tuple[Told, ...]:
    """What may have been answered by the message `before`, the last to reach them first."""
    rows = await connection.execute(
        select(message.c.id, message.c.author, message.c.body_secret, message.c.has_choices, shown.label("shown_at"))
        .where(
            message.c.conversation_id == conversation_id,
            message.c.direction == "out",
            message.c.state.in_(SEEN),
            message.c.seq < select(message.c.seq).where(message.c.id == before).scalar_subquery(),
            or_(message.c.has_choices, message.c.author.in_((ASSISTANT, COUNSELLOR))),
        )
        .order_by(shown.desc(), message.c.seq.desc())
        .limit(_LOOKED_AT)
    )
    return tuple(_told(ring, row) for row in rows)


def _told(ring: Vault, row: AnyRow) -> Told:
    try:
        reply = Reply.from_json(ring.open(vault.BODY, row.body_secret) or {})
    except UnreadableSecret:
        reply = Reply("")
    by_author: dict[str, What] = {COUNSELLOR: "counsellor", ASSISTANT: "ours"}
    what: What = by_author.get(row.author) or _BY_KEY.get(reply.key, "listed")
    return Told(row.id, what, reply.key, row.shown_at, row.has_choices, _about(reply))


def _about(reply: Reply) -> dict[str, Any]:
    return payloads.read(reply.choices[0].payload)[1] if reply.choices else {}
