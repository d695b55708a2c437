"""Finding what was left behind."""

from datetime import timedelta

from bot import clock
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


async def test_message_of_a_long_outage_is_fetched_when_we_are_back(pipeline: Pipeline, later) -> None:
    """Hours without us lose nothing: the list is read again from where it was last read to its end."""
    await pipeline.relais.sweep.fetch_missing()
    later(60)
    pipeline.phone.listed = [pipeline.sms("écrit pendant la panne", sent_at=clock.now())]
    later(5 * 3600)
    assert await pipeline.relais.sweep.fetch_missing() == 1


async def test_list_that_was_cut_short_is_read_again_from_the_same_place(pipeline: Pipeline, later) -> None:
    """What a broken list did not show is still looked for, as often as it takes."""
    await pipeline.relais.sweep.fetch_missing()
    later(60)
    hidden, shown = pipeline.sms("caché", sent_at=clock.now()), pipeline.sms("vu", sent_at=clock.now())
    pipeline.phone.listed, pipeline.phone.listed_whole = [shown], False
    later(3 * 3600)
    assert await pipeline.relais.sweep.fetch_missing() == 1
    later(3600)
    pipeline.phone.listed, pipeline.phone.listed_whole = [hidden, shown], True
    assert await pipeline.relais.sweep.fetch_missing() == 1


async def test_what_came_before_relais_did_is_left_alone(pipeline: Pipeline, later) -> None:
    """The first reading of a list goes back half an hour, no more."""
    old, recent = (pipeline.sms("x", sent_at=clock.now() - timedelta(minutes=age)) for age in (31, 29))
    pipeline.phone.listed = [old, recent]
    assert await pipeline.relais.sweep.fetch_missing() == 1
