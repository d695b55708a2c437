"""What a person decided is told to RDV Service Public, and to the person only once it is done there."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from bot import clock, vault
from bot.appointment_models import appointment, reminder, write_back
from bot.appointments.answers import Said
from bot.connectors.write_back import LADDER_SECONDS, WriteBack
from bot.models import conversation, message
from bot.reminders.planner import ASKED_OFF
from channels.base import Inbound, Reply
from tests.bot.appointments.conftest import in_days
from tests.bot.connectors.conftest import PLANNED, Site
from tests.standins.rdv_service_public import meeting, seat, user

CANCELLED = "Votre rendez-vous est annulé. Pour une autre date, répondez CHANGER."
HANDED_ON = "Nous n'avons pas pu annuler ce rendez-vous nous-mêmes. Votre demande est transmise à l'équipe."


async def asked(site: Site, **changes: Any) -> UUID:
    """Somebody has an appointment and asks by SMS to cancel it."""
    data = meeting(1, in_days(20), seat(11, user(21), send_lifecycle_notifications=False, **changes))
    site.upstream.meetings = [data]
    await site.upstream.tell(data, "created", at=clock.now() - timedelta(minutes=1))
    sms = Inbound("twilio", f"SM{uuid4().hex}", "+33639980001", "+33939980000", "je ne peux pas venir")
    received = await site.relais.inbox.receive(sms)
    row = await site.the_one()
    async with site.relais.database.begin() as connection:
        cause = await connection.scalar(select(message.c.id).where(message.c.direction == "in"))
        given = {"conversation_id": received.conversation_id, "cause": cause, "status": "excused"}
        now = {"due_at": clock.now(), "created_at": clock.now()}
        await connection.execute(write_back.insert().values(id=uuid4(), appointment_id=row.id, **given, **now))
    return row.id


async def said(site: Site) -> list[str]:
    rows = [row for row in await site.rows(message, message.c.seq) if row.direction == "out"]
    return [Reply.from_json(site.relais.vault.open(vault.BODY, row.body_secret)).text for row in rows]


async def state(site: Site) -> tuple[str, str, str]:
    (row,) = await site.rows(write_back)
    return row.state, row.reason, (await site.the_one()).status


async def test_cancelled_there_then_here(site: Site) -> None:
    """200: the appointment is off, its reminders too, and the person is told how to get another one."""
    await asked(site)
    assert await site.relais.write_back.send_due() == 1
    assert site.upstream.patched == [(11, "excused")]
    assert await state(site) == ("done", "", "excused")
    assert {reason for _, _, reason in await site.reminders()} == {"called off"}
    row = await site.the_one()
    assert (row.answered_how, row.answered_at is not None) == ("twilio", True)
    assert (await site.events(), await said(site)) == (["new", "cancelled"], [CANCELLED])
    assert await site.relais.write_back.send_due() == 0


async def test_told_by_them_is_not_told_by_us(site: Site) -> None:
    """RDV Service Public writes to the person itself."""
    await asked(site)
    async with site.relais.database.begin() as connection:
        await connection.execute(update(appointment).values(notified_upstream=True))
    await site.relais.write_back.send_due()
    assert (await state(site), await said(site)) == (("done", "", "excused"), [])


async def test_nothing_is_said_before_it_is_done(site: Site, later: Callable[[float], None]) -> None:
    """A fault is tried again, and the appointment stands until then."""
    await asked(site)
    site.upstream.faults.extend(["500"])
    assert await site.relais.write_back.send_due() == 1
    assert (await state(site), await said(site)) == (("waiting", "500", "unknown"), [])
    later(LADDER_SECONDS[0] + 1)
    await site.relais.write_back.send_due()
    assert (await state(site), await said(site)) == (("done", "", "excused"), [CANCELLED])


async def test_after_an_hour_the_team_has_it(site: Site, later: Callable[[float], None]) -> None:
    """The person is told so, and somebody gets a task."""
    await asked(site)
    for pause in (*LADDER_SECONDS, 0):
        site.upstream.faults.append("500")
        assert await site.relais.write_back.send_due() == 1
        later(pause + 1)
    assert await site.relais.write_back.send_due() == 0
    assert (await state(site), await said(site)) == (("failed", "500", "unknown"), [HANDED_ON])
    (task,) = await site.tasks()
    assert (task.reason, task.details["code"]) == ("write_back_failed", "500")


@pytest.mark.parametrize("fault", ["404", "422"])
async def test_a_refusal_is_final(site: Site, fault: str) -> None:
    """It would say the same again."""
    await asked(site)
    site.upstream.faults.append(fault)
    await site.relais.write_back.send_due()
    assert (await state(site), await said(site)) == (("failed", fault, "unknown"), [HANDED_ON])


async def test_what_could_not_be_cancelled_is_reminded_of(site: Site) -> None:
    """A reminder that came due while the source was asked was skipped; the appointment is on all the same."""
    await asked(site)
    async with site.relais.database.begin() as connection:
        skipped = {"state": "skipped", "reason": ASKED_OFF, "settled_at": clock.now()}
        await connection.execute(reminder.update().values(**skipped))
    site.upstream.faults.append("404")
    await site.relais.write_back.send_due()
    assert await site.reminders() == PLANNED


async def test_whoever_comes_after_all_stops_the_team(site: Site) -> None:
    """The source refused, the team was asked to cancel by hand: not any more, and the reminders are there."""
    mine = await asked(site)
    site.upstream.faults.append("404")
    await site.relais.write_back.send_due()
    assert [one.reason for one in await site.tasks()] == ["write_back_failed"]
    (row,) = await site.rows(conversation)
    async with site.relais.database.begin() as connection:
        said = Said(row.id, uuid4(), "sms", "finalement je viens")
        assert await site.relais.talk.answers.confirm(connection, mine, said) == "confirmed"
    assert await site.tasks() == []
    assert await site.reminders() == PLANNED


async def test_without_the_api_the_team_has_it_at_once(site: Site) -> None:
    """Webhooks alone do not let Relais write."""
    await asked(site)
    relais = site.relais
    parts = (relais.planner, relais.outbox, relais.tasks, relais.texts, relais.kinds)
    await WriteBack(relais.database, None, *parts).send_due()
    assert (await state(site), await said(site)) == (("failed", "not connected", "unknown"), [HANDED_ON])


async def test_two_workers_tell_it_once(site: Site) -> None:
    """A row is one worker's."""
    await asked(site)
    assert sorted(await asyncio.gather(*(site.relais.write_back.send_due() for _ in range(2)))) == [0, 1]
    assert (site.upstream.patched, await said(site)) == ([(11, "excused")], [CANCELLED])


async def test_a_late_answer_settles_once(site: Site, later: Callable[[float], None]) -> None:
    """It was done, and the answer hangs: another worker tells it again, which changes nothing; one sentence."""
    await asked(site)
    await site.relais.rdv_service_public.organisations()  # type: ignore[union-attr]
    site.upstream.faults.append("hang")
    first = asyncio.create_task(site.relais.write_back.send_due())
    await site.upstream.entered.wait()
    later(61)
    assert await site.relais.write_back.send_due() == 1
    site.upstream.gate.set()
    assert await first == 1
    assert len(site.upstream.patched) == 2
    assert (await state(site), await said(site)) == (("done", "", "excused"), [CANCELLED])
    assert await site.events() == ["new", "cancelled"]


async def test_an_older_webhook_does_not_undo_it(site: Site) -> None:
    """It left before the cancelling did; the next one says what is so."""
    await asked(site)
    before = clock.now() - timedelta(seconds=1)
    await site.relais.write_back.send_due()
    await site.upstream.tell(meeting(1, in_days(20), seat(11, user(21))), at=before)
    assert (await site.the_one()).status == "excused"


@pytest.mark.parametrize(("change", "done"), [("moved", False), ("cancelled", True), ("gone", True)])
async def test_changed_there_meanwhile(site: Site, change: str, done: bool) -> None:
    """Another date is not what the person cancelled; what is off already is done."""
    await asked(site)
    data = meeting(
        1,
        in_days(30 if change == "moved" else 20),
        seat(11, user(21), "revoked" if change == "cancelled" else "unknown"),
    )
    await site.upstream.tell(data, "destroyed" if change == "gone" else "updated")
    await site.relais.write_back.send_due()
    assert site.upstream.patched == []
    assert (await state(site))[:2] == (("done", "") if done else ("failed", "moved"))
    if not done:
        assert await said(site) == [HANDED_ON]


async def test_taken_back_before_it_was_told(site: Site, later: Callable[[float], None]) -> None:
    """Whoever comes after all is not cancelled."""
    await asked(site)
    async with site.relais.database.begin() as connection:
        await connection.execute(update(appointment).values(confirmed_at=clock.now() + timedelta(seconds=1)))
    await site.relais.write_back.send_due()
    assert (site.upstream.patched, await state(site), await said(site)) == ([], ("failed", "taken back", "unknown"), [])


@pytest.mark.parametrize("fault", ["500", "404"])
async def test_taken_back_while_it_is_being_told(site: Site, later: Callable[[float], None], fault: str) -> None:
    """The call fails: it is not tried again, and nobody is asked to cancel by hand what the person comes to."""
    mine = await asked(site)
    await site.relais.rdv_service_public.organisations()  # type: ignore[union-attr]
    site.upstream.faults.append(f"slow {fault}")
    telling = asyncio.create_task(site.relais.write_back.send_due())
    await site.upstream.entered.wait()
    async with site.relais.database.begin() as connection:
        heard = (await connection.execute(select(message.c.id, message.c.conversation_id))).first()
        said_so = Said(heard.conversation_id, heard.id, "sms", "finalement je viens")  # type: ignore[union-attr]
        assert await site.relais.talk.answers.confirm(connection, mine, said_so) == "again"
    site.upstream.gate.set()
    await telling
    later(LADDER_SECONDS[0] + 1)
    await site.relais.write_back.send_due()
    assert (await state(site))[0::2] == ("failed", "unknown")
    assert (await said(site), [task.reason for task in await site.tasks()]) == ([], ["appointment_move"])
    assert await site.reminders() == PLANNED
