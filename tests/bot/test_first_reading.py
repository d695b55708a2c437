"""What is heard in every waiting message before the engine is asked."""

import asyncio

import yaml

from bot.settings import ROOT
from tests.bot.conftest import Pipeline
from tests.standins.engine import away


async def test_stop_silences_at_once_what_is_queued_too(pipeline: Pipeline) -> None:
    """A STOP brings one confirmation; a reply queued before it is skipped."""
    conversation_id = await pipeline.write("bonjour")
    await pipeline.relais.turns.answer(conversation_id)
    await pipeline.write("STOP")
    await pipeline.work(conversation_id)
    assert len(pipeline.phone.texts) == 1
    assert "REPRENDRE" in pipeline.phone.texts[0]
    assert ("skipped", "opted out") in await pipeline.states()
    assert await pipeline.say("bonjour ?") == []
    assert await pipeline.say("stop") == []


async def test_providers_own_confirmation_is_not_doubled(pipeline: Pipeline) -> None:
    """Where the provider has answered the stop word itself, we say nothing."""
    assert await pipeline.say("STOP", opt_out="STOP") == []
    assert (await pipeline.thread()).opted_out_at is not None


async def test_reprendre_brings_messages_back(pipeline: Pipeline) -> None:
    """Only an explicit wish ends the silence."""
    await pipeline.say("STOP")
    assert len(await pipeline.say("REPRENDRE")) == 1
    assert await pipeline.say("bonjour") == ["réponse à bonjour"]


async def test_humain_goes_to_the_queue_and_menu_comes_back(pipeline: Pipeline) -> None:
    """The ticket takes the messages, acknowledged once; « menu » gives the assistant back."""
    assert "conseiller" in (await pipeline.say("je veux parler à quelqu'un"))[0]
    assert (await pipeline.thread()).owner == "queue"
    assert [task.reason for task in await pipeline.tasks()] == ["human"]
    assert len(await pipeline.say("c'est pour mon logement")) == 1
    assert await pipeline.say("vous êtes là ?") == []
    assert pipeline.engine.asked == []
    assert "assistant" in (await pipeline.say("menu"))[0]
    assert await pipeline.say("bonjour") == ["réponse à bonjour"]


async def test_order_among_other_words_is_read_by_the_engine(pipeline: Pipeline) -> None:
    """A stop or a wish for a human that says more silences and queues nobody at the door, whatever the engine does."""
    said = ["arrêtez de m'écrire en anglais", "rappelez-moi la date de mon rdv"]
    for words in said:
        assert await pipeline.say(words) == [f"réponse à {words}"]
    pipeline.engine.fault = lambda question: away()
    conversation_id = await pipeline.write("ne me contactez pas avant 10h")
    await pipeline.work(conversation_id)
    thread = await pipeline.thread()
    assert (thread.owner, thread.opted_out_at) == ("bot", None)
    assert (await pipeline.states("in"))[-1][0] == "waiting"


async def test_distress_is_heard_while_the_engine_is_down_and_an_earlier_message_waits(pipeline: Pipeline) -> None:
    """A cry for help is answered at once, whatever stands before it."""
    pipeline.engine.fault = lambda question: away()
    conversation_id = await pipeline.write("une garde d'enfants")
    await pipeline.work(conversation_id)
    said = await pipeline.say("je veux en finir")
    assert "3114" in said[0]
    task = (await pipeline.tasks())[0]
    assert (task.reason, task.urgent, task.details["kind"]) == ("distress", True, "suicide")


async def test_distress_after_a_stop_is_answered_once(pipeline: Pipeline) -> None:
    """Somebody who said STOP and cries for help gets the numbers to call, each time, and nothing else."""
    await pipeline.say("STOP")
    for _ in range(2):
        [said] = await pipeline.say("il me frappe")
        assert "17" in said
        assert await pipeline.say("bonjour ?") == []
    assert [(task.reason, task.urgent) for task in await pipeline.tasks()] == [("distress", True)] * 2
    assert (await pipeline.thread()).opted_out_at is not None


async def test_numbers_to_call_leave_although_a_stop_follows_at_once(pipeline: Pipeline) -> None:
    """A STOP skips what waits to be sent, but for the answer to a cry."""
    await pipeline.write("il me frappe")
    conversation_id = await pipeline.write("STOP")
    await pipeline.work(conversation_id)
    assert ["17" in pipeline.phone.texts[0], "REPRENDRE" in pipeline.phone.texts[1]] == [True, True]


async def test_repeated_reading_opens_one_task(pipeline: Pipeline) -> None:
    """Jobs too many open no second task and say nothing twice."""
    conversation_id = await pipeline.write("il me frappe")
    await asyncio.gather(*(pipeline.work(conversation_id) for _ in range(6)))
    assert len(await pipeline.tasks()) == 1
    assert len(pipeline.phone.texts) == 1


async def test_every_kind_of_distress_has_its_sentence(pipeline: Pipeline) -> None:
    """The lexicon names no kind that the responses do not know."""
    lexicon = yaml.safe_load((ROOT / "knowledge" / "lexicon.yml").read_text())
    assert lexicon["distress"]
    for kind in lexicon["distress"]:
        assert pipeline.relais.texts.say(f"system_distress_{kind}", kind="sms").text
