"""When each source was last heard of: a silence of a working day is a fault of the webhook, not a quiet day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from bot.appointment_models import connector
from bot.clock import PARIS
from bot.database import Database
from bot.reminders import quiet

FRESH = timedelta(minutes=1)
"""Written once a minute at most: thousands of webhooks must not wait for one another over one row."""
_SATURDAY = 5


async def heard_from(database: Database, source: str, now: datetime) -> None:
    """Note that a source has just told something."""
    async with database.begin() as connection:
        last = await connection.scalar(select(connector.c.heard_at).where(connector.c.source == source))
        if last is not None and now - last < FRESH:
            return
        added = insert(connector).values(source=source, heard_at=now)
        await connection.execute(
            added.on_conflict_do_update(index_elements=["source"], set_={"heard_at": now}),
        )


async def silent(database: Database, sources: Iterable[str], now: datetime) -> dict[str, datetime | None]:
    """Those of these sources of which nothing came for a whole working day, and when something last did."""
    wanted = tuple(sources)
    async with database.begin() as connection:
        found = await connection.execute(
            select(connector.c.source, connector.c.heard_at).where(connector.c.source.in_(wanted))
        )
        heard = {row.source: row.heard_at for row in found}
    since = quiet.at(_office_day_before(now.astimezone(PARIS).date()), time())
    return {one: heard.get(one) for one in wanted if (last := heard.get(one)) is None or last < since}


def _office_day_before(day: date) -> date:
    day = quiet.working_day_before(day)
    while day.weekday() == _SATURDAY:
        day = quiet.working_day_before(day)
    return day
