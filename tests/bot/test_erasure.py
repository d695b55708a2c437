"""Erasing a conversation while something is under way: nothing that can be read is left, whichever comes first."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from bot.assembly import Relais
from bot.transcript import Transcript
from channels.base import Inbound
from channels.webchat import WebChat
from tests.bot.conftest import Pipeline
from tests.engine import Engine, Talk

VISITOR = "visitor"
Erase = Callable[[], Awaitable[None]]


@pytest.fixture
async def web(pipeline: Pipeline) -> Pipeline:
    """The pipeline with the web chat beside the phone."""
    pipeline.relais.__dict__["channels"] = {"phone": pipeline.phone, "web": WebChat()}
    return pipeline


@pytest.fixture
def erase(web: Pipeline) -> Erase:
    transcript = Transcript(web.relais.database, web.relais.vault)
    return lambda: transcript.forget(VISITOR)


async def write(web: Pipeline, words: str) -> UUID:
    inbound = Inbound("web", f"{VISITOR}:{uuid4()}", VISITOR, "", words)
    return (await web.relais.inbox.receive(inbound)).conversation_id


async def readable(web: Pipeline, conversation_id: UUID) -> list[Any]:
    """What is still there of a conversation: bodies, tasks' words, the engine's turns and events."""
    async with web.relais.database.begin() as connection:
        of = {"id": conversation_id, "sender": str(conversation_id)}
        rows = await connection.execute(
            text(
                """SELECT 'message' FROM message WHERE conversation_id = :id AND body_secret IS NOT NULL
                   UNION ALL SELECT 'turn' FROM rasa.turns WHERE conversation_id = :id
                   UNION ALL SELECT 'event' FROM rasa.events WHERE sender_id = :sender"""
            ),
            of,
        )
        secrets = await connection.scalars(text("SELECT details_secret FROM task WHERE conversation_id = :id"), of)
        details = [web.relais.vault.open(b"task.details", secret) for secret in secrets]
    return [*rows.scalars(), *(detail for detail in details if detail)]


async def test_tasks_keep_nothing_of_the_person(web: Pipeline, erase: Erase) -> None:
    """The words are gone and nobody is asked to call back; an error of the offer stays to be mended."""
    conversation_id = await write(web, "je veux parler à quelqu'un")
    await web.work(conversation_id)
    async with web.relais.database.begin() as connection:
        await web.relais.tasks.open(
            connection,
            reason="offer_error",
            cause="1",
            conversation_id=conversation_id,
            details={"service_id": "s1", "service": "Crèche", "text": "mon fils Tom n'a pas été pris"},
        )
    assert len(await web.tasks()) == 2
    await erase()
    assert await readable(web, conversation_id) == [{"service_id": "s1", "service": "Crèche"}]
    assert [task.reason for task in await web.tasks()] == ["offer_error"]


async def test_turn_under_way_is_dropped(web: Pipeline, erase: Erase) -> None:
    """The engine's answer comes after the erasure: it is not stored, and its failure opens nothing."""
    web.engine.gate.clear()
    conversation_id = await write(web, "je m'appelle Zoé")
    turn = asyncio.create_task(web.work(conversation_id))
    async with asyncio.timeout(5):
        await web.engine.entered.wait()
    await erase()
    web.engine.gate.set()
    await turn
    assert await readable(web, conversation_id) == []
    assert await web.states("in") == [("erased", "")]
    assert await web.states() == []
    assert await web.relais.sweep.leases() == 0


async def test_task_opened_after_the_erasure_holds_nothing(web: Pipeline, erase: Erase) -> None:
    """An action of a turn under way asks for a human too late: what was said is not kept."""
    conversation_id = await write(web, "bonjour")
    await erase()
    async with web.relais.database.begin() as connection:
        await web.relais.tasks.open(
            connection, reason="human", cause="1", conversation_id=conversation_id, details={"text": "je suis Zoé"}
        )
    assert await readable(web, conversation_id) == []
    assert await web.tasks() == []


async def test_task_that_is_being_opened_is_waited_for(web: Pipeline, erase: Erase, database_url: str) -> None:
    """The erasure comes between the writing of a task and its commit: it finds the task all the same."""
    conversation_id = await write(web, "bonjour")
    async with web.relais.database.begin() as connection:
        await web.relais.tasks.open(
            connection, reason="human", cause="1", conversation_id=conversation_id, details={"text": "je suis Zoé"}
        )
        erasing = asyncio.create_task(erase())  # type: ignore[arg-type]
        await blocked(database_url)
    await erasing
    assert await readable(web, conversation_id) == []


async def test_engine_that_ends_first_is_waited_for(web: Pipeline, erase: Erase, database_url: str) -> None:
    """Its turn is written and not yet committed: the erasure waits, then takes it away."""
    conversation_id = await write(web, "bonjour")
    async with web.relais.database.begin() as connection:
        await engine_writes(connection, conversation_id)
        erasing = asyncio.create_task(erase())  # type: ignore[arg-type]
        await blocked(database_url)
    await erasing
    assert await readable(web, conversation_id) == []


async def test_engine_that_ends_second_writes_nothing(web: Pipeline, database_url: str) -> None:
    """The erasure is written and not yet committed: the turn waits, then fails whole."""
    conversation_id = await write(web, "bonjour")
    other = web.another()

    async def turn() -> None:
        async with other.database.begin() as connection:
            await engine_writes(connection, conversation_id)

    with pytest.raises(DBAPIError, match="was erased"):
        await while_erasing(web, conversation_id, turn(), database_url)
    await other.close()
    assert await readable(web, conversation_id) == ["message"]


async def test_task_that_meets_an_uncommitted_erasure_holds_nothing(web: Pipeline, database_url: str) -> None:
    """It waits for the erasure to be committed before it decides what to keep."""
    conversation_id = await write(web, "bonjour")
    other = web.another()

    async def action() -> None:
        async with other.database.begin() as connection:
            await other.tasks.open(
                connection, reason="human", cause="1", conversation_id=conversation_id, details={"text": "je suis Zoé"}
            )

    await while_erasing(web, conversation_id, action(), database_url)
    await other.close()
    assert await readable(web, conversation_id) == ["message"]


async def while_erasing(web: Pipeline, conversation_id: UUID, work: Coroutine[Any, Any, None], url: str) -> None:
    """Do this while an erasure of the conversation's row is written and not yet committed."""
    async with web.relais.database.begin() as connection:
        await connection.execute(
            text("UPDATE conversation SET address_index = '\\x00', erased_at = now() WHERE id = :id"),
            {"id": conversation_id},
        )
        working = asyncio.create_task(work)
        await blocked(url)
    await working


async def test_outbox_and_erasure_never_block_each_other(web: Pipeline, erase: Erase) -> None:
    """Both lock the conversation first: many at once end, without a deadlock."""
    for number in range(20):
        conversation_id = await write(web, f"une garde d'enfants {number}")
        await asyncio.gather(web.relais.turns.answer(conversation_id), erase())
        assert await readable(web, conversation_id) == []


async def engine_writes(connection: Any, conversation_id: UUID) -> None:
    """What the engine's door does in the transaction of a turn."""
    of = {"id": conversation_id, "sender": str(conversation_id), "message": uuid4()}
    for statement in (
        "INSERT INTO rasa.turns (message_id, conversation_id) VALUES (:message, :id)",
        "INSERT INTO rasa.events (sender_id, type_name, data) VALUES (:sender, 'user', 'secret')",
        "UPDATE rasa.turns SET answer = 'secret' WHERE message_id = :message",
    ):
        await connection.execute(text(statement), of)


async def blocked(database_url: str) -> None:
    """Return once some transaction of this database waits for another one."""
    query = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(5), await psycopg.AsyncConnection.connect(database_url, autocommit=True) as connection:
        while await (await connection.execute(query)).fetchone() is None:
            await asyncio.sleep(0)


def test_real_turn_that_an_erasure_overtakes(engine: Engine, talk: Talk) -> None:
    """Rasa is in the middle of an action when the conversation is erased: neither events nor answer are kept."""
    talk.say("bonjour")
    question = talk.question("je cherche une garde d'enfants à Vaulx")
    engine.actions.mode = "hold"
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(engine.post, question)
        assert engine.actions.held.wait(10)
        asyncio.run(forget(engine, talk.id))
        engine.actions.mode = "well"
        engine.actions.release.set()
        answer = pending.result(20)
    assert (answer.status_code, answer.json()) == (503, {"error": "database"})
    of = str(talk.id)
    assert engine.rows("SELECT 1 FROM rasa.events WHERE sender_id = %s", of) == []
    assert engine.rows("SELECT 1 FROM rasa.turns WHERE conversation_id = %s", of) == []


async def forget(engine: Engine, conversation_id: UUID) -> None:
    """Erase as the chat's route does; the conversation is found by its visitor."""
    relais = Relais.build(engine.settings)
    async with relais.database.begin() as connection:
        await connection.execute(
            text("UPDATE conversation SET address_index = :index WHERE id = :id"),
            {"id": conversation_id, "index": relais.vault.address_index("web", str(conversation_id))},
        )
    await Transcript(relais.database, relais.vault).forget(str(conversation_id))
    await relais.close()
