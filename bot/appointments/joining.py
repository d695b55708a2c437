"""Getting on the waiting list, and off it again; the seat that this frees is offered by the rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal
from uuid import UUID, uuid4

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from bot import clock
from bot.appointment_models import waiting
from bot.appointments.people import Person
from bot.appointments.seats import is_closed, lock
from bot.appointments.sessions import Sessions

Joined = Literal["waiting", "already", "gone"]


async def join(connection: AsyncConnection, sessions: Sessions, session_id: UUID, whose: Person) -> Joined:
    """Put a person on the list, at its end; once. `already`: they have a seat, and wait for none."""
    row = await lock(connection, session_id)
    if row is None or is_closed(row, clock.now()):
        return "gone"
    if await sessions.alone(connection, whose.id) is not None:
        return "already"
    added = insert(waiting).values(
        id=uuid4(),
        session_id=session_id,
        person_id=whose.id,
        state="waiting",
        created_at=clock.now(),
        starts_at=row.starts_at,
    )
    anew = {name: added.excluded[name] for name in ("state", "created_at", "starts_at", "offered_at", "expires_at")}
    closed = waiting.c.state.in_(("expired", "left", "taken"))
    await connection.execute(
        added.on_conflict_do_update(index_elements=["session_id", "person_id"], set_=anew, where=closed)
    )
    return "waiting"


async def leave(connection: AsyncConnection, session_id: UUID, person_id: UUID) -> bool:
    """Take a person off the list; False when they were not on it."""
    if await lock(connection, session_id) is None:
        return False
    left = await connection.execute(
        update(waiting)
        .where(waiting.c.session_id == session_id, waiting.c.person_id == person_id)
        .where(waiting.c.state.in_(("waiting", "offered")))
        .values(state="left")
    )
    return bool(left.rowcount)


async def offers_of(connection: AsyncConnection, people: Sequence[UUID]) -> list[tuple[UUID, UUID]]:
    """The sessions that these people are offered, and to whom each, the last offer first."""
    found = await connection.execute(
        select(waiting.c.session_id, waiting.c.person_id)
        .where(waiting.c.person_id.in_(people), waiting.c.state == "offered")
        .order_by(waiting.c.offered_at.desc())
    )
    return [(row.session_id, row.person_id) for row in found]


async def was_taken(connection: AsyncConnection, session_id: UUID, person_id: UUID) -> bool:
    """Whether the seat that was offered is theirs by now, or they left the list: the offer has had its answer."""
    mine = (waiting.c.session_id == session_id, waiting.c.person_id == person_id)
    return await connection.scalar(select(waiting.c.state).where(*mine)) in ("taken", "left")
