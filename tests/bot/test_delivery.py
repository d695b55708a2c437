"""Sending: in order, never twice, every end with its reason."""

import asyncio

import pytest
from sqlalchemy import select

from bot.models import conversation, message
from channels.base import Receipt, Sent
from channels.errors import Ambiguous, BadAddress, Misconfigured, OptedOut, Refused, TryAgain
from tests.bot.conftest import Pipeline


async def queued(pipeline: Pipeline, *words: str):
    """A conversation whose answers are stored and not yet sent."""
    for word in words:
        conversation_id = await pipeline.write(word)
    await pipeline.relais.turns.answer(conversation_id)
    return conversation_id


async def unclear(pipeline: Pipeline, word: str):
    """A conversation whose answer may have left or not."""
    conversation_id = await queued(pipeline, word)
    pipeline.phone.faults = [Ambiguous()]
    await pipeline.relais.delivery.deliver(conversation_id)
    return conversation_id


async def test_retry_holds_what_follows(pipeline: Pipeline, later) -> None:
    """A message that must be tried again is not overtaken by the next one."""
    conversation_id = await queued(pipeline, "un", "deux")
    pipeline.phone.faults = [TryAgain()]
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == []
    later(3)
    assert await pipeline.relais.sweep.outbox() == 1
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un", "réponse à deux"]


async def test_provider_decides_how_long_to_wait(pipeline: Pipeline, later) -> None:
    """`retry_after` is obeyed when it is longer than ours."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.faults = [TryAgain(60)]
    await pipeline.relais.delivery.deliver(conversation_id)
    later(30)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == []
    later(31)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un"]


async def test_two_deliverers_send_once_and_in_order(pipeline: Pipeline) -> None:
    """However many jobs run, each message leaves once, in order."""
    conversation_id = await queued(pipeline, *map(str, range(8)))
    other = pipeline.another()
    both = (pipeline.relais.delivery, other.delivery)
    await asyncio.gather(*(both[n % 2].deliver(conversation_id) for n in range(12)))
    await other.close()
    assert pipeline.phone.texts == [f"réponse à {n}" for n in range(8)]


async def test_message_stored_during_a_send_is_sent_by_the_same_deliverer(pipeline: Pipeline) -> None:
    """The job of the second message may find the first one on its way and leave: nothing is forgotten."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.gate.clear()
    first = asyncio.create_task(pipeline.relais.delivery.deliver(conversation_id))
    await pipeline.phone.entered.wait()
    await queued(pipeline, "deux")
    await pipeline.relais.delivery.deliver(conversation_id)
    pipeline.phone.gate.set()
    await first
    assert pipeline.phone.texts == ["réponse à un", "réponse à deux"]


async def test_ambiguous_send_is_unknown_and_never_repeated_blindly(pipeline: Pipeline) -> None:
    """A silence after the request left is a state of its own; what follows goes on."""
    conversation_id = await queued(pipeline, "un", "deux")
    pipeline.phone.faults = [Ambiguous("no answer")]
    await pipeline.relais.delivery.deliver(conversation_id)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à deux"]
    assert await pipeline.states() == [("unknown", "no answer"), ("sent", "")]


async def test_unknown_found_in_the_providers_list_was_sent(pipeline: Pipeline, later) -> None:
    """The list settles what the answer did not."""
    await unclear(pipeline, "un")
    pipeline.phone.known[(await pipeline.rows())[0].id] = [Sent("SM9", 1)]
    assert await pipeline.relais.sweep.settle_unknown() == 0
    later(150)
    assert await pipeline.relais.sweep.settle_unknown() == 1
    assert await pipeline.states() == [("sent", "")]


async def test_same_words_sent_before_do_not_settle_an_unknown(pipeline: Pipeline, later) -> None:
    """The list's entry of an earlier message that says the same is not taken for this one."""
    await pipeline.say("un")
    conversation_id = await unclear(pipeline, "un")
    first, second = await pipeline.rows()
    pipeline.phone.known[second.id] = [Sent(first.provider_id, 1)]
    later(150)
    await pipeline.relais.sweep.settle_unknown()
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un", "réponse à un"]


async def test_own_entry_behind_another_message_s_settles_an_unknown(pipeline: Pipeline, later) -> None:
    """The same words left seconds before: the entry that no other message has is ours, and nothing is sent twice."""
    await pipeline.say("un")
    conversation_id = await unclear(pipeline, "un")
    first, second = await pipeline.rows()
    pipeline.phone.known[second.id] = [Sent(first.provider_id, 1), Sent("SM9", 1)]
    later(150)
    assert await pipeline.relais.sweep.settle_unknown() == 1
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un"]
    assert [row.provider_id for row in await pipeline.rows()] == [first.provider_id, "SM9"]


async def test_one_entry_settles_one_message_even_when_two_look_at_once(pipeline: Pipeline) -> None:
    """Two lookings-up overlap: the same words are taken for one of both messages only."""
    for number in range(20):
        pipeline.phone.faults = [Ambiguous(), Ambiguous()]
        await pipeline.relais.delivery.deliver(await queued(pipeline, f"un {number}", f"deux {number}"))
        async with pipeline.relais.database.begin() as connection:
            looked_up = select(message, conversation.c.address_secret, conversation.c.sender).join(conversation)
            rows = (await connection.execute(looked_up.where(message.c.state == "unknown"))).all()
        sent = Sent(f"SM-{number}", 1)
        found = await asyncio.gather(*(pipeline.relais.delivery.found(row, sent) for row in rows))
        assert sorted(found) == [False, True]
        await pipeline.relais.delivery.not_there(rows[found.index(False)], again=False)


async def test_unknown_is_not_missing_from_a_list_cut_short(pipeline: Pipeline, later) -> None:
    """Nothing is concluded from half a list, even when it shows another message's entry."""
    await pipeline.say("un")
    await unclear(pipeline, "un")
    first, second = await pipeline.rows()
    pipeline.phone.known[second.id], pipeline.phone.listed_whole = [Sent(first.provider_id, 1)], False
    later(150)
    assert await pipeline.relais.sweep.settle_unknown() == 0
    assert (await pipeline.rows())[1].state == "unknown"


async def test_unknown_absent_from_the_list_is_sent_again_in_its_place(pipeline: Pipeline, later) -> None:
    """Not blindly: the provider's own list does not have it, and nothing was said since."""
    conversation_id = await unclear(pipeline, "un")
    later(150)
    await pipeline.relais.sweep.settle_unknown()
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un"]


async def test_unknown_that_was_overtaken_goes_to_a_human(pipeline: Pipeline, later) -> None:
    """An answer out of its place would confuse: a human decides."""
    conversation_id = await queued(pipeline, "un", "deux")
    pipeline.phone.faults = [Ambiguous()]
    await pipeline.relais.delivery.deliver(conversation_id)
    later(150)
    await pipeline.relais.sweep.settle_unknown()
    assert await pipeline.states() == [("failed", "not sent"), ("sent", "")]
    assert [task.reason for task in await pipeline.tasks()] == ["unknown_delivery"]


async def test_unknown_that_nothing_ever_settles_goes_to_a_human(pipeline: Pipeline, later) -> None:
    """After a day no list and no receipt will tell any more: it stays unknown, with one task."""
    await unclear(pipeline, "un")
    pipeline.phone.listed_whole = False
    later(23 * 3600)
    assert await pipeline.relais.sweep.settle_unknown() == 0
    later(2 * 3600)
    assert [await pipeline.relais.sweep.settle_unknown() for _ in range(2)] == [1, 0]
    assert await pipeline.states() == [("unknown", "never known")]
    assert [task.reason for task in await pipeline.tasks()] == ["unknown_delivery"]


async def test_receipt_that_comes_while_the_list_is_read_opens_no_task(pipeline: Pipeline, later) -> None:
    """What arrived meanwhile is not told to a human as lost."""
    await unclear(pipeline, "un")
    [row] = await pipeline.rows()
    await pipeline.relais.receipts.take(Receipt(row.id, "SM9", "delivered"))
    assert not await pipeline.relais.delivery.not_there(row, again=False)
    assert (await pipeline.states(), await pipeline.tasks()) == ([("delivered", "")], [])


async def test_send_of_a_dead_worker_is_unknown(pipeline: Pipeline, later) -> None:
    """A row found `sending` long after is neither lost nor sent twice."""
    conversation_id = await queued(pipeline, "un", "deux")
    await pipeline.relais.delivery._claim(conversation_id)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == []
    later(31)
    await pipeline.relais.sweep.outbox()
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à deux"]
    assert (await pipeline.states())[0] == ("unknown", "worker died")


@pytest.mark.parametrize(("fault", "reason"), [(BadAddress("21211"), "bad_address"), (Refused("30004"), "undelivered")])
async def test_refusal_is_final_and_told_to_a_human(pipeline: Pipeline, fault, reason: str) -> None:
    """A message refused for good is failed with its code, and a task."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.faults = [fault]
    await pipeline.relais.delivery.deliver(conversation_id)
    assert await pipeline.states() == [("failed", fault.code)]
    assert [task.reason for task in await pipeline.tasks()] == [reason]


async def test_opt_out_known_to_the_provider_is_ours_too(pipeline: Pipeline) -> None:
    """21610 silences the conversation."""
    conversation_id = await queued(pipeline, "un", "deux")
    pipeline.phone.faults = [OptedOut("21610")]
    await pipeline.relais.delivery.deliver(conversation_id)
    assert await pipeline.states() == [("skipped", "opted out"), ("skipped", "opted out")]
    assert pipeline.phone.texts == []


async def test_wrong_account_keeps_the_message(pipeline: Pipeline, later) -> None:
    """A fault of ours costs nobody an answer: it waits, however long, without using up its tries."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.faults = [Misconfigured("20003") for _ in range(20)]
    for _ in range(20):
        await pipeline.relais.delivery.deliver(conversation_id)
        later(61)
    await pipeline.relais.delivery.deliver(conversation_id)
    assert pipeline.phone.texts == ["réponse à un"]


async def test_wrong_account_keeps_no_message_for_ever(pipeline: Pipeline, later) -> None:
    """An answer of yesterday answers nothing: it goes to a human, and the next one may leave."""
    conversation_id = await queued(pipeline, "un")
    later(2 * 3600)
    pipeline.phone.faults = [Misconfigured("20003")]
    await pipeline.relais.delivery.deliver(conversation_id)
    assert await pipeline.states() == [("failed", "20003")]
    assert [task.reason for task in await pipeline.tasks()] == ["undelivered"]


async def test_tries_come_to_an_end(pipeline: Pipeline, later) -> None:
    """After the whole ladder the message is failed, with a task."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.faults = [TryAgain(code="429") for _ in range(20)]
    for _ in range(20):
        await pipeline.relais.delivery.deliver(conversation_id)
        later(4000)
    assert await pipeline.states() == [("failed", "429")]
    assert [task.reason for task in await pipeline.tasks()] == ["undelivered"]


async def test_receipts_only_move_forward(pipeline: Pipeline) -> None:
    """`sent` after `delivered` changes nothing; a repeat changes nothing."""
    await pipeline.say("bonjour")
    row = (await pipeline.rows())[0]
    for state in ("delivered", "sent", "undelivered", "delivered"):
        await pipeline.relais.receipts.take(Receipt(row.id, "SM1", state))
    assert await pipeline.states() == [("delivered", "")]


async def test_late_delivery_wins_over_a_failure(pipeline: Pipeline) -> None:
    """A handset that was off comes back: what arrived, arrived."""
    await pipeline.say("bonjour")
    row = (await pipeline.rows())[0]
    for state in ("undelivered", "delivered", "failed"):
        await pipeline.relais.receipts.take(Receipt(row.id, "SM1", state))
    assert (await pipeline.states())[0][0] == "delivered"


async def test_receipt_before_the_providers_answer_stays(pipeline: Pipeline) -> None:
    """A receipt may overtake the answer of the very call that it is about."""
    conversation_id = await queued(pipeline, "un")
    pipeline.phone.gate.clear()
    sending = asyncio.create_task(pipeline.relais.delivery.deliver(conversation_id))
    await pipeline.phone.entered.wait()
    row = (await pipeline.rows())[0]
    await pipeline.relais.receipts.take(Receipt(row.id, "SM1", "delivered"))
    pipeline.phone.gate.set()
    await sending
    assert await pipeline.states() == [("delivered", "")]


async def test_receipt_settles_an_unknown(pipeline: Pipeline) -> None:
    """What was ambiguous is known once the provider speaks of it."""
    await unclear(pipeline, "un")
    row = (await pipeline.rows())[0]
    await pipeline.relais.receipts.take(Receipt(row.id, "SM1", "sent"))
    assert (await pipeline.states())[0][0] == "sent"


async def test_undelivered_is_told_to_a_human(pipeline: Pipeline) -> None:
    """An answer that did not arrive is a task, with the provider's code."""
    await pipeline.say("bonjour")
    row = (await pipeline.rows())[0]
    await pipeline.relais.receipts.take(Receipt(row.id, "SM1", "undelivered", "30005"))
    assert await pipeline.states() == [("undelivered", "30005")]
    assert [(task.reason, task.details["code"]) for task in await pipeline.tasks()] == [("undelivered", "30005")]
