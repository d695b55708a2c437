"""The conversation is locked before its messages and its tasks, by whoever writes of it: nobody deadlocks."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
import pytest

from bot.inbox import Inbox
from bot.lane import Lane
from bot.thread import Threads
from bot.unanswered import Unanswered
from tests.bot.conftest import Pipeline
from tests.bot.test_erasure import blocked
from tests.standins.engine import away


@asynccontextmanager
async def held(database_url: str, conversation_id: UUID) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """As an erasure does: lock the conversation, then, once somebody waits behind it, its messages and tasks."""
    of = (conversation_id,)
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT 1 FROM conversation WHERE id = %s FOR UPDATE", of)

        async def take_the_rest() -> None:
            await blocked(database_url)
            await holder.execute("UPDATE message SET reason = 'seen' WHERE conversation_id = %s", of)
            await holder.execute("UPDATE task SET urgent = urgent WHERE conversation_id = %s", of)

        yield take_the_rest


@pytest.mark.parametrize("engine", ["well", "away"])
async def test_end_of_a_turn_waits_for_an_erasure(pipeline: Pipeline, later, database_url: str, engine: str) -> None:
    """An answer, or the apology for having none, is stored behind whoever holds the conversation."""
    pipeline.engine.fault = lambda question: away() if engine == "away" else None
    pipeline.engine.gate.clear()
    conversation_id = await pipeline.write("bonjour")
    later(5)
    turn = asyncio.create_task(pipeline.relais.turns.answer(conversation_id))
    await pipeline.engine.entered.wait()
    async with held(database_url, conversation_id) as take_the_rest:
        pipeline.engine.gate.set()
        await take_the_rest()
    await turn
    assert len(await pipeline.rows()) == 1


@pytest.mark.parametrize("words", ["je veux parler à quelqu'un", "je veux mourir", "stop", "trop tard"])
async def test_act_of_the_lane_waits_for_an_erasure(pipeline: Pipeline, database_url: str, words: str) -> None:
    """A ticket, an urgent task, a change of consent and what goes to a human are written in the same order."""
    relais = pipeline.relais
    # Not heard at the door, so that the lane has to act on it.
    received = await Inbox(relais.database, relais.vault, relais.queue).receive(pipeline.sms(words))
    lease = await Lane(relais.database).take(received.conversation_id)
    assert lease is not None
    async with relais.database.begin() as connection:
        thread = await Threads(relais.vault, relais.kinds).read(connection, received.conversation_id)
    unanswered = Unanswered(relais.database, relais.vault, relais.outbox, relais.tasks, relais.texts)
    async with held(database_url, received.conversation_id) as take_the_rest:
        late = words == "trop tard"
        act = unanswered.too_late(lease, thread, thread.waiting) if late else relais.first_reading.act(thread)
        acting = asyncio.ensure_future(act)
        await take_the_rest()
    await acting
    assert len(await pipeline.rows()) == 1
