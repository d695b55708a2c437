"""Production and examples: what is fictional in the base stops every process that would show it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from functools import partial

import pytest
from sqlalchemy import update

from bot.commands.show import doctor
from bot.database import Database
from bot.errors import DemoData
from bot.real_data import require_real_data
from bot.ring import new_key
from bot.settings import ROOT, Settings
from knowledge.tables import branch, service, structure
from tests import small_offer
from tests.system import free_port

SECRETS = {"SECRET_KEYS": new_key(), "INDEX_KEY": new_key(), "RASA_TOKEN": "engine"}


async def fill(database: Database, *, fictional: bool) -> None:
    async with database.begin() as connection:
        await small_offer.load(connection)
        for table in (branch, service, structure):
            await connection.execute(update(table).values(fictional=fictional))


def production(settings: Settings) -> Settings:
    return settings.model_copy(update={"env": "production"})


async def test_production_refuses_examples_and_says_the_cure(
    settings: Settings, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """`doctor` says so too; development does not mind."""
    await fill(database, fictional=True)
    await require_real_data(settings, database.url)
    with pytest.raises(DemoData, match=r"services, .* antennes.*import services"):
        await require_real_data(production(settings), database.url)
    assert await doctor(production(settings)) == 1
    assert "exemples fictifs" in capsys.readouterr().out.replace("\n", " ")


async def test_one_example_is_enough(settings: Settings, database: Database) -> None:
    """Real services with one fictional branch among them are refused as well."""
    await fill(database, fictional=False)
    await require_real_data(production(settings), database.url)
    async with database.begin() as connection:
        one = branch.select().with_only_columns(branch.c.id).limit(1).scalar_subquery()
        await connection.execute(update(branch).where(branch.c.id == one).values(fictional=True))
    with pytest.raises(DemoData, match=" 0 services, 1 antennes"):
        await require_real_data(production(settings), database.url)


@pytest.mark.parametrize("command", ["worker", "web", "up"])
async def test_command_ends_with_one_sentence(settings: Settings, database: Database, command: str) -> None:
    """Not a traceback, and not a loop: the process ends, and what was started with it."""
    await fill(database, fictional=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(settings.data_dir),
        "RELAIS_ENV": "production",
        "RELAIS_PUBLIC_URLS": "https://relais.test",
        "RELAIS_PORT": str(free_port()),
        "RELAIS_RASA_URL": "http://10.255.255.1:5005",
        "RELAIS_ACTIONS_URL": "http://10.255.255.1:5055",
        "RELAIS_DATA_DIR": str(settings.data_dir),
        "RELAIS_DATABASE_URL": settings.database_url,
        **{f"RELAIS_{name}": value for name, value in SECRETS.items()},
    }
    run = partial(subprocess.run, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    done = await asyncio.to_thread(run, [sys.executable, "-m", "bot", command])
    assert done.returncode != 0
    assert "exemples fictifs" in done.stderr
    assert "Traceback" not in done.stderr + done.stdout
