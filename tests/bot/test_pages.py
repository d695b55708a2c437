"""The public pages, their headers, and the widget's script."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import httpx
import pytest

from bot.settings import Settings
from tests.standins.server import serving
from tests.standins.webchat_server import create

PAGES = ("/", "/mentions-legales", "/accessibilite")


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(create(settings)) as base, httpx.AsyncClient(base_url=base) as opened:
        yield opened


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_lets_nothing_foreign_in(client: httpx.AsyncClient, path: str) -> None:
    """A strict policy, nothing inline, nothing loaded from elsewhere."""
    answer = await client.get(path)
    assert answer.status_code == 200
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"<script(?! src=\"/)|<style|\sstyle=|\son\w+=", answer.text)
    assert not re.search(r"(src|href)=\"(https?:)?//[^\"]+\"[^>]*(rel=\"stylesheet|>\s*</script)", answer.text)
    assert answer.headers["x-content-type-options"] == "nosniff"


async def test_the_home_page_gives_the_sms_number(client: httpx.AsyncClient) -> None:
    """When SMS is set up, its number is there, to be read and to be pressed."""
    assert '<a class="number" href="sms:+33939980000">09 39 98 00 00</a>' in (await client.get("/")).text


async def test_the_home_page_is_silent_about_what_is_off(settings: Settings) -> None:
    """Without SMS the public is told nothing of SMS."""
    silent = settings.model_copy(update={"twilio_auth_tokens": ()})
    async with serving(create(silent)) as base, httpx.AsyncClient(base_url=base) as client:
        assert "SMS" not in (await client.get("/")).text


async def test_the_statement_is_honest(client: httpx.AsyncClient) -> None:
    """No conformity is claimed that no audit has shown."""
    assert "Non vérifié par un audit externe" in (await client.get("/accessibilite")).text


async def test_the_script_may_be_embedded_and_is_kept_a_short_while(client: httpx.AsyncClient) -> None:
    """Other sites may load it; a browser that has this version gets 304; without gzip it is the same script."""
    packed = await client.get("/widget.js")
    plain = await client.get("/widget.js", headers={"Accept-Encoding": "identity"})
    assert packed.headers["cross-origin-resource-policy"] == "cross-origin"
    assert packed.headers["cache-control"] == "public, max-age=300"
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.text == plain.text
    again = await client.get("/widget.js", headers={"If-None-Match": packed.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
