"""The same person again, a newer list, an import cut off: what a file may change, and what it may not."""

from __future__ import annotations

import contextlib
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook
from sqlalchemy import select, text, update

from bot import clock
from bot.appointment_models import appointment, appointment_event, intake, reminder
from bot.appointments import admission
from bot.appointments.files import taking
from bot.appointments.files.columns import Columns, Legend
from bot.appointments.files.faults import BadFile
from bot.appointments.files.reading import read
from bot.appointments.files.rows import Rows
from bot.keys import Keys
from bot.models import task
from bot.ring import new_key
from bot.settings import ROOT
from bot.vault import Vault
from tests.bot.appointments.desk import HEAD, Desk, day, line

DEMO = ROOT / "knowledge" / "demo"


async def test_what_the_person_cancelled_stays_cancelled(desk: Desk) -> None:
    """A list that was written before they told us does not undo it; another date begins anew."""
    content = f"{HEAD};Statut\n{line()};prévu\n{line('Karim')};\n"
    await desk.give(content)
    async with desk.database.begin() as connection:
        told = {"status": "excused", "answered_at": clock.now(), "answered_how": "sms"}
        await connection.execute(update(appointment).values(told))
    assert (await desk.give(content))[0] == "2 lignes : 2 inchangés."
    assert (await desk.give(f"{HEAD}\n{line(days=30)}\n"))[0] == "1 ligne : 1 déplacé."
    assert sorted(row.status for row in await desk.rows()) == ["excused", "unknown"]


async def test_a_service_that_takes_its_cancelling_back_is_heard(desk: Desk) -> None:
    """« annulé », then « prévu »: on again, and reminded again; an empty cell says nothing."""
    head = f"{HEAD};Statut"
    await desk.give(f"{head}\n{line()};annulé\n")
    assert (await desk.give(f"{head}\n{line()};\n"))[0] == "1 ligne : 1 inchangé."
    assert (await desk.give(f"{head}\n{line()};prévu\n"))[0] == "1 ligne : 1 changé."
    assert {row.state for row in await desk.rows(reminder)} == {"planned"}


async def test_how_a_past_one_went_may_be_told(desk: Desk) -> None:
    """A date that has passed is refused, unless the row says whether the person came."""
    past = line().replace(day(20), day(-3))
    said = await desk.give(f"{HEAD};Statut\n{past};venu\n{past.replace('Amina', 'Ali')};\n")
    assert said[:2] == ["ligne 3  erreur  date : elle est passée", "2 lignes : 1 nouveau, 1 erreur."]


async def test_a_double_in_one_file_is_told(desk: Desk) -> None:
    """The same row twice; another date for one person needs an identifier, and has it then."""
    said = await desk.give(f"{HEAD}\n{line()}\n{line('AMINA')}\n{line(days=30)}\n", apply=False)
    assert said[1] == "ligne 3  erreur  en double avec la ligne 2"
    assert "ligne 2 : ajoutez une colonne Identifiant" in said[2]
    said = await desk.give(f"{HEAD};Identifiant\n{line()};1\n{line(days=30)};2\n")
    assert said[0] == "2 lignes : 2 nouveaux."


async def test_the_own_identifier_follows_a_new_number(desk: Desk) -> None:
    """With an identifier the phone may be mended: the appointment stays the same one."""
    await desk.give(f"{HEAD};Identifiant\n{line()};7\n")
    said = await desk.give(f"{HEAD};Identifiant\n{line(phone='06 39 98 00 09')};7\n")
    assert said[0] == "1 ligne : 1 changé."
    assert len(await desk.rows()) == 1


async def test_overseas_mobiles_are_taken_and_noted(desk: Desk) -> None:
    """They are French numbers; whoever sends the file sees that they are far away."""
    said = await desk.give(f"{HEAD};Fuseau\n{line(phone='0692 12 34 56')};Indian/Reunion\n", apply=False)
    assert said[0].endswith("numéro d'outre-mer")
    assert "nouveau" in said[0]


async def test_what_a_newer_file_lacks_is_told_and_removed_only_when_asked(desk: Desk) -> None:
    """Of the same structures alone; and never while a row that was refused may be the one."""
    other = line("Zoé").replace("MDM Bron", "MDM Lyon 8")
    await desk.give(f"{HEAD}\n{line()}\n{line('Karim')}\n{other}\n")
    newer = f"{HEAD}\n{line()}\n"
    assert (await desk.give(newer))[0] == f"absent du fichier  {day(20)} 14:30  MDM Bron"
    faulty = newer + line("Karim", "12") + "\n"
    said = await desk.give(faulty, remove_missing=True)
    assert "Rien n'a été retiré : une ligne refusée est peut-être l'un des rendez-vous absents." in said
    said = await desk.give(newer, remove_missing=True, apply=False)
    assert said[1] == f"retiré  {day(20)} 14:30  MDM Bron"
    assert not any(row.removed_at for row in await desk.rows())
    await desk.give(newer, remove_missing=True)
    assert [row.removed_at is not None for row in await desk.rows()].count(True) == 1
    assert [row.what for row in await desk.rows(appointment_event)].count("removed") == 1
    assert (await desk.give(f"{HEAD}\n{line()}\n{line('Karim')}\n"))[0] == "2 lignes : 1 changé, 1 inchangé."


async def test_the_sample_is_read_by_its_mapping(desk: Desk) -> None:
    """The file and the mapping that the documentation shows."""
    desk.at(datetime(2026, 11, 24, 12))
    said = await desk.run(DEMO / "rendez-vous.csv", mapping=str(DEMO / "colonnes.yml"))
    assert [one.split("  ")[0] for one in said[:4]] == ["ligne 5", "ligne 6", "ligne 7", "ligne 8"]
    assert said[4] == "7 lignes : 3 nouveaux, 4 erreurs."
    rows = await desk.rows()
    assert {(row.kind, row.duration_min, row.phone, row.structure) for row in rows} == {
        ("orientation", 45, "04 65 71 00 99", "Maison de la Métropole de Bron"),
        ("follow_up", 45, "04 65 71 00 99", "Maison de la Métropole de Bron"),
    }


@pytest.mark.parametrize(
    ("motive", "kind"),
    [
        ("RDV d'orientation", "orientation"),
        ("RIO", "orientation"),
        ("Entretien de suivi", "follow_up"),
        ("follow_up", "follow_up"),
        ("Workshop", "workshop"),
        ("rsa_orientation", "orientation"),
        ("Permanence", "other"),
        ("", "other"),
    ],
)
async def test_a_motive_is_understood_as_a_connectors_is(desk: Desk, motive: str, kind: str) -> None:
    """By the same words; our own words and the categories of RDV-Insertion as well."""
    await desk.give(f"{HEAD}\n{line().replace('Orientation', motive)}\n")
    assert [row.kind for row in await desk.rows()] == [kind]


async def test_two_motives_of_one_kind_are_two_appointments(desk: Desk) -> None:
    """Who wrote them meant two: what tells one from the other is what is written."""
    rows = [line().replace("Orientation", motive) for motive in ("Suivi social", "Suivi emploi")]
    assert (await desk.give("\n".join([HEAD, *rows])))[0] == "2 lignes : 2 nouveaux."


@pytest.mark.parametrize(
    ("mapping", "reason"),
    [
        ("columns: {phone: Portable}", "La colonne « Portable » (phone) n'est pas dans le fichier. Il a : « Prénom »"),
        ("columns: {fone: Téléphone}", "Le champ « fone » est inconnu"),
        ("colonnes: {}", "« colonnes » est inconnu"),
        ("columns: [a", "ne se lit pas"),
        ("zone: Europe/Lyon", "fuseau « Europe/Lyon » inconnu"),
    ],
)
async def test_a_wrong_mapping_is_told(desk: Desk, mapping: str, reason: str) -> None:
    """By the name of the column, with the headers that there are; nothing changes."""
    file = desk.folder / "map.yml"
    file.write_text(mapping)
    said = await desk.give(f"{HEAD}\n{line()}\n", mapping=str(file))
    assert said[0].startswith("Rien n'a changé : ")
    assert reason in said[0]
    assert await desk.rows() == []


async def test_a_missing_column_is_told_with_the_headers_found(desk: Desk) -> None:
    """Whoever sent the file sees what we saw."""
    said = await desk.give("Prénom;Jour;Ville\nAmina;03/12/2026;Bron\n")
    assert said == [
        "Rien n'a changé : Aucune colonne pour « phone ». Le fichier a : « Prénom », « Jour », « Ville ». "
        "Renommez-en une, ou donnez un fichier --mapping."
    ]


BAD = {
    "a book named csv": ("rdv.csv", b"PK\x03\x04rest", "en fait un classeur Excel"),
    "a csv named book": ("rdv.xlsx", HEAD.encode(), "n'est pas un classeur Excel"),
    "an old book": ("rdv.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "ancien classeur"),
    "a broken book": ("rdv.xlsx", b"PK\x03\x04" + b"0" * 200, "ne se lit pas comme un classeur"),
    "a page": ("rdv.csv", b"<!DOCTYPE html><html>", "page web"),
    "a pdf": ("rdv.csv", b"%PDF-1.7 ...", "n'est pas un fichier CSV"),
    "binary": ("rdv.csv", b"a;b\n\x00\x01\x02", "n'est pas un fichier CSV"),
    "empty": ("rdv.csv", b"", "est vide"),
    "blank": ("rdv.csv", b"\n\n ; ; \n", "est vide"),
    "another kind": ("rdv.ods", b"PK\x03\x04", "il faut un fichier .csv ou .xlsx"),
    "open quote": ("rdv.csv", f'{HEAD}\n"Amina{chr(10)}'.encode() + b"x;y;z\n" * 40, "un guillemet s'ouvre"),
    "headers twice": ("rdv.csv", f"{HEAD};Téléphone\n{line()};1\n".encode(), "est là deux fois"),
}


@pytest.mark.parametrize("name", BAD)
async def test_a_file_that_is_not_what_its_name_says(desk: Desk, name: str) -> None:
    """One sentence with the cure, and nothing changes."""
    file, content, reason = BAD[name]
    said = await desk.give(content, file)
    assert (len(said), desk.code, await desk.rows()) == (1, 1, [])
    assert reason in said[0], said


async def test_a_file_that_is_not_there(desk: Desk) -> None:
    """As one that cannot be read."""
    assert "ne s'ouvre pas" in (await desk.run(desk.folder / "rien.csv"))[0]


async def test_slipped_cells_line_breaks_and_empty_lines(desk: Desk) -> None:
    """A row that has slipped is refused, a cell on two lines is one line, empty lines do not count."""
    broken = line("Zoé").replace("Maison de la Métropole, Bron", '"Maison\nde la Métropole"')
    said = await desk.give(f"sep=;\r\n{HEAD}\r\n\r\n;;;;;;\r\n{line()};;de trop\r\n{broken}\r\n")
    assert said[0].startswith("ligne 5  erreur  plus de cellules")
    assert [row.place for row in await desk.rows()] == ["Maison de la Métropole"]


async def test_a_surname_is_never_kept(desk: Desk) -> None:
    """Capitals tell it; what could be either is refused."""
    head = HEAD.replace("Prénom", "Nom et prénom")
    names = ["EXEMPLE Amina", "Amina EXEMPLE", "Amina", "Amina Exemple", "AMINA EXEMPLE", "EXEMPLE Anne Marie"]
    content = "\n".join([head, *(line(name, f"06 39 98 00 1{n}") for n, name in enumerate(names))])
    said = await desk.give(content, apply=False)
    assert [one.split("  ")[1] for one in said[:6]] == ["A.", "A.", "erreur", "erreur", "erreur", "A."]


async def test_cut_off_in_the_middle_it_waits_and_the_next_ends_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was taken in stays, nothing of it is sent, a task says so; the same command again goes on."""
    monkeypatch.setattr(taking, "BATCH", 2)
    content = "\n".join([HEAD, *(line("Amina", f"06 39 98 00 1{n}") for n in range(6))])
    async with desk.database.begin() as connection:
        await connection.execute(
            text(
                "CREATE FUNCTION fail() RETURNS trigger AS $$ BEGIN IF (SELECT count(*) FROM appointment) > 3"
                " THEN RAISE 'the disk is full'; END IF; RETURN NEW; END $$ LANGUAGE plpgsql"
            )
        )
        await connection.execute(
            text("CREATE TRIGGER fail BEFORE INSERT ON appointment FOR EACH ROW EXECUTE FUNCTION fail()")
        )
    try:
        with pytest.raises(Exception, match="the disk is full"):
            await desk.give(content)
    finally:
        async with desk.database.begin() as connection:
            await connection.execute(text("DROP FUNCTION fail CASCADE"))
    assert len(await desk.rows()) == 4
    assert [row.held_at is not None for row in await desk.rows(intake)] == [True]
    assert [row.reason for row in await desk.rows(task) if row.closed_at is None] == ["import_unfinished"]
    assert (await desk.give(content))[0] == "6 lignes : 2 nouveaux, 4 inchangés."
    assert [row.held_at for row in await desk.rows(intake)] == [None, None]
    assert [row for row in await desk.rows(task) if row.closed_at is None] == []


async def test_one_import_at_a_time(desk: Desk) -> None:
    """A second one would take the first for one that was cut off."""
    async with desk.database.engine.connect() as other:
        await other.execute(text("SELECT pg_advisory_lock(7304115)"))
        assert "Un autre import est en cours" in (await desk.give(f"{HEAD}\n{line()}\n"))[0]
        await other.execute(text("SELECT pg_advisory_unlock(7304115)"))


async def test_reminders_due_soon_are_counted(desk: Desk) -> None:
    """Those of this file alone: of what it brings and of what it moves."""
    desk.at(datetime(2026, 11, 24, 9))
    await desk.give(f"{HEAD}\n{line('Zoé', days=7)}\n")
    moved = f"{HEAD}\n{line('Zoé', days=2)}\n{line(days=2)}\n"
    dry = (await desk.give(moved, apply=False))[3]
    assert dry == "Rappels qui partiraient dans les 24 heures : 2."
    assert (await desk.give(moved))[1] == "Rappels qui partiront dans les 24 heures : 2."
    last = max(await desk.rows(intake), key=lambda row: row.created_at).id
    async with desk.database.begin() as connection:
        of = select(reminder.c.intake_id).where(reminder.c.state == "planned").distinct()
        assert list(await connection.scalars(of)) == [last]


async def test_a_file_that_would_send_much_waits_for_a_yes(desk: Desk) -> None:
    """Above the set number its reminders are held, by a task of their own; a smaller file is not."""
    desk.at(datetime(2026, 11, 24, 9))
    desk.settings = desk.settings.model_copy(update={"reminders_ask_above": 1})
    content = f"{HEAD}\n{line(days=2)}\n"
    await desk.give(content)
    larger = f"{content}{line('Zoé', days=2)}\n{line('Ali', days=2)}\n"
    said = await desk.give(larger, apply=False)
    assert "C'est beaucoup : ils attendraient l'accord d'une personne (python -m bot tasks list)." in said
    assert "C'est beaucoup" not in "".join(await desk.give(content, apply=False))
    said = await desk.give(larger)
    assert "C'est beaucoup : ils attendent l'accord d'une personne (python -m bot tasks list)." in said
    assert [row.held_at is not None for row in sorted(await desk.rows(intake), key=lambda row: row.created_at)] == [
        False,
        True,
    ]
    assert [row.reason for row in await desk.rows(task) if row.closed_at is None] == ["intake_held"]


ANY_CELL = st.one_of(
    st.none(),
    st.text(max_size=30),
    st.datetimes(),
    st.times(),
    st.integers(),
    st.floats(allow_nan=False),
    st.from_regex(r"\d{1,2}[/.\- ]\d{1,2}[/.\- ]\d{2,4}( \d{1,2}[h:]\d{0,2})?", fullmatch=True),
    st.from_regex(r"(\+33|0033|0|33)?[1-9]( ?\d\d){4}", fullmatch=True),
    st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d(Z|[+-]\d\d:\d\d)", fullmatch=True),
)


@given(row=st.lists(ANY_CELL, min_size=7, max_size=7))
@settings(max_examples=600, deadline=None)
def test_any_cell_is_understood_or_refused(row: list[Any]) -> None:
    """Whatever stands in a row, it is facts with an aware date to come, or one sentence."""
    names = ("first_name", "phone", "starts_at", "hour", "duration_min", "zone", "status")
    columns = Columns(len(names), {name: at for at, name in enumerate(names)}, Legend())
    now = clock.now()
    try:
        facts = Rows(columns, VAULT, "Europe/Paris", now).given(2, tuple(row)).facts
    except ValueError as refused:
        assert type(refused).__name__ in ("BadRow", "Refused"), refused
        assert "\n" not in str(refused)
        return
    assert facts.starts_at.utcoffset() is not None
    assert facts.starts_at <= now + timedelta(days=731)
    assert facts.phone.startswith("+")


ZONES = ("Europe/Paris", "UTC", "Pacific/Kiritimati", "Etc/GMT+12", "America/St_Johns", "Africa/Monrovia")


@given(wall=st.datetimes(), zone=st.sampled_from(ZONES), known_how=st.booleans())
@settings(max_examples=600, deadline=None)
@example(wall=datetime.min, zone="Pacific/Kiritimati", known_how=True)
@example(wall=datetime.max, zone="Etc/GMT+12", known_how=True)
def test_any_date_of_any_zone_is_timely_or_refused(wall: datetime, zone: str, known_how: bool) -> None:
    """From the first day of the calendar to its last: one sentence, or a date that every zone can show."""
    now = clock.now()
    try:
        starts_at = admission.timely(admission.on_the_wall(wall, zone), now, known_how=known_how)
    except admission.Refused as refused:
        assert str(refused).startswith(("date : ", f"{wall:%d/%m/%Y} : "))
        return
    assert abs(starts_at.astimezone(clock.UTC) - now) < timedelta(days=3700)


@given(wall=st.datetimes(), offset=st.timedeltas(-timedelta(hours=23, minutes=59), timedelta(hours=23, minutes=59)))
@settings(max_examples=600, deadline=None)
@example(wall=datetime.min, offset=timedelta(hours=14))
@example(wall=datetime.max, offset=-timedelta(hours=12))
def test_any_date_with_its_offset_is_timely_or_refused(wall: datetime, offset: timedelta) -> None:
    """As programs write them."""
    now = clock.now()
    with contextlib.suppress(admission.Refused):
        starts_at = admission.timely(wall.replace(tzinfo=timezone(offset)), now, known_how=True)
        assert abs(starts_at.astimezone(clock.UTC) - now) < timedelta(days=3700)


@pytest.mark.parametrize("written", ["01/01/0001", "31/12/9999"])
@pytest.mark.parametrize("zone", ["Europe/Paris", "Pacific/Kiritimati", "Etc/GMT+12"])
async def test_a_year_that_nobody_lives_in_is_refused(desk: Desk, written: str, zone: str) -> None:
    """Even for one of which it is told how it went."""
    head = f"{HEAD};Fuseau;Statut"
    hours = (("Amina", "00h00"), ("Karim", "23h59"))
    rows = [line(name, hour=hour).replace(day(20), written) for name, hour in hours]
    said = await desk.give("\n".join([head, *(f"{row};{zone};venu" for row in rows), f"{line('Ali')};;"]))
    assert [one.split(" : ")[0] for one in said[:2]] == ["ligne 2  erreur  date", "ligne 3  erreur  date"]
    assert said[2] == "3 lignes : 1 nouveau, 2 erreurs."


VAULT = Vault(Keys(new_key(), new_key(), ""))


@given(
    st.datetimes(datetime(2026, 12, 1), datetime(2028, 11, 1)),
    st.sampled_from(["%d/%m/%Y %Hh%M", "%d/%m/%Y %H:%M", "%Y-%m-%d %H:%M", "%d.%m.%Y à %H h %M", "%Y-%m-%dT%H:%M"]),
)
@settings(max_examples=300, deadline=None)
def test_a_written_date_is_read_as_it_was_meant(wall: datetime, shape: str) -> None:
    """Day first or year first, with any sign, at any hour: never another instant."""
    columns = Columns(3, {"first_name": 0, "phone": 1, "starts_at": 2}, Legend())
    rows = Rows(columns, VAULT, "Europe/Paris", datetime(2026, 11, 24, tzinfo=clock.UTC))
    try:
        facts = rows.given(2, ("Amina", "0639980001", wall.strftime(shape))).facts
    except ValueError as refused:
        assert "on passe à l'heure" in str(refused)
        return
    assert facts.starts_at.replace(tzinfo=None) == wall.replace(second=0, microsecond=0)


def test_a_book_that_breaks_off_says_where(tmp_path: Path) -> None:
    """Its first rows are given; the fault names the last one that could be read."""
    import zipfile

    book = Workbook()
    for n in range(400):
        book.active.append([f"cell {n}", n])
    whole, cut = tmp_path / "whole.xlsx", tmp_path / "cut.xlsx"
    book.save(whole)
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(cut, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, content[: len(content) // 2] if name.endswith("sheet1.xml") else content)
    with pytest.raises(BadFile, match=r"abîmé après la ligne \d{2,3}"):
        list(read(cut).rows)
