"""No text that tells what somebody lives on, or threatens them, is kept, whatever source it comes from."""

from __future__ import annotations

import pytest

from bot.appointment_models import appointment, reminder, session
from tests.bot.appointments.conftest import Office, in_days
from tests.bot.appointments.desk import HEAD, Desk, day, line

WHY = "pas gardé, un de ses mots ne se dit pas dans un SMS (une aide reçue, une sanction)"


@pytest.mark.parametrize(
    "words",
    ["Pôle RSA, Bron", "Salle R.S.A.", "R\u00adSA", "ＲＳＡ", "Bureau des Sanctions", "Accueil BRSA",
     "Bâtiment B R.S.A.", "Espace 3 R.S.A.", "Bureau du revenu de solidarité active", "Unité des pénalités"],
)  # fmt: skip
async def test_a_place_that_says_too_much_is_not_kept(desk: Desk, words: str) -> None:
    """The row goes on, with its reminders, and says so: in the dry run as well, and each time."""
    content = f"{HEAD}\n{line().replace('Maison de la Métropole, Bron', words)}\n"
    said = await desk.give(content, apply=False)
    assert said[0] == f"ligne 2  A.  nouveau  {day(20)} 14:30  lieu : {WHY}"
    assert (await desk.give(content))[:2] == [said[0], "1 ligne : 1 nouveau."]
    assert "1 ligne : 1 inchangé." in await desk.give(content)
    assert [row.place for row in await desk.rows()] == [""]
    assert len(await desk.rows(reminder)) == 3


async def test_all_texts_of_a_row_are_judged(desk: Desk) -> None:
    """Those that may be said are kept; the structure is never said, and chooses the plan."""
    head = f"{HEAD};À apporter;Téléphone structure"
    text = f"{line().replace('MDM Bron', 'Pôle RSA')};Attestation RSA;04 65 71 00 12"
    said = await desk.give(f"{head}\n{text}\n")
    assert said[0].endswith(f"à apporter : {WHY}")
    [row] = await desk.rows()
    assert (row.place, row.bring, row.structure, row.phone) == (
        "Maison de la Métropole, Bron",
        "",
        "Pôle RSA",
        "04 65 71 00 12",
    )


async def test_a_session_keeps_no_such_text_either(desk: Desk) -> None:
    """Its accessibility as well."""
    head = "Identifiant;Date;Heure;Places;Lieu;Accessibilité;À apporter"
    said = await desk.give_sessions(f"{head}\nS1;{day(20)};9h;12;Espace RSA;Entrée du service RSA;Une pièce\n")
    assert said[0].endswith(f"lieu, accessibilité : {WHY}")
    [row] = await desk.rows(session)
    assert (row.place, row.accessibility, row.bring) == ("", "", "Une pièce")


async def test_what_was_kept_before_is_dropped(office: Office) -> None:
    """A text of an earlier day that may not be said does not stay because nothing replaces it."""
    await office.take()
    async with office.database.begin() as connection:
        await connection.execute(appointment.update().values(bring="Attestation RSA"))
    taken = await office.take(starts_at=in_days(20), bring="Attestation RSA")
    assert (taken.change, taken.unsaid) == ("changed", ("bring",))
    assert [row.bring for row in await office.appointments()] == [""]
