"""The fictional offer: whole, sorted, and enough of it to find something wherever one asks."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.database import Database
from knowledge.demo import OFFER, load_demo
from knowledge.needs import Needs
from knowledge.offer_terms import PUBLIC_BITS
from knowledge.places import Places
from knowledge.search import search, staleness
from knowledge.tables import service

NOW = datetime(2026, 11, 24, 8, tzinfo=UTC)
OFTEN = (
    *("famille--garde-denfants", "equipement-et-alimentation--alimentation", "logement-hebergement--louer-un-logement"),
    *("mobilite--preparer-un-permis", "lecture-ecriture-calcul--maitriser-le-francais", "sante--acces-aux-soins"),
    *("trouver-un-emploi--repondre-a-des-offres-demploi", "equipement-et-alimentation--habillement"),
    *("difficultes-financieres--situation-dendettement-surendettement", "equipement-et-alimentation--electromenager"),
    *("numerique--maitriser-les-fondamentaux-du-numerique", "mobilite--mobilite-douce-partagee-collective"),
)


def rows() -> list[dict[str, str]]:
    with OFFER.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader((line for line in file if not line.startswith("#")), delimiter=";"))


async def loaded(connection: AsyncConnection) -> None:
    report = await load_demo(connection, Places.from_file(), NOW)
    assert not report.problems, report.problems
    assert report.services == len(rows())


def test_the_file_is_sorted_and_says_each_thing_once() -> None:
    """By theme, commune and name: an editor finds a line, a change is read easily."""
    keys = [(row["thematiques"], row["insee"], row["nom"]) for row in rows()]
    assert keys == sorted(set(keys))
    assert len(keys) >= 130


def test_the_offer_is_varied() -> None:
    """Several publics, free and paid, some for professionals only, fresh and old."""
    publics = Counter(public for row in rows() for public in row["publics"].split())
    assert publics.keys() <= PUBLIC_BITS.keys()
    assert len(publics) >= 8
    assert min(Counter(row["frais"] for row in rows()).values()) >= 20
    assert Counter(row["mobilisable"] for row in rows())["professionnels"] >= 5
    ages = [int(row["mois"]) for row in rows()]
    assert min(sum(age < 6 for age in ages), 100) == 100
    assert sum(6 < age < 24 for age in ages) >= 10
    assert sum(age > 24 for age in ages) >= 3


async def test_every_category_is_there_in_several_communes(database: Database) -> None:
    """Each of the sixteen, in two communes or more; every record is imported, and marked."""
    communes = defaultdict(set)
    async with database.begin() as connection:
        await loaded(connection)
        found = (await connection.execute(select(service))).mappings().all()
    for row in found:
        assert row["fictional"]
        assert row["telephone"].startswith("+3346571")  # one of ARCEP's ranges for fiction
        for theme in row["thematiques"]:
            communes[theme.split("--")[0]].add(row["commune"])
    categories = {value for value in Needs.from_file().values() if "--" not in value}
    assert communes.keys() == categories
    assert min(map(len, communes.values())) >= 2
    assert len({row["telephone"] for row in found}) == len(found)
    assert {staleness(row["date_maj"], NOW.date()) for row in found} == {"fresh", "dated", "old"}


@pytest.mark.parametrize("need", OFTEN)
async def test_what_is_often_asked_is_found_five_times(database: Database, need: str) -> None:
    """Around the middle of Lyon, for who receives the RSA, each frequent need has five services or more."""
    async with database.begin() as connection:
        await loaded(connection)
        page = await search(connection, need=need, lat=45.76, lon=4.85, commune="69123", today=NOW.date())
    assert page.total >= 5
