"""The real things that tests stand on: one PostgreSQL a session, one migrated database a test."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import psycopg.sql
import pytest

from bot import clock
from bot.database import Database
from bot.keys import Keys, load_keys
from bot.migrate import migrate
from bot.postgres import Embedded, stop
from bot.settings import Settings
from tests.engine import engine, sms, talk  # noqa: F401 (fixtures)

_QUICK = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}
"""Speeds the throw-away server up; the fault tests start a durable one of their own."""


class Server:
    """A throw-away PostgreSQL with a migrated template to clone from."""

    def __init__(self, embedded: Embedded, process: subprocess.Popen[bytes]) -> None:
        self.embedded = embedded
        self.process = process

    def create(self, template: str = "template_relais") -> str:
        """Clone a database; return its URL."""
        name = f"test_{uuid4().hex[:12]}"
        self._run("CREATE DATABASE {} TEMPLATE {}", name, template)
        return self.embedded.url(name)

    def empty(self, url: str) -> None:
        """Empty every table, whoever is still connected; cheaper by far than another database."""
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
            tables = connection.execute(
                "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'queue', 'rasa')"
                " AND tablename <> 'alembic_version'"
            ).fetchall()
            names = psycopg.sql.SQL(", ").join(psycopg.sql.Identifier(*table) for table in tables)
            connection.execute(psycopg.sql.SQL("TRUNCATE {} RESTART IDENTITY CASCADE").format(names))

    def drop(self, url: str) -> None:
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", url.split("@/")[1].split("?")[0])

    def _run(self, statement: str, *names: str) -> None:
        query = psycopg.sql.SQL(statement).format(*map(psycopg.sql.Identifier, names))  # type: ignore[arg-type]
        with psycopg.connect(self.embedded.url("postgres"), autocommit=True) as connection:
            connection.execute(query)


def start_postgres(folder: Path, options: dict[str, str] | None = None) -> Server:
    """Start an embedded server over `folder` and wait for it."""
    import asyncio

    embedded = Embedded(folder, options=options)
    embedded.prepare()
    process = subprocess.Popen(
        embedded.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **embedded.popen_options
    )  # type: ignore[call-overload]
    asyncio.run(embedded.wait_ready(process))
    return Server(embedded, process)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    folder = Path(tempfile.mkdtemp(prefix="relais-test-"))
    folder.chmod(0o755)
    server = start_postgres(folder, _QUICK)
    server._run("CREATE DATABASE {}", "template_relais")
    migrate(server.embedded.url("template_relais"))
    yield server
    stop(server.process)
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared_database(postgres: Server) -> str:
    return postgres.create()


@pytest.fixture
def database_url(postgres: Server, shared_database: str) -> Iterator[str]:
    """A migrated database, empty; see `own_database_url` for a test that breaks it."""
    yield shared_database
    postgres.empty(shared_database)


@pytest.fixture
def own_database_url(postgres: Server) -> Iterator[str]:
    """A migrated database of the test's own, to drop or to alter."""
    url = postgres.create()
    yield url
    postgres.drop(url)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = Database(database_url)
    yield opened
    await opened.close()


@pytest.fixture
def settings(tmp_path: Path, database_url: str) -> Settings:
    return Settings(
        _env_file=None,
        data_dir=tmp_path / "data",
        database_url=database_url,
        public_urls=("https://relais.test",),
        twilio_account_sid="AC00000000000000000000000000000000",
        twilio_auth_tokens=("first-token", "second-token"),
        twilio_from="+33939980000",
    )  # type: ignore[arg-type]


@pytest.fixture
def keys(settings: Settings) -> Keys:
    return load_keys(settings)


@pytest.fixture(autouse=True)
def real_clock() -> Iterator[None]:
    """Every test begins with the clock unmoved."""
    clock.start(Path("/nonexistent"), None)
    yield
    clock.start(Path("/nonexistent"), None)
