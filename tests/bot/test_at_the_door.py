"""What is heard as a message comes in, while the engine, the lane or an earlier message is stuck."""

from __future__ import annotations

import asyncio
from pathlib import Path

import yaml

from bot.inbox import Inbox
from bot.settings import ROOT
from bot.texts import Texts
from bot.thread import Threads
from tests.bot.conftest import Pipeline
from tests.standins.engine import away


async def test_distress_is_answered_while_the_engine_hangs_on_the_message_before(pipeline: Pipeline) -> None:
    """A turn that is under way delays no cry for help: it has its answer before the turn has ended."""
    conversation_id, turn = await pipeline.hang("une garde d'enfants")
    await pipeline.write("je veux mourir")
    assert await pipeline.jobs() == ["answer", "deliver"]
    await pipeline.relais.delivery.deliver(conversation_id)
    assert not turn.done()
    assert "3114" in pipeline.phone.texts[0]
    assert [task.reason for task in await pipeline.tasks()] == ["distress"]
    pipeline.engine.gate.set()
    await turn
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts[1:] == ["réponse à une garde d'enfants"]
    assert await pipeline.relais.sweep.leases() == 0


async def test_distress_behind_many_waiting_messages_is_heard(pipeline: Pipeline) -> None:
    """However many messages wait for the engine, the newest one is read."""
    pipeline.engine.fault = lambda question: away()
    for number in range(60):
        conversation_id = await pipeline.write(f"message {number}")
    await pipeline.work(conversation_id)
    assert "3114" in (await pipeline.say("je veux en finir"))[0]


async def test_wish_for_a_human_holds_the_reply_of_the_turn_under_way_back(pipeline: Pipeline) -> None:
    """« humain » is heard during a turn, whose reply comes too late and is skipped."""
    conversation_id, turn = await pipeline.hang("une garde d'enfants")
    await pipeline.write("je veux parler à quelqu'un")
    pipeline.engine.gate.set()
    await turn
    await pipeline.relais.delivery.deliver(conversation_id)
    assert len(pipeline.phone.texts) == 1
    assert "conseiller" in pipeline.phone.texts[0]
    assert ("skipped", "taken over") in await pipeline.states()


async def test_repeats_of_a_cry_for_help_are_answered_once(pipeline: Pipeline) -> None:
    """The provider may send it twenty times at once, with the lane at work: one task, one answer, no hole."""
    inbound = pipeline.sms("je veux mourir", sid="SM1")
    received = await asyncio.gather(*(pipeline.relais.inbox.receive(inbound) for _ in range(20)))
    conversation_id = received[0].conversation_id
    await asyncio.gather(*(pipeline.work(conversation_id) for _ in range(5)))
    assert len(pipeline.phone.texts) == len(await pipeline.tasks()) == 1
    assert (await pipeline.thread()).last_seq == 2


async def test_door_and_lane_never_both_act(pipeline: Pipeline) -> None:
    """« humain » and « menu » sent in turns while the lane drains leave one answer a message and one ticket at most."""
    conversation_id = await pipeline.write("bonjour")
    words = ["humain", "menu", "je veux mourir", "stop", "reprendre"] * 4
    done = asyncio.Event()

    async def lane() -> None:
        while not done.is_set():
            await pipeline.relais.turns.answer(conversation_id)

    draining = asyncio.create_task(lane())
    for word in words:
        await pipeline.write(word)
    done.set()
    await draining
    await pipeline.relais.turns.answer(conversation_id)
    assert {state for state, _ in await pipeline.states("in")} == {"answered"}
    causes = [row.cause for row in await pipeline.rows()]
    assert len(causes) == len(set(causes)) == len(words) + 1
    assert [task.reason for task in await pipeline.tasks()] == ["distress"] * 4


async def test_fault_at_the_door_refuses_no_message(pipeline: Pipeline, tmp_path: Path) -> None:
    """When the sentence for what was heard is missing, the message waits for its turn like any other."""
    texts = yaml.safe_load((ROOT / "nlu" / "responses" / "fr.yml").read_text())
    del texts["responses"]["system_distress_suicide"]
    (tmp_path / "fr.yml").write_text(yaml.safe_dump(texts))
    other = pipeline.another()
    other.__dict__["texts"] = Texts(tmp_path)
    await other.inbox.receive(pipeline.sms("je veux mourir"))
    await other.close()
    assert await pipeline.states("in") == [("waiting", "")]
    assert await pipeline.tasks() == []
    assert await pipeline.jobs() == ["answer"]
    await pipeline.work((await pipeline.thread()).id)
    assert "3114" in pipeline.phone.texts[0]


async def test_message_read_twice_at_once_is_acted_upon_once(pipeline: Pipeline) -> None:
    """Two workers that both read it as waiting leave one confirmation, and no number unused."""
    relais = pipeline.relais
    received = await Inbox(relais.database, relais.vault, relais.queue).receive(pipeline.sms("stop"))
    async with relais.database.begin() as connection:
        thread = await Threads(relais.vault, relais.kinds).read(connection, received.conversation_id)
    assert await asyncio.gather(*(relais.first_reading.act(thread) for _ in range(5))) == [True] * 5
    assert len(await pipeline.rows()) == 1
    assert (await pipeline.thread()).last_seq == 2
