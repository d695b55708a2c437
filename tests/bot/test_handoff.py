"""A person passes to a human and back: by the lexicon's words and by the engine's understanding, with one outcome."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import httpx
import pytest
from pydantic import SecretStr

from actions.app import create
from knowledge.lexicons import Lexicon
from tests.bot.conftest import Pipeline
from tests.standins.engine import TOKEN

WISH = "pourrait-on convenir d'un entretien"
"""Words that the lexicon does not know: only the engine understands them."""


class Understanding:
    """The engine understands an intent: while its turn is under way, it calls the real action."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.pipeline = pipeline

    async def say(self, words: str, intent: str, *, times: int = 1) -> list[str]:
        before = len(self.pipeline.phone.sent)
        conversation_id = await self.pipeline.write(words)
        engine = self.pipeline.engine
        engine.gate.clear()
        engine.entered.clear()
        turn = asyncio.create_task(self.pipeline.work(conversation_id))
        async with asyncio.timeout(10):
            await engine.entered.wait()
        for _ in range(times):
            await self.act(conversation_id, UUID(engine.asked[-1]["message_id"]), words, intent)
        engine.gate.set()
        await turn
        await self.pipeline.work(conversation_id)
        return self.pipeline.phone.texts[before:]

    async def act(self, conversation_id: UUID, message_id: UUID, words: str, intent: str) -> None:
        relais = self.pipeline.relais
        settings = relais.settings.model_copy(update={"rasa_token": SecretStr(TOKEN)})
        transport = httpx.ASGITransport(app=create(settings, relais.database))
        async with httpx.AsyncClient(transport=transport, base_url="http://actions") as client:
            answer = await client.post(
                "/webhook",
                json=_call(conversation_id, message_id, words, intent),
                headers={"Authorization": f"Bearer {TOKEN}"},
            )
        assert answer.status_code == 200, answer.text
        assert answer.json()["responses"], "a silence is a fault for the engine's door"


def _call(conversation_id: UUID, message_id: UUID, words: str, intent: str) -> dict[str, Any]:
    tracker = {
        "sender_id": str(conversation_id),
        "slots": {},
        "events": [],
        "latest_message": {
            "text": words,
            "intent": {"name": intent},
            "entities": [],
            "metadata": {"message_id": str(message_id), "kind": "sms", "language": "fr"},
        },
    }
    return {"next_action": "action_ask_human", "sender_id": str(conversation_id), "tracker": tracker}


@pytest.fixture
def understanding(pipeline: Pipeline) -> Understanding:
    return Understanding(pipeline)


async def test_wish_that_the_engine_understands_queues_like_humain(
    pipeline: Pipeline, understanding: Understanding
) -> None:
    """One ticket, the queue, and the system's sentence instead of the assistant's, in the very turn."""
    by_word = await pipeline.say("HUMAIN", address="+33639980002")
    said = await understanding.say(WISH, "talk_to_human")
    assert said == by_word
    owners = {task.conversation_id: task.reason for task in await pipeline.tasks()}
    assert list(owners.values()) == ["human", "human"]
    assert await pipeline.states("in") == [("answered", "")] * 2
    asked = len(pipeline.engine.asked)
    assert len(await pipeline.say("c'est pour mon logement")) == 1
    assert len(pipeline.engine.asked) == asked


async def test_second_wish_opens_nothing(pipeline: Pipeline, understanding: Understanding) -> None:
    """The action called again, the same words again, « humain » on top: one ticket, one sentence for each wish."""
    assert len(await understanding.say(WISH, "talk_to_human", times=3)) == 1
    await pipeline.say("humain")
    await pipeline.say(WISH)
    assert len(await pipeline.tasks()) == 1
    assert len(await pipeline.rows()) == 2


async def test_distress_that_the_engine_understands_is_said_past_the_fence(
    pipeline: Pipeline, understanding: Understanding
) -> None:
    """The numbers to call arrive once, even when a human takes over meanwhile; the bot keeps the conversation."""
    said = await understanding.say("plus rien ne va", "distress", times=2)
    assert len(said) == 1
    assert "3114" in said[0]
    assert [(task.reason, task.urgent) for task in await pipeline.tasks()] == [("distress", True)]
    assert (await pipeline.thread()).owner == "bot"
    assert [row.author for row in await pipeline.rows()] == ["system"]


async def test_complaints_make_one_task_and_the_assistant_answers(
    pipeline: Pipeline, understanding: Understanding
) -> None:
    """A complaint is a task of its own kind, once while it is open; the assistant's answer arrives."""
    for words in ("on m'a mal parlé", "c'est inadmissible"):
        assert await understanding.say(words, "complaint") == [f"réponse à {words}"]
    assert [task.reason for task in await pipeline.tasks()] == ["complaint"]
    assert (await pipeline.thread()).owner == "bot"


async def test_menu_closes_the_ticket(pipeline: Pipeline) -> None:
    """Going back to the assistant leaves nothing for a counsellor to do; another wish is another ticket."""
    await pipeline.say("HUMAIN")
    await pipeline.say("menu")
    assert await pipeline.tasks() == []
    await pipeline.say("HUMAIN")
    assert (await pipeline.thread()).owner == "queue"
    assert [task.reason for task in await pipeline.tasks()] == ["human"]


def test_the_wish_is_unknown_to_the_lexicon() -> None:
    """These tests would prove nothing of the engine's road otherwise."""
    assert not Lexicon.from_file().first_reading(WISH).human
