"""The one door to PostgreSQL: an engine, and transactions on it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import psycopg
from sqlalchemy import Row, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from bot.errors import DatabaseUnavailable

AnyRow = Row[*tuple[Any, ...]]

SEARCH_PATH = "public,queue"
"""procrastinate's tables live in the schema `queue`, Rasa's in `rasa`, ours in `public`."""

OPTIONS = "-cstatement_timeout=10s -clock_timeout=5s -cidle_in_transaction_session_timeout=30s"
"""What one statement, one lock and one pause may take: far above what is normal, below a provider's patience (15 s).
A transaction that needs longer says so itself, by SET LOCAL (`knowledge/catalogue_swap.py`)."""
ALIVE: dict[str, Any] = {
    "connect_timeout": 3,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""A server that vanished without a word is noticed in seconds; by itself the system takes 15 minutes, or two hours."""


def libpq_url(url: str) -> str:
    """The URL as libpq and psycopg take it, whatever SQLAlchemy driver it names."""
    parsed = make_url(url).set(drivername="postgresql")
    return parsed.render_as_string(hide_password=False)


def is_away(error: BaseException) -> bool:
    """Whether an error is the store's own, so that trying again later may succeed."""
    lost = isinstance(error, DBAPIError) and error.connection_invalidated
    return lost or isinstance(error, OperationalError | InterfaceError | PoolTimeout | DatabaseUnavailable)


class Database:
    """A pool of connections to one database."""

    def __init__(self, url: str, *, pool_size: int = 10, name: str = "relais") -> None:
        self.url = libpq_url(url)
        self.engine = create_async_engine(
            make_url(self.url).set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            pool_pre_ping=False,
            connect_args={
                "options": f"-csearch_path={SEARCH_PATH} {OPTIONS}",
                "application_name": name,
                "prepare_threshold": 2,
                **ALIVE,
            },
        )

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[AsyncConnection]:
        """A transaction, committed at the end; raises DatabaseUnavailable when the store is away."""
        try:
            async with self.engine.begin() as connection:
                yield connection
        except (DBAPIError, PoolTimeout) as error:
            if is_away(error):
                raise DatabaseUnavailable(DatabaseUnavailable.__doc__) from error
            raise

    async def ping(self) -> None:
        """Return when the store answers; raise DatabaseUnavailable otherwise."""
        async with self.begin() as connection:
            await connection.execute(text("SELECT 1"))

    async def close(self) -> None:
        await self.engine.dispose()


async def raw(connection: AsyncConnection) -> psycopg.AsyncConnection:
    """The psycopg connection under a SQLAlchemy one, in the same transaction (for procrastinate)."""
    proxied = await connection.get_raw_connection()
    driver: psycopg.AsyncConnection = proxied.driver_connection  # type: ignore[assignment]
    return driver
