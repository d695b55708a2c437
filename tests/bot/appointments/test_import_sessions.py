"""A file of collective sessions: each once by its identifier, and what is booked on one follows it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, text, update

from bot import clock
from bot.appointment_models import appointment, intake, reminder, session
from bot.appointments.facts import Facts
from bot.assembly import Relais
from tests.bot.appointments.conftest import in_days
from tests.bot.appointments.desk import Desk, day
from tests.bot.appointments.rooms import Rooms, noon
from tests.bot.conftest import Pipeline

HEAD = "Identifiant;Date;Heure;Places;Lieu;Commune;Structure;Langues;Accessibilité;À apporter;Annulée"


def row(own: str = "S1", days: int = 20, seats: str = "12", off: str = "", room: str = "Salle A") -> str:
    return f"{own};{day(days)};14h30;{seats};{room}, Bron;Bron;MDM Bron;français et arabe;rampe;pièce;{off}"


async def test_a_session_is_taken_in_once(desk: Desk) -> None:
    """New, the same again, moved by its identifier; a dry run keeps nothing."""
    said = await desk.give_sessions(f"{HEAD}\n{row()}\n", apply=False)
    assert said[0] == f"ligne 2  nouveau  {day(20)} 14:30"
    assert await desk.rows(session) == []
    await desk.give_sessions(f"{HEAD}\n{row()}\n")
    kept = await desk.rows(session)
    assert (kept[0].seats, kept[0].commune, kept[0].languages) == (12, "69029", ["fr", "ar"])
    assert (await desk.give_sessions(f"{HEAD}\n{row()}\n"))[0] == "1 ligne : 1 inchangé."
    assert await desk.rows(session) == kept
    said = await desk.give_sessions(f"{HEAD}\n{row(days=25, seats='10')}\n", apply=False)
    assert said[0] == f"ligne 2  déplacé  {day(20)} 14:30 → {day(25)} 14:30"


async def book(desk: Desk, session_id: UUID) -> None:
    relais = Relais.build(desk.settings, pool_size=1)
    async with relais.database.begin() as connection:
        facts = Facts(
            "relais", f"{session_id}:1", in_days(20), clock.now(), "Amina", "0639980001", meeting=str(session_id)
        )
        taken = await relais.register.take(connection, facts, how="sms")
        mine = appointment.c.id == taken.appointment_id
        await connection.execute(update(appointment).where(mine).values(session_id=session_id))
    await relais.close()


async def test_what_is_booked_follows_the_session(desk: Desk) -> None:
    """Moved, its appointments move, and their new reminders belong to the file; cancelled, they are off."""
    await desk.give_sessions(f"{HEAD}\n{row()}\n")
    await book(desk, (await desk.rows(session))[0].id)
    await desk.give_sessions(f"{HEAD}\n{row(days=30)}\n")
    assert [one.starts_at for one in await desk.rows()] == [in_days(30).replace(minute=30)]
    last = max(await desk.rows(intake), key=lambda one: one.created_at).id
    assert {one.intake_id for one in await desk.rows(reminder) if one.state == "planned"} == {last}
    said = await desk.give_sessions(f"{HEAD}\n{row(days=30, off='oui')}\n")
    assert said[0] == "1 ligne : 1 annulé."
    assert [one.status for one in await desk.rows()] == ["revoked"]
    assert [one for one in await desk.rows(reminder) if one.state == "planned"] == []


@pytest.fixture
def rooms(desk: Desk, pipeline: Pipeline) -> Rooms:
    """It is noon of a working day, at the desk as well."""
    desk.at(noon())
    return Rooms(pipeline)


async def booked(desk: Desk, rooms: Rooms) -> UUID:
    """A session of a file, on which somebody has a seat and somebody else had one, and cancelled."""
    await desk.give_sessions(f"{HEAD}\n{row()}\n")
    [kept] = await desk.rows(session)
    for number in (1, 2):
        assert (await rooms.book(kept.id, await rooms.person(number))).what == "booked"
    [gone] = await rooms.rows(appointment, appointment.c.person_id == (await rooms.person(2, writes=False)).id)
    await rooms.cancel(gone.id)
    assert await rooms.scan() == 0
    return UUID(str(gone.id))


@pytest.mark.parametrize(
    ("told", "effect", "key"),
    [
        ({"days": 30}, "déplacé", "system_session_moved"),
        ({"room": "Salle Z"}, "changé", "system_session_moved"),
        ({"off": "oui"}, "annulé", "system_session_cancelled"),
        ({"days": 30, "off": "oui"}, "annulé", "system_session_cancelled"),
    ],
)
async def test_people_are_told_once_what_a_file_changes(
    desk: Desk, rooms: Rooms, told: dict[str, Any], effect: str, key: str
) -> None:
    """Not by a dry run, not again by the same file, and never those who had cancelled: nothing of theirs changes."""
    gone = await booked(desk, rooms)
    [before] = await rooms.rows(appointment, appointment.c.id == gone)
    file = f"{HEAD}\n{row(**told)}\n"
    assert effect in (await desk.give_sessions(file, apply=False))[0]
    assert await rooms.scan() == 0
    for again in (f"1 ligne : 1 {effect}.", "1 ligne : 1 inchangé."):
        assert (await desk.give_sessions(file))[0] == again
        await rooms.scan()
    mine, other = [await rooms.told(await rooms.person(number, writes=False)) for number in (1, 2)]
    assert ([reply.key for reply in mine], other) == ([key], [])
    assert await rooms.rows(appointment, appointment.c.id == gone) == [before]


async def test_what_nobody_need_know_is_not_told(desk: Desk, rooms: Rooms) -> None:
    """More seats, another thing to bring: changed, and nobody is written to."""
    await booked(desk, rooms)
    said = await desk.give_sessions(f"{HEAD}\n{row(seats='20').replace('pièce', 'titre')}\n")
    assert (said[0], await rooms.scan()) == ("1 ligne : 1 changé.", 0)
    assert {one.bring for one in await rooms.rows(appointment, appointment.c.status == "unknown")} == {"titre"}


async def test_reminders_of_a_nearer_date_are_counted(desk: Desk, rooms: Rooms) -> None:
    """Those who are moved to tomorrow are reminded within a day, and the dry run says so, and that they would wait."""
    await booked(desk, rooms)
    desk.settings = desk.settings.model_copy(update={"reminders_ask_above": 0})
    for apply, said in ((False, "partiraient"), (True, "partiront")):
        lines = await desk.give_sessions(f"{HEAD}\n{row(days=1)}\n", apply=apply)
        assert f"Rappels qui {said} dans les 24 heures : 1." in lines
        assert "C'est beaucoup" in "".join(lines)


async def test_who_cancels_at_that_moment_stays_so(desk: Desk, rooms: Rooms) -> None:
    """The file waits for them, and then leaves them out."""
    await booked(desk, rooms)
    [mine] = await rooms.rows(appointment, appointment.c.status == "unknown")
    async with rooms.relais.database.begin() as connection:
        locked = select(appointment.c.id).where(appointment.c.id == mine.id).with_for_update()
        await connection.execute(locked)
        file = asyncio.create_task(desk.give_sessions(f"{HEAD}\n{row(off='oui')}\n"))
        while not await connection.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await asyncio.sleep(0)
        await rooms.relais.register.change(connection, mine.id, clock.now(), "sms", status="excused")
    await file
    assert {one.status for one in await desk.rows()} == {"excused"}
    await rooms.scan()
    assert await rooms.told(await rooms.person(1, writes=False)) == []


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (lambda: row(own=""), "identifiant : il manque"),
        (lambda: row(seats="beaucoup"), "places « beaucoup »"),
        (lambda: row(seats="-1"), "places"),
        (lambda: row(off="peut-être"), "écrivez oui ou non"),
        (lambda: row(days=-2), "elle est passée"),
        (lambda: row().replace("Bron;MDM", "Atlantide;MDM"), "commune « Atlantide »"),
        (lambda: row().replace("arabe", "klingon"), "langue « klingon »"),
        (lambda: row("S0"), "en double avec la ligne 2"),
    ],
)
async def test_a_wrong_session_is_told_and_the_others_go_on(desk: Desk, wrong: Callable[[], str], reason: str) -> None:
    """As for appointments: a sentence on that row only."""
    said = await desk.give_sessions(f"{HEAD}\n{row('S0')}\n{wrong()}\n{row('S9')}\n")
    assert said[0].startswith("ligne 3  erreur")
    assert reason in said[0]
    assert len(await desk.rows(session)) == 2
