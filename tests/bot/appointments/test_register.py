"""What the sources tell is taken in once, the newest word wins, and the reminders follow."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot import clock, vault
from bot.appointment_models import appointment, appointment_event, person, reminder
from tests.bot.appointments.conftest import Office, in_days

PLANNED = [("j7", "planned", ""), ("j2", "planned", ""), ("j0", "planned", "")]


def dropped(reason: str) -> list[tuple[str, str, str]]:
    return [(kind, "skipped", reason) for kind, _, _ in PLANNED]


async def test_an_appointment_is_taken_in_with_its_reminders(office: Office) -> None:
    """New to us: a row, an event, three reminders."""
    assert (await office.take()).change == "new"
    assert await office.reminders() == PLANNED
    assert await office.events() == ["new"]


async def test_a_repeat_changes_nothing(office: Office) -> None:
    """However often a source says the same."""
    when = in_days(20)
    changes = [(await office.take(starts_at=when)).change for _ in range(3)]
    assert changes == ["new", "same", "same"]
    assert (await office.reminders(), await office.events()) == (PLANNED, ["new"])


async def test_an_older_word_changes_nothing(office: Office) -> None:
    """Webhooks come out of order."""
    await office.take(starts_at=in_days(30))
    late = await office.take(starts_at=in_days(10), told_at=clock.now() - timedelta(hours=1))
    assert late.change == "old"
    assert await office.reminders() == PLANNED


async def test_moved_is_planned_anew_and_moved_back_as_well(office: Office) -> None:
    """The reminders of the old date are superseded; back on it, they are taken up again."""
    here, there = in_days(20), in_days(30)
    await office.take(starts_at=here)
    assert (await office.take(starts_at=there)).change == "moved"
    assert await office.reminders() == dropped("moved") + PLANNED
    await office.take(starts_at=here)
    assert await office.reminders() == PLANNED + dropped("moved")
    assert await office.events() == ["new", "moved", "moved"]


async def test_cancelled_has_no_reminder(office: Office) -> None:
    """Neither by the person nor by the service; on again, it has."""
    await office.take(status="revoked")
    assert await office.reminders() == []
    await office.take(status="unknown")
    assert await office.reminders() == PLANNED
    await office.take(status="excused")
    assert await office.reminders() == dropped("called off")


async def test_two_on_one_phone_are_two_people(office: Office) -> None:
    """A couple shares a number; « amína » and « Amina » are one."""
    await office.take()
    await office.take(source_id="A2", first_name="Karim")
    await office.take(source_id="A3", first_name="amína", phone="+33 6 39 98 00 01")
    assert len(await office.rows(person)) == 2


async def test_a_landline_is_kept_with_its_fault(office: Office) -> None:
    """The appointment is real, even where no SMS can reach the person."""
    taken = await office.take(phone="04 78 00 00 00")
    assert (taken.person.phone, taken.person.phone_fault) == ("+33478000000", "landline")


async def test_a_source_that_begins_to_remind_by_itself_is_left_to_it(office: Office) -> None:
    """And when it no longer does, its day is ours again."""
    when = in_days(20)
    theirs = [("j7", "planned", ""), ("j2", "skipped", "reminded upstream"), ("j0", "planned", "")]
    await office.take(starts_at=when)
    await office.take(starts_at=when, reminded_upstream=True)
    assert await office.reminders() == theirs
    await office.take(starts_at=when, reminded_upstream=False)
    assert await office.reminders() == PLANNED


async def test_removed_from_its_source(office: Office) -> None:
    """What the source has no more is neither shown nor reminded."""
    await office.take(meeting="M1")
    await office.take(meeting="M1", source_id="A2")
    async with office.database.begin() as connection:
        gone = await office.register.remove(connection, "api", "M1", clock.now(), "api", but=("A2",))
    assert len(gone) == 1
    assert sorted(await office.reminders()) == sorted(dropped("called off") + PLANNED)


async def change_meeting(office: Office, **changes: Any) -> int:
    async with office.database.begin() as connection:
        return await office.register.change_meeting(connection, "api", "M1", clock.now(), "api", **changes)


async def test_what_the_source_has_reminded_of_is_not_reminded_of_again(office: Office, later) -> None:
    """A word of it on the eve, when two days before is over: its reminder has left, ours would be a second one."""
    when = in_days(10)
    await office.take(starts_at=when, reminded_upstream=True)
    before = await office.reminders()
    later(timedelta(days=9).total_seconds())
    await office.take(starts_at=when, reminded_upstream=True, place="Mairie de Bron")
    assert await office.reminders() == before


async def test_a_source_that_begins_to_remind_has_its_day_to_itself(office: Office) -> None:
    """A Monday at half past ten: ours of the Saturday evening, which is its day, leaves on the morning itself."""
    when = in_days(13, hour=10).replace(minute=30)
    dues = []
    for theirs in (False, True):
        await office.take(starts_at=when, reminded_upstream=theirs)
        rows = await office.rows(reminder, reminder.c.due_at)
        dues.append([(row.kind, when - row.due_at) for row in rows if row.state == "planned"][-1])
    assert dues == [("j0", timedelta(hours=40, minutes=30)), ("j0", timedelta(hours=2, minutes=30))]


async def test_their_language_is_the_one_that_was_told_last(office: Office) -> None:
    """A source that does not know it leaves what another one told."""
    spoken = []
    for language in ("", "ar", "", "uk", "fr"):
        await office.take(language=language)
        (row,) = await office.rows(person)
        spoken.append(row.language)
    assert spoken == ["fr", "ar", "ar", "uk", "fr"]


@pytest.mark.parametrize(
    ("given", "said"),
    [("Amina (RSA)", "Amina"), ("Amina BENALI", "Amina"), ("Jean Pierre", "Jean Pierre"), ("AMINA", "AMINA"),
     ("Amina - suivi BRSA", "Amina"), ("Radia", "Radia")],
)  # fmt: skip
async def test_a_first_name_alone_is_kept(office: Office, given: str, said: str) -> None:
    """Whatever source writes more in its place: no surname, nothing of their rights."""
    await office.take(first_name=given)
    (row,) = await office.rows(person)
    assert office.vault.open(vault.FIRST_NAME, row.first_name_secret) == said


@pytest.mark.parametrize("changes", [{"status": "revoked"}, {"starts_at": in_days(30)}, {"place": "Mairie de Bron"}])
async def test_who_cancelled_is_left_out_of_what_the_meeting_changes(office: Office, changes: dict[str, Any]) -> None:
    """Neither a new status, nor a date, nor an event: only the others change."""
    await office.take(meeting="M1")
    await office.take(meeting="M1", source_id="A2", status="excused")
    before = await office.appointments()
    assert await change_meeting(office, **changes) == 1
    after = {row.source_id: row for row in await office.appointments()}
    assert (after["A1"] != before[0], after["A2"]) == (True, before[1])
    events = await office.rows(appointment_event, appointment_event.c.id)
    assert [one.what for one in events if one.appointment_id == after["A2"].id] == ["new"]


async def test_meeting_that_is_on_again_has_everybody_who_did_not_say_no_to_us(office: Office) -> None:
    """The source's own word takes back the source's own; what the person told us it can not know."""
    await office.take(meeting="M1", status="excused")
    told_us = (await office.take(meeting="M1", source_id="A2")).appointment_id
    async with office.database.begin() as connection:
        said = {"status": "excused", "answered_at": clock.now(), "answered_how": "sms"}
        await connection.execute(update(appointment).where(appointment.c.id == told_us).values(**said))
    assert await change_meeting(office, status="unknown", place="Mairie de Bron") == 1
    assert [(row.status, row.place == "Mairie de Bron") for row in await office.appointments()] == [
        ("unknown", True),
        ("excused", False),
    ]


async def test_two_at_once_make_one(office: Office) -> None:
    """The same appointment told twice at the same moment."""
    when = in_days(20)
    taken = await asyncio.gather(*(office.take(starts_at=when, told_at=when) for _ in range(4)))
    assert sorted(one.change for one in taken) == ["new", "same", "same", "same"]
    assert await office.reminders() == PLANNED
