"""The seats of a session: who has one, who waits for one, and how many are left."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import and_, func, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.appointment_models import appointment, session, waiting
from bot.appointments.facts import CANCELLED
from bot.database import AnyRow

CLOSES = timedelta(hours=2)
"""Nobody is booked later than this before the start; whoever chose from a list may take his time until then."""


@dataclass(frozen=True)
class Session:
    """One session; `left` are the seats that anybody may still take."""

    id: UUID
    starts_at: datetime
    zone: str
    duration_min: int
    place: str
    commune: str
    structure: str
    seats: int
    languages: tuple[str, ...]
    accessibility: str
    bring: str
    left: int = 0

    @property
    def local(self) -> datetime:
        """When it starts, on the wall of where it takes place."""
        return self.starts_at.astimezone(ZoneInfo(self.zone))


_KNOWN = (
    "id", "starts_at", "zone", "duration_min", "place", "commune", "structure", "seats", "languages",
    "accessibility", "bring",
)  # fmt: skip


async def lock(connection: AsyncConnection, session_id: UUID) -> AnyRow | None:
    """The session's row, which is locked before anything else of it changes."""
    found = await connection.execute(select(session).where(session.c.id == session_id).with_for_update())
    return found.one_or_none()


def is_on() -> Any:
    """Whether an appointment takes its seat."""
    return and_(appointment.c.removed_at.is_(None), appointment.c.status.not_in(CANCELLED))


def is_closed(row: AnyRow, now: datetime) -> bool:
    """Whether nobody can be booked into it any more."""
    return row.cancelled_at is not None or row.starts_at - now < CLOSES


async def room(connection: AsyncConnection, row: AnyRow, *, but: UUID | None = None) -> int:
    """Seats that nobody has and nobody waits for, but for this person; the session is locked."""
    taken = await connection.scalar(select(_seated(row.id)))
    waits = _waiting_for(row.id).where(waiting.c.person_id.is_distinct_from(but))
    if but is not None:  # who came to the list later waits for them as well
        mine = select(waiting.c.created_at).where(waiting.c.session_id == row.id, waiting.c.person_id == but)
        since = await connection.scalar(mine.where(waiting.c.state == "waiting"))
        if since is not None:
            waits = waits.where(or_(waiting.c.state == "offered", waiting.c.created_at <= since))
    return row.seats - int(taken or 0) - int(await connection.scalar(waits) or 0)


def _seated(session_id: Any) -> Any:
    return select(func.count()).where(appointment.c.session_id == session_id, is_on()).scalar_subquery()


def _waiting_for(session_id: Any) -> Any:
    return (
        select(func.count())
        .select_from(waiting)
        .where(waiting.c.session_id == session_id, waiting.c.state.in_(("waiting", "offered")))
    )


def counted() -> Any:
    waits = _waiting_for(session.c.id).correlate(session).scalar_subquery()
    seated = select(func.count()).where(appointment.c.session_id == session.c.id, is_on()).correlate(session)
    left = session.c.seats - seated.scalar_subquery() - waits
    return select(session, func.greatest(left, 0).label("left"))


def read(row: AnyRow) -> Session:
    known = {name: getattr(row, name) for name in _KNOWN}
    return Session(**{**known, "languages": tuple(row.languages)}, left=row.left)
