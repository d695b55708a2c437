"""Answering: in order, once, by owner, whatever fails."""

import asyncio
from collections import Counter

from bot.handoff import change_owner
from bot.lane import LEASE, Lane
from bot.models import message
from channels.errors import TryAgain
from tests.bot.conftest import Pipeline
from tests.standins.engine import away


async def test_answers_and_marks_answered(pipeline: Pipeline) -> None:
    """A message brings its answer, once, and waits no more."""
    assert await pipeline.say("bonjour") == ["réponse à bonjour"]
    assert await pipeline.states("in") == [("answered", "")]
    assert await pipeline.states() == [("sent", "")]


async def test_repeated_job_says_nothing_twice(pipeline: Pipeline) -> None:
    """Jobs too many are harmless."""
    conversation_id = await pipeline.write("bonjour")
    await asyncio.gather(*(pipeline.work(conversation_id) for _ in range(10)))
    assert pipeline.phone.texts == ["réponse à bonjour"]


async def test_message_during_a_turn_needs_no_job(pipeline: Pipeline) -> None:
    """What arrives while the lease is held is seen by its holder, in order."""
    conversation_id, turn = await pipeline.hang("un")
    await pipeline.write("deux")
    assert await pipeline.jobs() == ["answer"]
    pipeline.engine.gate.set()
    await turn
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un", "réponse à deux"]


async def test_no_message_is_left_behind_in_the_race_of_arrival_and_release(pipeline: Pipeline) -> None:
    """Messages that arrive at the very moment of a release are answered by the job or by the holder."""
    ids = [await pipeline.write("0", address=f"+3363998{n:04}") for n in range(8)]
    turns = [asyncio.create_task(pipeline.relais.turns.answer(one)) for one in ids]

    async def person(n: int) -> None:
        for word in range(1, 11):
            before = len(await pipeline.jobs())
            await pipeline.write(str(word), address=f"+3363998{n:04}")
            if len(await pipeline.jobs()) > before:
                turns.append(asyncio.create_task(pipeline.relais.turns.answer(ids[n])))

    await asyncio.gather(*(person(n) for n in range(8)))
    while pending := [turn for turn in turns if not turn.done()]:
        await asyncio.gather(*pending)
    assert Counter(state for state, _ in await pipeline.states("in")) == {"answered": 8 * 11}
    by_thread: dict[str, list[str]] = {}
    for question in pipeline.engine.asked:
        by_thread.setdefault(question["conversation_id"], []).append(question["text"])
    assert all(asked == [str(n) for n in range(11)] for asked in by_thread.values())


async def test_second_worker_leaves_a_held_conversation_alone(pipeline: Pipeline) -> None:
    """Two workers at once ask the engine once."""
    pipeline.engine.gate.clear()
    other = pipeline.another()
    conversation_id = await pipeline.write("bonjour")
    turn = asyncio.create_task(pipeline.relais.turns.answer(conversation_id))
    await pipeline.engine.entered.wait()
    await other.turns.answer(conversation_id)
    pipeline.engine.gate.set()
    await turn
    await other.close()
    assert len(pipeline.engine.asked) == 1


async def test_worker_that_lost_its_lease_says_nothing(pipeline: Pipeline, later) -> None:
    """A worker that hung past its lease finds another one's answer, and adds none."""
    conversation_id, slow = await pipeline.hang("bonjour")
    later(LEASE.total_seconds() + 1)
    other = pipeline.another()
    quick = asyncio.create_task(other.turns.answer(conversation_id))
    while len(pipeline.engine.asked) < 2:
        await asyncio.sleep(0.01)
    pipeline.engine.gate.set()
    await asyncio.gather(slow, quick)
    await pipeline.relais.delivery.deliver(conversation_id)
    await other.close()
    assert pipeline.phone.texts == ["réponse à bonjour"]


async def test_dead_worker_is_replaced(pipeline: Pipeline, later) -> None:
    """A lease that its holder never released is taken over by the sweep when it has run out."""
    conversation_id = await pipeline.write("bonjour")
    assert await Lane(pipeline.relais.database).take(conversation_id) is not None
    await pipeline.relais.turns.answer(conversation_id)
    assert not pipeline.engine.asked
    assert await pipeline.relais.sweep.leases() == 0
    later(LEASE.total_seconds() + 1)
    assert await pipeline.relais.sweep.leases() == 1
    await pipeline.work(conversation_id)
    assert pipeline.phone.texts == ["réponse à bonjour"]


async def test_fence_holds_a_reply_back_when_the_owner_changed_during_the_turn(pipeline: Pipeline) -> None:
    """The assistant never talks over a human: its reply is skipped, the message counts as answered."""
    pipeline.engine.gate.clear()
    conversation_id = await pipeline.write("bonjour")
    turn = asyncio.create_task(pipeline.work(conversation_id))
    await pipeline.engine.entered.wait()
    async with pipeline.relais.database.begin() as connection:
        assert await change_owner(connection, conversation_id, before="bot", after="human")
    pipeline.engine.gate.set()
    await turn
    assert pipeline.phone.texts == []
    assert await pipeline.states() == [("skipped", "taken over")]
    assert await pipeline.states("in") == [("answered", "")]


async def test_fence_holds_a_queued_reply_back(pipeline: Pipeline) -> None:
    """A reply already stored is skipped when the owner changed before it left."""
    conversation_id = await pipeline.write("bonjour")
    await pipeline.relais.turns.answer(conversation_id)
    async with pipeline.relais.database.begin() as connection:
        await change_owner(connection, conversation_id, before="bot", after="human")
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == []
    assert await pipeline.states() == [("skipped", "taken over")]


async def test_human_owner_hears_no_assistant(pipeline: Pipeline) -> None:
    """While a human owns the conversation the engine is not even asked."""
    conversation_id = await pipeline.write("bonjour")
    async with pipeline.relais.database.begin() as connection:
        await change_owner(connection, conversation_id, before="bot", after="human")
    await pipeline.work(conversation_id)
    assert pipeline.engine.asked == []
    assert await pipeline.states("in") == [("answered", "")]


async def test_engine_down_is_told_once_and_answered_when_back(pipeline: Pipeline, later) -> None:
    """No sentence for a blip; one after some seconds; the answer when the engine is back."""
    pipeline.engine.fault = lambda question: away()
    conversation_id = await pipeline.write("bonjour")
    await pipeline.work(conversation_id)
    assert pipeline.phone.texts == []
    for _ in range(3):
        later(21)
        await pipeline.work(conversation_id)
    assert len(pipeline.phone.texts) == 1
    assert "pour le moment" in pipeline.phone.texts[0]
    pipeline.engine.fault = lambda question: None
    later(21)
    assert await pipeline.relais.sweep.leases() == 1
    await pipeline.work(conversation_id)
    assert pipeline.phone.texts[1:] == ["réponse à bonjour"]


async def test_engine_down_too_long_becomes_a_task(pipeline: Pipeline, later) -> None:
    """After a quarter of an hour a human gets the message, and the person is told."""
    pipeline.engine.fault = lambda question: away()
    conversation_id = await pipeline.write("bonjour")
    await pipeline.work(conversation_id)
    later(16 * 60)
    await pipeline.work(conversation_id)
    assert await pipeline.states("in") == [("task", "")]
    assert [(task.reason, task.details["text"]) for task in await pipeline.tasks()] == [("engine_down", "bonjour")]
    assert "transmis" in pipeline.phone.texts[-1]


async def test_engine_unreachable_is_the_same_as_down(pipeline: Pipeline, later) -> None:
    """A refused connection keeps the message waiting."""
    pipeline.relais.__dict__["dialogue"] = type(pipeline.relais.dialogue)("http://127.0.0.1:9", "token")
    conversation_id = await pipeline.write("bonjour")
    await pipeline.work(conversation_id)
    assert await pipeline.states("in") == [("waiting", "")]


async def test_failing_turn_becomes_a_task_and_frees_the_lane(pipeline: Pipeline, later) -> None:
    """A message that fails three times goes to a human; the next one is answered."""
    pipeline.engine.fault = lambda question: away("action") if question["text"] == "poison" else None
    conversation_id = await pipeline.write("poison")
    await pipeline.write("bonjour")
    for _ in range(3):
        await pipeline.work(conversation_id)
        later(10)
    assert sum(question["text"] == "poison" for question in pipeline.engine.asked) == 3
    assert [task.reason for task in await pipeline.tasks()] == ["turn_failed"]
    assert pipeline.phone.texts[-1] == "réponse à bonjour"


async def test_silent_engine_is_a_failure(pipeline: Pipeline) -> None:
    """An answer without replies is never taken for success."""
    pipeline.engine.replies = lambda question: []
    await pipeline.say("bonjour")
    assert await pipeline.states("in") == [("waiting", "")]


async def test_number_takes_the_choice_shown_last(pipeline: Pipeline) -> None:
    """« 2 » is the second choice of the latest list, as long as no newer list was shown."""
    pipeline.engine.replies = lambda question: [
        {"text": "Lequel ?", "choices": [{"title": "A", "payload": "/a"}, {"title": "B", "payload": "/b"}]}
    ]
    await pipeline.say("une liste")
    pipeline.engine.replies = lambda question: [{"text": "bien"}]
    await pipeline.say("merci")
    await pipeline.say(" 2. ")
    assert pipeline.engine.asked[-1]["payload"] == "/b"
    await pipeline.say("7")
    assert pipeline.engine.asked[-1]["payload"] is None


async def test_button_of_an_older_list_says_what_it_said(pipeline: Pipeline) -> None:
    """A button is one of its own list, however old; a number is one of the list shown last."""
    pipeline.engine.replies = lambda question: [
        {"text": "?", "choices": [{"title": "A", "payload": f"/about_{question['text'].replace(' ', '_')}"}]}
    ]
    for name in ("one", "two"):
        await pipeline.say(name)
    first, second = (row.seq for row in await pipeline.rows())
    for choice, payload in ((f"{first}.1", "/about_one"), (f"{second}.1", "/about_two"), (f"{first}.1", "/about_one")):
        pipeline.engine.replies = lambda question: [{"text": "bien"}]
        await pipeline.say("", choice=choice)
        assert pipeline.engine.asked[-1]["payload"] == payload
    await pipeline.say("1")
    assert pipeline.engine.asked[-1]["payload"] == "/about_two"


async def test_button_that_was_never_shown_is_told_to_be_gone(pipeline: Pipeline) -> None:
    """A place outside its list, a message without one, one held back, one of another person: no turn."""
    pipeline.engine.replies = lambda question: [{"text": "?", "choices": [{"title": "A", "payload": "/a"}]}]
    await pipeline.say("bonjour", address="+33639980002")
    await pipeline.say("une liste")
    await pipeline.say("encore", address="+33639980002")
    mine, theirs = 2, 4
    asked = len(pipeline.engine.asked)
    for choice in (f"{mine}.2", f"{mine}.0", "1.1", f"{theirs}.1", "999999999999.1"):
        assert "plus valable" in (await pipeline.say("", choice=choice))[0]
    async with pipeline.relais.database.begin() as connection:
        await connection.execute(message.update().where(message.c.seq == mine).values(state="skipped"))
    assert "plus valable" in (await pipeline.say("", choice=f"{mine}.1"))[0]
    assert len(pipeline.engine.asked) == asked


async def test_picture_and_silence_get_a_sane_answer(pipeline: Pipeline) -> None:
    """A message without words is answered without the engine."""
    assert "images" in (await pipeline.say("", media=("image/jpeg",)))[0]
    assert "rien reçu" in (await pipeline.say("  "))[0]
    assert pipeline.engine.asked == []


async def test_number_means_the_list_on_the_screen(pipeline: Pipeline) -> None:
    """A newer list that still waits to leave has not been seen: « 1 » is of the one before."""
    pipeline.engine.replies = lambda question: [
        {"text": "?", "choices": [{"title": "A", "payload": f"/about_{question['text']}"}]}
    ]
    await pipeline.say("one")
    pipeline.phone.faults = [TryAgain(600)]
    await pipeline.say("two")
    await pipeline.write("1")
    await pipeline.relais.turns.answer((await pipeline.thread()).id)
    assert pipeline.engine.asked[-1]["payload"] == "/about_one"


async def test_numbers_that_say_who_someone_is_do_not_reach_the_engine(pipeline: Pipeline) -> None:
    """Phone and social-security numbers become tokens."""
    await pipeline.say("mon numéro est le 06 39 98 12 34 et ma sécu 1 85 05 78 006 084 91")
    assert pipeline.engine.asked[0]["text"] == "mon numéro est le [téléphone] et ma sécu [numéro de sécurité sociale]"
