"""Reminders over the provider's real HTTP: what it says of them afterwards, and the switch."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot import clock
from bot.assembly import Relais
from bot.database import Database
from bot.reminders import switch
from bot.web import create
from tests.bot.reminders.conftest import MONDAY, Desk
from tests.bot.test_receipts import Road
from tests.standins.server import serving
from tests.standins.twilio import CUTS_AFTER, HANGS_AFTER, TOO_MANY, TwilioStandin, refuses

OFF, NO_SUCH_NUMBER = "30003", "30005"


@pytest.fixture
async def road(desk: Desk) -> AsyncIterator[Road]:
    async with TwilioStandin.started() as twilio:
        changed = desk.relais.settings.model_copy(update={"twilio_api_url": twilio.api_url})
        relais = Relais(changed, desk.relais.keys, Database(changed.database_url), "test")
        async with serving(create(relais)) as url:
            twilio.webhooks, twilio.public_url = url, "https://relais.test"
            desk.pipeline.relais = relais
            yield Road(desk.pipeline, twilio)


async def test_a_handset_that_is_off_gets_it_hours_later(desk: Desk, road: Road) -> None:
    """A longer ladder than a reply's, after half an hour, two hours, six hours; three in a day, the last tomorrow."""
    await desk.due(starts_at=MONDAY + timedelta(days=4, hours=5))
    await desk.round()
    for place, minutes in enumerate((30, 120)):
        await road.report(place, "undelivered", OFF)
        desk.later(minutes=minutes - 1)
        await desk.sweep()
        assert len(road.sent) == place + 1
        desk.later(minutes=2)
        await desk.sweep()
    await road.report(2, "undelivered", OFF)
    desk.later(hours=7)
    await desk.sweep()
    assert len(road.sent) == 3
    desk.at(MONDAY.replace(hour=8, minute=1) + timedelta(days=3))
    await desk.sweep()
    assert len(road.sent) == 4
    await road.report(3, "delivered")
    assert (await desk.states(), await desk.tasks()) == ([("delivered", "")], [])


async def test_a_next_try_wakes_nobody(desk: Desk, road: Road) -> None:
    """What would be tried at night is tried in the morning."""
    await desk.due(starts_at=MONDAY + timedelta(days=3, hours=5))
    await desk.round()
    desk.at(MONDAY.replace(hour=19, minute=45) + timedelta(days=1))
    await road.report(0, "undelivered", OFF)
    desk.later(hours=1)
    await desk.sweep()
    assert len(road.sent) == 1
    desk.at(MONDAY.replace(hour=8, minute=1) + timedelta(days=2))
    await desk.sweep()
    assert len(road.sent) == 2


async def test_no_try_outlives_the_reminder(desk: Desk, road: Road) -> None:
    """Too near to the appointment: no other try, and a human is told."""
    await desk.due(starts_at=MONDAY + timedelta(hours=7))
    await desk.round()
    desk.at(MONDAY + timedelta(hours=4, minutes=45))
    await road.report(0, "undelivered", OFF)
    assert (await desk.states(), await desk.tasks()) == ([("undelivered", OFF)], ["undelivered"])


async def test_a_number_that_nothing_reaches_is_flagged(desk: Desk, road: Road) -> None:
    """The receipt says so after the send: the next reminder is not sent, until the person writes."""
    await desk.due()
    await desk.round()
    await road.report(0, "undelivered", NO_SUCH_NUMBER)
    assert await desk.tasks() == ["bad_address"]
    [thread] = await desk.threads()
    assert thread.unreachable_at is not None
    assert await road.twilio.text("bonjour", sender="+33639980001") == [200]
    [thread] = await desk.threads()
    assert thread.unreachable_at is None


@pytest.mark.parametrize("fault", [HANGS_AFTER, CUTS_AFTER])
async def test_a_provider_that_says_nothing_has_perhaps_sent_it(desk: Desk, road: Road, fault: object) -> None:
    """Unknown, then found in its list; sent once."""
    settings = desk.relais.channels["twilio"].settings  # type: ignore[attr-defined]
    object.__setattr__(settings, "call_seconds", 0.5)
    road.twilio.faults.append(fault)  # type: ignore[arg-type]
    await desk.due()
    await desk.round()
    assert [state for state, _ in await desk.states()] == ["unknown"]
    desk.later(minutes=3)
    await desk.relais.sweep.settle_unknown()
    await desk.sweep()
    assert await desk.states() == [("sent", "")]
    assert len(road.sent) == 1


async def test_too_many_requests_are_tried_again(desk: Desk, road: Road) -> None:
    """429 with a date: that long, then once."""
    road.twilio.faults.append(TOO_MANY)
    await desk.due()
    await desk.round()
    assert [state for state, _ in await desk.states()] == ["queued"]
    desk.later(seconds=31)
    await desk.sweep()
    assert (len(road.sent), await desk.states()) == (1, [("sent", "")])


async def test_stop_at_the_provider_is_silent(desk: Desk, road: Road) -> None:
    """21610: the person wrote STOP there; no task, and nothing more."""
    road.twilio.faults.append(refuses(21610))
    await desk.due()
    await desk.round()
    assert (await desk.states(), await desk.tasks()) == ([("skipped", "opted out")], [])


async def test_the_switch_holds_reminders_and_not_replies(desk: Desk, road: Road) -> None:
    """Stopped: no reminder, of those to be tried again neither; replies go on; started: all leave, once."""
    road.twilio.faults.append(TOO_MANY)
    await desk.due()
    await desk.due(source_id="A2", phone="+33639980002", starts_at=clock.now() + timedelta(days=2))
    await desk.round()
    sent = len(road.sent)
    async with desk.relais.database.begin() as connection:
        await switch.stop(connection, "reminders", "moi")
    desk.later(minutes=2)
    await desk.round()
    await desk.sweep()
    assert len(road.sent) == sent
    assert await road.twilio.text("bonjour", sender="+33639980003") == [200]
    for thread in await desk.threads():
        await desk.relais.turns.answer(thread.id)
    await desk.sweep()
    assert len(road.sent) == sent + 1
    async with desk.relais.database.begin() as connection:
        assert [one.what for one in await switch.stopped(connection)] == ["reminders"]
        assert await switch.start(connection)
    await desk.sweep()
    await desk.round()
    assert {state for state, _ in await desk.states()} == {"sent"}


async def test_the_switch_holds_everything(desk: Desk, road: Road) -> None:
    """Replies wait in their lane, none is lost."""
    async with desk.relais.database.begin() as connection:
        await switch.stop(connection, "everything")
    await road.ask("un")
    assert (road.sent, await desk.states()) == ([], [("queued", "")])
    async with desk.relais.database.begin() as connection:
        await switch.start(connection)
    await desk.sweep()
    assert road.sent == ["un"]
