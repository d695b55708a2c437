"""Importing the offer: what is taken, what is skipped and why, and what a reader sees meanwhile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from data_inclusion.schema.v1 import Categorie, Public, Thematique
from sqlalchemy import func, select, text

from bot.database import Database
from knowledge.catalogue import import_offer
from knowledge.catalogue_file import Records, structures_beside
from knowledge.catalogue_report import BadFile, EmptyOffer, NoStructures, TooFewServices
from knowledge.offer_terms import PUBLIC_BITS, need_number
from knowledge.search import search, service
from knowledge.tables import offer_import
from knowledge.tables import service as services
from knowledge.tables import structure as structures
from tests.needed import offer_sample
from tests.offer_records import NOW, TODAY, VAULX, a_service, a_structure, days_old, load, write


async def _ids(database: Database) -> set[str]:
    async with database.begin() as connection:
        return set((await connection.execute(select(services.c.id))).scalars())


async def test_takes_the_real_records_of_2024(database: Database) -> None:
    """All 529 services and 440 structures of the sample are taken, and the import is recorded."""
    seen: list[tuple[str, int, int]] = []
    sample = offer_sample()
    async with database.begin() as connection:
        report = await import_offer(connection, *sample, now=NOW, progress=lambda *step: seen.append(step))
    assert (report.services, report.structures, report.added, report.skipped) == (529, 440, 529, 0)
    assert {stage for stage, _, _ in seen} == {"structures", "services", "swap"}
    assert all(0 <= done <= whole for _, done, whole in seen)
    async with database.begin() as connection:
        recorded = (await connection.execute(select(offer_import))).one()
    assert (recorded.services, recorded.source, recorded.fictional) == (529, sample[0].name, False)


async def test_tells_why_each_bad_record_is_skipped(database: Database) -> None:
    """A bad record is skipped with its place, its id and its reason; the good ones are taken."""
    home = a_structure()
    good = a_service(home)
    bad: list[tuple[Any, str]] = [
        (a_service(home, nom="ab"), "nom: string_too_short"),
        (a_service(home, thematiques=["famille--inconnue"]), "thematiques: enum"),
        (a_service(home, date_maj="1999-12-31"), "date_maj: value_error"),
        (a_service(home, publics=["tous-publics", "jeunes"]), "publics: value_error"),
        (a_service(home, latitude=412.0), "latitude: out_of_range"),
        (a_service({"id": "test--nowhere"}), "structure_id: missing_structure"),
        (good, "id: duplicate"),
        ("not a record", "record: not_an_object"),
        ({"id": "test--empty"}, "source: missing"),
    ]
    report = await load(database, [good, *(record for record, _ in bad)], [home, home])
    assert [(problem.kind, problem.record, problem.reason) for problem in report.problems] == [
        ("structure", 2, "id: duplicate"),
        *(("service", place, reason) for place, (_, reason) in enumerate(bad, start=2)),
    ]
    assert report.skipped == len(bad) + 1 == sum(report.reasons.values())
    assert await _ids(database) == {good["id"]}


async def test_writes_only_what_differs(database: Database) -> None:
    """A second import of the same file changes nothing; one with differences writes these alone."""
    home = a_structure()
    kept, changed, gone = (a_service(home) for _ in range(3))
    await load(database, [kept, changed, gone], [home])
    again = await load(database, [kept, changed, gone], [home])
    assert (again.added, again.changed, again.removed) == (0, 0, 0)
    report = await load(database, [kept, changed | {"nom": "Crèche du Mas"}, a_service(home)], [home])
    assert (report.added, report.changed, report.removed) == (1, 1, 1)
    async with database.begin() as connection:
        page = await search(connection, text="crèche du mas", **VAULX, today=TODAY)
        tables = ("service", "service_key", "service_words")
        counts = [await connection.scalar(text(f"SELECT count(*) FROM {table}")) for table in tables]
    assert [hit.name for hit in page.hits] == ["Crèche du Mas"]
    assert counts == [3, 3, 3]


async def test_a_structure_that_changes_its_name_is_found_by_it(database: Database) -> None:
    """The words of a service follow its structure, even when the service itself did not change."""
    home = a_structure(nom="Ancienne Maison")
    record = a_service(home)
    await load(database, [record], [home])
    await load(database, [record], [home | {"nom": "Nouvelle Passerelle"}])
    async with database.begin() as connection:
        page = await search(connection, text="passerelle", **VAULX, today=TODAY)
    assert [hit.id for hit in page.hits] == [record["id"]]


async def test_refuses_to_lose_a_third(database: Database) -> None:
    """A file that would drop more than a third is refused and changes nothing, unless forced."""
    home = a_structure()
    records = [a_service(home) for _ in range(9)]
    await load(database, records, [home])
    with pytest.raises(TooFewServices):
        await load(database, records[:5], [home])
    assert len(await _ids(database)) == 9
    assert (await load(database, records[:6], [home])).removed == 3
    assert (await load(database, records[:1], [home], force=True)).removed == 5


@pytest.mark.parametrize("kept", [0, 1, 40, 3000])
async def test_a_cut_file_leaves_the_old_offer(database: Database, tmp_path: Path, kept: int) -> None:
    """A file that ends too early fails as a whole; the offer loaded before goes on serving."""
    home = a_structure()
    await load(database, [a_service(home)], [home])
    before = await _ids(database)
    files = write(tmp_path, [a_service(home) for _ in range(20)], [home])
    files[0].write_bytes(files[0].read_bytes()[:kept])
    with pytest.raises(BadFile):
        async with database.begin() as connection:
            await import_offer(connection, *files, now=NOW)
    assert await _ids(database) == before


async def test_refuses_a_file_with_nothing_valid(database: Database) -> None:
    """No valid service at all is never an offer, even forced."""
    with pytest.raises(EmptyOffer):
        await load(database, [{"id": "v0"}], [a_structure()], force=True)


async def test_readers_see_one_whole_offer_during_the_swap(database: Database) -> None:
    """Searches that run while an import does see the old offer or the new one, never none nor a mixture."""
    home = a_structure()
    old = [a_service(home, km=n / 100) for n in range(300)]
    new = [record | {"nom": f"Nouveau {record['id']}"} for record in old]
    await load(database, old, [home])
    importing = asyncio.create_task(load(database, new, [home]))
    seen: set[tuple[int, bool]] = set()
    while not importing.done():
        async with database.begin() as connection:
            page = await search(connection, need="famille", **VAULX, limit=400, today=TODAY)
        seen |= {(page.total, hit.name.startswith("Nouveau")) for hit in page.hits} or {(0, False)}
        assert len({hit.name.startswith("Nouveau") for hit in page.hits}) == 1
    assert (await importing).changed == 300
    assert seen <= {(300, False), (300, True)}
    assert (300, False) in seen


async def test_imports_wait_for_each_other(database: Database) -> None:
    """Two imports at once give the offer of the one that came last, whole, though they share no record."""
    homes = a_structure(), a_structure()
    offers = [[a_service(home) for _ in range(size)] for home, size in zip(homes, (40, 50), strict=True)]
    reports = await asyncio.gather(
        *(load(database, offer, [home], force=True) for offer, home in zip(offers, homes, strict=True))
    )
    ids = await _ids(database)
    assert ids in [{record["id"] for record in offer} for offer in offers]
    assert sorted(report.removed for report in reports) in ([0, 40], [0, 50])


async def test_a_real_import_replaces_the_fictional_offer(database: Database) -> None:
    """Demo services do not count as a loss, and none is left after a real import."""
    home = a_structure()
    await load(database, [a_service(home) for _ in range(30)], [home], fictional=True)
    await load(database, [a_service(home)], [home])
    async with database.begin() as connection:
        left = await connection.scalar(select(func.count()).where(services.c.fictional))
        homes = await connection.scalar(select(func.count()).where(structures.c.fictional))
    assert (left, homes) == (0, 0)


async def test_reads_what_a_record_means(database: Database) -> None:
    """Phones become E.164, Lyon's arrondissement comes from the postal code, contacts fall back to the structure."""
    home = a_structure(
        telephone="04.65.71.00.09", courriel="accueil@exemple.fr", horaires_accueil="Mo-Fr 09:00-12:00", siret="1" * 14
    )
    lyon = {"commune": "Lyon 3e Arrondissement", "code_insee": "69383", "code_postal": "69003"}
    own = a_service(home, telephone="06 39 98 00 01", **lyon)
    bare = a_service(home, telephone=None, mobilisable_par=["professionnels"], score_qualite=0.31)
    odd = a_service(home, nom="Nul\x00le part", telephone="3949", nombre_semaines=10**12)
    assert not (await load(database, [own, bare, odd], [home])).problems
    async with database.begin() as connection:
        first, second, third = [await service(connection, record["id"], today=TODAY) for record in (own, bare, odd)]
        stored = (await connection.execute(select(services).where(services.c.id == own["id"]))).one()
    assert first and second and third
    assert (first.phone, first.commune, stored.code_insee) == ("+33639980001", "Lyon 3e", "69123")
    assert (second.phone, second.email, second.hours) == ("+33465710009", "accueil@exemple.fr", "Mo-Fr 09:00-12:00")
    assert second.professionals_only and not first.professionals_only
    assert (third.name, third.phone) == ("Nulle part", "3949")
    assert stored.score_qualite >= 0.9


async def test_collapses_the_duplicates_of_a_structure(database: Database) -> None:
    """One structure in two sources is found once, by its better record; a need that only the other serves is kept."""
    good = a_structure(nom="CCAS de Vaulx", siret="12345678900011")
    poor = a_structure(nom="C.C.A.S. Vaulx-en-Velin", siret="12345678900011")
    twin = a_structure(nom="Ccas de Vaulx", siret=None)
    best = a_service(good)
    double, twice = a_service(poor, date_maj=days_old(700)), a_service(twin, date_maj=days_old(600))
    other = a_service(poor, thematiques=["mobilite--preparer-un-permis"])
    repeated = best | {"id": "test--repeated", "date_maj": days_old(300)}
    await load(database, [best, double, twice, other, repeated], [good, poor, twin])
    async with database.begin() as connection:
        childcare = await search(connection, need="famille", **VAULX, limit=9, today=TODAY)
        licence = await search(connection, need="mobilite", **VAULX, limit=9, today=TODAY)
    assert [hit.id for hit in childcare.hits] == [best["id"]]
    assert [hit.id for hit in licence.hits] == [other["id"]]


def test_records_are_read_one_at_a_time(tmp_path: Path) -> None:
    """A file longer than the reading buffer gives every record once, in order, with its place."""
    path = tmp_path / "long.json"
    wanted = [{"n": n, "é": '[{\\" ]' * (n % 700)} for n in range(3000)]
    path.write_text(json.dumps(wanted, indent=1, ensure_ascii=False), encoding="utf-8-sig")
    records = Records(path)
    assert [record for _, record in records] == wanted
    assert records.read == records.size > 3 << 20


@pytest.mark.parametrize("broken", ["", "{}", "[", "[1,", "[1,]", "[1 2]", '[{"a": }]', "[1", "[,1]", '["\\x"]'])
def test_refuses_what_is_not_an_array(tmp_path: Path, broken: str) -> None:
    """Anything but a whole JSON array is refused."""
    path = tmp_path / "broken.json"
    path.write_text(broken, encoding="utf-8")
    with pytest.raises(BadFile):
        list(Records(path))


def test_an_empty_array_has_no_record(tmp_path: Path) -> None:
    """`[]` is a whole file without records."""
    path = tmp_path / "empty.json"
    path.write_text(" [ ]\n", encoding="utf-8")
    assert list(Records(path)) == []


@pytest.mark.parametrize(
    ("services_source", "structures_source"),
    [
        ("data/seed_services_v1.json", "data/seed_structures_v1.json"),
        ("services.json", "structures.json"),
        ("https://exemple.fr/services/services-inclusion-2026-11-23.json",
         "https://exemple.fr/services/structures-inclusion-2026-11-23.json"),
        ("https://exemple.fr/r/0eac1faa-66f9-4e49-8fb3-f0721027d89f",
         "https://exemple.fr/r/4fc64287-e869-4550-8fb9-b1e0b7809ffa"),
    ],
)  # fmt: skip
def test_the_structures_are_beside_the_services(services_source: str, structures_source: str) -> None:
    """One source is enough where the names go by two, as they do every Monday on data.gouv.fr."""
    assert structures_beside(services_source) == structures_source


def test_a_name_that_does_not_tell_asks_for_both() -> None:
    """The folder's name is not the file's."""
    with pytest.raises(NoStructures, match=r"offre\.json"):
        structures_beside("https://exemple.fr/services/offre.json")


def test_codes_have_numbers_of_their_own() -> None:
    """No two themes share a number, and every public of data·inclusion has its bit."""
    needs = [value.value for value in (*Categorie, *Thematique)]
    assert len({need_number(need) for need in needs}) == len(needs) == 85
    assert set(PUBLIC_BITS) == {public.value for public in Public}
