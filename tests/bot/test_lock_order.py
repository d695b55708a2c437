"""The conversation is locked before its messages and its tasks, by whoever writes of it: nobody deadlocks.

Appointments are locked before conversations, and conversations in one order.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import delete, update

from bot.appointment_models import session
from bot.inbox import Inbox
from bot.lane import Lane
from bot.models import message
from bot.thread import Threads
from bot.unanswered import Unanswered
from tests.bot.appointments.rooms import Rooms
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
    tasks, hearing = relais.tasks, relais.talk.overhearing
    unanswered = Unanswered(relais.database, relais.vault, relais.outbox, tasks, relais.texts, hearing)
    async with held(database_url, received.conversation_id) as take_the_rest:
        late = words == "trop tard"
        act = unanswered.too_late(lease, thread, thread.waiting) if late else relais.first_reading.act(thread)
        acting = asyncio.ensure_future(act)
        await take_the_rest()
    await acting
    assert len(await pipeline.rows()) == 1


async def test_sessions_tell_the_same_people_at_once(pipeline: Pipeline) -> None:
    """Two workers, two sessions, two lists of the same people in another order, again and again."""
    rooms = Rooms(pipeline)
    both = [await rooms.session(9 + n, name=f"S{n}", seats=0) for n in range(2)]
    people = await rooms.people(8)
    for session_id in both:
        for whose in random.Random(str(session_id)).sample(people, len(people)):
            assert await rooms.join(session_id, whose) == "waiting"
    for _ in range(12):
        async with pipeline.relais.database.begin() as connection:  # another day: their sources move them
            await connection.execute(delete(message))
            await connection.execute(update(session).values(starts_at=session.c.starts_at + timedelta(hours=1)))
        await asyncio.gather(*(_attend(rooms, session_id) for session_id in both))
        assert [len(await rooms.told(whose)) for whose in people] == [2] * len(people)


async def test_whoever_is_told_of_a_session_changes_their_appointment(pipeline: Pipeline, database_url: str) -> None:
    """The write-back locks the appointment, then the conversation; the session waits with nobody's conversation."""
    rooms = Rooms(pipeline)
    session_id, whose = await rooms.session(9), await rooms.person(1)
    booking = await rooms.book(session_id, whose)
    await rooms.change(session_id, place="Salle des fêtes")
    async with await psycopg.AsyncConnection.connect(database_url) as holder:
        await holder.execute("SELECT 1 FROM appointment WHERE id = %s FOR UPDATE", (booking.appointment_id,))
        attending = asyncio.create_task(_attend(rooms, session_id))
        await blocked(database_url)
        await holder.execute("UPDATE conversation SET last_seq = last_seq + 1")
    await attending
    assert len(await rooms.told(whose)) == 1


async def _attend(rooms: Rooms, session_id: UUID) -> None:
    async with rooms.relais.database.begin() as connection:
        await rooms.relais.programme.attend(connection, session_id)
