"""Forged webhooks, over real HTTP: one alone is nothing, a burst is one task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.settings import Settings
from bot.tasks import OpenTask
from bot.web import create
from tests.standins.server import serving

MOST = 3
Later = Callable[[float], None]


@asynccontextmanager
async def site(settings: Settings) -> AsyncIterator[tuple[Relais, str]]:
    """A web process that takes more than three forged webhooks in five minutes for a burst."""
    changed = settings.model_copy(update={"forged_webhooks": MOST})
    relais = Relais(changed, load_keys(changed), Database(changed.database_url), "test")
    async with serving(create(relais)) as url:
        yield relais, url


async def forge(url: str, times: int) -> None:
    async with httpx.AsyncClient() as client:
        form = {"Body": "secret words", "From": "+33639980001", "MessageSid": "SM1"}
        answers = await asyncio.gather(*(client.post(f"{url}/channels/twilio", data=form) for _ in range(times)))
    assert {answer.status_code for answer in answers} == {403}


async def tasks(relais: Relais) -> list[OpenTask]:
    async with relais.database.begin() as connection:
        return list(await relais.tasks.list_open(connection))


async def test_burst_is_one_task_and_one_error_in_the_log(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    """As many as are allowed open nothing; one more does, and those after it add nothing."""
    async with site(settings) as (relais, url):
        await forge(url, MOST)
        assert await tasks(relais) == []
        await forge(url, 10)
        (opened,) = await tasks(relais)
    assert opened.reason == "forged_webhooks"
    assert opened.details == {"path": "/channels/twilio", "more than": MOST}
    errors = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1
    assert "bad signature" in errors[0]
    assert "639980001" not in str(caplog.records)


async def test_refusals_far_apart_are_no_burst(settings: Settings, later: Later) -> None:
    """A forged request each two minutes is noise."""
    async with site(settings) as (relais, url):
        for _ in range(2 * MOST):
            await forge(url, 1)
            later(120)
        assert await tasks(relais) == []


async def test_long_attack_is_told_once_an_hour(settings: Settings, later: Later) -> None:
    """It goes on: nothing more before the hour is over, then once again."""
    async with site(settings) as (relais, url):
        for _ in range(6):
            await forge(url, MOST + 1)
            later(660)
        assert len(await tasks(relais)) == 1
        await forge(url, MOST + 1)
        assert len(await tasks(relais)) == 2


async def test_two_processes_open_one_task(settings: Settings, later: Later) -> None:
    """Whether they see the burst at the same moment, or one after the other across the hour."""
    async with site(settings) as (relais, first), site(settings) as (_, second):
        await asyncio.gather(forge(first, MOST + 1), forge(second, MOST + 1))
        assert len(await tasks(relais)) == 1
    async with site(settings) as (relais, third):
        later(3000)
        await forge(third, MOST + 1)
        assert len(await tasks(relais)) == 1


async def test_alarm_that_could_not_be_written_is_tried_again(
    settings: Settings, own_database_url: str, postgres: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """The store is away during the burst: it is refused and logged all the same, each time."""
    changed = settings.model_copy(update={"database_url": own_database_url})
    async with site(changed) as (_, url):
        postgres.drop(own_database_url)
        for _ in range(MOST + 2):
            await forge(url, 1)
    assert sum(record.levelname == "ERROR" and "bad signature" in record.getMessage() for record in caplog.records) == 2
