"""What a conversation may see of appointments: those of its own phone, and the reminders that wait."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from bot.appointments.calendar import Calendar
from bot.models import message
from channels.base import Reply
from tests.bot.appointments.reminded import Reminded, in_days
from tests.bot.conftest import Pipeline


@pytest.fixture
def desk(pipeline: Pipeline) -> Reminded:
    return Reminded(pipeline.relais)


async def seen(desk: Reminded, kind: str = "sms") -> Calendar:
    conversation_id = desk.conversation_id or await desk.open()
    async with desk.relais.database.begin() as connection:
        return await desk.relais.talk.calendars.of(connection, conversation_id, kind)


async def test_a_phone_sees_its_own_appointments_in_order(desk: Reminded) -> None:
    """With the first names of those who share it, and nobody else's."""
    await desk.take(starts_at=in_days(9), first_name="Karim")
    await desk.take(starts_at=in_days(3))
    await desk.take(starts_at=in_days(4), phone="06 39 98 77 77")
    calendar = await seen(desk)
    assert [one.first_name for one in calendar.meetings] == ["Amina", "Karim"]


async def test_a_chat_that_nobody_vouches_for_sees_nothing(desk: Reminded) -> None:
    """Even from an address that looks like the phone."""
    await desk.take()
    assert await seen(desk, kind="web") == Calendar(verified=False)


async def test_what_is_off_or_long_past_is_not_shown(desk: Reminded) -> None:
    """Cancelled by the person it is known as such; one that has just begun is still told, to who looks for the door."""
    await desk.take(status="revoked")
    off = await desk.take(status="excused")
    await desk.take(starts_at=in_days(0) - timedelta(days=3))
    calendar = await seen(desk)
    assert (calendar.meetings, [one.id for one in calendar.cancelled]) == ((), [off])


async def test_a_reminder_waits_until_it_is_answered(desk: Reminded) -> None:
    """It is the last one of its appointment; a later one waits again."""
    mine = await desk.take()
    await desk.remind(mine, kind="j7", ago=timedelta(days=5))
    last = await desk.remind(mine, kind="j2", ago=timedelta(minutes=5))
    assert [one.message_id for one in (await seen(desk)).asked] == [last]
    async with desk.relais.database.begin() as connection:
        await desk.relais.talk.answers.confirm(connection, mine, await desk.said())
    assert (await seen(desk)).asked == ()
    again = await desk.remind(mine, kind="j0", ago=timedelta(seconds=-1))
    assert [one.message_id for one in (await seen(desk)).asked] == [again]


async def test_a_reminder_that_never_left_is_not_answered(desk: Reminded) -> None:
    """Nor one whose appointment is not this phone's any more."""
    mine = await desk.take()
    sent = await desk.remind(mine)
    await desk.run(update(message).where(message.c.id == sent).values(state="skipped"))
    assert (await seen(desk)).asked == ()


async def test_a_reminder_of_a_date_that_changed_is_stale(desk: Reminded) -> None:
    """It waits still: whoever answers it is to be told the new date."""
    mine = await desk.take(starts_at=in_days(3))
    await desk.remind(mine)
    await desk.move(mine, in_days(8))
    [asked] = (await seen(desk)).asked
    assert (asked.is_stale, asked.is_last, asked.meeting.starts_at) == (True, True, in_days(8))


async def test_a_reminder_is_last_until_something_else_is_said(desk: Reminded) -> None:
    """Then « yes » may answer that."""
    mine = await desk.take()
    await desk.remind(mine, ago=timedelta(minutes=9))
    await desk.show(Reply("Avez-vous reçu la lettre ?"), ago=timedelta(minutes=1))
    [asked] = (await seen(desk)).asked
    assert not asked.is_last
