"""What was last heard of each meeting, so that an older word, or a copy of a newer one, changes nothing.

A meeting that is gone is remembered as well: the « created » that comes after its « destroyed » must not bring it back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import appointment, meeting
from bot.connectors.told import SOURCE, Told
from bot.database import AnyRow


async def lock(connection: AsyncConnection, number: str) -> None:
    """One word at a time of a meeting, from whichever system, also of one that nobody has heard of."""
    await connection.execute(_advisory("meeting", number))


async def lock_new(connection: AsyncConnection, connector: str) -> None:
    """One new meeting at a time of a source. Taken before any row."""
    await connection.execute(_advisory("new meetings", connector))


async def last_word(connection: AsyncConnection, connector: str, number: str) -> AnyRow | None:
    """What was last heard of it from this system."""
    mine = (meeting.c.source == connector, meeting.c.meeting == number)
    return (await connection.execute(select(meeting).where(*mine))).one_or_none()


async def keep(connection: AsyncConnection, told: Told, *, heard_at: datetime | None) -> None:
    """Remember this word as the last one; `heard_at` when a webhook told of it as new."""
    gone_at = clock.now() if told.event == "destroyed" else None
    about: dict[str, Any] = {"told_at": told.told_at, "gone_at": gone_at}
    if told.organisation:
        about["organisation"] = told.organisation
    added = insert(meeting).values(source=told.connector, meeting=told.meeting, heard_at=heard_at, **about)
    await connection.execute(added.on_conflict_do_update(index_elements=["source", "meeting"], set_=about))


async def first_word(connection: AsyncConnection, told: Told) -> None:
    """RDV Service Public's own word counts, whenever RDV-Insertion gave its copy: date the copy before it."""
    copies = (appointment.c.source == SOURCE, appointment.c.meeting == told.meeting)
    await connection.execute(
        update(appointment).where(*copies, appointment.c.told_at > told.told_at).values(told_at=told.told_at)
    )


def _advisory(*parts: str) -> Any:
    return select(func.pg_advisory_xact_lock(func.hashtextextended(" ".join(parts), 0)))
