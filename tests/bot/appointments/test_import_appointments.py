"""A file of appointments is read whatever program wrote it, row by row, and taken in once."""

from __future__ import annotations

from datetime import time

import pytest
from openpyxl import Workbook

from bot.appointment_models import appointment, intake, person, reminder
from bot.models import task
from tests.bot.appointments.conftest import in_days
from tests.bot.appointments.desk import HEAD, Desk, day, line


async def test_a_dry_run_shows_each_row_and_keeps_nothing(desk: Desk) -> None:
    """Neither the appointment, nor the person, nor a reminder, nor a task."""
    said = await desk.give(f"{HEAD}\n{line()}\n{line('Karim', '0478000000')}\n", apply=False)
    assert said[0] == f"ligne 2  A.  nouveau  {day(20)} 14:30"
    assert said[1] == "ligne 3  erreur  téléphone : un fixe ne reçoit pas de SMS, il faut un mobile"
    assert said[2] == "2 lignes : 1 nouveau, 1 erreur."
    assert [await desk.rows(table) for table in (appointment, person, reminder, intake, task)] == [[]] * 5


async def test_the_dry_run_says_what_the_import_then_does(desk: Desk) -> None:
    """Row for row: new, moved, cancelled, same."""
    await desk.give(f"{HEAD};Statut\n{line()};\n{line('Karim')};\n{line('Sonia')};\n")
    newer = f"{HEAD};Statut\n{line(days=25)};\n{line('Karim')};annulé\n{line('Sonia')};\n{line('Ali')};\n"
    said = await desk.give(newer, apply=False)
    assert [one.split("  ")[2] for one in said[:4]] == ["déplacé", "annulé", "inchangé", "nouveau"]
    assert f"{day(20)} 14:30 → {day(25)} 14:30" in said[0]
    assert (await desk.give(newer))[0] == said[4] == "4 lignes : 1 nouveau, 1 déplacé, 1 annulé, 1 inchangé."


async def test_the_same_file_again_changes_nothing(desk: Desk) -> None:
    """Not a row, not a reminder, not even its date of change."""
    content = f"{HEAD}\n{line()}\n{line('Karim')}\n"
    await desk.give(content)
    before = (await desk.rows(), await desk.rows(reminder))
    assert (await desk.give(content))[0] == "2 lignes : 2 inchangés."
    assert (await desk.rows(), await desk.rows(reminder)) == before


async def test_no_name_and_no_number_is_printed(desk: Desk) -> None:
    """A row is found again by its number and an initial."""
    said = "\n".join(await desk.give(f"{HEAD}\n{line()}\n{line('Karim', '+49 30 123456')}\n", apply=False))
    assert not any(word in said for word in ("Amina", "Karim", "98 00 01", "123456", "639980001"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
async def test_any_encoding_and_delimiter(desk: Desk, encoding: str, delimiter: str) -> None:
    """As spreadsheets write them."""
    content = f"{HEAD}\n{line('Zoé')}\n".replace("Métropole, Bron", "Métropole").replace(";", delimiter)
    await desk.give(content.encode(encoding))
    assert [row.place for row in await desk.rows()] == ["Maison de la Métropole"]


async def test_excel_with_dates_and_with_texts(desk: Desk) -> None:
    """Real dates, an hour of its own, texts, a number for a phone, and the sheet that is asked for."""
    book = Workbook()
    book.create_sheet("RDV").append(HEAD.split(";"))
    when = in_days(20)
    plain = when.replace(tzinfo=None)
    book["RDV"].append(["Amina", 639980001, plain.replace(hour=0), time(14, 30), "Bron", "MDM", "Orientation"])
    book["RDV"].append([])
    book["RDV"].append(["Karim", "06 39 98 00 02", day(20), "14:30", "Bron", "MDM", "Orientation"])
    book["RDV"].append(["Ali", "+33639980003", plain.replace(minute=30), None, "Bron", "MDM", "Orientation"])
    book["RDV"].append(["Zoé", 33639980004, plain, "=1+1", "Bron", "MDM", "Orientation"])
    file = desk.folder / "rdv.xlsx"
    book.save(file)
    said = await desk.run(file, sheet="RDV")
    assert said[-2:] == ["4 lignes : 4 nouveaux.", "Rappels qui partiront dans les 24 heures : 0."], said
    assert {row.starts_at for row in await desk.rows()} == {when.replace(minute=30), when}
    assert (await desk.run(file, sheet="Feuil9"))[0].endswith("n'a pas de feuille « Feuil9 ». Il a : Sheet, RDV.")


WRONG: dict[str, tuple[dict[str, str], str]] = {
    "31/02": ({"Date": "31/02/2027"}, "cette date n'existe pas"),
    "month first": ({"Date": "12/25/2026"}, "le jour d'abord"),
    "two digits": ({"Date": "03/12/26"}, "en quatre chiffres"),
    "a number": ({"Date": "46360"}, "format date"),
    "words": ({"Date": "bientôt"}, "écrivez par exemple 03/12/2026"),
    "no date": ({"Date": ""}, "date : elle manque"),
    "past": ({"Date": "03/12/2020"}, "elle est passée"),
    "far": ({"Date": "03/12/2031"}, "plus de deux ans"),
    "no hour": ({"Heure": ""}, "heure : elle manque"),
    "25 h": ({"Heure": "25h00"}, "écrivez par exemple 14:30"),
    "skipped": ({"Date": "28/03/2027", "Heure": "02:30"}, "n'existe pas, on passe à l'heure d'été"),
    "twice": ({"Date": "31/10/2027", "Heure": "02:30"}, "T02:30+02:00 ou 2027-10-31T02:30+01:00"),
    "zone": ({"Fuseau": "Europe/Lyon"}, "fuseau « Europe/Lyon » inconnu"),
    "no phone": ({"Téléphone": ""}, "téléphone : il manque"),
    "no number": ({"Téléphone": "voir dossier"}, "ce n'est pas un numéro"),
    "landline": ({"Téléphone": "04 78 00 00 00"}, "un fixe"),
    "foreign": ({"Téléphone": "+49 1512 3456789"}, "étranger"),
    "no name": ({"Prénom": ""}, "prénom : il manque"),
    "formula": ({"Lieu": "=A1"}, "formule"),
    "error": ({"Lieu": "#REF!"}, "cellule en erreur"),
    "status": ({"Statut": "peut-être"}, "statut"),
    "medium": ({"Mode": "pigeon"}, "mode"),
    "duration": ({"Durée": "longtemps"}, "durée"),
    "language": ({"Langue": "klingon"}, "langue"),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_row_is_told_and_the_others_go_on(desk: Desk, name: str) -> None:
    """What is wrong is said with its cure, on that row only."""
    changes, reason = WRONG[name]
    cells = {**dict(zip(HEAD.split(";"), line().split(";"), strict=True)), **changes}
    extra = [column for column in cells if column not in HEAD.split(";")]
    head = ";".join([HEAD, *extra])
    more = ";" * len(extra)
    content = f"{head}\n{line('Ali')}{more}\n{';'.join(cells.values())}\n{line('Zoé')}{more}\n"
    said = await desk.give(content)
    assert said[0].startswith("ligne 3  erreur"), said
    assert reason in said[0]
    assert (said[1], desk.code) == ("3 lignes : 2 nouveaux, 1 erreur.", 1)
    assert len(await desk.rows()) == 2
