"""The public routes of the provider, over real HTTP, signed by its stand-in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import func, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.assembly import Relais
from bot.database import Database
from bot.health import missing
from bot.keys import load_keys
from bot.models import conversation, message
from bot.settings import Settings
from bot.web import create
from tests.standins.server import serving
from tests.standins.twilio import TwilioStandin


@dataclass
class Site:
    relais: Relais
    twilio: TwilioStandin
    url: str

    async def count(self, table: Any) -> int:
        async with self.relais.database.begin() as connection:
            return int(await connection.scalar(select(func.count()).select_from(table)) or 0)


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[Site]:
    async with TwilioStandin.started() as twilio:
        changed = settings.model_copy(update={"twilio_api_url": twilio.api_url})
        relais = Relais(changed, load_keys(changed), Database(changed.database_url), "test")
        async with serving(create(relais)) as url:
            twilio.webhooks, twilio.public_url = url, "https://relais.test"
            yield Site(relais, twilio, url)


async def test_signed_message_is_taken_in(site: Site) -> None:
    """A signed webhook is answered with an empty document, and its message waits."""
    assert await site.twilio.text("bonjour", sender="+33639980001") == [200]
    assert await site.count(message) == 1


async def test_forged_message_is_refused_and_not_kept(site: Site) -> None:
    """A bad or missing signature is 403; nothing of it is stored."""
    async with httpx.AsyncClient() as client:
        for headers in ({}, {"X-Twilio-Signature": "forged"}):
            answer = await client.post(
                f"{site.url}/channels/twilio", data={"Body": "x", "From": "+33639980001"}, headers=headers
            )
            assert answer.status_code == 403
    assert await site.count(conversation) == 0


async def test_oversize_body_is_refused_before_it_is_read_whole(site: Site) -> None:
    """A body larger than any SMS is a 400 in one plain sentence."""
    async with httpx.AsyncClient() as client:
        answer = await client.post(f"{site.url}/channels/twilio", content=b"x" * 200_000)
    assert (answer.status_code, answer.text) == (400, "Message trop long.")


async def test_provider_gets_503_while_the_store_is_away(
    settings: Settings, own_database_url: str, postgres: Any
) -> None:
    """So that it tries again; nothing is said of the cause."""
    async with TwilioStandin.started() as twilio:
        changed = settings.model_copy(update={"database_url": own_database_url})
        relais = Relais(changed, load_keys(changed), Database(own_database_url), "test")
        async with serving(create(relais)) as url:
            twilio.webhooks, twilio.public_url = url, "https://relais.test"
            postgres.drop(own_database_url)
            assert await twilio.text("bonjour", sender="+33639980001") == [503]


async def test_channel_that_is_off_has_no_route(settings: Settings) -> None:
    """Without an account the webhooks do not exist."""
    changed = settings.model_copy(update={"twilio_account_sid": ""})
    relais = Relais(changed, load_keys(changed), Database(changed.database_url), "test")
    async with serving(create(relais)) as url, httpx.AsyncClient() as client:
        assert (await client.post(f"{url}/channels/twilio")).status_code == 404


async def test_readiness_names_what_is_missing(site: Site) -> None:
    """Without engine, actions and worker: 503, and a sentence for each."""
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{site.url}/health/live")).status_code == 200
        answer = await client.get(f"{site.url}/health/ready")
    assert answer.status_code == 503
    assert set(answer.json()["faults"]) == {"engine", "actions", "worker"}


async def test_readiness_looks_once_a_second_and_tells_no_address(
    settings: Settings, later: Callable[[float], None]
) -> None:
    """A crowd that asks costs one look; what runs where is for `doctor` alone."""
    looks = []

    async def actions(request: Request) -> Response:
        looks.append(request)
        return Response(status_code=500)

    async with serving(Starlette(routes=[Route("/health", actions)])) as actions_url:
        changed = settings.model_copy(update={"actions_url": actions_url})
        relais = Relais(changed, load_keys(changed), Database(changed.database_url), "test")
        async with serving(create(relais)) as url, httpx.AsyncClient() as client:
            answers = await asyncio.gather(*(client.get(f"{url}/health/ready") for _ in range(20)))
            assert len(looks) == 1
            later(2)
            await client.get(f"{url}/health/ready")
            assert len(looks) == 2
            faults = await missing(relais)
    assert {answer.status_code for answer in answers} == {503}
    for private in (actions_url, settings.rasa_url, "127.0.0.1", "RELAIS_"):
        assert private not in answers[0].text
    assert settings.rasa_url in str(faults)


async def test_refusals_are_counted(site: Site) -> None:
    """A burst of forged requests shows in the metrics; no person does."""
    async with httpx.AsyncClient() as client:
        await client.post(f"{site.url}/channels/twilio", data={"Body": "secret words", "From": "+33639980001"})
        shown = (await client.get(f"{site.url}/metrics")).text
    assert 'relais_bad_signatures_total{path="/channels/twilio"}' in shown
    assert "639980001" not in shown
