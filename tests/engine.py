"""The real engine with the real trained model, once a test session, over a database of its own.

`engine` is the process behind its door; `engine.actions.mode` makes the actions fail or hang.
`talk` is a conversation that only one test has.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest
import uvicorn
from starlette.responses import JSONResponse

from bot.database import Database, libpq_url
from bot.keys import load_keys
from bot.settings import ROOT, Settings
from tests import small_offer

PYTHON = ROOT / "nlu" / ".venv" / "bin" / "python"
START_S = 240
QUIET = {
    "RASA_TELEMETRY_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
}


class Actions:
    """The real actions on a free port of the loopback; `mode` is "well", "fail", "hang" or "hold"."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.mode = "well"
        self.calls = 0
        self.held, self.release = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.server: uvicorn.Server | None = None

    def start(self) -> None:
        self._thread.start()
        _wait(lambda: self.server is not None and self.server.started)

    def stop(self) -> None:
        if self.server is not None:
            self.server.should_exit = True
        self._thread.join(10)

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        database = Database(self._settings.database_url, pool_size=4, name="actions under test")
        from actions import app as actions_app  # the SDK takes a second and a half to load

        real = actions_app.create(self._settings, database)
        self.server = uvicorn.Server(uvicorn.Config(self._switch(real), log_level="warning", lifespan="off"))
        await self.server.serve([self._socket])
        await database.close()

    def _switch(self, real: Any) -> Callable[..., Awaitable[None]]:
        async def serve(scope: Any, receive: Any, send: Any) -> None:
            self.calls += 1
            if self.mode == "hang":
                await asyncio.sleep(30)
            if self.mode == "hold":
                self.held.set()
                await asyncio.to_thread(self.release.wait)
            if self.mode == "fail":
                await JSONResponse({"error": "ZeroDivisionError"}, 500)(scope, receive, send)
            else:
                await real(scope, receive, send)

        return serve


@dataclass
class Engine:
    """The engine's process and how to speak to it."""

    settings: Settings
    actions: Actions
    folder: Path
    token: str
    secret_keys: str
    url: str = ""
    process: subprocess.Popen[bytes] | None = None
    environment: dict[str, str] = field(default_factory=dict)

    def start(self) -> None:
        """Start it and wait until its door answers."""
        port = _free_port()
        self.url = f"http://127.0.0.1:{port}"
        command = [
            PYTHON, "-m", "nlu", "run", "--enable-api", f"--auth-token={self.token}",
            "-i", "127.0.0.1", "-p", str(port),
            "-m", "models/relais.tar.gz", "--credentials", "credentials.yml", "--endpoints", "endpoints.yml",
        ]  # fmt: skip
        with (self.folder / "engine.log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=ROOT, env={**self._environment(), **self.environment}, stdout=log, stderr=log
            )
        _wait(self._ready, START_S)

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def post(self, question: Any, token: str | None = None, timeout: float = 20) -> httpx.Response:
        """A raw request at the door."""
        headers = {"Authorization": f"Bearer {self.token if token is None else token}"}
        return httpx.post(
            f"{self.url}/webhooks/relais/messages", json=question, headers=headers, timeout=timeout, trust_env=False
        )

    def parse(self, text: str) -> dict[str, Any]:
        """What the model understands, without a turn."""
        response = httpx.post(
            f"{self.url}/model/parse", params={"token": self.token}, json={"text": text}, timeout=20, trust_env=False
        )
        response.raise_for_status()
        parsed: dict[str, Any] = response.json()
        return parsed

    def last_log(self) -> str:
        return (self.folder / "engine.log").read_text(errors="replace")[-3000:]

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """What the database holds."""
        with psycopg.connect(libpq_url(self.settings.database_url)) as connection:
            return connection.execute(query, values).fetchall()  # type: ignore[arg-type]

    def _environment(self) -> dict[str, str]:
        return {
            **os.environ,
            **QUIET,
            "PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH", "")))),
            "RELAIS_ENGINE_DATABASE_URL": libpq_url(self.settings.database_url),
            "RELAIS_RASA_TOKEN": self.token,
            "RELAIS_ACTIONS_URL": self.actions.url,
            "RELAIS_SECRET_KEYS": self.secret_keys,
        }

    def _ready(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise RuntimeError(self.last_log())
        try:
            return httpx.get(f"{self.url}/webhooks/relais/", timeout=2, trust_env=False).status_code == 200
        except httpx.TransportError:
            return False


@dataclass(frozen=True)
class Talk:
    """One conversation with the engine."""

    engine: Engine
    id: UUID
    kind: str = "web"
    language: str = "fr"

    def say(self, text: str = "", *, payload: str | None = None, message_id: UUID | None = None) -> dict[str, Any]:
        """One message; the engine's whole answer."""
        response = self.engine.post(self.question(text, payload=payload, message_id=message_id))
        assert response.status_code == 200, f"{response.text}\n{self.engine.last_log()}"
        answer: dict[str, Any] = response.json()
        return answer

    def choose(self, answer: dict[str, Any], number: int) -> dict[str, Any]:
        """Pick a choice of an earlier answer, as the pipeline does for « 2 » or a button."""
        offered = [choice for reply in answer["replies"] for choice in reply["choices"]]
        return self.say(payload=offered[number - 1]["payload"])

    def question(self, text: str = "", *, payload: str | None = None, message_id: UUID | None = None) -> dict[str, Any]:
        return {
            "message_id": str(message_id or self.new_message(text)),
            "conversation_id": str(self.id),
            "text": text,
            "payload": payload,
            "kind": self.kind,
            "language": self.language,
        }

    def new_message(self, text: str) -> UUID:
        """An inbound message as the pipeline keeps it, so that a task may point at it."""
        message_id = uuid4()
        with psycopg.connect(libpq_url(self.engine.settings.database_url)) as connection:
            add_message(connection, self.id, message_id)
        return message_id


def add_conversation(connection: psycopg.Connection, conversation_id: UUID, kind: str) -> None:
    connection.execute(
        """INSERT INTO conversation (id, channel, address_index, address_secret, created_at)
           VALUES (%s, %s, %s, %s, now())""",
        (conversation_id, kind, conversation_id.bytes, b"\x01"),
    )


def add_message(connection: psycopg.Connection, conversation_id: UUID, message_id: UUID) -> None:
    connection.execute(
        """WITH next AS (UPDATE conversation SET last_seq = last_seq + 1 WHERE id = %s RETURNING last_seq, channel)
           INSERT INTO message (id, conversation_id, seq, direction, author, channel, provider_id, state, created_at)
           SELECT %s, %s, last_seq, 'in', 'person', channel, %s, 'waiting', now() FROM next""",
        (conversation_id, message_id, conversation_id, str(message_id)),
    )


def said(answer: dict[str, Any]) -> str:
    """All that an answer says, as one text."""
    parts = []
    for reply in answer["replies"]:
        parts += [reply["text"], *(choice["title"] for choice in reply["choices"]), reply.get("footer", "")]
    return "\n".join(part for part in parts if part)


def keys(answer: dict[str, Any]) -> list[str]:
    """The names of the responses that were said."""
    return [reply["key"] for reply in answer["replies"]]


@cache
def trained_model() -> Path:
    """The model, trained if something that it is made of changed."""
    subprocess.run([PYTHON, "nlu/train.py"], cwd=ROOT, check=True, capture_output=True)
    return ROOT / "models" / "relais.tar.gz"


@pytest.fixture(scope="session")
def engine(postgres: Any) -> Iterator[Engine]:
    """The engine, trained if need be."""
    trained_model()
    folder = Path(tempfile.mkdtemp(prefix="relais-engine-"))
    settings = Settings(_env_file=None, data_dir=folder, database_url=postgres.create())  # type: ignore[call-arg]
    held = load_keys(settings)
    asyncio.run(fill(settings))
    actions = Actions(settings)
    actions.start()
    running = Engine(settings, actions, folder, held.rasa_token, held.secret_keys)
    try:
        running.start()
        yield running
    finally:
        running.kill()
        actions.stop()
        postgres.drop(settings.database_url)
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def talk(engine: Engine) -> Talk:
    return begin(engine, "web")


@pytest.fixture
def sms(engine: Engine) -> Talk:
    return begin(engine, "sms")


def begin(engine: Engine, kind: str) -> Talk:
    """A conversation that nobody else has."""
    engine.actions.mode = "well"
    conversation_id = uuid4()
    with psycopg.connect(libpq_url(engine.settings.database_url)) as connection:
        add_conversation(connection, conversation_id, kind)
    return Talk(engine, conversation_id, kind)


async def fill(settings: Settings) -> None:
    """A small offer and the branches."""
    database = Database(settings.database_url, name="tests")
    async with database.begin() as connection:
        await small_offer.load(connection)
    await database.close()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _wait(ready: Callable[[], bool], seconds: float = 20) -> None:
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError
        time.sleep(0.05)
