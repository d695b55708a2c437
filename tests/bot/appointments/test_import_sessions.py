"""A file of collective sessions: each once by its identifier, and what is booked on one follows it."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import update

from bot import clock
from bot.appointment_models import appointment, intake, reminder, session
from bot.appointments.facts import Facts
from bot.assembly import Relais
from tests.bot.appointments.conftest import in_days
from tests.bot.appointments.desk import Desk, day

HEAD = "Identifiant;Date;Heure;Places;Lieu;Commune;Structure;Langues;Accessibilité;À apporter;Annulée"


def row(own: str = "S1", days: int = 20, seats: str = "12", off: str = "") -> str:
    return f"{own};{day(days)};14h30;{seats};Salle A, Bron;Bron;MDM Bron;français et arabe;rampe;pièce;{off}"


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


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        (row(own=""), "identifiant : il manque"),
        (row(seats="beaucoup"), "places « beaucoup »"),
        (row(seats="-1"), "places"),
        (row(off="peut-être"), "écrivez oui ou non"),
        (row(days=-2), "elle est passée"),
        (row().replace("Bron;MDM", "Atlantide;MDM"), "commune « Atlantide »"),
        (row().replace("arabe", "klingon"), "langue « klingon »"),
        (row("S0"), "en double avec la ligne 2"),
    ],
)
async def test_a_wrong_session_is_told_and_the_others_go_on(desk: Desk, wrong: str, reason: str) -> None:
    """As for appointments: a sentence on that row only."""
    said = await desk.give_sessions(f"{HEAD}\n{row('S0')}\n{wrong}\n{row('S9')}\n")
    assert said[0].startswith("ligne 3  erreur")
    assert reason in said[0]
    assert len(await desk.rows(session)) == 2
