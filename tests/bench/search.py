"""The search over an offer of France's size, by a stated mix of queries."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bot import clock
from bot.database import Database
from bot.migrate import migrate
from knowledge.catalogue import import_offer
from knowledge.search import search
from tests import generate_offer
from tests.bench import databases
from tests.bench.report import Figure, quantile
from tests.system import System

SERVICES = 100_000
QUERIES = 500


async def figures(system: System) -> list[Figure]:
    """p50 and p95 of one search, one after the other, over a database of its own."""
    url = await databases.create(system.relais.database.url, "france")
    migrate(url)
    database = Database(url, pool_size=2, name="bench search")
    try:
        with _offer() as (services, structures):
            async with database.begin() as connection:
                await import_offer(connection, services, structures, now=clock.now())
        times = await _search_all(database)
    finally:
        await database.close()
    about = f"search, {SERVICES} services, {QUERIES} queries"
    return [
        Figure(f"{about}, p50", quantile(times, 0.50), "ms"),
        Figure(f"{about}, p95", quantile(times, 0.95), "ms", most=20),
    ]


@contextmanager
def _offer() -> Iterator[tuple[Path, Path]]:
    with tempfile.TemporaryDirectory(prefix="relais-offer-") as folder:
        yield generate_offer.write(Path(folder), SERVICES, today=clock.today())


async def _search_all(database: Database) -> list[float]:
    queries = generate_offer.search_mix(QUERIES)
    times = []
    for query in [*queries[:50], *queries]:  # the first fifty warm the caches up
        began = time.perf_counter()
        async with database.begin() as connection:
            await search(connection, today=clock.today(), **query.arguments)
        times.append((time.perf_counter() - began) * 1000)
    return times[50:]
