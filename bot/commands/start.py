"""`up` and `train`: everything on one machine, ready when it says so."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from contextlib import suppress

import typer

from bot.assembly import Relais, database_url
from bot.commands import demo_calendar
from bot.commands.load import demo as load_demo
from bot.commands.show import channels_off
from bot.health import missing
from bot.keys import Keys, load_keys
from bot.migrate import migrate
from bot.postgres import Embedded, PostgresFailed
from bot.real_data import require_real_data
from bot.settings import ROOT, Settings, is_loopback
from bot.up import Program, Supervisor, address, require_free

READY_SECONDS = 90
ENGINE_PYTHON = ROOT / "nlu" / ".venv" / "bin" / "python"
MODEL = ROOT / "models" / "relais.tar.gz"
ENGINE_CALM = {
    "RASA_TELEMETRY_ENABLED": "false",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "SQLALCHEMY_SILENCE_UBER_WARNING": "1",
    "PYTHONWARNINGS": "ignore",
    "POSTGRESQL_SCHEMA": "rasa",
    "PYTHONPATH": str(ROOT),
}


async def up(settings: Settings, *, demo: bool) -> None:
    """Start all, wait until all is ready, say where; stop all on Ctrl-C."""
    _require_ports(settings)
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    supervisor = Supervisor()
    try:
        waiting = asyncio.create_task(stopping.wait())
        starting = asyncio.create_task(_start(settings, supervisor, demo=demo))
        done, _ = await asyncio.wait({waiting, starting}, return_when=asyncio.FIRST_COMPLETED)
        if starting in done:
            starting.result()
            await waiting
        starting.cancel()
        with suppress(asyncio.CancelledError):
            await starting
    finally:
        typer.echo("Relais s’arrête…")
        await supervisor.stop()


async def _start(settings: Settings, supervisor: Supervisor, *, demo: bool) -> None:
    keys = load_keys(settings)
    if settings.embedded_database:
        await _start_postgres(settings, supervisor)
    await asyncio.to_thread(migrate, database_url(settings))
    await require_real_data(settings, database_url(settings))
    if await train(force=False):
        raise SystemExit("Le modèle n'a pas pu être entraîné : voir les lignes ci-dessus.")
    for program in programs(settings, keys):
        await supervisor.start(program)
    relais = Relais.build(settings, name="relais up", pool_size=3)
    try:
        if demo and settings.env == "development":
            await load_demo(relais)
            await demo_calendar.load(relais)
        await _until_ready(relais)
    finally:
        await relais.close()
    _announce(settings)


async def _start_postgres(settings: Settings, supervisor: Supervisor) -> None:
    embedded = Embedded(settings.data_dir)
    if embedded.is_running():
        raise PostgresFailed(f"Relais tourne déjà sur {settings.data_dir}. Arrêtez-le, ou changez RELAIS_DATA_DIR.")
    await asyncio.to_thread(embedded.prepare)
    program = postgres(embedded)
    await supervisor.start(program)
    assert program.process is not None  # noqa: S101
    await embedded.wait_ready(program.process)
    await embedded.ensure_database()


def postgres(embedded: Embedded) -> Program:
    """The embedded server, stopped last, by its own fast shutdown."""
    return Program("postgres", embedded.command(), options=embedded.popen_options, order=0, stop_signal=signal.SIGINT)


def programs(settings: Settings, keys: Keys, environment: Mapping[str, str] | None = None) -> list[Program]:
    """What runs on this machine besides PostgreSQL, in the order of starting."""
    ours = {**(os.environ if environment is None else environment), "PYTHONPATH": str(ROOT)}
    chosen = []
    if is_loopback(settings.rasa_url):
        chosen.append(Program("engine", *engine(settings, keys), order=1))
    if is_loopback(settings.actions_url):
        chosen.append(Program("actions", _bot("actions"), ours, order=1))
    chosen.append(Program("worker", _bot("worker"), ours, order=2))
    chosen.append(Program("web", _bot("web"), ours, order=3))
    return chosen


def engine(settings: Settings, keys: Keys) -> tuple[list[str], Mapping[str, str]]:
    """The engine's command and its whole environment: none of our other secrets reach it."""
    host, port = address(settings.rasa_url)
    command = [
        str(ENGINE_PYTHON), "-m", "nlu", "run", "--enable-api", f"--auth-token={keys.rasa_token}",
        "-i", host, "-p", str(port), "-m", str(MODEL),
        "--credentials", str(ROOT / "credentials.yml"), "--endpoints", str(ROOT / "endpoints.yml"),
    ]  # fmt: skip
    kept = {name: value for name, value in os.environ.items() if not name.startswith("RELAIS_")}
    ours = {
        "RELAIS_ENGINE_DATABASE_URL": database_url(settings),
        "RELAIS_RASA_TOKEN": keys.rasa_token,
        "RELAIS_ACTIONS_URL": settings.actions_url.rstrip("/"),
        "RELAIS_SECRET_KEYS": keys.secret_keys,
    }
    return command, {**kept, **ENGINE_CALM, **ours}


async def train(*, force: bool) -> int:
    """Train the engine's model when what it is made of has changed; the trainer's exit code."""
    command = [str(ENGINE_PYTHON), "-m", "nlu.train", *(["--force"] if force else [])]
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env={**os.environ, **ENGINE_CALM})
    return await process.wait()


def _bot(command: str) -> list[str]:
    return [sys.executable, "-m", "bot", command]


def _require_ports(settings: Settings) -> None:
    require_free(settings.host, settings.port, "RELAIS_PORT")
    for url, name in ((settings.rasa_url, "RELAIS_RASA_URL"), (settings.actions_url, "RELAIS_ACTIONS_URL")):
        if is_loopback(url):
            require_free(*address(url), name)


async def _until_ready(relais: Relais) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + READY_SECONDS
    while (faults := {**await missing(relais), **await _site(relais.settings)}) and loop.time() < deadline:  # noqa: ASYNC110
        await asyncio.sleep(0.25)
    for sentence in faults.values():
        typer.echo(sentence)


async def _site(settings: Settings) -> dict[str, str]:
    try:
        _, writer = await asyncio.open_connection(settings.host, settings.port)
    except OSError:
        return {"web": f"Le site ne répond pas encore sur le port {settings.port}."}
    writer.close()
    return {}


def _announce(settings: Settings) -> None:
    lines = [f"Relais est prêt : http://{settings.host}:{settings.port}/"]
    lines += [f"  {name} est éteint : {reason}." for name, reason in channels_off(settings).items()]
    lines.append("Ctrl-C arrête tout.")
    typer.echo("\n".join(["", *lines, ""]))
