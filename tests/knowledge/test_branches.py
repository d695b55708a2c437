"""Branches: the file's check, the swap, the nearest."""

import csv
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bot.database import Database
from knowledge import branches, hours
from knowledge.branches import BadBranches, import_branches, nearest
from knowledge.branches_file import COLUMNS, TYPES, read, validate
from knowledge.places import Places

TODAY = date(2026, 11, 24)
GOOD = {
    "id": "x-1",
    "type": "ccas",
    "label": "CCAS Bron",
    "address": "1 rue de l'Exemple",
    "postal_code": "69500",
    "commune": "Bron",
    "lat": "45.7355",
    "lon": "4.9116",
    "phone": "04 65 71 00 01",
    "hours": "Mo-Fr 09:00-12:00",
    "serves": "",
    "verified_on": "2026-11-02",
    "verified_by": "Exemple",
    "fictional": "oui",
}


@pytest.fixture(scope="module")
def places() -> Places:
    return Places.from_file()


def write(path: Path, *rows: dict[str, str], delimiter: str = ";") -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write("# un commentaire\n")
        writer = csv.DictWriter(file, COLUMNS, delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_own_file_is_sound(places: Places) -> None:
    """The file that is shipped has no faulty line, every type, and examples marked as such."""
    good, faults = validate(read(branches.FILE), places, TODAY)
    assert faults == []
    assert {row["type"] for row in good} == set(TYPES)
    assert {row["fictional"] for row in good if row["id"].startswith("demo-")} == {True}
    assert all(hours.in_french(row["hours"]) for row in good)


def test_examples_have_invented_phones(places: Places) -> None:
    """Fictional branches only have numbers of the range kept for fiction."""
    good, _ = validate(read(branches.FILE), places, TODAY)
    assert all(row["phone"].startswith("+3346571") for row in good if row["fictional"])


def test_real_branches_carry_their_date_and_right_postal_codes(places: Places) -> None:
    """The twelve France services of the Métropole are real, of August 2024, with postal codes of their communes."""
    good, _ = validate(read(branches.FILE), places, TODAY)
    real = [row for row in good if not row["fictional"]]
    assert len(real) == 12
    assert {row["type"] for row in real} == {"france_services"}
    assert {row["verified_on"] for row in real} == {date(2024, 8, 1)}
    assert next(row["postal_code"] for row in real if row["id"] == "fs-953") == "69500"


def test_every_commune_is_served(places: Places) -> None:
    """Each commune and arrondissement has its own branch of the kinds that share the territory out."""
    good, _ = validate(read(branches.FILE), places, TODAY)
    metropole = {p.code for p in places._communes.values() if p.kind != "outside"} - {"69123"}
    for kind in ("mmie", "mdml", "france_travail", "mission_locale"):
        assert {code for row in good if row["type"] == kind for code in row["serves"]} == metropole


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"type": "mairie"}, "type : « mairie »"),
        ({"label": ""}, "label : il faut"),
        ({"label": "x" * 61}, "label : 60"),
        ({"hours": "lundi 9h"}, "hours : « lundi 9h »"),
        ({"lat": "abc"}, "lat, lon : il faut deux nombres"),
        ({"lat": "4.91", "lon": "45.73"}, "n'est pas dans le Rhône"),
        ({"lat": "45.58", "lon": "4.76"}, "à plus de 12 km de Bron"),
        ({"phone": "04 65"}, "phone : « 04 65 »"),
        ({"phone": "téléphone"}, "phone : « téléphone »"),
        ({"postal_code": "69008"}, "« 69008 » n'est pas à Bron (69500)"),
        ({"commune": "Marseille"}, "commune : « Marseille »"),
        ({"commune": "Gerland"}, "commune : « Gerland »"),
        ({"serves": "69029 99999"}, "serves : « 99999 »"),
        ({"verified_on": "hier"}, "verified_on : « hier »"),
        ({"verified_on": "2030-01-01"}, "est dans le futur"),
        ({"verified_by": ""}, "verified_by : il faut"),
        ({"fictional": "peut-être"}, "ni oui ni non"),
        ({"id": ""}, "id : il faut"),
    ],
)
def test_fault_is_told(places: Places, tmp_path: Path, change: dict[str, str], told: str) -> None:
    """A bad line is told by its number and its reason, and the others go on."""
    file = write(tmp_path / "b.csv", GOOD, {**GOOD, "id": "x-2", **change})
    good, faults = validate(read(file), places, TODAY)
    assert [row["id"] for row in good] == ["x-1"]
    assert [fault.line for fault in faults] == [4]
    assert told in faults[0].reason


def test_file_as_people_save_it(places: Places, tmp_path: Path) -> None:
    """Commas, a French date, a decimal comma, names of communes, a short number: all are read."""
    row = {**GOOD, "verified_on": "02/11/2026", "lat": "45,7355", "serves": "Bron|Lyon 8", "phone": "3949"}
    good, faults = validate(read(write(tmp_path / "b.csv", row, delimiter=",")), places, TODAY)
    assert faults == []
    assert (good[0]["serves"], good[0]["phone"], good[0]["lat"]) == (["69029", "69388"], "3949", 45.7355)


def test_same_id_twice(places: Places, tmp_path: Path) -> None:
    """The second line of an id is a fault."""
    _, faults = validate(read(write(tmp_path / "b.csv", GOOD, GOOD)), places, TODAY)
    assert "déjà pris" in faults[0].reason


def test_missing_column(tmp_path: Path) -> None:
    """A file without a column says which one."""
    (tmp_path / "b.csv").write_text("id;type\nx;ccas\n")
    with pytest.raises(BadBranches, match="label"):
        read(tmp_path / "b.csv")


async def load(database: Database, places: Places, source: Any = branches.FILE) -> branches.ImportReport:
    async with database.begin() as connection:
        return await import_branches(connection, source, places=places, today=TODAY)


async def test_import_counts(database: Database, places: Places) -> None:
    """The first import adds all, the second changes nothing."""
    first, second = await load(database, places), await load(database, places)
    assert (first.added, first.removed, first.faults) == (second.unchanged, 0, ())
    assert (second.added, second.changed) == (0, 0)


async def test_swap(database: Database, places: Places, tmp_path: Path) -> None:
    """A branch that left the file goes, a changed one changes, one whose line is faulty stays as it was."""
    two, three = {**GOOD, "id": "x-2"}, {**GOOD, "id": "x-3"}
    await load(database, places, write(tmp_path / "a.csv", GOOD, two, three))
    moved, broken = {**GOOD, "address": "2 rue de l'Exemple"}, {**two, "hours": "?"}
    report = await load(database, places, write(tmp_path / "b.csv", moved, broken))
    assert (report.added, report.changed, report.removed, len(report.faults)) == (0, 1, 1, 1)
    async with database.begin() as connection:
        assert (await branches.branch(connection, "x-1")).address == "2 rue de l'Exemple"  # type: ignore[union-attr]
        assert (await branches.branch(connection, "x-2")).hours == GOOD["hours"]  # type: ignore[union-attr]
        assert await branches.branch(connection, "x-3") is None


async def test_nothing_valid_changes_nothing(database: Database, places: Places, tmp_path: Path) -> None:
    """A file without one valid line is refused, and the old branches stay."""
    await load(database, places, write(tmp_path / "a.csv", GOOD))
    with pytest.raises(BadBranches):
        await load(database, places, write(tmp_path / "b.csv", {**GOOD, "type": "?"}))
    async with database.begin() as connection:
        assert await branches.branch(connection, "x-1")


async def test_who_serves_comes_before_who_is_near(database: Database, places: Places, tmp_path: Path) -> None:
    """The branch that serves the commune is first even when another one is closer."""
    near = {**GOOD, "id": "near", "serves": "69266"}
    far = {**GOOD, "id": "far", "lat": "45.70", "lon": "4.93", "serves": "69029"}
    await load(database, places, write(tmp_path / "a.csv", near, far))
    bron = places.get("69029")
    assert bron
    async with database.begin() as connection:
        found = await nearest(connection, branch_type="ccas", lat=bron.lat, lon=bron.lon, commune="69029")
        assert [b.id for b in found] == ["far", "near"]
        assert found[1].distance_km == pytest.approx(0, abs=0.1)
        found = await nearest(connection, branch_type="ccas", lat=bron.lat, lon=bron.lon)
        assert [b.id for b in found] == ["near", "far"]
        assert await nearest(connection, branch_type="mmie", lat=bron.lat, lon=bron.lon) == []


@pytest.mark.parametrize(
    ("said", "kind", "label"),
    [
        ("la Duch'", "france_services", "France services La Poste La Duchère"),
        ("Minguettes", "france_services", "France services La Poste Minguettes"),
        ("Vaulx", "france_services", "France services Pimms Vaulx-en-Velin"),
        ("lyon 8", "mmie", "MMIE Le Bachut"),
        ("Villeurban", "ccas", "CCAS Villeurbanne"),
        ("givors", "mission_locale", "Mission locale Givors"),
        ("Craponne", "france_services", "France services Pimms Vaise"),
    ],
)
async def test_nearest_as_asked(database: Database, places: Places, said: str, kind: str, label: str) -> None:
    """From what people write to the branch that they should go to."""
    await load(database, places)
    place = places.find(said)[0].places[0]
    async with database.begin() as connection:
        found = await nearest(connection, branch_type=kind, lat=place.lat, lon=place.lon, commune=place.code)
    assert found[0].label == label


async def test_lyon_is_served_by_its_arrondissements(database: Database, places: Places) -> None:
    """Someone who says only « Lyon » gets a branch of Lyon, of any kind when none is named."""
    await load(database, places)
    async with database.begin() as connection:
        found = await nearest(connection, branch_type="mdml", lat=45.758, lon=4.835, commune="69123", limit=9)
        assert {branch.commune[:4] for branch in found} == {"Lyon"}
        assert len(await nearest(connection, branch_type=None, lat=45.758, lon=4.835)) == 3
