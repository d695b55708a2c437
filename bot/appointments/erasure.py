"""Forgets people whom a source has erased: when nothing else of theirs is left, their name and number go."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.appointment_models import appointment, person, waiting

_STILL = ("waiting", "offered")


async def forget(connection: AsyncConnection, appointments: Sequence[UUID]) -> int:
    """Erase the people of these appointments, which were removed, unless something else of theirs is kept; how many.

    The row stays, for what points at it, without anything by which somebody could be found again.
    """
    of_these = select(appointment.c.person_id).where(appointment.c.id.in_(appointments))
    kept = exists().where(appointment.c.person_id == person.c.id, appointment.c.removed_at.is_(None))
    waits = exists().where(waiting.c.person_id == person.c.id, waiting.c.state.in_(_STILL))
    found = await connection.scalars(
        select(person.c.id).where(person.c.id.in_(of_these), ~kept, ~waits).order_by(person.c.id).with_for_update()
    )
    gone = found.all()
    for person_id in gone:
        await connection.execute(
            update(person)
            .where(person.c.id == person_id)
            .values(
                key_index=secrets.token_bytes(32),
                first_name_secret=None,
                phone_index=None,
                phone_secret=None,
                phone_fault="none",
            )
        )
    return len(gone)
