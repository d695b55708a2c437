"""Reminders leave once, in their hours, or not with a reason; whatever the worker and the provider do."""

from __future__ import annotations

import asyncio
import json
from datetime import datetime, timedelta
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import func, select

from bot import clock
from bot.appointment_models import appointment, bucket, person, reminder, write_back
from bot.models import conversation, message
from bot.outbox import SYSTEM, Line
from bot.reminders.bulk import BATCH
from channels.base import Reply
from channels.errors import Ambiguous, BadAddress, Misconfigured, OptedOut, Refused, TryAgain
from tests.bot.reminders.conftest import MONDAY, Desk


async def test_a_reminder_leaves_with_its_answers(desk: Desk) -> None:
    """First name, day, hour, place, and three choices tied to this very date."""
    taken = await desk.due(starts_at=MONDAY + timedelta(days=2, hours=3))
    await desk.round()
    assert desk.sent == [
        "Bonjour Amina. Vous avez rendez-vous mercredi 9 décembre à 12h.\nLieu : Maison de la Métropole, Bron\n"
        "1. Je viens\n2. Je ne viens pas\n3. Changer de date"
    ]
    of = {"appointment": str(taken.appointment_id), "starts_at": "2026-12-09T11:00:00+00:00"}
    payloads = [choice.payload for choice in desk.pipeline.phone.sent[0].reply.choices]
    assert payloads == [f"/{what}_appointment{json.dumps(of)}" for what in ("confirm", "cancel", "reschedule")]
    assert await desk.states() == [("sent", "")]
    [row] = await desk.pipeline.rows()
    assert (row.bulk, row.author, row.cause, row.segments, row.attempts) == (True, "system", None, 1, 1)


async def test_nothing_is_said_twice(desk: Desk) -> None:
    """However often the worker looks, and whatever the source repeats."""
    starts_at = clock.now() + timedelta(days=2, hours=3)
    await desk.due(starts_at=starts_at)
    for _ in range(3):
        await desk.round()
        await desk.take(starts_at=starts_at)
        await desk.sweep()
    assert len(desk.sent) == 1


async def test_two_workers_send_each_once(desk: Desk) -> None:
    """Three hundred are due: what one worker claims, the other skips."""
    desk.pipeline.relais = desk.pipeline.another()
    desk.relais.__dict__["settings"] = desk.relais.settings.model_copy(update={"sms_per_second": 1000})
    other = desk.pipeline.another()
    await desk.many(300)
    assert desk.relais.bulk is not None and other.bulk is not None
    for _ in range(4):
        await asyncio.gather(desk.relais.bulk.round(), other.bulk.round())
    await other.close()
    assert len(desk.numbers) == len(set(desk.numbers)) == 300
    assert await desk.planned() == ["j0"] * 300


async def test_a_worker_down_all_night_reminds_in_the_morning(desk: Desk) -> None:
    """What was due while nobody worked leaves when somebody does; one of them, not all that were missed."""
    await desk.take(starts_at=MONDAY + timedelta(days=10, hours=5))
    desk.at(datetime(2026, 12, 15, 21, 0, tzinfo=clock.PARIS))
    await desk.rounds()
    assert desk.sent == []
    desk.at(datetime(2026, 12, 16, 8, 1, tzinfo=clock.PARIS))
    await desk.rounds()
    assert len(desk.sent) == 1
    assert await desk.skipped() == ["too late"]


@pytest.mark.parametrize(
    "moment",
    ["2026-12-06T10:00", "2026-12-25T10:00", "2026-12-07T07:59", "2026-12-07T20:00", "2027-03-28T07:59",
     "2026-10-24T20:00", "2027-03-29T07:59", "2026-10-26T07:59"],
)  # fmt: skip
async def test_nobody_is_disturbed(desk: Desk, moment: str) -> None:
    """At night, on Sundays and on holidays, also on the days around both changes of the clock."""
    now = datetime.fromisoformat(moment).replace(tzinfo=clock.PARIS)
    desk.at(now - timedelta(days=1))
    await desk.take(starts_at=now + timedelta(days=1, hours=12))
    await desk.change(reminder, due_at=now - timedelta(hours=1))
    desk.at(now)
    await desk.round()
    assert desk.sent == []


async def test_a_moved_appointment_is_reminded_for_its_new_date(desk: Desk) -> None:
    """Also when the old date had had its reminder."""
    await desk.due()
    await desk.round()
    await desk.due(starts_at=clock.now() + timedelta(days=2, hours=5))
    await desk.round()
    assert ["12h" in text for text in desk.sent] == [True, False]
    assert len(desk.sent) == 2


async def test_what_has_just_changed_is_not_said(desk: Desk) -> None:
    """The row was planned for another date, or the appointment is off, by the time it is claimed."""
    await desk.due()
    await desk.change(appointment, starts_at=clock.now() + timedelta(days=9))
    await desk.round()
    assert await desk.skipped() == ["moved"]
    await desk.due(source_id="A2", first_name="Karim")
    await desk.change(appointment, status="excused")
    await desk.round()
    assert desk.sent == []
    assert sorted(await desk.skipped())[0] == "called off"


async def test_an_appointment_under_change_is_left_to_the_next_round(desk: Desk) -> None:
    """Whoever holds it may be moving it: nobody waits, nobody is reminded of the old date."""
    taken = await desk.due()
    async with desk.relais.database.begin() as connection:
        await connection.execute(select(appointment).where(appointment.c.id == taken.appointment_id).with_for_update())
        await desk.round()
        assert desk.sent == []
    await desk.round()
    assert len(desk.sent) == 1


async def test_an_appointment_under_change_takes_nobodys_place(desk: Desk) -> None:
    """More of them than a round claims are first in the line: the one behind them is reminded all the same."""
    last = await desk.take(source_id="B1", starts_at=clock.now() + timedelta(days=2, hours=3))
    await desk.many(BATCH)
    async with desk.relais.database.begin() as connection:
        behind = reminder.update().where(reminder.c.appointment_id == last.appointment_id)
        await connection.execute(behind.values(valid_until=reminder.c.valid_until + timedelta(seconds=1)))
    async with desk.relais.database.begin() as connection:
        first = select(appointment).where(appointment.c.id != last.appointment_id)
        await connection.execute(first.with_for_update())
        await desk.round()
        assert len(desk.sent) == 1


@pytest.mark.parametrize(("phone", "fault"), [("04 78 00 00 00", "landline"), ("", "none"), ("+44 7700 900123", "")])
async def test_no_mobile_no_reminder(desk: Desk, phone: str, fault: str) -> None:
    """The reason says why."""
    await desk.due(phone=phone)
    await desk.round()
    assert desk.sent == []
    [reason] = await desk.skipped()
    assert reason.startswith("no mobile number: ") and reason.endswith(fault)


async def test_stop_is_stop(desk: Desk) -> None:
    """Somebody who opted out is reminded of nothing, and no human is bothered."""
    await desk.pipeline.write("stop")
    await desk.due()
    await desk.round()
    assert await desk.skipped() == ["opted out"]
    assert await desk.tasks() == []


async def test_an_unreachable_number_is_left_until_it_writes(desk: Desk) -> None:
    """The provider said that nothing reaches it; a word from it proves the contrary."""
    desk.pipeline.phone.faults = [BadAddress("30005")]
    await desk.due()
    await desk.round()
    assert await desk.states() == [("failed", "30005")]
    assert await desk.tasks() == ["bad_address"]
    await desk.due(source_id="A2", first_name="Karim")
    await desk.round()
    assert set(await desk.skipped()) == {"unreachable number"}
    await desk.pipeline.write("bonjour")
    await desk.due(source_id="A3", first_name="Lina")
    await desk.round()
    assert len(desk.sent) == 1


async def test_no_number_gets_more_than_its_share(desk: Desk) -> None:
    """Five people share a phone: three messages in a day, and one task that says so."""
    starts_at = clock.now() + timedelta(days=2, hours=3)
    for number in range(5):
        await desk.take(source_id=f"A{number}", first_name=f"Enfant {number}", starts_at=starts_at)
    await desk.until_due()
    await desk.rounds()
    await desk.sweep()
    assert len(desk.sent) == 3
    assert await desk.skipped() == ["daily cap"] * 2
    assert await desk.tasks() == ["daily_cap"]


async def test_what_waited_overnight_counts_today(desk: Desk) -> None:
    """Three were queued yesterday and leave this morning: a reminder would be the fourth."""
    await desk.due()
    await desk.round()
    await desk.due(source_id="A2", first_name="Karim")
    (thread,) = await desk.threads()
    yesterday = clock.now() - timedelta(days=1)
    async with desk.relais.database.begin() as connection:
        for number in range(3):
            line = Line(Reply("Avis"), SYSTEM, f"notice:{number}", bulk=True)
            await desk.relais.outbox.say(connection, thread.id, None, [line])
        await connection.execute(message.update().values(created_at=yesterday))
        await connection.execute(message.update().where(message.c.state != "queued").values(sent_at=yesterday))
    await desk.round()
    assert "daily cap" in await desk.skipped()


async def test_late_says_so(desk: Desk) -> None:
    """Less than two hours before, a reminder helps nobody."""
    await desk.due(starts_at=clock.now() + timedelta(hours=3))
    desk.later(hours=1)
    await desk.round()
    assert desk.sent == []
    assert await desk.skipped() == ["too late"]


async def test_a_crash_leaves_unknown(desk: Desk) -> None:
    """Killed between the claim and the send: looked up, and never sent again blindly."""
    await desk.due()
    desk.pipeline.phone.gate.clear()
    sending = asyncio.create_task(desk.round())
    await desk.pipeline.phone.entered.wait()
    sending.cancel()
    await asyncio.gather(sending, return_exceptions=True)
    desk.pipeline.phone.gate.set()
    desk.later(seconds=31)
    await desk.sweep()
    await desk.rounds()
    assert await desk.states() == [("unknown", "worker died")]
    assert desk.sent == []


async def test_an_unclear_answer_is_unknown(desk: Desk) -> None:
    """A timeout after the request left."""
    desk.pipeline.phone.faults = [Ambiguous("no answer")]
    await desk.due()
    await desk.rounds()
    await desk.sweep()
    assert await desk.states() == [("unknown", "no answer")]


async def test_stop_known_by_the_provider_alone_is_silent(desk: Desk) -> None:
    """It refuses with 21610: skipped, and nobody is bothered."""
    desk.pipeline.phone.faults = [OptedOut("21610")]
    await desk.due()
    await desk.round()
    assert await desk.states() == [("skipped", "opted out")]
    assert await desk.tasks() == []


async def test_a_final_refusal_is_a_task(desk: Desk) -> None:
    """A human is told which message did not leave."""
    desk.pipeline.phone.faults = [Refused("30007")]
    await desk.due()
    await desk.round()
    assert (await desk.states(), await desk.tasks()) == ([("failed", "30007")], ["undelivered"])


async def test_a_provider_that_refuses_everything_is_left_alone(desk: Desk) -> None:
    """A pause, longer each time; a few messages ask again; then all leave, each once."""
    await desk.many(20)
    desk.pipeline.phone.faults = [TryAgain(code="20429")] * 10
    await desk.round()
    assert await desk.counts() == (30, 0)
    desk.later(seconds=20)
    await desk.round()
    assert await desk.counts() == (30, 0)
    desk.pipeline.phone.faults = [TryAgain(code="20429")] * 5
    desk.later(seconds=11)
    await desk.round()
    assert await desk.counts() == (25, 0)
    desk.later(seconds=59)
    await desk.round()
    assert await desk.counts() == (25, 0)
    desk.later(seconds=2)
    for _ in range(6):
        await desk.round()
        await desk.sweep()
        desk.later(seconds=40)
    assert len(desk.numbers) == len(set(desk.numbers)) == 20
    assert await desk.planned() == ["j0"] * 20
    async with desk.relais.database.begin() as connection:
        row = (await connection.execute(select(bucket))).one()
    assert (row.refusals, row.paused_until) == (0, None)


async def test_wrong_settings_hold_reminders_until_they_are_mended(desk: Desk) -> None:
    """Hours later it is still worth it: a reminder lives longer than an answer."""
    desk.pipeline.phone.faults = [Misconfigured("20003")] * 4
    await desk.due()
    await desk.round()
    for _ in range(8):
        desk.later(hours=1)
        await desk.sweep()
    assert len(desk.sent) == 1
    assert await desk.states() == [("sent", "")]


async def test_a_retry_says_nothing_false_and_wakes_nobody(desk: Desk) -> None:
    """What waits for its next try is dropped when the appointment moves, and kept when night comes."""
    desk.pipeline.phone.faults = [TryAgain(12 * 3600)] * 2
    await desk.take(starts_at=MONDAY + timedelta(days=3, hours=5))
    await desk.due(source_id="A2", phone="+33639980002", starts_at=MONDAY + timedelta(days=3, hours=5))
    await desk.round()
    desk.later(hours=12, minutes=10)
    await desk.sweep()
    assert desk.sent == []
    await desk.take(starts_at=MONDAY + timedelta(days=30))
    desk.at(MONDAY.replace(hour=8, minute=1) + timedelta(days=2))
    await desk.sweep()
    assert desk.numbers == ["+33639980002"]
    assert sorted(await desk.states()) == [("sent", ""), ("skipped", "moved")]


async def test_a_reply_never_waits_behind_a_reminder(desk: Desk) -> None:
    """The reminder waits for its next try: what the person asks is answered at once, then comes the reminder."""
    desk.pipeline.phone.faults = [TryAgain(120)]
    await desk.due()
    await desk.round()
    desk.later(seconds=31)
    assert await desk.pipeline.say("bonjour") == ["réponse à bonjour"]
    desk.later(seconds=121)
    await desk.sweep()
    assert len(desk.sent) == 2


async def test_a_reply_does_not_wait_for_a_reminder_under_way(desk: Desk) -> None:
    """The provider is slow with the reminder: the lane is free all the same."""
    await desk.due()
    desk.pipeline.phone.gate.clear()
    sending = asyncio.create_task(desk.round())
    await desk.pipeline.phone.entered.wait()
    conversation_id = await desk.pipeline.write("bonjour")
    await desk.relais.turns.answer(conversation_id)
    desk.pipeline.phone.entered.clear()
    answering = asyncio.create_task(desk.relais.delivery.deliver(conversation_id))
    await desk.pipeline.phone.entered.wait()
    desk.pipeline.phone.gate.set()
    await asyncio.gather(sending, answering)
    assert len(desk.sent) == 2


async def test_a_retry_is_dropped_while_a_cancellation_is_on_its_way(desk: Desk) -> None:
    """The person has said that they do not come; their source has not answered yet."""
    desk.pipeline.phone.faults = [TryAgain(60)]
    taken = await desk.due()
    await desk.round()
    thread = (await desk.threads())[0]
    async with desk.relais.database.begin() as connection:
        given = {"id": uuid4(), "appointment_id": taken.appointment_id, "conversation_id": thread.id, "cause": uuid4()}
        moments = {"due_at": clock.now(), "created_at": clock.now()}
        await connection.execute(write_back.insert().values(status="excused", **given, **moments))
    desk.later(minutes=10)
    await desk.sweep()
    assert (desk.sent, await desk.states()) == ([], [("skipped", "called off")])


async def test_two_of_one_phone_leave_in_order(desk: Desk) -> None:
    """The second waits for the first in its lane, and names whom it is for."""
    starts_at = clock.now() + timedelta(days=2, hours=3)
    await desk.take(starts_at=starts_at)
    await desk.due(source_id="A2", first_name="Karim", starts_at=starts_at)
    await desk.round()
    assert await desk.states() == [("sent", ""), ("queued", "")]
    assert await desk.pipeline.jobs() == ["deliver"]
    await desk.sweep()
    assert [text.split(".")[0] for text in desk.sent] == ["Bonjour Amina", "Bonjour Karim"]


async def test_no_message_no_token(desk: Desk) -> None:
    """Tokens for which nothing was due are given back."""
    await desk.due()
    await desk.round()
    async with desk.relais.database.begin() as connection:
        assert await connection.scalar(select(bucket.c.tokens)) == pytest.approx(9)


async def test_a_message_speaks_their_language(desk: Desk) -> None:
    """The one they write in, else the one that the source names; French for one that is not ours."""
    starts_at = MONDAY + timedelta(days=2, hours=3)
    await desk.take(starts_at=starts_at, language="es")
    await desk.take(starts_at=starts_at, source_id="A2", phone="+33639980002", language="it")
    await desk.pipeline.write("Hello, I need help with my appointment please", address="+33639980003")
    await desk.due(starts_at=starts_at, source_id="A3", phone="+33639980003", language="ar")
    await desk.round()
    assert {text.split()[0] for text in desk.sent} == {"Hola", "Bonjour", "Hello"}


async def test_a_row_that_cannot_be_read_holds_nobody_up(desk: Desk) -> None:
    """It is skipped with a reason, and the others leave."""
    await desk.take(source_id="A9", starts_at=clock.now() + timedelta(days=2, hours=3), phone="+33639980009")
    await desk.change(person, first_name_secret=b"broken")
    await desk.due()
    await desk.round()
    assert len(desk.sent) == 1
    assert await desk.skipped() == ["unreadable"]


async def test_messages_are_handed_over_with_their_reminders(desk: Desk) -> None:
    """One transaction: each reminder handed has exactly one message, and its conversation counts it."""
    await desk.many(10)
    await desk.round()
    async with desk.relais.database.begin() as connection:
        joined = select(func.count()).select_from(reminder).join(message, message.c.id == reminder.c.message_id)
        assert await connection.scalar(joined) == 10
        assert set(await connection.scalars(select(conversation.c.last_seq))) == {1}


async def test_what_an_import_holds_waits(desk: Desk) -> None:
    """Nothing of a held intake leaves; once somebody has said yes, what is still true leaves."""
    await desk.due()
    held = await desk.held()
    await desk.round()
    assert desk.sent == []
    async with desk.relais.database.begin() as connection:
        assert await desk.relais.hold.approve(connection, held, "moi")
    await desk.round()
    assert len(desk.sent) == 1


async def test_a_yes_waits_for_nobody_who_changes_an_appointment(desk: Desk, database_url: str) -> None:
    """Whoever moves one locks its reminders and then judges the intake; the yes has the intake first."""
    await desk.due()
    held = await desk.held(valid_until=clock.now())
    async with await psycopg.AsyncConnection.connect(database_url) as mover:
        await mover.execute("UPDATE reminder SET reason = 'moved'")
        async with asyncio.timeout(5), desk.relais.database.begin() as connection:
            assert await desk.relais.hold.approve(connection, held, "moi")
        await mover.execute("SELECT FROM intake FOR NO KEY UPDATE")


async def test_what_was_held_too_long_says_so(desk: Desk) -> None:
    """Nobody has said yes in time: it is not planned for ever; what is useful still waits on."""
    await desk.due()
    await desk.held()
    await desk.round()
    before = await desk.planned()
    desk.later(days=1, hours=15)
    await desk.round()
    assert (before, await desk.planned(), desk.sent) == (["j2", "j0"], ["j0"], [])
    assert await desk.skipped() == ["held too long"]
