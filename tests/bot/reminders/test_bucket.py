"""The bucket sets the pace, and replies take from it first."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import insert

from bot.database import Database
from bot.models import conversation, message
from bot.reminders.bucket import PAUSES, PROBE, Bucket
from tests.bot.reminders.conftest import MONDAY


async def take(database: Database, wanted: int, seconds: float, rate: float = 10) -> int:
    async with database.begin() as connection:
        return await Bucket("twilio", rate).take(connection, wanted, MONDAY + timedelta(seconds=seconds))


async def said(database: Database, seconds: float, **more: Any) -> None:
    """A message left at this second."""
    who, now = uuid4(), MONDAY + timedelta(seconds=seconds)
    rows = {"channel": "twilio", "created_at": now}
    async with database.begin() as connection:
        await connection.execute(
            insert(conversation).values(id=who, address_index=who.bytes, address_secret=b"", **rows)
        )
        out = {"direction": "out", "author": "assistant", "state": "sent", "sent_at": now, "seq": 1, **rows, **more}
        await connection.execute(insert(message).values(id=uuid4(), conversation_id=who, **out))


async def test_a_second_s_worth_at_most_then_what_the_seconds_give(database: Database) -> None:
    """A burst of ten, then ten a second, however long nobody took any."""
    assert [await take(database, 100, at) for at in (0, 0, 0.5, 1, 60)] == [10, 0, 5, 5, 10]


async def test_no_more_than_is_wanted(database: Database) -> None:
    """What is left stays; what is given back is there again."""
    assert [await take(database, 4, 0), await take(database, 100, 0)] == [4, 6]
    async with database.begin() as connection:
        await Bucket("twilio", 10).give_back(connection, 3)
    assert await take(database, 100, 0) == 3


async def test_replies_are_subtracted(database: Database) -> None:
    """Those of the second that has passed; of reminders only those tried again, which took no token."""
    await take(database, 10, 0)
    for at in (0.2, 0.4, 0.6):
        await said(database, at)
    await said(database, 0.7, bulk=True, attempts=1)
    await said(database, 0.8, bulk=True, attempts=2)
    assert await take(database, 100, 1) == 6
    assert await take(database, 100, 1) == 0


async def test_more_replies_than_the_bucket_gives_leave_nothing(database: Database) -> None:
    """And the debt is not longer than a second."""
    await take(database, 10, 0)
    for at in range(1, 31):
        await said(database, at / 40)
    assert [await take(database, 100, at) for at in (1, 2, 3)] == [0, 0, 10]


async def test_what_is_reserved_leaves_at_the_same_pace(database: Database) -> None:
    """Two a second: the first two at once, then one each half second; reminders wait until nothing is owed."""
    async with database.begin() as connection:
        dues = [await Bucket("twilio", 2).reserve(connection, MONDAY) for _ in range(8)]
    assert [(due - MONDAY).total_seconds() for due in dues] == [0, 0, 0.5, 1, 1.5, 2, 2.5, 3]
    assert [await take(database, 100, at, rate=2) for at in (1, 2, 3, 3.5, 4)] == [0, 0, 0, 1, 1]


async def test_a_slow_sender_still_sends(database: Database) -> None:
    """Half a message a second is one in two seconds."""
    assert [await take(database, 100, at, rate=0.5) for at in (0, 1, 2, 3, 4)] == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("workers", [1, 2])
async def test_pauses_grow_until_the_provider_accepts(database: Database, workers: int) -> None:
    """Each refusal is a longer pause, whoever has seen it; then a few ask, then all."""
    bucket, now = Bucket("twilio", 1000), MONDAY
    for pause in (*PAUSES, PAUSES[-1]):
        async with database.begin() as connection:
            untils = [await bucket.refused(connection, now) for _ in range(workers)]
        assert set(untils) == {now + pause}
        now += pause
        assert await take(database, 100, (now - MONDAY).total_seconds() - 1, rate=1000) == 0
        assert await take(database, 100, (now - MONDAY).total_seconds(), rate=1000) == PROBE
    async with database.begin() as connection:
        await bucket.accepted(connection)
    assert await take(database, 100, (now - MONDAY).total_seconds() + 1, rate=1000) == 100
