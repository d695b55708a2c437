"""The door to PostgreSQL: nothing waits for ever, and what gave up is said by name."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import text

from bot.database import Database
from bot.errors import DatabaseUnavailable
from bot.queue import build_app
from knowledge import catalogue_swap

_LIMITS = ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout")


async def limits(database: Database) -> list[str]:
    async with database.begin() as connection:
        return [str(await connection.scalar(text(f"SHOW {name}"))) for name in _LIMITS]


async def test_every_connection_has_its_limits(database: Database) -> None:
    """A statement, a lock and a pause end by themselves, in the pool of the pipeline and in the queue's."""
    assert await limits(database) == ["10s", "5s", "30s"]
    app = build_app(database.url)
    async with app.open_async():
        rows = [await app.connector.execute_query_one_async(f"SHOW {name}") for name in _LIMITS]
        listed = await app.connector.execute_query_one_async("SHOW search_path")
    assert [row[name] for name, row in zip(_LIMITS, rows, strict=True)] == ["10s", "5s", "30s"]
    assert listed["search_path"] == "queue,public,queue"


async def test_a_server_that_vanished_is_noticed(database: Database) -> None:
    """The connection asks the network whether the other end is there, every few seconds."""
    async with database.begin() as connection:
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver is not None
        asked = driver.info.get_parameters()
    assert {name: asked.get(name) for name in ("keepalives_idle", "keepalives_count", "tcp_user_timeout")} == {
        "keepalives_idle": "10",
        "keepalives_count": "3",
        "tcp_user_timeout": "10000",
    }


async def test_statement_that_takes_too_long_is_an_absent_store(database: Database) -> None:
    """Its caller may try again later, as after any failure of the store."""
    with pytest.raises(DatabaseUnavailable):
        async with database.begin() as connection:
            await connection.execute(text("SET LOCAL statement_timeout = 20"))
            await connection.execute(text("SELECT pg_sleep(60)"))


async def test_lock_that_is_never_given_is_an_absent_store(database: Database) -> None:
    """Whoever waits for a row behind a stuck transaction gives up."""
    async with database.begin() as holder:
        await holder.execute(text("LOCK TABLE message IN ACCESS EXCLUSIVE MODE"))
        async with asyncio.timeout(10):
            with pytest.raises(DatabaseUnavailable):
                async with database.begin() as connection:
                    await connection.execute(text("SET LOCAL lock_timeout = 20"))
                    await connection.execute(text("SELECT count(*) FROM message"))


async def test_import_of_the_offer_takes_the_time_that_it_needs(database: Database) -> None:
    """One long transaction: its limits are its own, and are gone with it."""
    async with database.begin() as connection:
        await catalogue_swap.lock(connection)
        own = [await connection.scalar(text(f"SHOW {name}")) for name in _LIMITS]
    assert own == ["0", "0", "10min"]
    assert await limits(database) == ["10s", "5s", "30s"]
