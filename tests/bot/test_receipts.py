"""Receipts by real webhooks: what did not arrive is tried again while it is worth it, in its place, never twice."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass

import pytest

from bot.assembly import Relais
from bot.database import Database
from bot.handoff import change_owner
from bot.web import create
from channels.base import Receipt
from tests.bot.conftest import Pipeline
from tests.standins.server import serving
from tests.standins.twilio import CUTS_BEFORE, TwilioStandin

PERSON = "+33639980001"
OFF, NO_REASON, NO_SUCH_NUMBER, FILTERED = "30003", "30008", "30005", "30007"
Later = Callable[[float], None]


@dataclass
class Road:
    """The pipeline with its Twilio channel, the provider's stand-in, and our public routes between them."""

    pipeline: Pipeline
    twilio: TwilioStandin

    @property
    def relais(self) -> Relais:
        return self.pipeline.relais

    async def ask(self, *words: str) -> None:
        """A person writes; the answers leave."""
        for word in words:
            assert await self.twilio.text(word, sender=PERSON) == [200]
        await self.work()

    async def work(self) -> None:
        """What the worker does each few seconds."""
        thread = await self.pipeline.thread()
        await self.relais.turns.answer(thread.id)
        await self.relais.sweep.outbox()
        await self.relais.delivery.deliver(thread.id)

    async def report(self, place: int, state: str, code: str = "") -> None:
        """The provider tells what became of the message that it took as its `place`-th."""
        assert await self.twilio.report(self.sids[place], state, code) == 204

    async def lose_every_try(self, word: str, later: Later) -> None:
        """A person writes, and none of the tries of the answer arrives."""
        await self.ask(word)
        for place in range(3):
            await self.report(place, "undelivered", OFF)
            later(901)
            await self.work()

    @property
    def sids(self) -> list[str]:
        return [call.sid for call in self.twilio.calls if call.sid]

    @property
    def sent(self) -> list[str]:
        return [text.removeprefix("réponse à ") for text in self.twilio.sent()]

    async def tasks(self) -> list[tuple[str, str]]:
        return [(task.reason, task.details["code"]) for task in await self.pipeline.tasks()]


@pytest.fixture
async def road(pipeline: Pipeline) -> AsyncIterator[Road]:
    async with TwilioStandin.started() as twilio:
        changed = pipeline.relais.settings.model_copy(update={"twilio_api_url": twilio.api_url})
        relais = Relais(changed, pipeline.relais.keys, Database(changed.database_url), "test")
        async with serving(create(relais)) as url:
            twilio.webhooks, twilio.public_url = url, "https://relais.test"
            pipeline.relais = relais
            yield Road(pipeline, twilio)


@pytest.mark.parametrize("code", [OFF, NO_REASON])
async def test_passing_failure_is_tried_again(road: Road, later: Later, code: str) -> None:
    """Two minutes later a new message is made for the provider; nobody is bothered."""
    await road.ask("un")
    await road.report(0, "sent")
    await road.report(0, "undelivered", code)
    assert await road.pipeline.states() == [("queued", code)]
    await road.work()
    assert road.sent == ["un"]
    later(121)
    await road.work()
    assert road.sent == ["un", "un"]
    await road.report(1, "delivered")
    assert await road.pipeline.states() == [("delivered", "")]
    assert await road.tasks() == []


async def test_ladder_ends_with_a_task(road: Road, later: Later) -> None:
    """Three tries in all; then a human is told why."""
    await road.lose_every_try("un", later)
    assert road.sent == ["un"] * 3
    assert await road.pipeline.states() == [("undelivered", OFF)]
    assert await road.tasks() == [("undelivered", OFF)]


async def test_late_delivery_of_an_earlier_try_ends_the_ladder(road: Road, later: Later) -> None:
    """The first try arrived after all: it is not sent again, and what a later try says is of no interest."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    await road.report(0, "delivered")
    later(121)
    await road.work()
    assert road.sent == ["un"]
    await road.ask("deux")
    await road.report(1, "undelivered", OFF)
    later(121)
    await road.work()
    await road.report(1, "delivered")
    await road.report(2, "undelivered", OFF)
    later(901)
    await road.work()
    assert road.sent == ["un", "deux", "deux"]
    assert await road.pipeline.states() == [("delivered", "")] * 2
    assert await road.tasks() == []


async def test_delivery_after_the_last_try_takes_its_task_back(road: Road, later: Later) -> None:
    """The handset comes back the next day: the message has arrived, and nobody has to call."""
    await road.lose_every_try("un", later)
    assert await road.tasks() == [("undelivered", OFF)]
    later(20 * 3600)
    await road.report(1, "delivered")
    assert await road.tasks() == []
    assert await road.pipeline.states() == [("delivered", "")]


async def test_repeat_of_an_old_receipt_spends_no_try(road: Road, later: Later) -> None:
    """What the first try says again while the second is on its way changes nothing."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    later(121)
    await road.work()
    for state in ("undelivered", "failed", "sent"):
        await road.report(0, state, OFF)
    assert await road.pipeline.states() == [("sent", "")]
    later(901)
    await road.work()
    assert road.sent == ["un", "un"]


async def test_messages_lost_together_come_back_in_order(road: Road, later: Later) -> None:
    """Both wait, the first at the head; a new answer waits behind them."""
    await road.ask("un", "deux")
    await road.report(1, "undelivered", OFF)
    await road.report(0, "undelivered", OFF)
    later(121)
    await road.work()
    assert road.sent == ["un", "deux", "un", "deux"]


async def test_nothing_is_sent_again_behind_what_arrived(road: Road, later: Later) -> None:
    """A later answer is on the person's screen: the lost one would confuse, a human decides."""
    await road.ask("un", "deux")
    await road.report(0, "undelivered", OFF)
    await road.report(1, "delivered")
    later(121)
    await road.work()
    assert road.sent == ["un", "deux"]
    assert await road.pipeline.states() == [("undelivered", OFF), ("delivered", "")]
    assert await road.tasks() == [("undelivered", OFF)]


async def test_word_from_the_person_brings_the_next_try_at_once(road: Road) -> None:
    """Who writes is reachable: what was lost comes first, then the new answer."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    await road.ask("deux")
    assert road.sent == ["un", "un", "deux"]


async def test_late_verdict_is_not_worth_a_try(road: Road, later: Later) -> None:
    """After an hour the answer answers nothing: a task, at once."""
    await road.ask("un")
    later(3600)
    await road.report(0, "undelivered", OFF)
    assert await road.pipeline.states() == [("undelivered", OFF)]
    assert await road.tasks() == [("undelivered", OFF)]


async def test_try_that_could_not_be_made_in_time_is_not_made(road: Road, later: Later) -> None:
    """A worker that was away for an hour does not send the answers of an hour ago."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    later(3601)
    await road.work()
    assert road.sent == ["un"]
    assert await road.tasks() == [("undelivered", OFF)]


@pytest.mark.parametrize(("code", "reason"), [(NO_SUCH_NUMBER, "bad_address"), (FILTERED, "undelivered")])
async def test_final_failure_is_a_task_at_once(road: Road, later: Later, code: str, reason: str) -> None:
    """A number that nothing reaches says so in the task's reason; nothing is tried again."""
    await road.ask("un")
    await road.report(0, "undelivered", code)
    later(901)
    await road.work()
    assert road.sent == ["un"]
    assert await road.tasks() == [(reason, code)]


async def test_human_who_took_over_is_not_talked_over(road: Road, later: Later) -> None:
    """The assistant's lost answer is not sent again once a human owns the conversation."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    async with road.relais.database.begin() as connection:
        await change_owner(connection, (await road.pipeline.thread()).id, before="bot", after="human")
    later(121)
    await road.work()
    assert road.sent == ["un"]
    assert await road.pipeline.states() == [("skipped", "taken over")]


async def test_lost_try_is_not_taken_for_the_one_in_doubt(road: Road, later: Later) -> None:
    """The second try broke off before the provider had it: the first one's entry in the list does not settle it."""
    await road.ask("un")
    await road.report(0, "undelivered", OFF)
    later(121)
    road.twilio.faults.append(CUTS_BEFORE)
    await road.work()
    assert (await road.pipeline.states())[0][0] == "unknown"
    later(150)
    await road.relais.sweep.settle_unknown()
    await road.work()
    assert road.sent == ["un", "un"]
    assert await road.pipeline.states() == [("sent", "")]


async def test_receipt_of_the_second_try_may_overtake_its_answer(pipeline: Pipeline, later: Later) -> None:
    """The failure is known before the call returns: the try is counted once, and the third one is made."""
    conversation_id = await pipeline.write("un")
    await pipeline.work(conversation_id)
    identity = (await pipeline.rows())[0].id
    await pipeline.relais.receipts.take(Receipt(identity, "SM1", "undelivered", OFF, "passing"))
    later(121)
    pipeline.phone.gate.clear()
    pipeline.phone.entered.clear()
    sending = asyncio.create_task(pipeline.relais.delivery.deliver(conversation_id))
    async with asyncio.timeout(5):
        await pipeline.phone.entered.wait()
    for _ in range(2):
        await pipeline.relais.receipts.take(Receipt(identity, "SM2", "undelivered", OFF, "passing"))
    pipeline.phone.gate.set()
    await sending
    row = (await pipeline.rows())[0]
    assert (row.state, row.reason, row.lost_ids) == ("queued", OFF, ["SM1", "SM2"])
    later(901)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un"] * 3


async def test_receipt_without_our_id_finds_its_message(pipeline: Pipeline) -> None:
    """The provider's own id is enough, of a lost try as well."""
    await pipeline.say("un")
    await pipeline.relais.receipts.take(Receipt(None, "SM1", "undelivered", OFF, "passing"))
    await pipeline.relais.receipts.take(Receipt(None, "SM1", "delivered"))
    assert await pipeline.states() == [("delivered", "")]
