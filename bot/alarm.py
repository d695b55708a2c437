"""Tells a human when many forged webhooks come at once: a wrong token of ours, or somebody at the door.

They are counted in the web process: a forged request must not cost a write in the database. Several web
processes count each their own share; the task is one for all of them.
"""

from __future__ import annotations

import logging
from collections import deque
from datetime import datetime, timedelta

from sqlalchemy import func, select

from bot import clock
from bot.database import Database
from bot.errors import DatabaseUnavailable
from bot.models import task
from bot.tasks import Tasks

log = logging.getLogger(__name__)

REASON = "forged_webhooks"
WINDOW = timedelta(minutes=5)
QUIET = timedelta(hours=1)
"""One burst, or one long attack, is one task an hour at most."""


class Alarm:
    """More than `most` refused webhooks within five minutes are a burst."""

    def __init__(self, database: Database, tasks: Tasks, most: int) -> None:
        self._database = database
        self._tasks = tasks
        self._most = most
        self._last: deque[datetime] = deque(maxlen=most + 1)
        self._told: datetime | None = None

    async def refused(self, path: str) -> None:
        """Count one refused webhook; log and open a task when it makes a burst."""
        now = clock.now()
        self._last.append(now)
        burst = len(self._last) > self._most and self._last[0] > now - WINDOW
        if not burst or (self._told is not None and self._told > now - QUIET):
            return
        self._told = now  # before anything is awaited: the others of the burst find it told
        log.error("more than %s webhooks with a bad signature in %s, the last on %s", self._most, WINDOW, path)
        try:
            await self._open_task(now, path)
        except DatabaseUnavailable:
            self._told = None

    async def _open_task(self, now: datetime, path: str) -> None:
        async with self._database.begin() as connection:
            last = await connection.scalar(select(func.max(task.c.created_at)).where(task.c.reason == REASON))
            if last is not None and last > now - QUIET:
                return
            # Two processes at the same instant write the same cause, which is kept once.
            await self._tasks.open(
                connection, reason=REASON, cause=f"{now:%Y-%m-%dT%H}", details={"path": path, "more than": self._most}
            )
