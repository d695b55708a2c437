"""`make run` when everything is set up: how long until it is ready, and what it holds in memory."""

from __future__ import annotations

import asyncio
import os
import signal
import tempfile
import time
from pathlib import Path

from bot.settings import ROOT
from tests.bench import processes
from tests.bench.report import Figure
from tests.system import free_port

SECONDS = 180
READY = "Relais est prêt"


async def figures() -> list[Figure]:
    """The second start of a data folder: the first one makes the database and loads the demo data."""
    with tempfile.TemporaryDirectory(prefix="relais-ready-") as folder:
        Path(folder).chmod(0o755)
        await _run(folder)
        seconds, megabytes = await _run(folder)
    return [
        Figure("ready after `make run`, when set up", seconds, "s", most=25),
        Figure("memory of everything (PSS)", megabytes, "MB", most=1200),
    ]


async def _run(folder: str) -> tuple[float, float]:
    """Seconds until ready, megabytes once it is; stopped as Ctrl-C does."""
    names = {"DATA_DIR": folder, "PORT": free_port()}
    names |= {name: f"http://127.0.0.1:{free_port()}" for name in ("RASA_URL", "ACTIONS_URL")}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
    began = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        *("make", "--no-print-directory", "run"),
        cwd=ROOT,
        env=kept | {f"RELAIS_{name}": str(value) for name, value in names.items()},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SECONDS):
            while READY not in (line := (await process.stdout.readline()).decode()):
                assert line, "`make run` ended before it was ready"
        seconds = time.monotonic() - began
        megabytes = processes.memory([process.pid])
    finally:
        os.killpg(process.pid, signal.SIGINT)
        draining = asyncio.create_task(process.stdout.read())
        await process.wait()
        await draining
    return seconds, megabytes
