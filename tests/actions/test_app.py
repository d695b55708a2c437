"""The action server: its token, its errors, its silence about people."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from actions.app import create, serve
from actions.kit import Events, Turn, set_slots
from bot.database import Database
from bot.settings import Settings

TOKEN = {"Authorization": "Bearer secret"}
SECRET_TEXT = "je m'appelle Zoé Carabistouille"


class Echo:
    name = "action_echo"

    async def run(self, turn: Turn) -> Events:
        turn.say("utter_echo", words=turn.text)
        return set_slots(need="x")


class Broken:
    name = "action_broken"

    async def run(self, turn: Turn) -> Events:
        raise ValueError(turn.text)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app=serve([Echo(), Broken()], "secret"))
    async with httpx.AsyncClient(transport=transport, base_url="http://actions") as opened:
        yield opened


def call(action: str) -> dict:
    tracker = {
        "sender_id": "7c0b6d0e-0000-4000-8000-000000000000",
        "slots": {},
        "events": [],
        "latest_message": {"text": SECRET_TEXT, "intent": {"name": "greet"}, "entities": []},
    }
    return {"next_action": action, "sender_id": tracker["sender_id"], "tracker": tracker}


async def test_an_action_answers_with_responses_and_events(client: httpx.AsyncClient) -> None:
    """The engine gets the response's name, its variables, and the slots."""
    body = (await client.post("/webhook", json=call("action_echo"), headers=TOKEN)).json()
    assert body["responses"][0]["response"] == "utter_echo"
    assert body["responses"][0]["words"] == SECRET_TEXT
    assert body["events"] == [{"event": "slot", "name": "need", "value": "x", "timestamp": None}]


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer other"}, {"Authorization": "secret"}])
async def test_no_token_no_action(client: httpx.AsyncClient, headers: dict) -> None:
    """Only the engine may call."""
    assert (await client.post("/webhook", json=call("action_echo"), headers=headers)).status_code == 401


async def test_an_error_says_its_class_and_nothing_of_the_person(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    """500 with the class; neither the answer nor the log has a word of the message."""
    with caplog.at_level(logging.DEBUG):
        response = await client.post("/webhook", json=call("action_broken"), headers=TOKEN)
    assert (response.status_code, response.json()) == (500, {"error": "ValueError"})
    assert "Carabistouille" not in caplog.text
    assert "action_broken" in caplog.text


async def test_an_unknown_action_is_told(client: httpx.AsyncClient) -> None:
    """404 for an action that no topic has."""
    assert (await client.post("/webhook", json=call("action_nothing"), headers=TOKEN)).status_code == 404


async def test_what_is_no_call_is_refused(client: httpx.AsyncClient) -> None:
    """Not JSON: 400, not an error of ours."""
    assert (await client.post("/webhook", content=b"{", headers=TOKEN)).status_code == 400


async def test_health_needs_no_token(client: httpx.AsyncClient) -> None:
    """The supervisor asks whether it is up."""
    assert (await client.get("/health")).json() == {"status": "ok"}


async def test_every_action_of_the_topics_is_served(settings: Settings, database: Database) -> None:
    """Each `action_…` of nlu/topics/ is registered."""
    import re

    from actions.app import TOPICS, _executor, build_kit
    from bot.keys import load_keys
    from bot.settings import ROOT
    from bot.vault import Vault

    assert create(settings, database)
    kit = build_kit(database, Vault(load_keys(settings)))
    served = _executor([action for topic in TOPICS for action in topic.actions(kit)]).actions.keys()
    rules = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "nlu/topics").glob("*.yml"))
    assert set(re.findall(r"action: (action_\w+)", rules)) == set(served)


async def test_only_changes_are_sent(client: httpx.AsyncClient) -> None:
    """A slot that keeps its value sends no event."""
    asked = call("action_echo")
    asked["tracker"]["slots"] = {"need": "x"}
    assert (await client.post("/webhook", json=asked, headers=TOKEN)).json()["events"] == []
