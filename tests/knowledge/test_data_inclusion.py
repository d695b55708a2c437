"""Reading the offer from data·inclusion's API, well behaved or not, over real HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import orjson
import pytest
from sqlalchemy import func, select

from bot.database import Database
from knowledge.catalogue_report import ApiError, BadToken, BrokenPage, ImportReport
from knowledge.data_inclusion import ATTEMPTS, DataInclusion, refresh
from knowledge.tables import service
from tests.generate_offer import services, structures
from tests.needed import offer_sample
from tests.offer_records import NOW, TODAY, load
from tests.standins.data_inclusion import TOKEN, Api, Fault, serve

SERVICES, PAGE = 60, 25


@pytest.fixture
async def api() -> AsyncIterator[Api]:
    async with serve(list(services(SERVICES, today=TODAY)), list(structures(SERVICES, today=TODAY))) as running:
        yield running


async def run(
    database: Database, api: Api, *, token: str = TOKEN, size: int = PAGE
) -> tuple[ImportReport, list[float]]:
    """Refresh from the stand-in; the pauses asked for are noted, not slept."""
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    timeout = httpx.Timeout(2, read=0.5)
    async with DataInclusion(api.url, token, page_size=size, timeout=timeout, pause=pause) as client:
        return await refresh(database.begin, client, now=NOW), pauses


async def count(database: Database) -> int:
    async with database.begin() as connection:
        return int(await connection.scalar(select(func.count()).select_from(service)) or 0)


async def test_reads_every_page(database: Database, api: Api) -> None:
    """All pages of both lists are asked for once, in order, and imported."""
    report, pauses = await run(database, api)
    assert (report.services, report.structures, report.skipped, pauses) == (SERVICES, 48, 0, [])
    assert api.asked == [*(("services", n, PAGE) for n in (1, 2, 3)), *(("structures", n, PAGE) for n in (1, 2))]


async def test_reads_the_real_sample(database: Database) -> None:
    """The 529 records of 2024 come through the API as they do from their files."""
    async with serve(*(orjson.loads(path.read_bytes()) for path in offer_sample())) as api:
        report, _ = await run(database, api, size=200)
    assert (report.services, report.structures) == (529, 440)


async def test_an_api_without_services_changes_nothing(database: Database, api: Api) -> None:
    """An empty list is read as one, and refused by the import."""
    await run(database, api)
    api.services = []
    with pytest.raises(Exception, match="no valid service"):
        await run(database, api)
    assert await count(database) == SERVICES


async def test_tries_again_when_busy_or_failing(database: Database, api: Api) -> None:
    """429, 5xx and silences are tried again after growing pauses, or the pause that the API asks for."""
    api.faults.extend(
        [
            Fault("status", 429, retry_after="7"),
            Fault("status", 503),
            Fault("status", 502, page=2),
            Fault("slow", page=3),
            Fault("status", 429, retry_after="9999", resource="structures"),
        ]
    )
    report, pauses = await run(database, api)
    assert report.services == SERVICES
    assert pauses == [7, 4, 2, 2, 60]


async def test_gives_up_after_some_attempts(database: Database, api: Api) -> None:
    """An API that keeps failing ends in an error that says where; the offer is untouched."""
    await run(database, api)
    api.faults.extend(Fault("status", 500, page=2) for _ in range(ATTEMPTS))
    with pytest.raises(ApiError, match="services, page 2: HTTP 500"):
        await run(database, api)
    assert await count(database) == SERVICES
    assert not api.faults


async def test_an_unreachable_api(database: Database, api: Api) -> None:
    """No answer at all is tried again, then told."""
    api.url = "http://127.0.0.1:9"
    with pytest.raises(ApiError, match="ConnectError"):
        await run(database, api)


@pytest.mark.parametrize("token", ["", "un-autre"])
async def test_a_refused_token_is_not_tried_again(database: Database, api: Api, token: str) -> None:
    """401 and 403 say to set the token, at once."""
    with pytest.raises(BadToken, match="RELAIS_DATA_INCLUSION_TOKEN"):
        await run(database, api, token=token)
    assert api.asked == []


async def test_a_refused_request_is_not_tried_again(database: Database, api: Api) -> None:
    """422 is an error of ours: it is told at once."""
    with pytest.raises(ApiError, match="HTTP 422"):
        await run(database, api, size=20_000)


@pytest.mark.parametrize("kind", ["not_json", "cut", "no_items", "wrong_page", "short", "total_moves"])
@pytest.mark.parametrize(("resource", "page"), [("services", 1), ("services", 3), ("structures", 2)])
async def test_a_broken_page_fails_the_import(
    database: Database, api: Api, kind: str, resource: str, page: int
) -> None:
    """One page that is not what was promised fails the whole import; the old offer goes on serving."""
    await load(database, list(services(5, seed=9, today=TODAY)), list(structures(5, seed=9, today=TODAY)))
    api.faults.append(Fault(kind, resource=resource, page=page))
    with pytest.raises(BrokenPage):
        await run(database, api)
    assert await count(database) == 5
