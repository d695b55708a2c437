"""Finding what was left behind."""

from bot.jobs import bind, free_stalled
from bot.queue import ANSWER
from tests.bot.conftest import Pipeline


async def test_message_that_never_reached_us_is_fetched_once(pipeline: Pipeline) -> None:
    """The provider's list gives the missing message; the ones we have are left alone."""
    await pipeline.say("bonjour", sid="SM1")
    pipeline.phone.listed = [pipeline.sms("bonjour", sid="SM1"), pipeline.sms("perdu", sid="SM2")]
    assert await pipeline.relais.sweep.fetch_missing() == 1
    assert await pipeline.relais.sweep.fetch_missing() == 0
    await pipeline.work((await pipeline.thread()).id)
    assert pipeline.phone.texts == ["réponse à bonjour", "réponse à perdu"]


async def test_lost_job_is_made_up_for(pipeline: Pipeline) -> None:
    """A waiting message and a queued reply without a job are found."""
    conversation_id = await pipeline.write("bonjour")
    assert await pipeline.relais.sweep.leases() == 1
    await pipeline.relais.turns.answer(conversation_id)
    assert await pipeline.relais.sweep.outbox() == 1
    await pipeline.relais.delivery.deliver(conversation_id)
    assert (await pipeline.relais.sweep.leases(), await pipeline.relais.sweep.outbox()) == (0, 0)


async def test_jobs_of_dead_workers_are_cleared_one_by_one(pipeline: Pipeline) -> None:
    """A job whose worker has stopped beating is taken away; its message is found by the sweep."""
    await pipeline.write("bonjour")
    app = pipeline.relais.app
    bind(app, pipeline.relais.turns, pipeline.relais.delivery, pipeline.relais.sweep)
    async with app.open_async():
        worker = await app.job_manager.register_worker()
        job = await app.job_manager.fetch_job(queues=None, worker_id=worker)
        assert job is not None
        assert job.task_name == ANSWER
        assert await free_stalled(app) == 0
        await app.connector.execute_query_async(
            "UPDATE procrastinate_workers SET last_heartbeat = now() - interval '5 minutes'"
        )
        assert await free_stalled(app) == 1
    assert await pipeline.jobs() == []
    assert await pipeline.relais.sweep.leases() == 1
