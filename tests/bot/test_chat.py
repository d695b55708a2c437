"""The web chat's routes over real HTTP: who may write, who may read, and what a stream shows."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx
import orjson
import pytest
from sqlalchemy import func, select, text

from bot import chat
from bot.database import Database
from bot.models import conversation, message
from bot.settings import Settings
from channels.widget import texts
from tests.standins.server import serving
from tests.standins.webchat_server import create

GUEST = "https://mairie.test"
SENTENCES = texts()["errors"]


@pytest.fixture
async def base(settings: Settings) -> AsyncIterator[str]:
    app = create(settings.model_copy(update={"widget_origins": (GUEST,)}))
    async with serving(app) as url:
        yield url


@asynccontextmanager
async def browser(base: str, origin: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody's browser on our own page, or on a page of `origin`."""
    headers = {"Origin": origin or base}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=10) as client:
        yield client


async def write(client: httpx.AsyncClient, words: str = "bonjour", **changes: Any) -> httpx.Response:
    headers = changes.pop("headers", {})
    body = {"id": str(uuid4()), "text": words, **changes}
    return await client.post(chat.MESSAGES, json=body, headers=headers)


async def events(client: httpx.AsyncClient, until: int, headers: dict[str, str] | None = None) -> list[dict[str, Any]]:
    """The messages of the stream, in the order in which they come, up to the one whose seq is `until`."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(10), client.stream("GET", chat.EVENTS, headers=headers or {}) as response:
        assert response.status_code == 200, response.status_code
        async for line in response.aiter_lines():
            data = orjson.loads(line[6:]) if line.startswith("data: ") else {}
            if "seq" in data:
                found.append(data)
                if data["seq"] >= until:
                    break
    return found


async def status(client: httpx.AsyncClient, **headers: str) -> int:
    async with client.stream("GET", chat.EVENTS, headers=headers) as response:
        return response.status_code


async def test_an_exchange_on_our_own_page(base: str) -> None:
    """The first message brings a cookie that scripts cannot read; the stream shows both sides in order."""
    async with browser(base) as client:
        answer = await write(client, "bonjour")
        assert answer.json() == {"seq": 1, "started": True}
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "samesite=lax" in cookie.lower()
        assert "secure" not in cookie.lower()
        shown = await events(client, until=2)
    assert [(one["seq"], one["author"], one["text"]) for one in shown] == [
        (1, "person", "bonjour"),
        (2, "assistant", "Vous avez écrit : bonjour"),
    ]


async def test_over_https_the_cookie_is_secure(settings: Settings, base: str) -> None:
    """A page of one of our https addresses gets a cookie that never travels in clear."""
    async with browser(base, settings.public_urls[0]) as client:
        assert "secure" in (await write(client)).headers["set-cookie"].lower()


async def test_an_exchange_on_an_allowed_site(base: str) -> None:
    """An allowed site's page gets a bearer and no cookie, and may read the answers; a preflight says so."""
    async with browser(base, GUEST) as client:
        preflight = await client.options(chat.MESSAGES)
        answer = await write(client)
        assert "set-cookie" not in answer.headers
        for response in (preflight, answer):
            assert response.headers["access-control-allow-origin"] == GUEST
            assert response.headers["vary"] == "Origin"
            assert "access-control-allow-credentials" not in response.headers
        bearer = {"Authorization": f"Bearer {answer.json()['visitor']}"}
        assert len(await events(client, until=2, headers=bearer)) == 2
        again = await write(client, headers=bearer)
        assert again.json() == {"seq": 3}


@pytest.mark.parametrize("origin", ["https://ailleurs.test", "null", "https://mairie.test.ailleurs.test"])
async def test_another_site_is_refused_everywhere(base: str, origin: str) -> None:
    """No call from a page of another site is answered, even with a good token."""
    async with browser(base) as ours:
        await write(ours)
        cookies = dict(ours.cookies)
    async with browser(base, origin) as client:
        client.cookies.update(cookies)
        calls = [await write(client), await client.delete(chat.MESSAGES), await client.options(chat.MESSAGES)]
        assert [call.status_code for call in calls] == [403, 403, 403]
        assert calls[0].json() == {"error": SENTENCES["origin"]}
        assert "access-control-allow-origin" not in calls[0].headers
        assert await status(client) == 403


async def test_a_cookie_counts_for_our_own_pages_only(base: str) -> None:
    """A cookie sent from an allowed site, or with no origin, writes nothing and erases nothing."""
    async with browser(base) as client:
        await write(client)
        for headers in ({"Origin": GUEST}, {"Origin": ""}):
            assert (await write(client, headers=headers)).status_code == 403
            assert (await client.delete(chat.MESSAGES, headers=headers)).status_code == 403
        assert await status(client, Origin="", **{"Sec-Fetch-Site": "cross-site"}) == 403
        assert await status(client, Origin="", **{"Sec-Fetch-Site": "same-origin"}) == 200


async def test_nobody_reads_without_a_good_token(base: str) -> None:
    """No token, a changed one, one of nobody, or another's Last-Event-ID: nothing of a conversation is seen."""
    async with browser(base, GUEST) as client:
        token = (await write(client, "secret")).json()["visitor"]
        for forged in ("x", token[:-1], ("y" if token[0] == "z" else "z") + token[1:], token.split(".")[0], "é" * 5):
            header = f"Bearer {forged}".encode()
            async with client.stream("GET", chat.EVENTS, headers={b"Authorization": header}) as response:
                assert response.status_code == 401
        other = (await write(client, "bonjour")).json()["visitor"]
        bearer = {"Authorization": f"Bearer {other}", "Last-Event-ID": "0"}
        assert all("secret" not in one["text"] for one in await events(client, until=2, headers=bearer))


async def test_a_repeat_changes_nothing(base: str, database: Database) -> None:
    """The same client id again is the same message: same seq, one row, one answer."""
    async with browser(base) as client:
        identity = str(uuid4())
        first = await write(client, "bonjour", id=identity)
        again = await write(client, "bonjour", id=identity)
        assert first.json()["seq"] == again.json()["seq"] == 1
        await events(client, until=2)
    async with database.begin() as connection:
        assert await connection.scalar(select(func.count()).select_from(message)) == 2


async def test_another_visitors_client_id_is_no_key(base: str) -> None:
    """Writing under the client id of somebody else's message reaches one's own conversation only."""
    identity = str(uuid4())
    async with browser(base) as victim, browser(base) as attacker:
        await write(victim, "secret", id=identity)
        await write(attacker, "à moi", id=identity)
        assert [one["text"] for one in await events(attacker, until=1)] == ["à moi"]


async def test_the_stream_goes_on_where_it_was_cut(base: str) -> None:
    """Last-Event-ID replays what came after it and nothing before."""
    async with browser(base) as client:
        await write(client, "deux")
        assert [one["seq"] for one in await events(client, until=3)] == [1, 2, 3]
        assert [one["seq"] for one in await events(client, 3, {"Last-Event-ID": "2"})] == [3]
        assert [one["seq"] for one in await events(client, 3, {"Last-Event-ID": "'; DROP"})] == [1, 2, 3]


async def test_a_stream_waits_for_what_is_on_its_way(base: str, database: Database) -> None:
    """A message that is still being sent holds back those after it; once sent, all come in order."""
    async with browser(base) as client:
        await write(client, "deux")
        await events(client, until=3)
        async with database.begin() as connection:
            await connection.execute(message.update().where(message.c.seq == 2).values(state="queued"))
        seen: list[int] = []
        async with asyncio.timeout(10), client.stream("GET", chat.EVENTS) as response:
            async for line in response.aiter_lines():
                data = orjson.loads(line[6:]) if line.startswith("data: ") else {}
                if "seq" in data:
                    seen.append(data["seq"])
                elif "owner" in data and seen == [1]:
                    async with database.begin() as connection:
                        await connection.execute(message.update().where(message.c.seq == 2).values(state="sent"))
                        await connection.execute(text("SELECT pg_notify('relais_chat', id::text) FROM conversation"))
                if seen == [1, 2, 3]:
                    break


async def test_a_pressed_button_is_shown_by_its_words(base: str) -> None:
    """A choice is stored as its place, acted on by the server, and shown as the words of the button."""
    async with browser(base) as client:
        await write(client, "choix")
        shown = await events(client, until=2)
        chosen = shown[1]["choices"][0]
        assert chosen == {"id": "2.1", "title": "Bron", "card": None}
        await client.post(chat.MESSAGES, json={"id": str(uuid4()), "choice": chosen["id"]})
        assert (await events(client, 3, {"Last-Event-ID": "2"}))[0]["text"] == "Bron"


async def test_forgetting_leaves_nothing(base: str, database: Database) -> None:
    """After an erasure the texts are gone, the old token opens nothing, and writing again starts anew."""
    async with browser(base, GUEST) as client:
        bearer = {"Authorization": f"Bearer {(await write(client, 'secret')).json()['visitor']}"}
        await events(client, 2, bearer)
        assert (await client.delete(chat.MESSAGES, headers=bearer)).status_code == 204
        assert await status(client, **bearer) == 401
        anew = (await write(client, "bonjour", headers=bearer)).json()
        assert (anew["seq"], anew["started"]) == (1, True)
        assert anew["visitor"] not in bearer["Authorization"]
        assert await status(client, **bearer) == 401
    async with database.begin() as connection:
        rows = (await connection.execute(select(message).where(message.c.state == "erased"))).all()
        assert [(row.body_secret, row.provider_id) for row in rows] == [(None, None)] * 2
        assert await connection.scalar(select(func.count()).select_from(conversation)) == 2


async def test_forgetting_ends_the_streams_of_other_tabs(base: str) -> None:
    """A stream that is open while the conversation is erased ends."""
    async with browser(base) as client:
        await write(client)
        async with asyncio.timeout(5), client.stream("GET", chat.EVENTS) as response:
            async for line in response.aiter_lines():
                if '"typing":false' in line:
                    await client.delete(chat.MESSAGES)


@pytest.mark.parametrize(
    ("body", "kind", "code", "name"),
    [
        (b"{", "application/json", 400, "malformed"),
        (b'{"id": 1}', "application/json", 400, "malformed"),
        (b"{}", "text/plain", 415, "not_json"),
        (b"x" * 16_385, "application/json", 413, "too_large"),
    ],
)
async def test_bad_input_gets_one_plain_sentence(base: str, body: bytes, kind: str, code: int, name: str) -> None:
    """Malformed, foreign or too large: the right status and a sentence a person can read."""
    async with browser(base) as client:
        answer = await client.post(chat.MESSAGES, content=body, headers={"Content-Type": kind})
        assert (answer.status_code, answer.json()) == (code, {"error": SENTENCES[name]})


async def test_a_body_is_measured_while_it_is_read(base: str) -> None:
    """A body of no announced length is refused when it grows too long."""

    async def long() -> AsyncIterator[bytes]:
        for _ in range(5):
            yield b" " * 4096

    async with browser(base) as client:
        answer = await client.post(chat.MESSAGES, content=long(), headers={"Content-Type": "application/json"})
        assert answer.status_code == 413


async def test_too_many_waiting_messages_are_told_to_wait(base: str, database: Database) -> None:
    """A visitor whose messages pile up unanswered is answered 429 and when to come back."""
    async with browser(base) as client:
        await write(client)
        await events(client, until=2)
        async with database.begin() as connection:
            identity = await connection.scalar(select(conversation.c.id))
            await connection.execute(
                text("UPDATE conversation SET lease = gen_random_uuid(), lease_until = now() + interval '1 hour'")
            )
            for seq in range(3, 3 + chat.MOST_WAITING):
                await connection.execute(
                    message.insert().values(
                        id=uuid4(), conversation_id=identity, seq=seq, direction="in", author="person",
                        channel="web", state="waiting", created_at=func.now(),
                    )
                )  # fmt: skip
        answer = await write(client)
        assert (answer.status_code, answer.headers["retry-after"]) == (429, "5")
        assert answer.json() == {"error": SENTENCES["slow_down"]}
