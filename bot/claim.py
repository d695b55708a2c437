"""Takes the next message to send, and decides in the same statement whether it may still be sent.

Built once: writing this statement anew for each message cost a fifth of the worker's time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import DateTime, and_, bindparam, case, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import AnyRow
from bot.models import conversation, message
from bot.receipts import WORTH_RESENDING

CONSENT_PART = "consent"
"""The one confirmation of a STOP, which is sent to somebody who has just opted out."""

_now: Any = bindparam("now", type_=DateTime(timezone=True))
_stale: Any = bindparam("stale", type_=DateTime(timezone=True))


class Claim:
    """The first message of a conversation that waits to leave by one of these channels."""

    def __init__(self, channels: Iterable[str], worker: str) -> None:
        self._statement = _statement(channels, worker)

    async def next(self, connection: AsyncConnection, conversation_id: UUID, now: datetime) -> AnyRow | None:
        """The message as it is now: `sending` when it is ours to send, else set aside with its reason; None: wait."""
        given = {"conversation": conversation_id, "now": now, "stale": now - WORTH_RESENDING}
        return (await connection.execute(self._statement, given)).one_or_none()


def _statement(channels: Iterable[str], worker: str) -> Any:
    head = (
        select(message.c.id, message.c.state, message.c.due_at, message.c.settled_at)
        .where(
            message.c.conversation_id == bindparam("conversation"),
            message.c.direction == "out",
            message.c.state.in_(("queued", "sending")),
        )
        .order_by(message.c.seq)
        .limit(1)
        .with_for_update()
        .cte("head")
    )
    due = or_(head.c.due_at.is_(None), head.c.due_at <= _now, conversation.c.last_inbound_at > head.c.settled_at)
    return (
        update(message)
        .where(
            message.c.id == head.c.id,
            message.c.conversation_id == conversation.c.id,
            message.c.channel.in_(sorted(channels)),
            head.c.state == "queued",
            due,
        )
        .values(_verdict(worker))
        .returning(message, conversation.c.address_secret, conversation.c.sender)
    )


def _verdict(worker: str) -> dict[str, Any]:
    """Send, or not and say why."""
    taken_over = and_(message.c.author == "assistant", message.c.version != conversation.c.version)
    silenced = and_(conversation.c.opted_out_at.is_not(None), message.c.part.is_distinct_from(CONSENT_PART))
    skipped = or_(taken_over, silenced)
    too_late = and_(func.cardinality(message.c.lost_ids) > 0, or_(_overtaken(), message.c.created_at <= _stale))
    kept = or_(skipped, too_late)
    return {
        "state": case((skipped, "skipped"), (too_late, "undelivered"), else_="sending"),
        "reason": case((taken_over, "taken over"), (silenced, "opted out"), else_=message.c.reason),
        "attempts": case((kept, message.c.attempts), else_=message.c.attempts + 1),
        "trace": worker,
        "sent_at": case((kept, message.c.sent_at), else_=_now),
        "settled_at": case((kept, _now), else_=None),
    }


def _overtaken() -> Any:
    """Something said later has left: it may be on the person's screen by now."""
    later = message.alias()
    left = select(later.c.id).where(
        later.c.conversation_id == message.c.conversation_id,
        later.c.direction == "out",
        later.c.seq > message.c.seq,
        later.c.state.in_(("sending", "sent", "unknown", "delivered")),
    )
    return left.correlate(message).exists()
