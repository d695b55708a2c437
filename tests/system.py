"""All of Relais as `bot up` runs it: real processes, a durable PostgreSQL, against a stand-in of the provider."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import socket
import tempfile
from collections.abc import AsyncIterator, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from bot.assembly import Relais
from bot.commands import start
from bot.keys import load_keys
from bot.migrate import migrate
from bot.postgres import Embedded
from bot.ring import new_key
from bot.settings import Settings
from bot.up import Program, Supervisor
from tests.standins.twilio import ACCOUNT, NUMBER, TOKENS, TwilioStandin

READY_SECONDS = 120
PUBLIC_URL = "https://relais.test"
_LIMITS = ("sms_per_second", "reminders_a_day", "reminders_ask_above")


@dataclass
class System:
    """Running processes by name; `relais` is a view on the same database, in the test's own process."""

    settings: Settings
    relais: Relais
    twilio: TwilioStandin
    supervisor: Supervisor
    programs: dict[str, Program]
    url: str
    lines: list[str] = field(default_factory=list)

    def kill(self, name: str) -> None:
        """kill -9, and all its children with it; the supervisor starts it again."""
        process = self.programs[name].process
        if process is not None and process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)

    async def ready(self, limit: float = READY_SECONDS) -> None:
        """Return once every dependency answers; raise TimeoutError with what is missing."""
        faults: Any = "the site does not answer"
        try:
            async with asyncio.timeout(limit), httpx.AsyncClient(trust_env=False) as client:
                while True:
                    with contextlib.suppress(httpx.TransportError):
                        answer = await client.get(f"{self.url}/health/ready", timeout=5)
                        if answer.status_code == 200:
                            return
                        faults = answer.json()
                    await asyncio.sleep(0.2)
        except TimeoutError as error:
            raise TimeoutError(f"{faults}\n" + "\n".join(self.lines[-40:])) from error


@contextlib.asynccontextmanager
async def running(**given: Any) -> AsyncIterator[System]:
    """The whole system with these settings, ready; everything is stopped and removed at the end."""
    folder = Path(tempfile.mkdtemp(prefix="relais-system-"))
    folder.chmod(0o755)
    lines: list[str] = []
    supervisor = Supervisor(lines.append)
    async with TwilioStandin.started() as twilio:
        settings = _settings(folder, twilio.api_url, given)
        try:
            programs = await _start(settings, supervisor)
            relais = Relais.build(settings, name="relais test", pool_size=4)
            url = f"http://127.0.0.1:{settings.port}"
            twilio.webhooks, twilio.public_url, twilio.retries = url, PUBLIC_URL, 5
            system = System(settings, relais, twilio, supervisor, programs, url, lines)
            await system.ready()
            yield system
            await relais.close()
        finally:
            await supervisor.stop()
            shutil.rmtree(folder, ignore_errors=True)


async def _start(settings: Settings, supervisor: Supervisor) -> dict[str, Program]:
    embedded = Embedded(settings.data_dir)
    await asyncio.to_thread(embedded.prepare)
    postgres = start.postgres(embedded)
    await supervisor.start(postgres)
    assert postgres.process is not None
    await embedded.wait_ready(postgres.process)
    await embedded.ensure_database()
    await asyncio.to_thread(migrate, embedded.url())
    _awkward_token(settings.data_dir / "keys")
    started = start.programs(settings, load_keys(settings), environment(settings))
    for program in started:
        await supervisor.start(program)
    return {program.name: program for program in (postgres, *started)}


def _awkward_token(folder: Path) -> None:
    """One key in 64 begins like an option of a command: ours always do."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "rasa_token").write_text(f"-{new_key()}")


def _settings(folder: Path, twilio_url: str, given: Mapping[str, Any]) -> Settings:
    values: dict[str, Any] = {
        "data_dir": folder,
        "port": free_port(),
        "public_urls": (PUBLIC_URL,),
        "rasa_url": f"http://127.0.0.1:{free_port()}",
        "actions_url": f"http://127.0.0.1:{free_port()}",
        "twilio_account_sid": ACCOUNT,
        "twilio_auth_tokens": TOKENS,
        "twilio_from": NUMBER,
        "twilio_api_url": twilio_url,
        **given,
    }
    return Settings(_env_file=None, **values)


def environment(settings: Settings) -> dict[str, str]:
    """The environment that makes a process read these settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
    names = ("data_dir", "port", "public_urls", "rasa_url", "actions_url", "twilio_account_sid", "twilio_from")
    ours = {name: getattr(settings, name) for name in (*names, *_LIMITS, "twilio_api_url", "clock", "widget_origins")}
    tokens = ",".join(token.get_secret_value() for token in settings.twilio_auth_tokens)
    return {
        **kept,
        **{f"RELAIS_{name.upper()}": _text(value) for name, value in ours.items() if value not in (None, ())},
        "RELAIS_TWILIO_AUTH_TOKENS": tokens,
    }


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, tuple) else str(value)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_to_the_end(main: Coroutine[Any, Any, int]) -> int:
    """Run a long trial; a SIGTERM cancels it, so that what it started is stopped as on Ctrl-C."""

    async def watched() -> int:
        trial = asyncio.create_task(main)
        # Once: `make` passes on what a terminal has sent already, and stopping must not be stopped.
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: trial.cancelling() or trial.cancel())
        return await trial

    return asyncio.run(watched())
