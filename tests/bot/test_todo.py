"""The counsellor's terminal: what waits, what people wrote, and what closing does."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable
from typing import Any

import pytest
from sqlalchemy import text

from bot import vault
from bot.commands import todo
from bot.transcript import Transcript
from channels.base import Inbound
from channels.webchat import WebChat
from tests.bot.conftest import Pipeline


class Desk:
    """Runs `python -m bot tasks …` and reads what it printed."""

    def __init__(self, pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = pipeline.relais.settings
        self.pipeline = pipeline
        self._capsys = capsys

    async def read(self, command: Awaitable[Any]) -> str:
        self._capsys.readouterr()
        await command
        return self._capsys.readouterr().out

    async def list(self) -> str:
        return await self.read(todo.show_all(self.settings))

    async def show(self, task: Any) -> str:
        return await self.read(todo.show(self.settings, str(task.id)))

    async def reply(self, task: Any, words: str) -> str:
        return await self.read(todo.reply(self.settings, str(task.id), words))

    async def close(self, task: Any, outcome: str = "rappelée") -> str:
        return await self.read(todo.close(self.settings, str(task.id), outcome))

    async def heard(self) -> list[str]:
        """What arrives at the phone now."""
        before = len(self.pipeline.phone.sent)
        await self.pipeline.relais.delivery.deliver((await self.pipeline.thread()).id)
        return self.pipeline.phone.texts[before:]


@pytest.fixture
def desk(pipeline: Pipeline, capsys: pytest.CaptureFixture[str]) -> Desk:
    return Desk(pipeline, capsys)


async def test_ticket_shows_all_that_was_written_since(pipeline: Pipeline, desk: Desk) -> None:
    """What comes after HUMAIN is in the ticket with its date and its message id; what came before is not."""
    await pipeline.say("bonjour")
    await pipeline.say("HUMAIN")
    await pipeline.say("c'est urgent, on coupe mon courant [demain] :house:")
    await pipeline.say("", media=("https://provider.test/1",))
    ticket = (await pipeline.tasks())[0]
    listed, shown = await desk.list(), await desk.show(ticket)
    urgent = (await pipeline.rows("in"))[2]
    for printed in (listed, shown):
        assert re.search(
            rf"\d\d/\d\d \d\d:\d\d  {str(urgent.id)[:8]}  .*on coupe mon courant \[demain\] :house:", printed
        )
        assert "(une image" in printed
        assert "bonjour" not in printed
    assert "transmise à un conseiller" in shown
    assert "transmise à un conseiller" not in listed


async def test_long_ticket_says_how_to_read_the_rest(pipeline: Pipeline, desk: Desk) -> None:
    """The list keeps to the newest messages, and counts the others."""
    await pipeline.say("HUMAIN")
    for number in range(7):
        await pipeline.say(f"phrase {number}")
    ticket = (await pipeline.tasks())[0]
    listed, shown = await desk.list(), await desk.show(ticket)
    assert "3 messages avant ceux-ci : python -m bot tasks show" in listed
    assert "phrase 1" not in listed
    assert "phrase 6" in listed
    assert all(f"phrase {number}" in shown for number in range(7))


async def test_button_is_shown_by_what_it_said(pipeline: Pipeline, desk: Desk) -> None:
    """A choice in the queue is read as its title."""
    pipeline.engine.replies = lambda question: [{"text": "?", "choices": [{"title": "Mon logement", "payload": "/a"}]}]
    await pipeline.say("bonjour")
    await pipeline.say("HUMAIN")
    await pipeline.say("", choice=f"{(await pipeline.rows())[0].seq}.1")
    assert "Mon logement" in await desk.list()


async def test_distress_is_read_from_its_message(pipeline: Pipeline, desk: Desk) -> None:
    """The words are in the list, and nowhere else than in the message."""
    await pipeline.say("je veux en finir")
    assert "je veux en finir" in await desk.list()
    assert (await pipeline.tasks())[0].details == {"kind": "suicide"}


async def test_closing_gives_the_assistant_back_and_says_so(pipeline: Pipeline, desk: Desk) -> None:
    """The person is told once that the request is over, and the next message is the assistant's."""
    await pipeline.say("HUMAIN")
    ticket = (await pipeline.tasks())[0]
    assert "retrouve l'assistant" in await desk.close(ticket)
    assert len(await desk.heard()) == 1
    assert await pipeline.say("bonjour") == ["réponse à bonjour"]
    assert "0 tâches" in await desk.close(ticket)
    assert await desk.heard() == []


async def test_closing_an_old_ticket_leaves_the_new_one_in_the_queue(pipeline: Pipeline, desk: Desk) -> None:
    """As long as one ticket of the person is open, they stay in the queue."""
    await pipeline.say("HUMAIN")
    conversation_id = (await pipeline.thread()).id
    async with pipeline.relais.database.begin() as connection:
        await pipeline.relais.tasks.open(connection, reason="human", cause="by phone", conversation_id=conversation_id)
    first, second = await pipeline.tasks()
    assert "retrouve" not in await desk.close(first)
    assert (await pipeline.thread()).owner == "queue"
    assert "retrouve" in await desk.close(second)
    assert (await pipeline.thread()).owner == "bot"


async def test_closing_another_kind_of_task_changes_no_owner(pipeline: Pipeline, desk: Desk) -> None:
    """Somebody in the queue stays there when their cry for help has been dealt with."""
    await pipeline.say("HUMAIN")
    await pipeline.say("il me frappe")
    distress = next(task for task in await pipeline.tasks() if task.reason == "distress")
    await desk.close(distress)
    assert (await pipeline.thread()).owner == "queue"


async def test_reply_reaches_the_phone_and_silences_the_assistant(pipeline: Pipeline, desk: Desk) -> None:
    """The counsellor's words arrive; what is written back is in the ticket; closing gives the assistant back."""
    await pipeline.say("HUMAIN")
    ticket = (await pipeline.tasks())[0]
    assert "en route" in await desk.reply(ticket, "Bonjour, je regarde votre dossier.")
    assert await desk.heard() == ["Bonjour, je regarde votre dossier."]
    assert ((await pipeline.thread()).owner, (await pipeline.rows())[-1].author) == ("human", "counsellor")
    assert await pipeline.say("merci") == []
    listed = await desk.list()
    assert "répondu le" in listed
    assert "merci" in listed
    assert "un conseiller : Bonjour" in await desk.show(ticket)
    await desk.close(ticket)
    assert "terminée" in (await desk.heard())[0]
    assert await pipeline.say("bonjour") == ["réponse à bonjour"]


async def test_reply_appears_in_the_web_chat(pipeline: Pipeline, desk: Desk) -> None:
    """A visitor of the site, who has no number, reads the answer where they asked."""
    relais = pipeline.relais
    relais.__dict__["channels"] = {"web": WebChat()}
    inbound = Inbound("web", "visitor:1", "visitor", "", "HUMAIN")
    conversation_id = (await relais.inbox.receive(inbound)).conversation_id
    await relais.turns.answer(conversation_id)
    await desk.reply((await pipeline.tasks())[0], "Bonjour, je suis là.")
    await relais.delivery.deliver(conversation_id)
    page = await Transcript(relais.database, relais.vault).read("visitor", 0)
    assert page is not None
    assert (page.shown[-1].author, page.shown[-1].reply.text) == ("counsellor", "Bonjour, je suis là.")


async def test_reply_holds_back_what_the_assistant_was_preparing(pipeline: Pipeline, desk: Desk) -> None:
    """A counsellor who answers a cry for help takes the conversation: a turn under way comes too late."""
    await pipeline.say("je veux en finir")
    conversation_id = await pipeline.write("bonjour")
    pipeline.engine.gate.clear()
    turn = asyncio.create_task(pipeline.relais.turns.answer(conversation_id))
    async with asyncio.timeout(10):
        await pipeline.engine.entered.wait()
    ticket = (await pipeline.tasks())[0]
    await desk.reply(ticket, "Je vous appelle.")
    pipeline.engine.gate.set()
    await turn
    assert await desk.heard() == ["Je vous appelle."]
    assert ("skipped", "taken over") in await pipeline.states()
    assert "retrouve" in await desk.close(ticket)
    assert (await pipeline.thread()).owner == "bot"


async def test_two_tasks_answered_from_are_both_closed_before_the_assistant_is_back(
    pipeline: Pipeline, desk: Desk
) -> None:
    """The counsellor who still writes from one task keeps the person."""
    await pipeline.say("il me frappe")
    await pipeline.say("je veux en finir")
    first, second = await pipeline.tasks()
    await desk.reply(first, "un")
    await desk.reply(second, "deux")
    answered = await pipeline.tasks()
    await desk.close(answered[0])
    assert (await pipeline.thread()).owner == "human"
    await desk.close(answered[1])
    assert (await pipeline.thread()).owner == "bot"


async def test_reply_that_can_not_arrive_says_why(pipeline: Pipeline, desk: Desk) -> None:
    """After a STOP, or without words, nothing is stored and the counsellor knows."""
    await pipeline.say("HUMAIN")
    ticket = (await pipeline.tasks())[0]
    assert "entre 1 et" in await desk.reply(ticket, "  ")
    assert "entre 1 et" in await desk.reply(ticket, "a" * 1001)
    await pipeline.say("STOP")
    stored = len(await pipeline.rows())
    assert "STOP" in await desk.reply(ticket, "Bonjour")
    assert len(await pipeline.rows()) == stored


async def test_outcome_is_encrypted_and_goes_with_the_conversation(pipeline: Pipeline, desk: Desk) -> None:
    """What a counsellor writes of a person is read with the key, and not at all once the person has erased."""
    relais = pipeline.relais
    inbound = Inbound("web", "visitor:1", "visitor", "", "HUMAIN")
    await relais.inbox.receive(inbound)
    await relais.turns.answer((await pipeline.thread()).id)
    await desk.close((await pipeline.tasks())[0], "Zoé a été rappelée")
    async with relais.database.begin() as connection:
        (row,) = (await connection.execute(text("SELECT * FROM task"))).mappings().all()
    assert "Zoé".encode() not in b" ".join(value for value in row.values() if isinstance(value, bytes))
    assert "Zoé" not in str(row)
    assert relais.vault.open(vault.OUTCOME, row["outcome_secret"]) == "Zoé a été rappelée"
    await Transcript(relais.database, relais.vault).forget("visitor")
    async with relais.database.begin() as connection:
        assert await connection.scalar(text("SELECT outcome_secret FROM task")) is None
