"""`python -m tests.faults.whole_year [--appointments N] [--days N] [--seed N]`: a year of reminders, in minutes."""

from __future__ import annotations

import argparse
import asyncio
import logging
import random
import shutil
import sys
import tempfile
import time
from datetime import date
from pathlib import Path

from bot.assembly import Relais
from bot.database import Database
from bot.keys import load_keys
from bot.migrate import migrate
from bot.postgres import stop
from bot.settings import Settings
from tests.conftest import start_postgres
from tests.faults.year import Postman, Year
from tests.faults.year_judge import broken
from tests.faults.year_world import make
from tests.system import run_to_the_end

BEGINS = date(2026, 2, 2)
"""Both changes of clocks, Easter, the bridges of May and Christmas lie ahead."""


async def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.faults.whole_year")
    parser.add_argument("--appointments", type=int, default=20_000)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--log", help="a file for every reminder, and for those that are missing")
    chosen = parser.parse_args()
    logging.getLogger("tests").addHandler(logging.FileHandler(chosen.log) if chosen.log else logging.NullHandler())
    logging.getLogger("tests").setLevel(logging.INFO)
    logging.getLogger("bot").setLevel(logging.CRITICAL)
    folder = Path(tempfile.mkdtemp(prefix="relais-year-"))
    folder.chmod(0o755)
    server = await asyncio.to_thread(start_postgres, folder / "base")
    try:
        server._run("CREATE DATABASE {}", "year")
        url = server.embedded.url("year")
        migrate(url)
        counts = await _played(url, folder, chosen)
    finally:
        stop(server.process)
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(f"{name:<44}{number:>8}" for name, number in counts.items()))
    print("broken:", broken(counts) or "nothing", flush=True)
    return 1 if broken(counts) else 0


async def _played(url: str, folder: Path, chosen: argparse.Namespace) -> dict[str, int]:
    settings = Settings(_env_file=None, data_dir=folder / "data", database_url=url, sms_per_second=1000)  # type: ignore[call-arg]
    relais = Relais(settings, load_keys(settings), Database(url), "year")
    postman = Postman(random.Random(chosen.seed))
    relais.__dict__["channels"] = {"phone": postman}
    began = time.monotonic()
    world = make(chosen.appointments, BEGINS, chosen.days, chosen.seed)
    counts = await Year(relais, postman, world, folder / "clock").play()
    await relais.close()
    print(
        f"{chosen.appointments} appointments, {len(world.tellings)} tellings, {chosen.days} days, seed {chosen.seed},"
    )
    print(f"the worker down {len(world.down)} times; played in {time.monotonic() - began:.0f} s")
    return counts


if __name__ == "__main__":
    sys.exit(run_to_the_end(main()))
