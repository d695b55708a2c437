"""The embedded PostgreSQL."""

import os
import signal
import subprocess
from pathlib import Path

import psycopg
import pytest

from bot.migrate import migrate
from bot.postgres import Embedded, stop


def run(embedded: Embedded) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        embedded.command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **embedded.popen_options
    )  # type: ignore[call-overload]


async def test_committed_rows_survive_kill_9(tmp_path: Path) -> None:
    """A killed server is back with what was committed, and is known to be gone in between."""
    embedded = Embedded(tmp_path / "with a space and éclairs")
    embedded.prepare()
    first = run(embedded)
    await embedded.wait_ready(first)
    await embedded.ensure_database()
    with psycopg.connect(embedded.url()) as connection:
        connection.execute("CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)")
    assert embedded.is_running()
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert not embedded.is_running()
    second = run(embedded)
    try:
        await embedded.wait_ready(second)
        with psycopg.connect(embedded.url()) as connection:
            assert connection.execute("SELECT n FROM kept").fetchone() == (7,)
    finally:
        stop(second)


def test_data_folder_is_closed_to_others(tmp_path: Path) -> None:
    """Only the server's own user may read the cluster."""
    embedded = Embedded(tmp_path / "data")
    embedded.prepare()
    assert embedded.data.stat().st_mode & 0o077 == 0


def test_migrations_may_be_run_again(own_database_url: str) -> None:
    """A database that has them all is left as it is."""
    migrate(own_database_url)


def test_models_and_migrations_say_the_same(own_database_url: str) -> None:
    """Alembic finds no difference between the tables in code and in the database."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext
    from sqlalchemy import create_engine

    from bot.database import SEARCH_PATH, libpq_url
    from bot.models import metadata
    from knowledge.tables import metadata as knowledge

    engine = create_engine(
        libpq_url(own_database_url).replace("postgresql://", "postgresql+psycopg://"),
        connect_args={"options": f"-csearch_path={SEARCH_PATH}"},
    )
    with engine.connect() as connection:
        options = {"include_name": lambda name, kind, parents: not str(name).startswith(("procrastinate", "alembic"))}
        context = MigrationContext.configure(connection, opts=options)
        differences = compare_metadata(context, [metadata, knowledge])  # type: ignore[arg-type]
    engine.dispose()
    assert differences == []


@pytest.mark.parametrize("length", [20, 120])
def test_socket_has_a_path_that_the_system_takes(tmp_path: Path, length: int) -> None:
    """A long data folder still has a socket of fewer than 108 bytes."""
    embedded = Embedded(tmp_path / ("x" * length))
    assert len(os.fsencode(embedded.socket_dir / ".s.PGSQL.5432")) < 108
