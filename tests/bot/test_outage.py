"""What could not be answered in time: the engine, a worker, or the way to us was down."""

from __future__ import annotations

from datetime import timedelta

from bot import clock
from tests.bot.conftest import Pipeline


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
