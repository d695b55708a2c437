"""The switch that stops all sending at once: the reminders alone, or everything. What is held is kept."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import sending

What = Literal["reminders", "everything"]


class Stopped(NamedTuple):
    what: str
    stopped_at: datetime
    stopped_by: str


async def stop(connection: AsyncConnection, what: What, by: str = "") -> None:
    """Hold what is not yet with a provider, from now on."""
    statement = insert(sending).values(what=what, stopped_at=clock.now(), stopped_by=by)
    await connection.execute(statement.on_conflict_do_nothing(index_elements=["what"]))


async def start(connection: AsyncConnection) -> bool:
    """Let everything leave again; False when nothing was stopped."""
    return bool((await connection.execute(delete(sending))).rowcount)


async def stopped(connection: AsyncConnection) -> Sequence[Stopped]:
    """What is stopped, since when and by whom; [] when all may leave."""
    found = await connection.execute(select(sending).order_by(sending.c.what))
    return [Stopped(row.what, row.stopped_at, row.stopped_by) for row in found]


async def is_stopped(connection: AsyncConnection) -> bool:
    """Whether no reminder may leave."""
    return await connection.scalar(select(sending.c.what).limit(1)) is not None
