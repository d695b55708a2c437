"""Jobs in the database. A job is written in the transaction of what it is about, and carries ids only."""

from __future__ import annotations

from uuid import UUID

import procrastinate
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import ALIVE, OPTIONS, SEARCH_PATH, raw
from bot.errors import DatabaseUnavailable

ANSWER = "answer"
DELIVER = "deliver"


def build_app(url: str, *, max_size: int = 6) -> procrastinate.App:
    """procrastinate over our database; nothing connects until it is opened."""
    connector = procrastinate.PsycopgConnector(
        conninfo=url,
        kwargs={"options": f"-csearch_path=queue,{SEARCH_PATH} {OPTIONS}", "application_name": "relais queue", **ALIVE},
        min_size=1,
        max_size=max_size,
        timeout=10,
    )
    return procrastinate.App(connector=connector)


class Queue:
    """Defers jobs inside somebody else's transaction."""

    def __init__(self, app: procrastinate.App) -> None:
        self._app = app

    async def defer(self, connection: AsyncConnection, job: str, conversation_id: UUID) -> None:
        """Write the job; a worker is told when the transaction commits. A job too many is harmless.

        Raises DatabaseUnavailable.
        """
        task = self._app.configure_task(name=job, connection=await raw(connection))
        try:
            await task.defer_async(conversation_id=str(conversation_id))
        except procrastinate.exceptions.ConnectorException as error:
            raise DatabaseUnavailable(DatabaseUnavailable.__doc__) from error
