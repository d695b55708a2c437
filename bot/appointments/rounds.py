"""Looks, each minute, for sessions of which something is to be done: whoever freed a seat, and however long ago."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select

from bot import clock
from bot.appointment_models import appointment, session, waiting
from bot.appointments.programme import Programme, untold
from bot.appointments.seats import is_on
from bot.appointments.waiting_list import never_left
from bot.database import Database
from bot.errors import DatabaseUnavailable
from bot.reminders import quiet

log = logging.getLogger(__name__)


class Rounds:
    def __init__(self, database: Database, programme: Programme) -> None:
        self._database = database
        self._programme = programme

    async def scan(self) -> int:
        """Attend to each session that needs it, in a transaction of its own; how many were attended to."""
        done = 0
        for session_id in await self._needing():
            try:
                done += await self._attend(session_id)
            except DatabaseUnavailable:
                raise
            except Exception:
                log.exception("session %s could not be attended to", session_id)
        return done

    async def _needing(self) -> Sequence[UUID]:
        async with self._database.begin() as connection:
            return (await connection.scalars(_needing())).all()

    async def _attend(self, session_id: UUID) -> bool:
        """False when another worker is at it."""
        mine = select(session.c.id).where(session.c.id == session_id).with_for_update(skip_locked=True)
        async with self._database.begin() as connection:
            if await connection.scalar(mine) is None:
                return False
            await self._programme.attend(connection, session_id)
        return True


def _needing() -> Any:
    """By night only what has to be closed; by day whatever has somebody to be told, or a seat to be offered."""
    now = clock.now()
    here = waiting.c.session_id == session.c.id
    ended = and_(waiting.c.state == "offered", waiting.c.expires_at <= now)
    over = select(waiting.c.id).where(here, or_(ended, never_left(now))).exists()
    listed = select(waiting.c.id).where(here, waiting.c.state.in_(("waiting", "offered")))
    wanting = select(waiting.c.id).where(here, waiting.c.state == "waiting").exists()
    seated = select(func.count()).where(appointment.c.session_id == session.c.id, is_on()).scalar_subquery()
    held = select(func.count()).select_from(waiting).where(here, waiting.c.state == "offered").scalar_subquery()
    outdated = listed.where(or_(session.c.cancelled_at.is_not(None), waiting.c.starts_at != session.c.starts_at))
    booked = untold().with_only_columns(appointment.c.session_id).order_by(None)
    to_say = or_(outdated.exists(), session.c.id.in_(booked), and_(wanting, seated + held < session.c.seats))
    begun = and_(session.c.starts_at <= now, listed.exists())
    to_do = or_(over, begun) if quiet.is_quiet(now) else or_(over, begun, and_(session.c.starts_at > now, to_say))
    return select(session.c.id).where(to_do).order_by(session.c.starts_at)
