"""What a person says of an appointment is written down once, with when and how, and never of another date."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import update

from bot import clock
from bot.appointment_models import appointment, reminder, write_back
from bot.appointments.answers import Said
from bot.models import task
from tests.bot.appointments.reminded import Reminded, in_days
from tests.bot.conftest import Pipeline


@pytest.fixture
def desk(pipeline: Pipeline) -> Reminded:
    return Reminded(pipeline.relais)


async def answer(desk: Reminded, what: str, appointment_id: UUID, said: Said | None = None, **more: object) -> str:
    said = said or await desk.said()
    async with desk.relais.database.begin() as connection:
        return await getattr(desk.relais.talk.answers, what)(connection, appointment_id, said, **more)


async def test_confirmed_once_with_when_and_how(desk: Reminded) -> None:
    """A turn that is taken twice writes nothing the second time."""
    mine, said = await desk.take(), await desk.said()
    assert [await answer(desk, "confirm", mine, said) for _ in range(2)] == ["confirmed", "confirmed"]
    assert await desk.state(mine) == ("unknown", True, "sms")
    assert await desk.events(mine) == ["confirmed"]


async def test_cancelled_at_once_where_nobody_is_to_be_asked(desk: Reminded) -> None:
    """The reminders are called off, and somebody tells the service, once."""
    mine, said = await desk.take(), await desk.said()
    assert [await answer(desk, "cancel", mine, said) for _ in range(2)] == ["cancelled", "cancelled"]
    assert await desk.state(mine) == ("excused", False, "sms")
    assert await desk.tasks() == ["appointment_cancelled"]
    rows = await desk.all(reminder.select())
    assert {(row.state, row.reason) for row in rows} == {("skipped", "called off")}


async def test_cancelled_upstream_first_where_the_source_is_to_be_told(desk: Reminded) -> None:
    """Nothing changes here until it has answered; asked twice, it is told once."""
    mine = await desk.take(source="rdv_service_public", participation="77")
    assert [await answer(desk, "cancel", mine) for _ in range(2)] == ["cancel_asked", "cancel_asked"]
    assert await desk.write_backs() == [(mine, "excused", "waiting")]
    assert (await desk.state(mine))[0] == "unknown"
    assert await desk.tasks() == []


async def test_answer_to_a_date_that_changed_changes_nothing(desk: Reminded) -> None:
    """Whatever is said to an old reminder, the new appointment stays as it is."""
    before = in_days(3)
    mine = await desk.take(starts_at=before)
    await desk.move(mine, in_days(8))
    for what in ("confirm", "cancel", "ask_to_cancel", "move"):
        assert await answer(desk, what, mine, told=before) == "moved"
    assert await desk.state(mine) == ("unknown", False, "")
    assert (await desk.events(mine), await desk.tasks()) == ([], [])


@pytest.mark.parametrize("what", ["confirm", "cancel", "ask_to_cancel"])
async def test_what_the_service_called_off_or_has_begun_is_not_answered(desk: Reminded, what: str) -> None:
    """Neither is told to be confirmed."""
    off = await desk.take(status="revoked")
    assert await answer(desk, what, off) == "gone"
    mine = await desk.take()
    begun = clock.now() - timedelta(minutes=1)
    await desk.run(update(appointment).where(appointment.c.id == mine).values(starts_at=begun))
    assert await answer(desk, what, mine) == "past"


async def test_another_date_is_for_the_team(desk: Reminded) -> None:
    """One task for each message that asks; a confirmation before it holds no more."""
    mine = await desk.take()
    await answer(desk, "confirm", mine)
    said = await desk.said()
    assert [await answer(desk, "move", mine, said) for _ in range(2)] == ["move_asked", "move_asked"]
    assert await desk.tasks() == ["appointment_move"]
    assert await desk.state(mine) == ("unknown", False, "sms")


async def test_late_is_told_to_the_team_on_that_day_only(desk: Reminded) -> None:
    """Also when it has begun a while ago; not the day before, nor hours after."""
    mine = await desk.take()
    assert await answer(desk, "late", mine) == "not_today"
    for ago, outcome in ((timedelta(minutes=20), "late"), (timedelta(hours=3), "past")):
        await desk.run(update(appointment).where(appointment.c.id == mine).values(starts_at=clock.now() - ago))
        assert await answer(desk, "late", mine) == outcome
    assert await desk.tasks() == ["running_late"]


async def test_taking_a_cancellation_back_before_anybody_saw_to_it(desk: Reminded) -> None:
    """It is on again, with its reminders, and nobody has to call the service."""
    mine = await desk.take()
    await answer(desk, "cancel", mine)
    assert await answer(desk, "confirm", mine) == "restored"
    assert await desk.state(mine) == ("unknown", True, "sms")
    assert await desk.tasks() == []
    assert {row.state for row in await desk.all(reminder.select())} == {"planned"}


@pytest.mark.parametrize("what", ["another date", "removed"])
async def test_an_old_yes_does_not_bring_back_what_is_cancelled_and_not_the_same(desk: Reminded, what: str) -> None:
    """Cancelled by the person, then given another date or removed by the service: nothing is restored."""
    mine = await desk.take()
    old = (await desk.one(appointment.select())).starts_at
    await answer(desk, "cancel", mine)
    now = {"starts_at": in_days(30)} if what == "another date" else {"removed_at": clock.now()}
    await desk.run(appointment.update().values(**now))
    assert await answer(desk, "confirm", mine, told=old) == "gone"
    assert (await desk.state(mine))[:2] == ("excused", False)


async def test_whoever_comes_after_all_stops_the_team(desk: Reminded) -> None:
    """What it was asked to cancel is not to be done any more, unless somebody is at it."""
    mine, other = await desk.take(), await desk.take()
    await answer(desk, "ask_to_cancel", mine)
    await answer(desk, "ask_to_cancel", other)
    assert await answer(desk, "confirm", mine) == "confirmed"
    assert await desk.tasks() == ["appointment_cancel"]
    await desk.run(update(task).values(answered_at=clock.now()).where(task.c.closed_at.is_(None)))
    await answer(desk, "confirm", other)
    assert await desk.tasks() == ["appointment_cancel"]


async def test_taking_back_a_cancellation_that_was_told_is_for_the_team(desk: Reminded) -> None:
    """The place may be somebody else's by now: nobody is told that it is still theirs."""
    mine = await desk.take()
    await answer(desk, "cancel", mine)
    await desk.run(update(task).values(closed_at=clock.now()))
    assert await answer(desk, "confirm", mine) == "again"
    assert (await desk.state(mine))[0] == "excused"
    assert await desk.tasks() == ["appointment_move"]


async def test_taking_back_a_cancellation_that_is_on_its_way(desk: Reminded) -> None:
    """It cannot be called back from the source while it is being told: the team sees to it."""
    mine = await desk.take(source="rdv_service_public", participation="77")
    await answer(desk, "cancel", mine)
    await desk.run(update(write_back).values(attempts=1, reason="", due_at=clock.now() + timedelta(minutes=1)))
    assert await answer(desk, "confirm", mine) == "again"
    assert [row.state for row in await desk.all(write_back.select())] == ["waiting"]
    assert await desk.events(mine) == ["cancel_asked", "move_asked"]


@pytest.mark.parametrize("tried", [{}, {"attempts": 2, "reason": "500"}])
async def test_taking_back_a_cancellation_that_the_source_was_not_told(desk: Reminded, tried: dict[str, Any]) -> None:
    """It waits for a source that is down: nothing is cancelled, and what was not reminded of meanwhile will be."""
    mine = await desk.take(source="rdv_service_public", participation="77")
    await answer(desk, "cancel", mine)
    await desk.run(update(write_back).values(due_at=clock.now() + timedelta(minutes=5), **tried))
    await desk.run(update(reminder).values(state="skipped", reason="cancelled by the person"))
    assert await answer(desk, "confirm", mine) == "restored"
    rows = await desk.all(write_back.select())
    assert [(row.state, row.reason, row.settled_at is not None) for row in rows] == [("failed", "taken back", True)]
    assert await desk.state(mine) == ("unknown", True, "sms")
    assert (await desk.events(mine), await desk.tasks()) == (["cancel_asked", "confirmed"], [])
    assert {row.state for row in await desk.all(reminder.select())} == {"planned"}
