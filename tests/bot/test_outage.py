"""What could not be answered in time: the engine, a worker, or the way to us was down."""

from __future__ import annotations

from datetime import timedelta

from bot import clock
from tests.bot.conftest import Pipeline
from tests.standins.engine import away


async def test_message_that_waited_too_long_for_a_worker_becomes_a_task(pipeline: Pipeline, later) -> None:
    """The engine is well, but nobody worked: after a quarter of an hour a human answers, not the assistant."""
    conversation_id = await pipeline.write("bonjour")
    later(16 * 60)
    await pipeline.work(conversation_id)
    assert pipeline.engine.asked == []
    assert [(task.reason, task.details["text"]) for task in await pipeline.tasks()] == [("engine_down", "bonjour")]
    assert "transmis" in pipeline.phone.texts[-1]


async def test_message_fetched_late_is_as_old_as_it_is(pipeline: Pipeline) -> None:
    """What the provider's list gives back is answered within a quarter of an hour of its date, and a task after."""
    now = clock.now()
    dates = {
        "vieux": now - timedelta(minutes=16),
        "récent": now - timedelta(minutes=14),
        "demain": now.replace(year=2100),
    }
    pipeline.phone.listed = [
        pipeline.sms(words, sent_at=at, address=f"+3363998000{place}")
        for place, (words, at) in enumerate(dates.items())
    ]
    assert await pipeline.relais.sweep.fetch_missing() == 3
    for row in await pipeline.rows("in"):
        await pipeline.work(row.conversation_id)
    assert [task.details["text"] for task in await pipeline.tasks()] == ["vieux"]
    assert sorted(question["text"] for question in pipeline.engine.asked) == ["demain", "récent"]


async def test_cry_for_help_is_heard_however_late_it_comes(pipeline: Pipeline) -> None:
    """Hours late, the numbers to call are given all the same."""
    assert "3114" in (await pipeline.say("je veux mourir", sent_at=clock.now() - timedelta(hours=5)))[0]


async def test_one_outage_is_one_task_and_one_sentence(pipeline: Pipeline, later) -> None:
    """Five messages of twenty minutes without an engine: one task that lists them, one sentence that says so."""
    pipeline.engine.fault = lambda question: away()
    for number in range(5):
        conversation_id = await pipeline.write(f"message {number}")
        await pipeline.work(conversation_id)
        later(120)
    for _ in range(50):
        later(21)
        await pipeline.work(conversation_id)
    assert [task.details["text"].splitlines() for task in await pipeline.tasks()] == [
        [f"message {number}" for number in range(5)]
    ]
    assert sum("transmis" in words for words in pipeline.phone.texts) == 1
    assert {state for state, _ in await pipeline.states("in")} == {"task"}


async def test_next_outage_has_its_own_task_and_sentence(pipeline: Pipeline, later) -> None:
    """Once the assistant has answered again, what fails later is another outage."""
    for words in ("un", "deux"):
        conversation_id = await pipeline.write(words)
        later(16 * 60)
        await pipeline.work(conversation_id)
        assert "transmis" in pipeline.phone.texts[-1]
        assert await pipeline.say("bonjour") == ["réponse à bonjour"]
    assert [task.details["text"] for task in await pipeline.tasks()] == ["un", "deux"]


async def test_who_goes_on_writing_is_told_again_after_an_hour(pipeline: Pipeline, later) -> None:
    """In a long outage a person is not left without a word for good; the task stays one."""
    for words in ("un", "deux", "trois"):
        conversation_id = await pipeline.write(words)
        later(35 * 60)
        await pipeline.work(conversation_id)
    assert [task.details["text"] for task in await pipeline.tasks()] == ["un\ndeux\ntrois"]
    assert sum("transmis" in words for words in pipeline.phone.texts) == 2


async def test_closed_task_is_not_added_to(pipeline: Pipeline, later) -> None:
    """What a counsellor has done is done: the next late message is a task of its own."""
    conversation_id = await pipeline.write("un")
    later(16 * 60)
    await pipeline.work(conversation_id)
    [first] = await pipeline.tasks()
    async with pipeline.relais.database.begin() as connection:
        await pipeline.relais.tasks.close(connection, first.id, "rappelé")
    await pipeline.write("deux")
    later(16 * 60)
    await pipeline.work(conversation_id)
    assert [task.details["text"] for task in await pipeline.tasks()] == ["deux"]


async def test_recent_message_is_answered_after_the_late_ones_are_given(pipeline: Pipeline, later) -> None:
    """What was written a minute ago gets its answer, though what stood before it is a task."""
    conversation_id = await pipeline.write("un")
    later(16 * 60)
    await pipeline.write("deux")
    await pipeline.work(conversation_id)
    assert [task.details["text"] for task in await pipeline.tasks()] == ["un"]
    assert pipeline.phone.texts[-1] == "réponse à deux"
