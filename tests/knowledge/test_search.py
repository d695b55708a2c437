"""What a search finds, and in which order."""

from __future__ import annotations

from datetime import timedelta
from math import asin, cos, radians, sin, sqrt
from typing import Any

import pytest

from bot.database import Database
from knowledge.catalogue import import_offer
from knowledge.offer_terms import audience, months_before, zones
from knowledge.search import SearchPage, search, service
from tests.generate_offer import CATEGORIES, THEMES, search_mix
from tests.generate_offer import services as generated_services
from tests.generate_offer import structures as generated_structures
from tests.needed import offer_sample
from tests.offer_records import CHILDCARE, NOW, TODAY, VAULX, a_service, a_structure, load

REMOTE: dict[str, Any] = {"modes_accueil": ["a-distance"], "adresse": None, "latitude": None, "longitude": None}


async def find(database: Database, **criteria: Any) -> SearchPage:
    async with database.begin() as connection:
        return await search(connection, **{"need": "famille", "limit": 20, "today": TODAY, **VAULX, **criteria})


def ids(page: SearchPage) -> list[str]:
    return [hit.id for hit in page.hits]


async def test_nearest_first_within_fifty_kilometres(database: Database) -> None:
    """On-site services come by distance, up to 50 km as the crow flies; farther ones do not come."""
    home = a_structure()
    far, near, middle, beyond = (a_service(home, km=km) for km in (49.5, 0.4, 7.0, 50.5))
    await load(database, [far, near, middle, beyond], [home])
    page = await find(database)
    assert ids(page) == [near["id"], middle["id"], far["id"]]
    assert [round(hit.distance_km or 0, 1) for hit in page.hits] == [0.4, 7.0, 49.5]
    assert page.total == 3 and not page.more


async def test_two_on_site_for_one_at_a_distance(database: Database) -> None:
    """On-site and remote services are interleaved two to one, whatever is left of each."""
    home = a_structure()
    near = [a_service(home, km=km) for km in (1, 2, 3, 4, 5)]
    away = [a_service(home, **REMOTE) for _ in range(4)]
    await load(database, [*near, *away], [home])
    page = await find(database)
    assert "".join("R" if hit.remote else "S" for hit in page.hits) == "SSRSSRSRR"
    assert [hit.id for hit in page.hits if not hit.remote] == [record["id"] for record in near]
    assert all(hit.distance_km is None for hit in page.hits if hit.remote)


async def test_a_service_in_both_ways_is_on_site_when_near(database: Database) -> None:
    """A service on site and at a distance shows its distance within 50 km, and is remote beyond."""
    home = a_structure()
    both = {"modes_accueil": ["en-presentiel", "a-distance"]}
    near, far = a_service(home, km=3, **both), a_service(home, km=300, **both)
    await load(database, [near, far], [home])
    page = await find(database)
    assert [(hit.id, hit.remote) for hit in page.hits] == [(near["id"], False), (far["id"], True)]
    assert ids(await find(database, reception="en-presentiel")) == [near["id"]]
    assert set(ids(await find(database, reception="a-distance"))) == {near["id"], far["id"]}


@pytest.mark.parametrize(
    ("zone", "found"),
    [
        (None, True),
        (["69256"], True),
        (["69"], True),
        (["200046977"], True),
        (["france"], True),
        (["99100"], True),
        (["38", "69"], True),
        (["69266"], False),
        (["38"], False),
        (["200040566"], False),
    ],
)
async def test_zones_of_eligibility(database: Database, zone: list[str] | None, found: bool) -> None:
    """A zone that holds the commune in any way lets it in; another one keeps it out, on site and at a distance."""
    home = a_structure()
    await load(
        database, [a_service(home, zone_eligibilite=zone), a_service(home, zone_eligibilite=zone, **REMOTE)], [home]
    )
    assert len((await find(database)).hits) == (2 if found else 0)
    assert len((await find(database, commune="")).hits) == 2


def test_lyon_and_its_arrondissements_are_one_commune() -> None:
    """A person of Lyon 3e is in Lyon's zones; one of « Lyon » may be in any arrondissement's."""
    assert {"69383", "69123", "69", "200046977", "69M", "france", "99100"} == set(zones("69383"))
    assert {"69123", "69381", "69389", "200046977"} <= set(zones("69123"))
    assert {"69264", "69", "69D"} <= set(zones("69264"))
    assert "974" in zones("97411")


@pytest.mark.parametrize(
    ("publics", "found"),
    [
        (None, True),
        (["tous-publics"], True),
        (["beneficiaires-des-minimas-sociaux", "seniors"], True),
        (["familles"], True),
        (["seniors"], False),
    ],
)
async def test_publics(database: Database, publics: list[str] | None, found: bool) -> None:
    """Services for all, for those who receive the RSA, or for those who ask for this need, and no others."""
    home = a_structure()
    await load(database, [a_service(home, publics=publics)], [home])
    assert bool((await find(database)).hits) == found
    assert (await find(database, publics=())).hits
    assert bool((await find(database, publics=["seniors"])).hits) == (publics != ["beneficiaires-des-minimas-sociaux"])


def test_asking_reveals_a_public() -> None:
    """« tous-publics » is always searched, and the parents when childcare is."""
    assert audience(["jeunes"], "mobilite") == {"jeunes", "tous-publics"}
    assert "familles" in audience([], CHILDCARE)


async def test_a_theme_and_its_category(database: Database) -> None:
    """A category finds all its themes, a theme only itself."""
    home = a_structure()
    care, parents = a_service(home), a_service(home, thematiques=["famille--soutien-aidants", "sante--acces-aux-soins"])
    await load(database, [care, parents], [home])
    assert ids(await find(database, need=CHILDCARE)) == [care["id"]]
    assert len((await find(database)).hits) == 2
    assert ids(await find(database, need="sante")) == [parents["id"]]
    assert not (await find(database, need="famille--inconnue")).hits


async def test_says_how_old_the_information_is(database: Database) -> None:
    """Fresh under six months, dated under two years; older services come only when there is nothing else."""
    home = a_structure()
    ages = {"2026-05-24": "fresh", "2026-05-23": "dated", "2024-11-24": "dated", "2024-11-23": "old"}
    records = {day: a_service(home, date_maj=day) for day in ages}
    await load(database, records.values(), [home])
    page = await find(database)
    assert {hit.updated.isoformat(): hit.stale for hit in page.hits} == {
        day: stale for day, stale in ages.items() if stale != "old"
    }
    assert (await find(database, exclude=ids(page))).hits == ()
    await load(database, [records["2024-11-23"]], [home], force=True)
    assert [hit.stale for hit in (await find(database)).hits] == ["old"]


async def test_professionals_only_come_last(database: Database) -> None:
    """What only a professional may ask for comes flagged, after everything else, near as it may be."""
    home = a_structure()
    pro = a_service(home, km=0.1, mobilisable_par=["professionnels"])
    both = a_service(home, km=9, mobilisable_par=["professionnels", "usagers"])
    remote = a_service(home, mobilisable_par=None, **REMOTE)
    await load(database, [pro, both, remote], [home])
    page = await find(database)
    assert ids(page) == [both["id"], remote["id"], pro["id"]]
    assert [hit.professionals_only for hit in page.hits] == [False, False, True]


async def test_never_the_same_twice(database: Database) -> None:
    """Pages that exclude what was shown give every service once; the total says what is left."""
    home = a_structure()
    records = [a_service(home, km=n % 4) for n in range(8)] + [a_service(home, **REMOTE) for _ in range(3)]
    await load(database, records, [home])
    shown: list[str] = []
    totals = []
    while (page := await find(database, limit=3, exclude=shown)).hits:
        totals.append(page.total)
        shown += ids(page)
    assert sorted(shown) == sorted(record["id"] for record in records)
    assert totals == [11, 8, 5, 2]


async def test_ties_are_shuffled_by_day(database: Database) -> None:
    """Services at the same distance change places from one day to the next, and not within a day."""
    home = a_structure()
    await load(database, [a_service(home) for _ in range(12)], [home])
    orders = [ids(await find(database, today=TODAY + timedelta(days=day))) for day in (0, 0, 1, 2)]
    assert orders[0] == orders[1]
    assert orders[0] != orders[2] != orders[3]
    assert all(sorted(order) == sorted(orders[0]) for order in orders)


async def test_a_poor_record_ranks_farther(database: Database) -> None:
    """A record below the quality that DORA shows counts as ten kilometres farther, not as nothing."""
    home = a_structure()
    poor, near, far = a_service(home, km=1, score_qualite=0.4), a_service(home, km=8), a_service(home, km=20)
    await load(database, [poor, near, far], [home])
    assert ids(await find(database)) == [near["id"], poor["id"], far["id"]]


async def test_words_without_accents_and_with_errors(database: Database) -> None:
    """Words match whatever the accents, the plural or a typing error; all of them before some of them."""
    home = a_structure(nom="Maison des Tilleuls")
    sewing = a_service(home, nom="Atelier couture et retouches", thematiques=["remobilisation--lien-social"])
    cooking = a_service(home, nom="Atelier cuisine du marché", thematiques=["remobilisation--lien-social"])
    await load(database, [sewing, cooking], [home])

    async def say(words: str) -> list[str]:
        return ids(await find(database, need=None, text=words))

    assert await say("ateliers COUTURE") == [sewing["id"]]
    assert await say("marche") == [cooking["id"]]
    assert await say("coutrue") == await say("atelier coutur") == [sewing["id"]]
    assert await say("couture au marché") in ([sewing["id"], cooking["id"]], [cooking["id"], sewing["id"]])
    assert set(await say("tilleuls")) == {sewing["id"], cooking["id"]}
    assert await say("xyzzy") == await say("de la") == await say("'&|!:* \x00 \\") == []
    assert ids(await find(database, need="famille", text="couture")) == []


async def test_structure_fills_the_gaps(database: Database) -> None:
    """A service without address or coordinates is where its structure is; a wrong place is never mixed in."""
    home = a_structure(
        adresse="3 rue du Mas", commune="Vaulx-en-Velin", code_insee="69256", site_web="https://exemple.fr/"
    )
    bare = a_service(home, adresse=None, commune=None, code_postal=None, code_insee=None, latitude=None, longitude=None)
    elsewhere = a_service(home, adresse=None, commune="Bron", code_postal="69500", code_insee="69029")
    await load(database, [bare, elsewhere], [home])
    page = await find(database, limit=1)
    assert ids(page) == [bare["id"]]
    assert (page.hits[0].address, page.hits[0].url) == ("3 rue du Mas, 69120 Vaulx-en-Velin", "https://exemple.fr/")
    async with database.begin() as connection:
        details = await service(connection, elsewhere["id"], today=TODAY)
        assert await service(connection, "test--gone", today=TODAY) is None
    assert details and details.address == "69500 Bron"


async def test_without_a_place(database: Database) -> None:
    """Without coordinates there is no distance, and nothing is too far."""
    home = a_structure()
    await load(database, [a_service(home, km=400), a_service(home, km=1)], [home])
    page = await find(database, lat=None, lon=None, commune="")
    assert [hit.distance_km for hit in page.hits] == [None, None]


async def test_the_sample_of_2024_is_shown_as_old(database: Database) -> None:
    """Real records without publics, zones nor phones are found, and strongly dated."""
    async with database.begin() as connection:
        await import_offer(connection, *offer_sample(), now=NOW)
    page = await find(database, need="numerique", limit=3)
    assert page.total > 50
    assert {hit.stale for hit in page.hits} == {"old"}
    assert all(hit.distance_km is not None and hit.structure for hit in page.hits)


async def test_finds_every_theme_of_a_generated_offer(database: Database) -> None:
    """Each of the 69 themes and 16 categories finds something in 2,000 services, and the bench's mix runs."""
    count = 2000
    report = await load(
        database,
        list(generated_services(count, today=TODAY)),
        list(generated_structures(count, today=TODAY)),
    )
    assert (report.services, report.skipped) == (count, 0)
    async with database.begin() as connection:
        for need in (*THEMES, *CATEGORIES):
            assert (await search(connection, need=need, publics=(), today=TODAY)).hits, need
        for query in search_mix(60):
            await search(connection, **query.arguments, today=TODAY)


async def test_agrees_with_a_plain_reading_of_the_rules(database: Database) -> None:
    """Over a generated offer, what is found is what the rules say, computed here one record at a time."""
    count = 1500
    records = list(generated_services(count, seed=3, today=TODAY))
    homes = list(generated_structures(count, seed=3, today=TODAY))
    await load(database, records, homes)
    for need in ("mobilite", CHILDCARE, "numerique"):
        page = await find(database, need=need, limit=count)
        wanted = {r["id"] for r in records if _matches(r, need)}
        recent = {
            r["id"] for r in records if r["id"] in wanted and r["date_maj"] >= months_before(TODAY, 24).isoformat()
        }
        assert set(ids(page)) == (recent or wanted)
        assert page.total == len(page.hits)


def _matches(record: dict[str, Any], need: str) -> bool:
    zone, publics = record["zone_eligibilite"], record["publics"]
    themed = any(theme == need or theme.startswith(f"{need}--") for theme in record["thematiques"])
    eligible = not zone or set(zone) & {"69256", "69", "200046977", "france", "99100"}
    for_them = not publics or set(publics) & audience(["beneficiaires-des-minimas-sociaux", "demandeurs-emploi"], need)
    if record["modes_accueil"] == ["a-distance"]:
        near = True
    else:
        lat, lon = radians(record["latitude"]), radians(record["longitude"])
        here = radians(VAULX["lat"]), radians(VAULX["lon"])
        half = sin((lat - here[0]) / 2) ** 2 + cos(lat) * cos(here[0]) * sin((lon - here[1]) / 2) ** 2
        near = 12742 * asin(sqrt(half)) <= 50
    return bool(themed and eligible and for_them and near)
